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

/* ---- what may come when ---- */

struct row {
	uint16_t command;
	uint32_t phases; /* PHASE() */
	handler *handle;
};

#define GREETING (PHASE(LINK_REPORT) | PHASE(LINK_UP))
#define UP       PHASE(LINK_UP)

static int ignore(struct volume *v, const struct wire_packet *p, void *bulk)
{
	return 0;
}

static int ping(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct wire_packet pong = {.command = WIRE_PING_ACK};

	send_meta(v, &pong);
	return 0;
}

static int pong(struct volume *v, const struct wire_packet *p, void *bulk)
{
	v->link.ping_sent = 0;
	return 0;
}

static const struct row on_data[] = {
	{WIRE_FEATURES, PHASE(LINK_FEATURES), greet_features},
	{WIRE_AUTH_CHALLENGE, PHASE(LINK_CHALLENGE) | PHASE(LINK_PROTOCOL), greet_challenge},
	{WIRE_AUTH_RESPONSE, PHASE(LINK_RESPONSE), greet_response},
	{WIRE_PROTOCOL, PHASE(LINK_PROTOCOL), greet_protocol},
	{WIRE_SYNC_PARAM89, GREETING, meet_sync_param},
	{WIRE_SIZES, GREETING, meet_sizes},
	{WIRE_UUIDS, GREETING, meet_uuids},
	{WIRE_STATE, GREETING, meet_state},
	{WIRE_STATE_CHG_REQ, GREETING, answer_volume},
	{WIRE_CONN_ST_CHG_REQ, GREETING, answer_connection},
	{WIRE_DATA, UP, pwrite_data},
	{WIRE_TRIM, UP, pwrite_zeroes},
	{WIRE_ZEROES, UP, pwrite_zeroes},
	{WIRE_BARRIER, UP, pwrite_barrier},
	{WIRE_OUT_OF_SYNC, UP, pwrite_out_of_sync},
	{WIRE_UNPLUG_REMOTE, UP, ignore},
	{WIRE_DELAY_PROBE, GREETING, ignore},
	{WIRE_BITMAP, UP, exchange_plain},
	{WIRE_COMPRESSED_BITMAP, UP, exchange_code},
	{WIRE_SYNC_UUID, UP, exchange_sync_uuid},
	{WIRE_RS_DATA_REQUEST, UP, source_request},
	{WIRE_RS_THIN_REQ, UP, source_request},
	{WIRE_RS_DATA_REPLY, UP, target_reply},
};

static const struct row on_meta[] = {
	{WIRE_PING, GREETING | PHASE(LINK_CHALLENGE) | PHASE(LINK_RESPONSE) | PHASE(LINK_PROTOCOL),
	 ping},
	{WIRE_PING_ACK, GREETING, pong},
	{WIRE_DELAY_PROBE, GREETING, ignore},
	{WIRE_STATE_CHG_REPLY, UP, change_reply},
	{WIRE_CONN_ST_CHG_REPLY, UP, change_reply},
	{WIRE_RECV_ACK, UP, write_ack},
	{WIRE_WRITE_ACK, UP, write_ack},
	{WIRE_RS_WRITE_ACK, UP, source_ack},
	{WIRE_NEG_ACK, UP, write_neg_ack},
	{WIRE_BARRIER_ACK, UP, tlog_barrier_ack},
	{WIRE_NEG_RS_DREPLY, UP, target_refused},
	{WIRE_RS_CANCEL, UP, target_refused},
};

static const struct row *row_of(const struct stream *s, uint16_t command)
{
	bool data = s->socket == WIRE_ON_DATA;
	const struct row *rows = data ? on_data : on_meta;
	size_t n = data ? sizeof(on_data) / sizeof(on_data[0])
			: sizeof(on_meta) / sizeof(on_meta[0]);

	for (size_t i = 0; i < n; i++)
		if (rows[i].command == command)
			return &rows[i];
	return NULL;
}

static void forget(struct stream *s, const struct wire_packet *p, void *bulk)
{
	struct volume *v = s->arg;

	pool_put(&v->pool, bulk, p->bulk);
}

static int packet(struct stream *s, const struct wire_packet *p, void *bulk)
{
	struct volume *v = s->arg;
	const struct row *row = row_of(s, p->command);
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

	if (v->link.phase != LINK_UP)
		return NULL;
	switch (p->command) {
	case WIRE_DATA: return pwrite_room(v, p);
	case WIRE_RS_DATA_REPLY: return target_room(v, p);
	default: return NULL;
	}
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

bool link_is_up(const struct volume *v)
{
	return v->link.phase == LINK_UP && !v->link.why;
}

void link_phase(struct volume *v, enum link_phase phase)
{
	v->link.phase = phase;
	v->link.since = loop_clock();
}

void link_found(struct volume *v, int data, int meta, bool tie_break)
{
	struct link *l = &v->link;
	int r;

	l->why = 0;
	l->agreed = (struct wire_agreed){0};
	l->tie_break = tie_break;
	l->ping_sent = 0;
	l->seq = 0;
	l->sizes_seen = l->uuids_seen = l->hold = l->torn = false;
	l->peer_conn = CONN_WF_CONNECTION;
	link_phase(v, LINK_FEATURES);
	r = stream_open(&l->data, data);
	if (!r)
		r = stream_open(&l->meta, meta);
	if (r) {
		link_end(v, false, r, "opening its sockets: %s", strerror(-r));
		return;
	}
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
		if (now - l->since > GREETING_MS * LOOP_MS)
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

	if (l->phase != LINK_DRAIN || l->flying)
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
	if (was_up && fence_freezes(v, &s)) {
		s.suspended |= SUSP_FENCING;
		v->crashed =
			true; /* what is written and not said to be: to be copied, not lost sight of */
	}
	state_set(v, s, false);
	if (was_up && !(s.suspended & SUSP_FENCING))
		alone(v);
	tlog_drop(v);
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
	if (v->link.phase != LINK_DOWN)
		return -EALREADY;
	v->link.stay_down = false;
	v->link.discard = discard;
	link_seek(v);
	return 0;
}
