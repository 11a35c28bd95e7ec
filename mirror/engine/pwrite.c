// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The peer's writes, in its epochs.
 *
 * Those of one epoch go to disk side by side, but for overlapping ones, which keep their order.  When
 * a barrier has ended the epoch and all of it is on disk, the disk is flushed, and that is confirmed
 * with the number of writes.  Only then do the writes of the next epoch begin: what the peer wrote
 * after its barrier is never on disk without what it wrote before.
 *
 * When the connection is lost, what has come is written all the same, in that order: with protocol B the
 * peer's client was told of it when it came.  Until that is done this side is not promoted.
 *
 * Of a peer without a disk they are the only copy, and noted as that in bitmap and activity log.  Where this side
 * has no disk they are counted and refused.
 */
#include <errno.h>
#include <stdlib.h>

#include "mirror/engine/private.h"
#include "mirror/engine/pread.h"
#include "mirror/engine/verify.h"

/* A write of the peer's. */
struct pwrite {
	struct list link; /* in its epoch's `held` or `flying` */
	struct volume *v;
	struct pepoch *epoch; /* NULL: the disk that it was for is gone, and who sent it, too */
	struct range range;
	struct disk_op op;
	struct wire_data data;
	bool zero, hot;
	uint32_t buffer;   /* bytes of op.buf */
	struct list waits; /* for its extents to be hot */
	struct task lost;
};

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

/* over() - One that has come is on disk, or never will be. */
static void over(struct pwrite *w)
{
	struct volume *v = w->v;
	bool orphan = !w->epoch;

	if (!orphan)
		w->epoch->pending--;
	drop(w);
	if (!orphan && !--v->pwrites.count)
		change_check(v); /* a promotion may wait for it */
}

static void epoch_check(struct volume *v);

/* confirm() - The oldest epoch is over. */
static void confirm(struct volume *v)
{
	struct wire_packet p = {.command = WIRE_BARRIER_ACK};
	struct pepoch *e = pepoch_oldest(v);

	p.barrier = (struct wire_barrier){e->handle, e->count};
	pepoch_free(e);
	if (!link_is_up(v))
		return;
	send_meta(v, &p);
	preads_pump(v);
	verify_pump(v);
}

static void flushed(struct disk_op *op, int result)
{
	struct volume *v = list_entry(op, struct volume, pwrites.flush);

	v->pwrites.flushing = false;
	if (result)
		disk_broke(v, "flushing", result);
	if (!list_empty(&v->pwrites.epochs)) {
		if (!result && disk_is_here(v) && pepoch_oldest(v)->closed)
			confirm(v);
		epoch_check(v);
	}
	link_io_done(v);
}

static void start(struct pwrite *w);

/* epoch_check() - The oldest epoch may be over. */
static void epoch_check(struct volume *v)
{
	struct pepoch *e;
	struct list *l;

	if (list_empty(&v->pwrites.epochs))
		return;
	e = pepoch_oldest(v);
	while ((l = list_take(&e->held)))
		start(list_entry(l, struct pwrite, link));
	if (!e->closed || e->pending || v->pwrites.flushing)
		return;
	if (!disk_is_here(v)) { /* the peer was told what has to be written again */
		confirm(v);
		epoch_check(v);
		return;
	}
	v->pwrites.flushing = true;
	v->link.flying++;
	v->pwrites.flush = (struct disk_op){.verb = DISK_FLUSH, .done = flushed};
	disk_submit(&v->data, &v->pwrites.flush);
}

static void acknowledge(struct pwrite *w, int result)
{
	struct volume *v = w->v;
	const struct wire_data *d = &w->data;

	if (!link_is_up(v))
		return;
	if (result || !disk_is_here(v)) {
		out_of_sync(v, d->sector, d->size);
		send_ack(v, WIRE_NEG_ACK, d->sector, d->id, d->size);
		return;
	}
	pepoch_remember(v, w->epoch, d->sector, d->size);
	if (d->flags & WIRE_DP_MAY_SET_IN_SYNC)
		target_ack(v, d->sector, d->id, d->size);
	else if (d->flags & WIRE_DP_WRITE_ACK)
		send_ack(v, WIRE_WRITE_ACK, d->sector, d->id, d->size);
}

static uint32_t first_extent(const struct pwrite *w)
{
	return (uint32_t)(w->data.sector / MD_EXTENT_SECTORS);
}

static uint32_t last_extent(const struct pwrite *w)
{
	return (uint32_t)((w->data.sector + w->data.size / 512 - 1) / MD_EXTENT_SECTORS);
}

static void written(struct disk_op *op, int result)
{
	struct pwrite *w = list_entry(op, struct pwrite, op);
	struct volume *v = w->v;

	if (result)
		disk_broke(v, "writing for the peer", result);
	if (w->hot)
		actlog_put(&v->al, first_extent(w), last_extent(w));
	range_unlock(v, &w->range);
	list_remove(&w->link);
	if (w->epoch)
		acknowledge(w, result);
	over(w);
	epoch_check(v);
	if (v->al_starved)
		writes_al_retry(v);
	link_io_done(v); /* no new connection before the last flush */
}

