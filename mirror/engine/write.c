// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client's write.
 *
 *   range locked ─► extents hot ─┬─► disk ────────────────┐
 *                                └─► peer, in an epoch ───┴─► client told ─► epoch confirmed ─► gone
 *
 * Where the peer does not get it, its bits are set first.  Where this side has no disk, the peer's is the only
 * copy ("bare"): the write is done when the peer's disk has it, and its data is kept until that is confirmed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/engine/private.h"

static uint32_t first_extent(const struct write *w)
{
	return (uint32_t)(w->sector / MD_EXTENT_SECTORS);
}

static uint32_t last_extent(const struct write *w)
{
	return (uint32_t)((w->sector + w->bytes / 512 - 1) / MD_EXTENT_SECTORS);
}

/* peer_takes() - Whether the peer's disk gets what is written now. */
static bool peer_takes(const struct volume *v)
{
	enum conn c = v->state.conn;

	if (!link_is_up(v) || v->state.pdsk < DISK_INCONSISTENT || v->state.pdsk == DISK_UNKNOWN)
		return false;
	return c == CONN_CONNECTED ? v->state.pdsk == DISK_UP_TO_DATE
				   : c >= CONN_WF_BITMAP_T && c < CONN_AHEAD;
}

/* Bits it does not have yet: what is written while our bitmap is on its way. */
static bool peer_notes(const struct volume *v)
{
	return link_is_up(v) && v->state.conn == CONN_WF_BITMAP_S;
}

static void forget(struct write *w)
{
	struct volume *v = w->v;

	if (w->hot) {
		actlog_put(&v->al, first_extent(w), last_extent(w));
		w->hot = false;
	}
	if (w->copy) {
		v->tlog.copied -= w->bytes;
		pool_put(&v->pool, w->copy, w->bytes);
	}
	free(w);
	if (v->al_starved)
		writes_al_retry(v);
}

/* bare_begins() - From now on this disk lacks what clients are told. */
static void bare_begins(struct volume *v)
{
	v->bare_told = true;
	detach_behind(v);
}

/* advance() - Something about @w has ended; what follows from it.  @w may be gone afterwards. */
static void advance(struct write *w)
{
	struct volume *v = w->v;
	bool remote = w->remote == REMOTE_NONE || w->remote == REMOTE_ACKED ||
		      (w->remote == REMOTE_SENT && v->config.protocol == 1 && !w->strict);

	if (!w->local || !remote || w->queued)
		return;
	if (w->r && w->bare && !v->bare_told)
		bare_begins(v);
	if (w->ranged) {
		w->ranged = false;
		range_unlock(v, &w->range);
	}
	if (w->r) {
		struct request *r = w->r;

		w->r = NULL;
		v->written += w->bytes;
		w->told = true;
		request_tell(v, r, 0, true);
	}
	if (!w->epoch)
		forget(w);
}

/* nowhere() - Neither disk has it: it is begun again when there is one. */
static void nowhere(struct write *w)
{
	struct request *r = w->r;

	w->r = NULL;
	if (r)
		request_again(w->v, r);
	advance(w);
}

/* keep_copy() - Its data, for as long as the peer may lose it.  Whether there was memory for that. */
static bool keep_copy(struct write *w)
{
	if (w->zero)
		return true;
	w->copy = pool_get(&w->v->pool, w->bytes);
	if (!w->copy)
		return false;
	memcpy(w->copy, w->r->buf, w->bytes);
	w->v->tlog.copied += w->bytes;
	return true;
}

static void local_done(struct disk_op *op, int result)
{
	struct write *w = list_entry(op, struct write, op);
	/*
	 * What a peer has of it that is itself being brought up to date from here is part of nothing whole: were the
	 * client told, neither disk would be the newest.
	 */
	bool whole = !w->resync || w->v->state.pdsk == DISK_UP_TO_DATE;

	w->local = true;
	if (!result) {
		advance(w);
		return;
	}
	w->bare = w->strict = true;
	disk_broke(w->v, "writing", result);
	if (w->remote == REMOTE_NONE || !whole || !keep_copy(w))
		nowhere(w);
	else
		advance(w);
}

static void peer_sent(struct sent *s, int result)
{
	struct write *w = list_entry(s, struct write, sent);

	w->queued = false;
	if (!result && w->remote == REMOTE_QUEUED)
		w->remote = REMOTE_SENT;
	advance(w);
}

static uint32_t data_flags(const struct volume *v, const struct write *w)
{
	uint32_t f = WIRE_DP_SYNC;

	if (w->r->fua)
		f |= WIRE_DP_FUA;
	if (v->config.protocol == 3 || w->strict)
		f |= WIRE_DP_WRITE_ACK;
	else if (v->config.protocol == 2)
		f |= WIRE_DP_RECV_ACK;
	if (w->resync)
		f |= WIRE_DP_MAY_SET_IN_SYNC;
	return f;
}

