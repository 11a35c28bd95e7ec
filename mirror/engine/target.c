// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The target of a resync: it asks for what it lacks, and confirms what is on its disk.
 *
 * Everything that it lets the peer conclude is durable first: that it is Inconsistent, before the first
 * block; that it is UpToDate, with all of the data, before the last is confirmed.
 *
 * A target that is Primary, whose disk was attached again, locks what it asks for until it is on disk: what is written
 * there meanwhile would be overwritten by the answer.
 */
#include <errno.h>
#include <stdlib.h>

#include "hv/daemon.h"
#include "mirror/engine/pacer.h"
#include "mirror/engine/target.h"

enum {
	ASK_MAX = 1 << 20,   /* bytes of a request */
	CSUM_MAX = 64 << 10, /* of one with a digest: so much is sent where a byte differs */
};

/* An acknowledgement that waits for the end to be durable. */
struct held_ack {
	struct list link;
	uint64_t sector, id;
	uint32_t bytes;
};

/* ---- asking ---- */

/* next_bit() - The next that is lacking; from the beginning again, where one was set behind the cursor meanwhile. */
static uint64_t next_bit(struct volume *v)
{
	uint64_t from = bitmap_next(&v->bitmap, v->sync.cursor, true);

	if (from != BITMAP_END || !list_empty(&v->sync.asked))
		return from;
	return bitmap_next(&v->bitmap, 0, true);
}

/* ask_max() - Bytes of a request. */
static uint32_t ask_max(const struct volume *v)
{
	uint32_t granule = thin_granule(v);

	if (v->csums.size)
		return CSUM_MAX;
	return granule ? granule : ASK_MAX;
}

/* next_range() - The next run of bits, and not across a boundary of the bytes that a request may have. */
static bool next_range(struct volume *v, uint64_t *sector, uint32_t *bytes)
{
	uint64_t from = next_bit(v), to, end;
	uint64_t most = ask_max(v) / 512 / MD_BIT_SECTORS;

	if (from == BITMAP_END)
		return false;
	to = bitmap_next(&v->bitmap, from, false);
	end = (from / most + 1) * most;
	if (to > end)
		to = end;
	if (to > v->bitmap.bits)
		to = v->bitmap.bits;
	v->sync.cursor = to;
	*sector = from * MD_BIT_SECTORS;
	end = to * MD_BIT_SECTORS < v->sectors ? to * MD_BIT_SECTORS : v->sectors;
	*bytes = (uint32_t)(end - *sector) * 512;
	return true;
}

static void ask_for(struct rswrite *x)
{
	struct wire_packet p = {.command = WIRE_RS_DATA_REQUEST};

	if (x->v->csums.size) {
		csum_ask(x);
		return;
	}
	x->sent = true;
	x->thin = x->bytes == thin_granule(x->v);
	if (x->thin)
		p.command = WIRE_RS_THIN_REQ;
	p.block = (struct wire_block){.sector = x->sector, .id = WIRE_ID_RESYNC, .size = x->bytes};
	send_data(x->v, &p, NULL, NULL);
}

static bool may_ask(struct volume *v)
{
	return link_is_up(v) && v->state.conn == CONN_SYNC_TARGET && !v->sync.ending &&
	       !sync_is_paused(v) && pacer_open(v) && window_open(&v->sync.window, v->loop->now);
}

static void range_to_ask(struct range *r)
{
	ask_for(list_entry(r, struct rswrite, range));
}

static void ask(struct volume *v)
{
	struct sync *s = &v->sync;
	uint64_t sector;
	uint32_t bytes;

	while (may_ask(v) && next_range(v, &sector, &bytes)) {
		struct rswrite *x = calloc(1, sizeof(*x));

		if (!x) {
			link_end(v, false, -ENOMEM, "no memory for a resync");
			return;
		}
		x->v = v;
		x->sector = sector;
		x->bytes = bytes;
		x->at = v->loop->now;
		list_append(&s->asked, &x->link);
		window_sent(&s->window, bytes, x->at);
		if (v->state.role != ROLE_PRIMARY) {
			ask_for(x);
			continue;
		}
		x->locked = true;
		x->range.go = range_to_ask;
		range_lock(v, &x->range, sector, bytes, false);
	}
}

void target_go_on(struct volume *v)
{
	ask(v);
}

/* ---- the end ---- */

static void told(struct keep_wait *w)
{
	struct volume *v = list_entry(w, struct volume, sync.kept);
	struct drbd_state s = v->state;
	struct list *l;

	while ((l = list_take(&v->sync.held_acks))) {
		struct held_ack *a = list_entry(l, struct held_ack, link);

		send_ack(v, WIRE_RS_WRITE_ACK, a->sector, a->id, a->bytes);
		free(a);
	}
	if (!link_is_up(v) || v->sync.stale)
		return;
	sync_say_over(v, "up to date");
	v->sync.ending = false;
	state_set(v, s, true);
	keep_pages(v, NULL);
}

