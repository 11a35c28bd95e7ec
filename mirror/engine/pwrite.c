// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The peer's writes, in its epochs.
 *
 * Those of one epoch go to disk side by side, but for overlapping ones, which keep their order.  When
 * a barrier has ended the epoch and all of it is on disk, the disk is flushed, and that is confirmed
 * with the number of writes.  Only then do the writes of the next epoch begin: what the peer wrote
 * after its barrier is never on disk without what it wrote before.
 */
#include <errno.h>
#include <stdlib.h>

#include "mirror/engine/private.h"

/* A write of the peer's. */
struct pwrite {
	struct list link; /* in its epoch's `held` or `flying` */
	struct volume *v;
	struct pepoch *epoch; /* NULL: its connection is gone */
	struct range range;
	struct disk_op op;
	struct wire_data data;
	bool zero;
	uint32_t buffer; /* bytes of op.buf */
};

static struct pepoch *oldest(struct volume *v)
{
	return list_entry(v->pwrites.epochs.next, struct pepoch, link);
}

static struct pepoch *open_epoch(struct volume *v)
{
	return list_entry(v->pwrites.epochs.prev, struct pepoch, link);
}

static int add_epoch(struct volume *v)
{
	struct pepoch *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	list_init(&e->held);
	list_init(&e->flying);
	list_append(&v->pwrites.epochs, &e->link);
	return 0;
}

void pwrites_init(struct volume *v)
{
	list_init(&v->pwrites.epochs);
}

/* bytes() - Memory for the peer's data is taken or given back: above the limit nothing is read from it. */
static void bytes(struct volume *v, int64_t n)
{
	v->pwrites.bytes += (uint64_t)n;
	link_pause(v);
}

static void drop(struct pwrite *w)
{
	struct volume *v = w->v;

	if (w->op.buf) {
		pool_put(&v->pool, w->op.buf, w->buffer);
		bytes(v, -(int64_t)w->buffer);
	}
	free(w);
}

static void epoch_check(struct volume *v);

static void flushed(struct disk_op *op, int result)
{
	struct volume *v = list_entry(op, struct volume, pwrites.flush);
	struct wire_packet p = {.command = WIRE_BARRIER_ACK};

	v->pwrites.flushing = false;
	if (result)
		disk_broke(v, "flushing", result);
	if (link_is_up(v) && !result && !list_empty(&v->pwrites.epochs) && oldest(v)->closed) {
		struct pepoch *e = oldest(v);

		p.barrier = (struct wire_barrier){e->handle, e->count};
		send_meta(v, &p);
		list_remove(&e->link);
		free(e);
		epoch_check(v);
	}
	link_io_done(v);
}

static void start(struct pwrite *w);

/* epoch_check() - The oldest epoch may be over. */
static void epoch_check(struct volume *v)
{
	struct pepoch *e = oldest(v);
	struct list *l;

	while ((l = list_take(&e->held)))
		start(list_entry(l, struct pwrite, link));
	if (!e->closed || e->pending || v->pwrites.flushing)
		return;
	v->pwrites.flushing = true;
	v->link.flying++;
	v->pwrites.flush = (struct disk_op){.verb = DISK_FLUSH, .done = flushed};
	disk_submit(&v->data, &v->pwrites.flush);
}

static void acknowledge(struct pwrite *w, int result)
{
	struct volume *v = w->v;
	const struct wire_data *d = &w->data;

	if (result) {
		out_of_sync(v, d->sector, d->size);
		send_ack(v, WIRE_NEG_ACK, d->sector, d->id, d->size);
	} else if (d->flags & WIRE_DP_MAY_SET_IN_SYNC) {
		target_ack(v, d->sector, d->id, d->size);
	} else if (d->flags & WIRE_DP_WRITE_ACK) {
		send_ack(v, WIRE_WRITE_ACK, d->sector, d->id, d->size);
	}
}

static void written(struct disk_op *op, int result)
{
	struct pwrite *w = list_entry(op, struct pwrite, op);
	struct volume *v = w->v;
	struct pepoch *e = w->epoch;

	if (result)
		disk_broke(v, "writing for the peer", result);
	range_unlock(v, &w->range);
	list_remove(&w->link);
	if (e) {
		acknowledge(w, result);
		e->pending--;
	}
	drop(w);
	if (e)
		epoch_check(v);
	link_io_done(v);
}

