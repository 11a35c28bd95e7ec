// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests on their way.
 *
 * What is written is copied first: the guest may change its memory while it is on its way to two disks, which would
 * then differ and nobody know.  What is read goes straight into the guest's memory where that is in pieces
 * large enough, and aligned as the disk wants it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/export/vhost_private.h"

/* A place in a job's memory. */
struct place {
	unsigned seg;
	uint32_t at;
};

struct job {
	struct vhost_queue *q;
	uint16_t head;
	struct vhost_order order;
	uint8_t *status;
	uint32_t written; /* bytes of guest memory, if it succeeds */
	uint64_t next;    /* bytes that were given to the volume */
	struct place place;
	unsigned flying;
	int error;
	struct part {
		struct request r;
		struct job *job;
		struct place place; /* where its data is in guest memory */
		bool copied;        /* r.buf is from the pool */
	} part[VHOST_PARTS];
	unsigned nsegs;
	struct vhost_seg seg[];
};

static void part_done(struct request *r, int result);

/* ---- guest memory ---- */

/* step() - Up to @len bytes from @p on that are in one segment: how many; @p is behind them. */
static uint32_t step(const struct job *j, struct place *p, uint32_t len)
{
	uint32_t left = j->seg[p->seg].len - p->at, n = left < len ? left : len;

	p->at += n;
	if (n == left)
		*p = (struct place){p->seg + 1, 0};
	return n;
}

/* copy() - @len bytes between guest memory from @p on and @buf. */
static void copy(const struct job *j, struct place p, uint8_t *buf, uint32_t len, bool to_guest)
{
	while (len) {
		uint8_t *at = j->seg[p.seg].at + p.at;
		uint32_t n = step(j, &p, len);

		if (to_guest)
			memcpy(at, buf, n);
		else
			memcpy(buf, at, n);
		buf += n;
		len -= n;
	}
}

static void skip(const struct job *j, struct place *p, uint32_t len)
{
	while (len)
		len -= step(j, p, len);
}

/* in_one_piece() - Bytes from @p on, up to @max. */
static uint32_t in_one_piece(const struct job *j, struct place p, uint32_t max)
{
	uint64_t n = j->seg[p.seg].len - p.at;

	for (unsigned i = p.seg + 1; n < max && i < j->nsegs; i++) {
		if (j->seg[i].at != j->seg[i - 1].at + j->seg[i - 1].len)
			break;
		n += j->seg[i].len;
	}
	return n < max ? (uint32_t)n : max;
}

/* ---- parts ---- */

/* memory_for() - The next part's: its length; 0: there is none to be had. */
static uint32_t memory_for(struct job *j, struct part *p, uint32_t len)
{
	struct vhost *h = j->q->front->vhost;
	unsigned align = volume_align(h->volume);
	uint8_t *at = j->seg[j->place.seg].at + j->place.at;
	uint32_t piece = in_one_piece(j, j->place, len) / align * align;

	p->place = j->place;
	p->copied = j->order.verb == REQUEST_WRITE || (uintptr_t)at % align ||
		    (piece < VHOST_DIRECT_MIN && piece < len);
	if (!p->copied) {
		p->r.buf = at;
		len = piece;
		skip(j, &j->place, len);
		return len;
	}
	p->r.buf = volume_buffer(h->volume, len);
	if (!p->r.buf)
		return 0;
	j->q->front->buffers += len;
	if (j->order.verb == REQUEST_WRITE)
		copy(j, j->place, p->r.buf, len, false);
	skip(j, &j->place, len);
	return len;
}

static bool has_data(const struct job *j)
{
	return j->order.verb == REQUEST_READ || j->order.verb == REQUEST_WRITE;
}

static void submit(struct job *j, struct part *p)
{
	uint32_t max = has_data(j) ? REQUEST_MAX : REQUEST_ZERO_MAX;
	uint64_t left = j->order.len - j->next;

	p->job = j;
	p->copied = false;
	p->r = (struct request){
		.verb = j->order.verb,
		.off = j->order.off + j->next,
		.len = left < max ? (uint32_t)left : max,
		.fua = j->order.fua,
		.unmap = j->order.unmap,
		.done = part_done,
	};
	if (has_data(j)) {
		p->r.len = memory_for(j, p, p->r.len);
		if (!p->r.len) {
			j->error = -ENOMEM;
			return;
		}
	}
	j->next += p->r.len;
	j->flying++;
	volume_submit(j->q->front->vhost->volume, &p->r);
}

static void finish(struct job *j)
{
	struct vhost_front *f = j->q->front;

	/* of a connection that is gone nothing is said: it is begun again at the next */
	if (!f->ending) {
		*j->status = vhost_blk_status(j->error);
		vhost_queue_push(j->q, j->head, j->written);
	}
	free(j);
	f->jobs--;
	if (f->ending && !f->jobs)
		loop_task(f->vhost->loop, &f->end);
	else if (f->waits && !f->jobs)
		loop_task(f->vhost->loop, &f->idle);
	else if (f->starved)
		loop_timer(f->vhost->loop, &f->again, 0);
}

static void part_done(struct request *r, int result)
{
	struct part *p = list_entry(r, struct part, r);
	struct job *j = p->job;
	struct vhost_front *f = j->q->front;

	if (p->copied) {
		if (r->verb == REQUEST_READ && !result)
			copy(j, p->place, r->buf, r->len, true);
		volume_buffer_put(f->vhost->volume, r->buf, r->len);
		f->buffers -= r->len;
	}
	j->flying--;
	if (result && !j->error)
		j->error = result;
	if (j->next < j->order.len && !j->error)
		submit(j, p);
	if (!j->flying)
		finish(j);
}

int vhost_job_begin(struct vhost_queue *q, const struct vhost_order *o)
{
	struct vhost_front *f = q->front;
	const struct vhost_chain *c = &f->chain;
	const struct vhost_seg *last = &c->seg[c->nout + c->nin - 1];
	unsigned n = o->end - o->first;
	struct job *j = malloc(sizeof(*j) + n * sizeof(j->seg[0]));

	if (!j)
		return -ENOMEM;
	/* but for its parts, which are filled in when they are used */
	memset(j, 0, offsetof(struct job, part));
	j->q = q;
	j->head = c->head;
	j->order = *o;
	j->status = last->at + last->len - 1;
	j->written = o->verb == REQUEST_READ ? (uint32_t)c->in_len : 1;
	j->place.at = o->skip;
	j->nsegs = n;
	memcpy(j->seg, c->seg + o->first, n * sizeof(j->seg[0]));
	f->jobs++;
	if (o->verb == REQUEST_FLUSH)
		submit(j, &j->part[0]);
	/* never more parts than there are: they end only on a later turn */
	for (int i = 0; i < VHOST_PARTS && j->next < o->len && !j->error; i++)
		submit(j, &j->part[i]);
	if (!j->flying)
		finish(j);
	return 0;
}
