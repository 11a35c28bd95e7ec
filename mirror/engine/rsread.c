// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/engine/pacer.h"
#include "mirror/engine/rsread.h"

enum { READS_MAX = 64, READ_BYTES_MAX = 8 << 20, WAITING_MAX = 16384 };

static void unlock(struct rsread *x)
{
	if (x->ranged)
		range_unlock(x->v, &x->range);
	x->ranged = false;
}

static void done(struct rsread *x)
{
	struct volume *v = x->v;

	pool_put(&v->pool, x->op.buf, x->block.size);
	v->reads.flying--;
	v->reads.bytes -= x->block.size;
	free(x);
	if (link_is_up(v))
		rsreads_pump(v);
	link_io_done(v);
}

static void sent(struct sent *s, int result)
{
	done(list_entry(s, struct rsread, sent));
}

void rsread_send(struct rsread *x, const struct wire_packet *p)
{
	x->sent.done = sent;
	send_data(x->v, p, x->op.buf, &x->sent);
}

static void was_read(struct disk_op *op, int result)
{
	struct rsread *x = list_entry(op, struct rsread, op);
	struct volume *v = x->v;
	bool queued = false;

	if (result)
		disk_broke(v, "reading for the peer", result);
	if (link_is_up(v) && !result && v->state.conn == x->kind->conn) {
		v->pacer.moved += x->block.size;
		queued = x->kind->answer(x);
	} else if (link_is_up(v) && x->kind->refusal) {
		send_ack(v, x->kind->refusal, x->block.sector, x->block.id, x->block.size);
	}
	unlock(x);
	if (!queued)
		done(x);
}

static void range_ours(struct range *r)
{
	struct rsread *x = list_entry(r, struct rsread, range);

	x->ranged = true;
	x->op.verb = DISK_READ;
	x->op.off = x->block.sector * 512;
	x->op.len = x->block.size;
	x->op.done = was_read;
	if (disk_is_here(x->v))
		disk_submit(&x->v->data, &x->op);
	else
		was_read(&x->op, -ENODEV);
}

static void start(struct rsread *x)
{
	struct volume *v = x->v;

	v->reads.flying++;
	v->reads.bytes += x->block.size;
	v->link.flying++;
	x->range.go = range_ours;
	range_lock(v, &x->range, x->block.sector, x->block.size, true);
}

void rsreads_pump(struct volume *v)
{
	while (v->reads.flying < READS_MAX && v->reads.bytes < READ_BYTES_MAX && pacer_open(v) &&
	       !list_empty(&v->reads.waiting)) {
		struct rsread *x = list_entry(v->reads.waiting.next, struct rsread, link);

		if (!pwrites_reached(v, x->after))
			return; /* epoch by epoch; it is called again */
		list_remove(&x->link);
		v->reads.nwaiting--;
		x->op.buf = pool_get(&v->pool, x->block.size);
		if (!x->op.buf) {
			link_end(v, false, -ENOMEM, "no memory for a block that the peer asks for");
			free(x);
			return;
		}
		start(x);
	}
}

int rsread_take(struct volume *v, const struct rsread_kind *kind, const struct wire_packet *p,
		const void *digest)
{
	const struct wire_block *b = &p->block;
	struct rsread *x;

	if (v->state.conn != kind->conn || b->sector > v->sectors ||
	    b->size / 512 > v->sectors - b->sector || v->reads.nwaiting >= WAITING_MAX)
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
	list_append(&v->reads.waiting, &x->link);
	v->reads.nwaiting++;
	rsreads_pump(v);
	return 0;
}

void rsreads_drop(struct volume *v)
{
	struct list *l;

	while ((l = list_take(&v->reads.waiting)))
		free(list_entry(l, struct rsread, link));
	v->reads.nwaiting = 0;
}