static void range_ours(struct range *r)
{
	struct pwrite *w = list_entry(r, struct pwrite, range);

	w->op.off = w->data.sector * 512;
	w->op.len = w->data.size;
	w->op.verb = w->zero ? DISK_ZERO : DISK_WRITE;
	w->op.unmap = w->data.flags & WIRE_DP_DISCARD;
	w->op.durable = w->data.flags & WIRE_DP_FUA;
	w->op.done = written;
	disk_submit(&w->v->data, &w->op);
}

static void start(struct pwrite *w)
{
	w->range.go = range_ours;
	list_append(&w->epoch->flying, &w->link);
	w->v->link.flying++;
	range_lock(w->v, &w->range, w->data.sector, w->data.size, false);
}

/* take() - A write has come, whole. */
static int take(struct pwrite *w)
{
	struct volume *v = w->v;
	const struct wire_data *d = &w->data;
	struct pepoch *e;

	if (list_empty(&v->pwrites.epochs) && add_epoch(v)) {
		drop(w);
		return -ENOMEM;
	}
	e = open_epoch(v);
	w->epoch = e;
	e->count++;
	e->pending++;
	if (d->flags & WIRE_DP_RECV_ACK)
		send_ack(v, WIRE_RECV_ACK, d->sector, d->id, d->size);
	if (e == oldest(v))
		start(w);
	else
		list_append(&e->held, &w->link);
	return 0;
}

/* May the peer write there, and now? */
static bool allowed(const struct volume *v, const struct wire_packet *p)
{
	return v->state.disk >= DISK_INCONSISTENT && v->state.role != ROLE_PRIMARY &&
	       p->data.sector <= v->sectors && p->data.size / 512 <= v->sectors - p->data.sector;
}

static struct pwrite *make(struct volume *v, const struct wire_packet *p)
{
	struct pwrite *w = allowed(v, p) ? calloc(1, sizeof(*w)) : NULL;

	if (!w)
		return NULL;
	w->v = v;
	w->data = p->data;
	list_init(&w->link);
	return w;
}

void *pwrite_room(struct volume *v, const struct wire_packet *p)
{
	if (!allowed(v, p))
		return NULL;
	return pool_get(&v->pool, p->bulk);
}

int pwrite_data(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct pwrite *w = make(v, p);

	if (!w) {
		pool_put(&v->pool, bulk, p->bulk);
		return -EPROTO;
	}
	w->op.buf = bulk;
	w->buffer = p->bulk;
	bytes(v, p->bulk);
	return take(w);
}

int pwrite_zeroes(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct pwrite *w = make(v, p);

	if (!w)
		return -EPROTO;
	w->zero = true;
	return take(w);
}

int pwrite_barrier(struct volume *v, const struct wire_packet *p, void *bulk)
{
	/* one without writes before it is not answered */
	if (list_empty(&v->pwrites.epochs) || !open_epoch(v)->count)
		return 0;
	open_epoch(v)->handle = p->barrier.handle;
	open_epoch(v)->closed = true;
	if (add_epoch(v))
		return -ENOMEM;
	epoch_check(v);
	return 0;
}

int pwrite_out_of_sync(struct volume *v, const struct wire_packet *p, void *bulk)
{
	if (p->range.sector > v->sectors || p->range.size / 512 > v->sectors - p->range.sector)
		return -EPROTO;
	out_of_sync(v, p->range.sector, p->range.size);
	return 0;
}

/* The connection is gone: what is on its way to the disk goes there, and nobody is told. */
void pwrites_drop(struct volume *v)
{
	struct list *l;

	while ((l = list_take(&v->pwrites.epochs))) {
		struct pepoch *e = list_entry(l, struct pepoch, link);

		while ((l = list_take(&e->held)))
			drop(list_entry(l, struct pwrite, link));
		while ((l = list_take(&e->flying)))
			list_entry(l, struct pwrite, link)->epoch = NULL;
		free(e);
	}
}