static void lost(struct task *t)
{
	written(&list_entry(t, struct pwrite, lost)->op, -ENODEV);
}

static void write_here(struct pwrite *w)
{
	w->op.off = w->data.sector * 512;
	w->op.len = w->data.size;
	w->op.verb = w->zero ? DISK_ZERO : DISK_WRITE;
	w->op.unmap = w->data.flags & WIRE_DP_DISCARD;
	w->op.durable = w->data.flags & WIRE_DP_FUA;
	w->op.done = written;
	if (w->epoch && disk_is_here(w->v)) {
		disk_submit(&w->v->data, &w->op);
		return;
	}
	task_init(&w->lost, lost); /* not from inside: its epoch may be looked at */
	loop_task(w->v->loop, &w->lost);
}

/* peer_lacks() - Whether the peer, which writes it, has no disk to write it to. */
static bool peer_lacks(const struct volume *v)
{
	return v->state.pdsk < DISK_INCONSISTENT;
}

static void want_extents(struct pwrite *w)
{
	struct volume *v = w->v;
	enum actlog_answer a = ACTLOG_HOT;

	if (peer_lacks(v) && w->epoch && disk_is_here(v)) {
		a = actlog_get(&v->al, first_extent(w), last_extent(w));
		w->hot = a == ACTLOG_HOT;
	}
	if (a == ACTLOG_HOT) {
		write_here(w);
		return;
	}
	list_append(&v->pwrites.al_waiting, &w->waits);
	v->al_starved |= a == ACTLOG_STARVED;
	keep_actlog(v);
}

void pwrites_al_retry(struct volume *v)
{
	struct list now = LIST_INIT(now), *l;

	list_move(&now, &v->pwrites.al_waiting);
	while ((l = list_take(&now)))
		want_extents(list_entry(l, struct pwrite, waits));
}

static void range_ours(struct range *r)
{
	want_extents(list_entry(r, struct pwrite, range));
}

static void start(struct pwrite *w)
{
	w->range.go = range_ours;
	list_append(&w->epoch->flying, &w->link);
	range_lock(w->v, &w->range, w->data.sector, w->data.size, false);
}

/* take() - A write has come, whole. */
static int take(struct pwrite *w)
{
	struct volume *v = w->v;
	const struct wire_data *d = &w->data;
	struct pepoch *e;

	if (list_empty(&v->pwrites.epochs) && pepoch_add(v)) {
		drop(w);
		return -ENOMEM;
	}
	e = pepoch_open(v);
	w->epoch = e;
	e->count++;
	if (!disk_is_here(v)) {
		send_ack(v, WIRE_NEG_ACK, d->sector, d->id, d->size);
		drop(w);
		return 0;
	}
	e->pending++;
	v->pwrites.count++;
	v->link.flying++;
	if (peer_lacks(v) || v->state.conn == CONN_WF_BITMAP_S)
		out_of_sync(v, d->sector, d->size);
	if (d->flags & WIRE_DP_RECV_ACK)
		send_ack(v, WIRE_RECV_ACK, d->sector, d->id, d->size);
	if (e == pepoch_oldest(v))
		start(w);
	else
		list_append(&e->held, &w->link);
	return 0;
}

/* May the peer write there, and now? */
static bool allowed(const struct volume *v, const struct wire_packet *p)
{
	return v->state.role != ROLE_PRIMARY && p->data.sector <= v->sectors &&
	       p->data.size / 512 <= v->sectors - p->data.sector;
}

static struct pwrite *make(struct volume *v, const struct wire_packet *p)
{
	struct pwrite *w = allowed(v, p) ? calloc(1, sizeof(*w)) : NULL;

	if (!w)
		return NULL;
	w->v = v;
	w->data = p->data;
	list_init(&w->link);
	list_init(&w->waits);
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
	if (list_empty(&v->pwrites.epochs) || !pepoch_open(v)->count)
		return 0;
	pepoch_open(v)->handle = p->barrier.handle;
	pepoch_open(v)->closed = true;
	if (pepoch_add(v))
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

void pwrites_orphan(struct volume *v)
{
	struct list *l;

	while ((l = list_take(&v->pwrites.epochs))) {
		struct pepoch *e = list_entry(l, struct pepoch, link);

		while ((l = list_take(&e->held))) {
			drop(list_entry(l, struct pwrite, link));
			v->link.flying--;
		}
		while ((l = list_take(&e->flying)))
			list_entry(l, struct pwrite, link)->epoch = NULL;
		pepoch_free(e);
	}
	if (v->pwrites.count) {
		v->pwrites.count = 0;
		change_check(v);
	}
}

/* The connection is gone: what has come is written, and nobody is told. */
void pwrites_drop(struct volume *v)
{
	if (list_empty(&v->pwrites.epochs))
		return;
	if (!disk_is_here(v)) {
		pwrites_orphan(v);
		return;
	}
	pepoch_open(v)->closed = true;
	epoch_check(v);
}
