// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The target of a resync: it asks for what it lacks, and confirms what is on its disk.
 *
 * Everything that it lets the peer conclude is durable first: that it is Inconsistent, before the first
 * block; that it is UpToDate, with all of the data, before the last is confirmed.
 */
#include <errno.h>
#include <stdlib.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"

enum {
	ASK_MAX = 1 << 20, /* bytes of a request */
	ASK_SECTORS = ASK_MAX / 512,
	WINDOW = 8 << 20, /* bytes that were asked for and are not on disk */
	CHECKPOINT_MS = 5000,
};

/* A range that was asked for; then its data on the way to the disk. */
struct rswrite {
	struct list link;
	struct volume *v;
	struct range range;
	struct disk_op op;
	uint64_t sector;
	uint32_t bytes;
	bool stale; /* its resync is no more */
};

/* An acknowledgement that waits for the end to be durable. */
struct held_ack {
	struct list link;
	uint64_t sector, id;
	uint32_t bytes;
};

/* ---- asking ---- */

/* next_range() - The next run of bits, up to ASK_MAX, and not across a boundary of that. */
static bool next_range(struct volume *v, uint64_t *sector, uint32_t *bytes)
{
	uint64_t from = bitmap_next(&v->bitmap, v->sync.cursor, true), to, end;

	if (from == BITMAP_END)
		return false;
	to = bitmap_next(&v->bitmap, from, false);
	end = (from / (ASK_SECTORS / MD_BIT_SECTORS) + 1) * (ASK_SECTORS / MD_BIT_SECTORS);
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

static void ask(struct volume *v)
{
	struct sync *s = &v->sync;
	uint64_t sector;
	uint32_t bytes;

	while (link_is_up(v) && v->state.conn == CONN_SYNC_TARGET && s->flying_bytes < WINDOW &&
	       !s->ending && next_range(v, &sector, &bytes)) {
		struct wire_packet p = {.command = WIRE_RS_DATA_REQUEST};
		struct rswrite *x = calloc(1, sizeof(*x));

		if (!x) {
			link_end(v, false, -ENOMEM, "no memory for a resync");
			return;
		}
		x->v = v;
		x->sector = sector;
		x->bytes = bytes;
		list_append(&s->asked, &x->link);
		s->flying++;
		s->flying_bytes += bytes;
		p.block =
			(struct wire_block){.sector = sector, .id = WIRE_ID_RESYNC, .size = bytes};
		send_data(v, &p, NULL, NULL);
	}
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
	volume_say(v, LOG_NOTICE, "up to date");
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
	if (v->sync.ending || v->state.conn != CONN_SYNC_TARGET || v->bitmap.weight)
		return;
	v->sync.ending = true;
	v->link.flying++;
	v->sync.flush = (struct disk_op){.verb = DISK_FLUSH, .done = flushed};
	disk_submit(&v->data, &v->sync.flush);
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

static void finish(struct rswrite *x)
{
	struct volume *v = x->v;

	pool_put(&v->pool, x->op.buf, x->bytes);
	if (!x->stale) {
		v->sync.flying--;
		v->sync.flying_bytes -= x->bytes;
		list_remove(&x->link);
		ask(v);
	}
	free(x);
	link_io_done(v);
}

static void written(struct disk_op *op, int result)
{
	struct rswrite *x = list_entry(op, struct rswrite, op);
	struct volume *v = x->v;

	range_unlock(v, &x->range);
	if (result)
		disk_broke(v, "writing what the peer sent", result);
	else if (!x->stale)
		target_ack(v, x->sector, WIRE_ID_RESYNC, x->bytes);
	finish(x);
}

static void range_ours(struct range *r)
{
	struct rswrite *x = list_entry(r, struct rswrite, range);

	x->op.verb = DISK_WRITE;
	x->op.off = x->sector * 512;
	x->op.len = x->bytes;
	x->op.done = written;
	disk_submit(&x->v->data, &x->op);
}

static struct rswrite *find(struct volume *v, uint64_t sector, uint32_t bytes)
{
	list_for_each (l, &v->sync.asked) {
		struct rswrite *x = list_entry(l, struct rswrite, link);

		if (x->sector == sector && x->bytes == bytes && !x->op.buf)
			return x;
	}
	return NULL;
}

void *target_room(struct volume *v, const struct wire_packet *p)
{
	if (v->state.conn != CONN_SYNC_TARGET || !find(v, p->data.sector, p->bulk))
		return NULL;
	return pool_get(&v->pool, p->bulk);
}

int target_reply(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct rswrite *x = find(v, p->data.sector, p->bulk);

	if (!x || v->state.conn != CONN_SYNC_TARGET) {
		pool_put(&v->pool, bulk, p->bulk);
		return -EPROTO;
	}
	x->op.buf = bulk;
	x->range.go = range_ours;
	v->link.flying++;
	range_lock(v, &x->range, x->sector, x->bytes, false);
	return 0;
}

int target_refused(struct volume *v, const struct wire_packet *p, void *bulk)
{
	if (!find(v, p->block.sector, p->block.size))
		return -EPROTO;
	/* from the beginning, with what is left */
	return -EIO;
}

/* ---- the beginning ---- */

void target_checkpoint(struct volume *v)
{
	keep_pages(v, NULL);
	loop_timer(v->loop, &v->sync.more, CHECKPOINT_MS * LOOP_MS);
}

void target_begin(struct volume *v)
{
	struct drbd_state s = v->state;

	v->link.hold = false;
	link_pause(v);
	v->sync.total = v->bitmap.weight;
	v->sync.cursor = v->sync.flying = v->sync.flying_bytes = 0;
	volume_say(v, LOG_NOTICE, "resync of %llu KiB from the peer",
		   (unsigned long long)v->sync.total * 4);
	s.conn = CONN_SYNC_TARGET;
	state_set(v, s, true);
	loop_timer(v->loop, &v->sync.more, CHECKPOINT_MS * LOOP_MS);
	ask(v);
	end(v);
}

/* Inconsistent, under the resync's identifier, is what is on disk. */
static void named(struct keep_wait *w)
{
	struct volume *v = list_entry(w, struct volume, sync.kept);

	if (link_is_up(v) && !v->sync.stale && v->state.conn == CONN_WF_SYNC_UUID)
		target_begin(v);
}

/* The sum of the bitmaps is on disk. */
static void mapped(struct keep_wait *w)
{
	struct volume *v = list_entry(w, struct volume, sync.kept);
	struct drbd_state s = v->state;

	if (!link_is_up(v) || v->sync.stale || s.conn != CONN_WF_SYNC_UUID)
		return;
	gen_sync_begin_target(&v->gen, v->sync.uuid);
	v->full_sync = false;
	s.disk = DISK_INCONSISTENT;
	state_set(v, s, false);
	v->sync.kept.done = named;
	keep_super(v, &v->sync.kept);
}

int exchange_sync_uuid(struct volume *v, const struct wire_packet *p, void *bulk)
{
	if (v->state.conn != CONN_WF_SYNC_UUID || v->link.hold)
		return -EPROTO;
	/* what the peer writes from now on makes the disk a mixture: not before it is called one */
	v->link.hold = true;
	link_pause(v);
	v->sync.uuid = p->sync_uuid;
	v->sync.kept.done = mapped;
	keep_pages(v, &v->sync.kept);
	return 0;
}

void target_drop(struct volume *v)
{
	struct list *l;

	while ((l = list_take(&v->sync.held_acks)))
		free(list_entry(l, struct held_ack, link));
	while ((l = list_take(&v->sync.asked))) {
		struct rswrite *x = list_entry(l, struct rswrite, link);

		if (x->op.buf)
			x->stale = true; /* on its way to the disk */
		else
			free(x);
	}
	v->sync.stale = true;
	v->sync.ending = false;
	v->sync.flying = 0;
	v->sync.flying_bytes = 0;
}
