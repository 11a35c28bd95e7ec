// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A connection: what may come when, its pings and deadlines, and its end.
 *
 *   DOWN ─► SEEK ─► FEATURES ─► [CHALLENGE ─► RESPONSE] ─► PROTOCOL ─► REPORT ─► UP
 *            ▲                                                                    │
 *            └──────────────── DRAIN: requests on its behalf end ◄────────────────┘
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"
#include "mirror/engine/stream_private.h"

enum {
	GREETING_MS = 6000, /* from the first packet to the peer's state */
	TICK_MS = 100,
	RETRY_MS = 1000, /* after a connection that has failed at once */
};

/* ---- what comes ---- */

static void forget(struct stream *s, const struct wire_packet *p, void *bulk)
{
	struct volume *v = s->arg;

	if (p->command == WIRE_DATA_REPLY)
		far_forget(v, p);
	else
		pool_put(&v->pool, bulk, p->bulk);
}

static int packet(struct stream *s, const struct wire_packet *p, void *bulk)
{
	struct volume *v = s->arg;
	const struct packet_row *row = packet_row(s->socket, p->command);
	const struct wire_kind *k = wire_kind_row(p->command);
	int r;

	if (v->link.why) {
		if (bulk && k->bulk == WIRE_BULK_BLOCKS)
			forget(s, p, bulk);
		return -ECANCELED;
	}
	if (!row || !(row->phases & PHASE(v->link.phase)) || (p->volume && !k->connection)) {
		link_end(v, false, -EPROTO, "%s of volume %u is not expected now",
			 wire_name(p->command), p->volume);
		return -EPROTO;
	}
	r = row->handle(v, p, bulk);
	if (r)
		link_end(v, false, r, "%s: %s", wire_name(p->command), strerror(-r));
	return r;
}

static void *room(struct stream *s, const struct wire_packet *p)
{
	struct volume *v = s->arg;
	void *to = NULL;

	if (v->link.phase == LINK_UP && p->command == WIRE_DATA)
		to = pwrite_room(v, p);
	else if (v->link.phase == LINK_UP && p->command == WIRE_RS_DATA_REPLY)
		to = target_room(v, p);
	else if (v->link.phase == LINK_UP && p->command == WIRE_DATA_REPLY)
		to = far_room(v, p);
	if (!to)
		link_end(v, false, -EPROTO,
			 "%s of %u bytes at sector %llu is not expected, or no memory for it",
			 wire_name(p->command), p->bulk, (unsigned long long)p->data.sector);
	return to;
}

static void failed(struct stream *s, int why)
{
	struct volume *v = s->arg;

	/* why it went is perhaps what it said last, over the other socket */
	if (s == &v->link.meta && (why == -ECONNRESET || why == -EPIPE) &&
	    stream_is_open(&v->link.data))
		stream_read(&v->link.data);
	link_end(s->arg, false, why, "%s",
		 why == -EPROTO ? "the peer sent what cannot be" : strerror(-why));
}

static const struct stream_owner owner = {room, forget, packet, failed};

/* ---- sending ---- */

void send_data(struct volume *v, const struct wire_packet *p, const void *bulk, struct sent *sent)
{
	stream_send(&v->link.data, p, bulk, sent);
}

void send_meta(struct volume *v, const struct wire_packet *p)
{
	stream_send(&v->link.meta, p, NULL, NULL);
}

void send_ack(struct volume *v, uint16_t command, uint64_t sector, uint64_t id, uint32_t bytes)
{
	struct wire_packet p = {.command = command};

	if (!link_is_up(v))
		return;
	p.block = (struct wire_block){sector, id, bytes, ++v->link.seq};
	send_meta(v, &p);
}

/* ---- its life ---- */

void link_pause(struct volume *v)
{
	if (stream_is_open(&v->link.data))
		stream_pause(&v->link.data, v->link.hold || v->pwrites.bytes > PWRITES_BYTES_MAX);
}

void link_mute(struct volume *v)
{
	bool mute = behind_is_pending(v) && v->state.role != ROLE_PRIMARY;

	if (stream_is_open(&v->link.data) && v->link.data.muted != mute) {
		stream_mute(&v->link.data, mute);
		stream_mute(&v->link.meta, mute);
	}
}