static void flushed(struct disk_op *op, int result)
{
	struct volume *v = list_entry(op, struct volume, sync.flush);
	struct drbd_state s = v->state;

	if (result) {
		disk_broke(v, "flushing", result);
	} else if (v->bitmap.weight) {
		v->sync.ending = false; /* something was written over there meanwhile */
		v->sync.cursor = 0;
		ask(v);
	} else if (link_is_up(v) && !v->sync.stale) {
		gen_sync_end_target(&v->gen, &v->sync.source, s.role);
		v->crashed = v->full_sync = false;
		s.disk = DISK_UP_TO_DATE;
		s.conn = CONN_CONNECTED;
		loop_timer_stop(&v->sync.more);
		state_set(v, s, false);
		v->sync.kept.done = told;
		keep_super(v, &v->sync.kept);
	}
	link_io_done(v);
}

static void end(struct volume *v)
{
	if (v->sync.ending || v->state.conn != CONN_SYNC_TARGET || v->bitmap.weight ||
	    !disk_is_here(v))
		return;
	v->sync.ending = true;
	v->link.flying++;
	v->sync.flush = (struct disk_op){.verb = DISK_FLUSH, .done = flushed};
	disk_submit(&v->data, &v->sync.flush);
}

void target_check(struct volume *v)
{
	end(v);
}

void target_ack(struct volume *v, uint64_t sector, uint64_t id, uint32_t bytes)
{
	struct held_ack *a;

	in_sync(v, sector, bytes);
	if (!v->sync.ending && (v->state.conn != CONN_SYNC_TARGET || v->bitmap.weight)) {
		send_ack(v, WIRE_RS_WRITE_ACK, sector, id, bytes);
		return;
	}
	a = malloc(sizeof(*a));
	if (!a) {
		link_end(v, false, -ENOMEM, "no memory for an acknowledgement");
		return;
	}
	*a = (struct held_ack){.sector = sector, .id = id, .bytes = bytes};
	list_append(&v->sync.held_acks, &a->link);
	end(v);
}

/* ---- data ---- */

void target_over(struct rswrite *x)
{
	struct volume *v = x->v;

	if (x->locked)
		range_unlock(v, &x->range);
	pool_put(&v->pool, x->op.buf, x->bytes);
	if (!x->stale) {
		v->pacer.moved += x->bytes;
		window_done(&v->sync.window, x->bytes, x->at, v->loop->now);
		list_remove(&x->link);
		ask(v);
	}
	free(x);
}

static void written(struct disk_op *op, int result)
{
	struct rswrite *x = list_entry(op, struct rswrite, op);
	struct volume *v = x->v;

	if (result)
		disk_broke(v, "writing what the peer sent", result);
	else if (!x->stale)
		target_ack(v, x->sector, WIRE_ID_RESYNC, x->bytes);
	target_over(x);
	link_io_done(v);
}

static void write_here(struct rswrite *x)
{
	struct volume *v = x->v;

	x->op = (struct disk_op){.verb = x->zeroes ? DISK_ZERO : DISK_WRITE,
				 .unmap = x->zeroes,
				 .off = x->sector * 512,
				 .len = x->bytes,
				 .buf = x->op.buf,
				 .done = written};
	if (disk_is_here(v)) {
		disk_submit(&v->data, &x->op);
		return;
	}
	target_over(x);
	link_io_done(v);
}

static void range_ours(struct range *r)
{
	write_here(list_entry(r, struct rswrite, range));
}

/* is_answered() - It is on its way to the disk, or (see csum.c) from it. */
static bool is_answered(const struct rswrite *x)
{
	return x->op.buf || x->zeroes;
}

struct rswrite *target_find(struct volume *v, uint64_t sector, uint32_t bytes)
{
	list_for_each (l, &v->sync.asked) {
		struct rswrite *x = list_entry(l, struct rswrite, link);

		if (x->sector == sector && x->bytes == bytes && x->sent && !is_answered(x))
			return x;
	}
	return NULL;
}

void *target_room(struct volume *v, const struct wire_packet *p)
{
	if (v->state.conn != CONN_SYNC_TARGET || !target_find(v, p->data.sector, p->bulk))
		return NULL;
	return pool_get(&v->pool, p->bulk);
}

void target_take(struct rswrite *x)
{
	x->v->link.flying++;
	if (x->locked) {
		write_here(x);
		return;
	}
	x->locked = true;
	x->range.go = range_ours;
	range_lock(x->v, &x->range, x->sector, x->bytes, false);
}

int target_reply(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct rswrite *x = target_find(v, p->data.sector, p->bulk);

	if (!x || v->state.conn != CONN_SYNC_TARGET) {
		pool_put(&v->pool, bulk, p->bulk);
		return -EPROTO;
	}
	x->op.buf = bulk;
	target_take(x);
	return 0;
}

int target_refused(struct volume *v, const struct wire_packet *p, void *bulk)
{
	if (!target_find(v, p->block.sector, p->block.size))
		return -EPROTO;
	/* from the beginning, with what is left */
	return -EIO;
}

/* ---- the connection is gone ---- */

void target_drop(struct volume *v)
{
	struct list *l;

	while ((l = list_take(&v->sync.held_acks)))
		free(list_entry(l, struct held_ack, link));
	while ((l = list_take(&v->sync.asked))) {
		struct rswrite *x = list_entry(l, struct rswrite, link);

		if (is_answered(x)) {
			x->stale = true;
			continue;
		}
		if (x->locked)
			range_unlock(v, &x->range);
		free(x);
	}
	v->sync.stale = true;
	v->sync.ending = false;
	v->sync.window.flying = v->sync.window.requests = 0;
}
