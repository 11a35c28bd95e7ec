// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client's write.
 *
 *   range locked ─► extents hot ─┬─► disk ────────────────┐
 *                                └─► peer, in an epoch ───┴─► client told ─► epoch confirmed ─► gone
 *
 * Where the peer does not get it, its bits are set first.
 */
#include <errno.h>
#include <stdlib.h>

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
	free(w);
	if (v->al_starved)
		writes_al_retry(v);
}

/* advance() - Something about @w has ended; what follows from it.  @w may be gone afterwards. */
static void advance(struct write *w)
{
	struct volume *v = w->v;
	bool remote = w->remote == REMOTE_NONE || w->remote == REMOTE_ACKED ||
		      (w->remote == REMOTE_SENT && v->config.protocol == 1 && !w->resync);

	if (!w->local || !remote || w->queued)
		return;
	if (w->ranged) {
		w->ranged = false;
		range_unlock(v, &w->range);
	}
	if (w->r) {
		struct request *r = w->r;

		w->r = NULL;
		v->written += w->bytes;
		request_tell(v, r, w->error, true);
	}
	if (!w->epoch)
		forget(w);
}

static void local_done(struct disk_op *op, int result)
{
	struct write *w = list_entry(op, struct write, op);

	w->local = true;
	if (result) {
		disk_broke(w->v, "writing", result);
		w->error = result;
	}
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
	if (v->config.protocol == 3 || w->resync)
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
	tlog_add(v, w);
	p.data = (struct wire_data){.sector = w->sector,
				    .id = tlog_id(w),
				    .seq = ++v->link.seq,
				    .flags = data_flags(v, w),
				    .size = w->bytes};
	if (w->r->verb == REQUEST_ZERO) {
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

static void start(struct write *w)
{
	struct volume *v = w->v;

	if (peer_takes(v))
		send_write(w);
	else
		note(w);
	w->op = (struct disk_op){
		.verb = w->r->verb == REQUEST_ZERO ? DISK_ZERO : DISK_WRITE,
		.off = w->r->off,
		.len = w->r->len,
		.buf = w->r->buf,
		.durable = w->r->fua,
		.unmap = w->r->unmap,
		.done = local_done,
	};
	disk_submit(&v->data, &w->op);
}

static void want_extents(struct write *w)
{
	struct volume *v = w->v;
	enum actlog_answer a = ACTLOG_STARVED;

	if (!tlog_full(v))
		a = actlog_get(&v->al, first_extent(w), last_extent(w));
	if (a == ACTLOG_HOT) {
		w->hot = true;
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
	out_of_sync(w->v, w->sector, w->bytes);
	w->remote = REMOTE_NONE;
	advance(w);
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
	return 0;
}

int write_neg_ack(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct write *w = tlog_find(v, p->block.id, p->block.sector, p->block.size);

	if (!w)
		return -EPROTO;
	write_left(w);
	return 0;
}