bool link_is_up(const struct volume *v)
{
	return v->link.phase == LINK_UP && !v->link.why;
}

void link_phase(struct volume *v, enum link_phase phase)
{
	v->link.phase = phase;
	v->link.since = loop_clock();
}

void link_found(struct volume *v, struct channel data, struct channel meta, bool tie_break)
{
	struct link *l = &v->link;
	int r;

	reconfigure_connection(v);
	l->why = 0;
	l->agreed = (struct wire_agreed){0};
	l->tie_break = tie_break;
	l->ping_sent = 0;
	l->seq = 0;
	memset(l->turned_away, 0, sizeof(l->turned_away));
	l->sizes_seen = l->uuids_seen = l->hold = l->torn = l->dry_run = false;
	l->sync_paused = false;
	link_phase(v, LINK_FEATURES);
	r = stream_open(&l->data, data);
	if (!r)
		r = stream_open(&l->meta, meta);
	if (r) {
		link_end(v, false, r, "opening its sockets: %s", strerror(-r));
		return;
	}
	link_mute(v);
	stream_pause(&l->meta, true); /* it begins to mean something with the features */
	loop_timer(v->loop, &l->tick, TICK_MS * LOOP_MS);
	greet_begin(v);
}

static void seek_failed(struct volume *v, int r)
{
	volume_say(v, LOG_ERR, "cannot look for the peer: %s; trying again", strerror(-r));
	loop_timer(v->loop, &v->link.tick, RETRY_MS * LOOP_MS);
}

void link_seek(struct volume *v)
{
	struct drbd_state s = v->state;
	int r;

	if (v->link.phase != LINK_DOWN && v->link.phase != LINK_DRAIN)
		return;
	link_phase(v, LINK_SEEK);
	s.conn = CONN_WF_CONNECTION;
	state_set(v, s, false);
	r = seek_start(v);
	if (r)
		seek_failed(v, r);
}

/* ---- pings and deadlines ---- */

static void send_ping(struct volume *v, uint64_t now)
{
	struct wire_packet p = {.command = WIRE_PING};

	v->link.ping_sent = now;
	send_meta(v, &p);
}

static void tick(struct timer *t)
{
	struct volume *v = list_entry(t, struct volume, link.tick);
	const struct volume_config *c = &v->config;
	struct link *l = &v->link;
	uint64_t now = loop_clock();

	if (l->phase == LINK_DRAIN || l->phase == LINK_SEEK) {
		if (!l->seek) {
			l->phase = LINK_DRAIN;
			link_seek(v);
		}
		return;
	}
	if (l->why || l->phase == LINK_DOWN)
		return;
	loop_timer(v->loop, t, TICK_MS * LOOP_MS);
	if (l->phase != LINK_UP) {
		/* A kernel's DRBD waits its ping-timeout, which is ours, before it says anything. */
		if (now - l->since > (GREETING_MS + (uint64_t)c->ping_timeout_ms) * LOOP_MS)
			link_end(v, false, -ETIMEDOUT, "the peer did not go on with its greeting");
		return;
	}
	if (l->ping_sent && now - l->ping_sent > c->ping_timeout_ms * LOOP_MS)
		link_end(v, false, -ETIMEDOUT, "no answer to a ping within %u ms",
			 c->ping_timeout_ms);
	else if (v->tlog.count && c->ko_count &&
		 now - v->tlog.progress > c->ko_count * c->timeout_ms * LOOP_MS &&
		 now > v->tlog.progress)
		link_end(v, false, -ETIMEDOUT, "no answer to a write within %u times %u ms",
			 c->ko_count, c->timeout_ms);
	else if (sync_waits(v) && c->ko_count &&
		 now - l->data.heard > c->ko_count * c->timeout_ms * LOOP_MS)
		link_end(v, false, -ETIMEDOUT,
			 "the peer has not gone on with the resync within %u times %u ms",
			 c->ko_count, c->timeout_ms);
	else if (!list_empty(&v->far.reads) && c->ko_count &&
		 now > v->far.progress + c->ko_count * c->timeout_ms * LOOP_MS)
		link_end(v, false, -ETIMEDOUT, "no answer to a read within %u times %u ms",
			 c->ko_count, c->timeout_ms);
	else if (!l->ping_sent && now - l->meta.heard > c->ping_int_ms * LOOP_MS)
		send_ping(v, now);
}

