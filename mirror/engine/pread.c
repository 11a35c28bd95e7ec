// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/engine/pacer.h"
#include "mirror/engine/pread.h"

enum { READS_MAX = 64, WAITING_MAX = 16384 };

static const uint64_t bytes_max[PREAD_QUEUES] = {
	[PREAD_CLIENT] = 16 << 20,
	[PREAD_SYNC] = 8 << 20,
};

static struct preads *queue_of(const struct pread *x)
{
	return &x->v->preads[x->kind->queue];
}

/* wanted() - The state is one in which it may be asked for. */
static bool wanted(const struct volume *v, const struct pread_kind *kind)
{
	return kind->queue == PREAD_CLIENT || v->state.conn == kind->conn;
}

static void refuse(struct pread *x)
{
	if (link_is_up(x->v) && x->kind->refusal)
		send_ack(x->v, x->kind->refusal, x->block.sector, x->block.id, x->block.size);
}

static void done(struct pread *x)
{
	struct preads *q = queue_of(x);
	struct volume *v = x->v;

	pool_put(&v->pool, x->op.buf, x->block.size);
	q->flying--;
	q->bytes -= x->block.size;
	free(x);
	preads_pump(v);
	link_io_done(v);
}

static void sent(struct sent *s, int result)
{
	done(list_entry(s, struct pread, sent));
}

void pread_send(struct pread *x, uint16_t command)
{
	const struct wire_block *b = &x->block;
	struct wire_packet p = {
		.command = command,
		.bulk = b->size,
		.data = {.sector = b->sector, .id = b->id, .size = b->size},
	};

	x->sent.done = sent;
	send_data(x->v, &p, x->op.buf, &x->sent);
}

static void was_read(struct disk_op *op, int result)
{
	struct pread *x = list_entry(op, struct pread, op);
	struct volume *v = x->v;
	bool queued = false;

	if (result)
		disk_broke(v, "reading for the peer", result);
	if (link_is_up(v) && !result && wanted(v, x->kind)) {
		if (x->kind->queue == PREAD_SYNC)
			v->pacer.moved += x->block.size;
		queued = x->kind->answer(x);
	} else {
		refuse(x);
	}
	range_unlock(v, &x->range);
	if (!queued)
		done(x);
}

static void range_ours(struct range *r)
{
	struct pread *x = list_entry(r, struct pread, range);

	x->op.verb = DISK_READ;
	x->op.off = x->block.sector * 512;
	x->op.len = x->block.size;
	x->op.done = was_read;
	if (disk_is_here(x->v))
		disk_submit(&x->v->data, &x->op);
	else
		was_read(&x->op, -ENODEV);
}

static void start(struct pread *x)
{
	struct preads *q = queue_of(x);
	struct volume *v = x->v;

	/* The peer's clients never get what is not known to be good. */
	if (x->kind->queue == PREAD_CLIENT && v->state.disk != DISK_UP_TO_DATE) {
		refuse(x);
		free(x);
		return;
	}
	x->op.buf = pool_get(&v->pool, x->block.size);
	if (!x->op.buf) {
		link_end(v, false, -ENOMEM, "no memory for a block that the peer asks for");
		free(x);
		return;
	}
	q->flying++;
	q->bytes += x->block.size;
	v->link.flying++;
	x->range.go = range_ours;
	range_lock(v, &x->range, x->block.sector, x->block.size, true);
}

/* may_start() - While clients are to have the disk to themselves (pace.h), resync and verify wait. */
static bool may_start(struct volume *v, enum pread_queue queue)
{
	const struct preads *q = &v->preads[queue];

	return link_is_up(v) && q->flying < READS_MAX && q->bytes < bytes_max[queue] &&
	       (queue == PREAD_CLIENT || pacer_open(v));
}

static void pump(struct volume *v, enum pread_queue queue)
{
	struct preads *q = &v->preads[queue];

	while (!list_empty(&q->waiting) && may_start(v, queue)) {
		struct pread *x = list_entry(q->waiting.next, struct pread, link);

		if (!pwrites_reached(v, x->after))
			return; /* epoch by epoch; it is called again */
		list_remove(&x->link);
		q->nwaiting--;
		start(x);
	}
}

void preads_pump(struct volume *v)
{
	for (enum pread_queue q = 0; q < PREAD_QUEUES; q++)
		pump(v, q);
}

int pread_take(struct volume *v, const struct pread_kind *kind, const struct wire_packet *p,
	       const void *digest)
{
	struct preads *q = &v->preads[kind->queue];
	const struct wire_block *b = &p->block;
	struct pread *x;

	if (!wanted(v, kind) || !b->size || b->size > WIRE_BULK_MAX || b->size % 512 ||
	    b->sector > v->sectors || b->size / 512 > v->sectors - b->sector ||
	    q->nwaiting >= WAITING_MAX)
		return -EPROTO;
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->v = v;
	x->kind = kind;
	x->block = *b;
	x->after = pwrites_serial(v);
	if (digest)
		memcpy(x->digest, digest, p->bulk);
	list_append(&q->waiting, &x->link);
	q->nwaiting++;
	pump(v, kind->queue);
	return 0;
}

void preads_drop(struct volume *v)
{
	struct list *l;

	for (enum pread_queue q = 0; q < PREAD_QUEUES; q++) {
		while ((l = list_take(&v->preads[q].waiting)))
			free(list_entry(l, struct pread, link));
		v->preads[q].nwaiting = 0;
	}
}

void preads_init(struct volume *v)
{
	for (enum pread_queue q = 0; q < PREAD_QUEUES; q++)
		list_init(&v->preads[q].waiting);
}