static void send_write(struct write *w)
{
	struct volume *v = w->v;
	struct wire_packet p = {.command = WIRE_DATA};

	w->resync = v->state.conn >= CONN_SYNC_SOURCE && v->state.conn <= CONN_PAUSED_SYNC_T &&
		    v->state.conn != CONN_VERIFY_S && v->state.conn != CONN_VERIFY_T;
	/* what is read at the peer, now or by a resync, has to be there */
	w->strict = w->resync || v->state.disk != DISK_UP_TO_DATE;
	tlog_order(v, w);
	tlog_add(v, w);
	p.data = (struct wire_data){.sector = w->sector,
				    .id = tlog_id(w),
				    .seq = ++v->link.seq,
				    .flags = data_flags(v, w),
				    .size = w->bytes};
	if (w->zero) {
		bool zeroes = v->link.agreed.features & WIRE_FF_WZEROES;

		/* TRIM means zeroes to a peer that does not know ZEROES */
		p.command = zeroes ? WIRE_ZEROES : WIRE_TRIM;
		p.data.flags |= zeroes ? WIRE_DP_ZEROES | (w->r->unmap ? WIRE_DP_DISCARD : 0)
				       : WIRE_DP_DISCARD;
		w->remote = REMOTE_SENT;
		send_data(v, &p, NULL, NULL);
		tlog_sent(v);
		return;
	}
	w->remote = REMOTE_QUEUED;
	w->queued = true;
	w->sent.done = peer_sent;
	p.bulk = w->bytes;
	send_data(v, &p, w->r->buf, &w->sent);
	tlog_sent(v);
}

static void note(struct write *w)
{
	struct wire_packet p = {.command = WIRE_OUT_OF_SYNC};

	out_of_sync(w->v, w->sector, w->bytes);
	if (!peer_notes(w->v))
		return;
	p.range = (struct wire_range){w->sector, w->bytes};
	send_data(w->v, &p, NULL, NULL);
}

static void write_here(struct write *w)
{
	w->op = (struct disk_op){
		.verb = w->zero ? DISK_ZERO : DISK_WRITE,
		.off = w->r->off,
		.len = w->r->len,
		.buf = w->r->buf,
		.durable = w->r->fua,
		.unmap = w->r->unmap,
		.done = local_done,
	};
	disk_submit(&w->v->data, &w->op);
}

/* meets() - A Primary's new disk and the peer's have not compared their bitmaps to the end. */
static bool meets(const struct volume *v)
{
	return v->state.disk == DISK_NEGOTIATING || v->state.conn == CONN_WF_BITMAP_T ||
	       v->state.conn == CONN_WF_SYNC_UUID;
}

static void start(struct write *w)
{
	struct volume *v = w->v;

	/* what was begun before, and is sent only now: in the bitmap of both */
	if (meets(v))
		out_of_sync(v, w->sector, w->bytes);
	if (disk_is_here(v)) {
		if (peer_takes(v))
			send_write(w);
		else
			note(w);
		write_here(w);
		return;
	}
	w->local = w->bare = true;
	if (peer_takes(v))
		send_write(w);
	else
		nowhere(w);
}

static void want_extents(struct write *w)
{
	struct volume *v = w->v;
	enum actlog_answer a = ACTLOG_STARVED;

	if (!tlog_full(v) && disk_is_here(v))
		a = actlog_get(&v->al, first_extent(w), last_extent(w));
	else if (!tlog_full(v) && keep_copy(w))
		a = ACTLOG_HOT; /* there is no log */
	if (a == ACTLOG_HOT) {
		w->hot = disk_is_here(v);
		start(w);
		return;
	}
	list_append(&v->al_waiting, &w->link);
	keep_actlog(v);
	if (a == ACTLOG_STARVED) { /* epochs hold extents until they are confirmed */
		v->al_starved = true;
		tlog_close(v);
	}
}

void writes_al_retry(struct volume *v)
{
	struct list now = LIST_INIT(now), *l;

	v->al_starved = false;
	list_move(&now, &v->al_waiting);
	while ((l = list_take(&now)))
		want_extents(list_entry(l, struct write, link));
	pwrites_al_retry(v);
}

static void range_ours(struct range *r)
{
	struct write *w = list_entry(r, struct write, range);

	w->ranged = true;
	want_extents(w);
}

void write_begin(struct volume *v, struct request *r)
{
	struct write *w = calloc(1, sizeof(*w));

	if (!w) {
		request_refuse(v, r, -ENOMEM);
		return;
	}
	w->v = v;
	w->r = r;
	w->sector = r->off / 512;
	w->bytes = r->len;
	w->zero = r->verb == REQUEST_ZERO;
	w->range.go = range_ours;
	list_init(&w->link);
	list_init(&w->in_epoch);
	range_lock(v, &w->range, w->sector, w->bytes, false);
}

void write_acked(struct write *w, enum remote remote)
{
	w->remote = remote;
	advance(w);
}

void write_left(struct write *w)
{
	struct volume *v = w->v;

	w->remote = REMOTE_NONE;
	if (!w->bare) {
		out_of_sync(v, w->sector, w->bytes);
		advance(w);
	} else if (w->r) {
		nowhere(w);
	} else if (w->told && !w->epoch) {
		v->tlog.copied -= w->copy ? w->bytes : 0;
		redo_add(w);
	} else {
		advance(w);
	}
}

void write_confirmed(struct write *w)
{
	w->remote = REMOTE_ACKED;
	advance(w);
}

int write_ack(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct write *w = tlog_find(v, p->block.id, p->block.sector, p->block.size);

	if (!w)
		return -EPROTO;
	if (p->command == WIRE_RS_WRITE_ACK)
		in_sync(v, w->sector, w->bytes);
	if (w->remote == REMOTE_QUEUED)
		return -EPROTO; /* it was not even sent */
	v->tlog.progress = v->loop->now;
	write_acked(w, REMOTE_ACKED);
	if (v->state.conn == CONN_SYNC_SOURCE)
		source_check(v);
	else if (v->state.conn == CONN_SYNC_TARGET)
		target_check(v);
	return 0;
}

int write_neg_ack(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct write *w = tlog_find(v, p->block.id, p->block.sector, p->block.size);

	if (!w || w->remote != REMOTE_SENT)
		return -EPROTO;
	write_left(w);
	return 0;
}
