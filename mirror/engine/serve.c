// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads of a peer that has no disk, or not yet what it wants to read.
 *
 * One that came after a write sees it: it waits for writes of its range that are on their way to the disk, and
 * for those that wait for a barrier before them.
 */
#include <errno.h>
#include <stdlib.h>

#include "mirror/engine/private.h"

enum { READS_MAX = 64, READ_BYTES_MAX = 16 << 20, WAITING_MAX = 16384 };

struct serve_read {
	struct list link;
	struct volume *v;
	struct range range;
	struct disk_op op;
	struct sent sent;
	struct wire_block block;
	uint32_t after; /* the epoch that was open */
};

static void done(struct serve_read *x)
{
	struct volume *v = x->v;

	pool_put(&v->pool, x->op.buf, x->block.size);
	v->serve.flying--;
	v->serve.flying_bytes -= x->block.size;
	free(x);
	serve_pump(v);
	link_io_done(v);
}

static void sent(struct sent *s, int result)
{
	done(list_entry(s, struct serve_read, sent));
}

static void refuse(struct volume *v, const struct wire_block *b)
{
	send_ack(v, WIRE_NEG_DREPLY, b->sector, b->id, b->size);
}

static void was_read(struct disk_op *op, int result)
{
	struct serve_read *x = list_entry(op, struct serve_read, op);
	struct wire_packet p = {.command = WIRE_DATA_REPLY, .bulk = x->block.size};
	struct volume *v = x->v;

	range_unlock(v, &x->range);
	if (result) {
		refuse(v, &x->block);
		disk_broke(v, "reading for the peer", result);
	}
	if (result || !link_is_up(v)) {
		done(x);
		return;
	}
	p.data = (struct wire_data){
		.sector = x->block.sector, .id = x->block.id, .size = x->block.size};
	x->sent.done = sent;
	send_data(v, &p, x->op.buf, &x->sent);
}

static void range_ours(struct range *r)
{
	struct serve_read *x = list_entry(r, struct serve_read, range);

	x->op.verb = DISK_READ;
	x->op.off = x->block.sector * 512;
	x->op.len = x->block.size;
	x->op.done = was_read;
	if (disk_is_here(x->v))
		disk_submit(&x->v->data, &x->op);
	else
		was_read(&x->op, -ENODEV);
}

static void start(struct volume *v, struct serve_read *x)
{
	v->serve.nwaiting--;
	x->op.buf = v->state.disk == DISK_UP_TO_DATE ? pool_get(&v->pool, x->block.size) : NULL;
	if (!x->op.buf) {
		refuse(v, &x->block);
		free(x);
		return;
	}
	v->serve.flying++;
	v->serve.flying_bytes += x->block.size;
	v->link.flying++;
	x->range.go = range_ours;
	range_lock(v, &x->range, x->block.sector, x->block.size, true);
}

void serve_pump(struct volume *v)
{
	struct serve *s = &v->serve;

	while (link_is_up(v) && s->flying < READS_MAX && s->flying_bytes < READ_BYTES_MAX &&
	       !list_empty(&s->waiting)) {
		struct serve_read *x = list_entry(s->waiting.next, struct serve_read, link);

		if (!pwrites_reached(v, x->after))
			return; /* epoch by epoch; it is called again */
		list_remove(&x->link);
		start(v, x);
	}
}

int serve_request(struct volume *v, const struct wire_packet *p, void *bulk)
{
	const struct wire_block *b = &p->block;
	struct serve_read *x;

	if (!b->size || b->size > WIRE_BULK_MAX || b->size % 512 || b->sector > v->sectors ||
	    b->size / 512 > v->sectors - b->sector || v->serve.nwaiting >= WAITING_MAX)
		return -EPROTO;
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->v = v;
	x->block = *b;
	x->after = pwrites_serial(v);
	list_append(&v->serve.waiting, &x->link);
	v->serve.nwaiting++;
	serve_pump(v);
	return 0;
}

void serve_drop(struct volume *v)
{
	struct list *l;

	while ((l = list_take(&v->serve.waiting)))
		free(list_entry(l, struct serve_read, link));
	v->serve.nwaiting = 0;
}

void serve_init(struct volume *v)
{
	list_init(&v->serve.waiting);
}