/* ---- its end ---- */

void link_end(struct volume *v, bool stay, int why, const char *fmt, ...)
{
	struct link *l = &v->link;
	va_list ap;

	l->stay_down |= stay;
	if (l->why || l->phase < LINK_FEATURES)
		return;
	l->why = why ? why : -ECONNABORTED;
	va_start(ap, fmt);
	vsnprintf(l->why_text, sizeof(l->why_text), fmt, ap);
	va_end(ap);
	loop_task(v->loop, &l->end);
}

static void drained(struct volume *v)
{
	struct link *l = &v->link;
	bool early = loop_clock() - l->since < RETRY_MS * LOOP_MS;

	/* what a disk that is no longer used still has disturbs nobody */
	if (l->phase != LINK_DRAIN || (l->flying && disk_is_here(v)))
		return;
	if (l->stay_down) {
		link_phase(v, LINK_DOWN);
		return;
	}
	if (early)
		loop_timer(v->loop, &l->tick, RETRY_MS * LOOP_MS);
	else
		link_seek(v);
}

static void ended(struct task *t)
{
	struct volume *v = list_entry(t, struct volume, link.end);
	struct link *l = &v->link;
	struct drbd_state s = v->state;
	bool was_up = l->phase == LINK_UP;

	volume_say(v, was_up && !l->torn ? LOG_WARNING : LOG_NOTICE, "connection ended: %s%s",
		   l->torn ? "the peer disconnected" : l->why_text,
		   l->stay_down ? "; it stays down" : "");
	loop_timer_stop(&l->tick);
	v->sent += l->data.sent + l->meta.sent;
	v->received += l->data.received + l->meta.received;
	l->data.sent = l->meta.sent = l->data.received = l->meta.received = 0;
	l->phase = LINK_DRAIN; /* since is kept: how long it lasted */
	l->flying++;           /* this */
	stream_close(&l->data);
	stream_close(&l->meta);
	sync_drop(v);
	s.conn = l->stay_down ? CONN_STANDALONE : CONN_UNCONNECTED;
	s.peer = ROLE_UNKNOWN;
	s.pdsk = v->state.pdsk == DISK_OUTDATED ? DISK_OUTDATED : DISK_UNKNOWN;
	v->fence.lifted = false;
	v->fence.losses += was_up;
	if (was_up && fence_freezes(v, &s)) {
		s.suspended |= SUSP_FENCING;
		v->crashed =
			true; /* what is written and not said to be: to be copied, not lost sight of */
	}
	if (s.disk == DISK_NEGOTIATING && attach_may_alone(v))
		attach_alone(v, &s);
	state_set(v, s, false);
	if (s.disk == DISK_NEGOTIATING)
		detach(v);
	if (was_up && !(s.suspended & SUSP_FENCING))
		alone(v);
	tlog_drop(v);
	far_drop(v);
	pwrites_drop(v);
	change_lost(v);
	l->discard = false;
	link_io_done(v);
}

void link_io_done(struct volume *v)
{
	v->link.flying--;
	drained(v);
}

void link_init(struct volume *v)
{
	struct link *l = &v->link;

	stream_init(&l->data, v->loop, WIRE_ON_DATA, &l->agreed, &owner, v);
	stream_init(&l->meta, v->loop, WIRE_ON_META, &l->agreed, &owner, v);
	task_init(&l->end, ended);
	timer_init(&l->tick, tick);
}

int volume_connect(struct volume *v, bool discard)
{
	struct link *l = &v->link;

	if (l->phase != LINK_DOWN && (l->phase != LINK_DRAIN || !l->stay_down))
		return -EALREADY;
	l->stay_down = false;
	l->discard = discard;
	if (l->phase == LINK_DOWN)
		link_seek(v); /* else when the last one has drained */
	return 0;
}
