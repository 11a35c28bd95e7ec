// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The source of a resync: the target asks for what it lacks.
 *
 * A block is locked while it is read and until its reply is queued: a write of it, which goes to the
 * same socket, is never followed there by what it replaced.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"

enum { READS_MAX = 32, READ_BYTES_MAX = 8 << 20, WAITING_MAX = 16384 };

/* A request of the target's. */
struct rsread {
	struct list link;
	struct volume *v;
	struct range range;
	struct disk_op op;
	struct sent sent;
	struct wire_block block;
	bool ranged;
};

static void pump(struct volume *v);

static void done(struct rsread *x)
{
	struct volume *v = x->v;

	pool_put(&v->pool, x->op.buf, x->block.size);
	v->sync.flying--;
	v->sync.flying_bytes -= x->block.size;
	free(x);
	if (link_is_up(v))
		pump(v);
	link_io_done(v);
}

static void sent(struct sent *s, int result)
{
	done(list_entry(s, struct rsread, sent));
}

static void unlock(struct rsread *x)
{
	if (x->ranged)
		range_unlock(x->v, &x->range);
	x->ranged = false;
}

static void was_read(struct disk_op *op, int result)
{
	struct rsread *x = list_entry(op, struct rsread, op);
	struct wire_packet p = {.command = WIRE_RS_DATA_REPLY, .bulk = x->block.size};
	struct volume *v = x->v;

	if (result)
		disk_broke(v, "reading for the peer", result);
	if (!link_is_up(v) || v->state.conn != CONN_SYNC_SOURCE || result) {
		if (link_is_up(v))
			send_ack(v, WIRE_NEG_RS_DREPLY, x->block.sector, x->block.id,
				 x->block.size);
		unlock(x);
		done(x);
		return;
	}
	p.data = (struct wire_data){
		.sector = x->block.sector, .id = x->block.id, .size = x->block.size};
	v->sync.unconfirmed += bitmap_bits(x->block.size / 512);
	x->sent.done = sent;
	send_data(v, &p, x->op.buf, &x->sent);
	unlock(x);
}

static void range_ours(struct range *r)
{
	struct rsread *x = list_entry(r, struct rsread, range);

	x->ranged = true;
	x->op.verb = DISK_READ;
	x->op.off = x->block.sector * 512;
	x->op.len = x->block.size;
	x->op.done = was_read;
	disk_submit(&x->v->data, &x->op);
}

static void pump(struct volume *v)
{
	struct sync *s = &v->sync;
	struct list *l;

	while (s->flying < READS_MAX && s->flying_bytes < READ_BYTES_MAX &&
	       (l = list_take(&s->waiting))) {
		struct rsread *x = list_entry(l, struct rsread, link);

		s->nwaiting--;
		x->op.buf = pool_get(&v->pool, x->block.size);
		if (!x->op.buf) {
			send_ack(v, WIRE_RS_CANCEL, x->block.sector, x->block.id, x->block.size);
			free(x);
			continue;
		}
		s->flying++;
		s->flying_bytes += x->block.size;
		v->link.flying++;
		x->range.go = range_ours;
		range_lock(v, &x->range, x->block.sector, x->block.size, true);
	}
}

int source_request(struct volume *v, const struct wire_packet *p, void *bulk)
{
	const struct wire_block *b = &p->block;
	struct rsread *x;

	if (v->state.conn != CONN_SYNC_SOURCE || b->sector > v->sectors ||
	    b->size / 512 > v->sectors - b->sector || v->sync.nwaiting >= WAITING_MAX)
		return -EPROTO;
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->v = v;
	x->block = *b;
	list_append(&v->sync.waiting, &x->link);
	v->sync.nwaiting++;
	pump(v);
	return 0;
}

int source_ack(struct volume *v, const struct wire_packet *p, void *bulk)
{
	const struct wire_block *b = &p->block;
	uint64_t bits = bitmap_bits(b->size / 512);

	if (b->id != WIRE_ID_RESYNC)
		return write_ack(v, p, bulk);
	if (v->state.conn != CONN_SYNC_SOURCE || b->sector > v->sectors ||
	    b->size / 512 > v->sectors - b->sector)
		return -EPROTO;
	v->sync.unconfirmed -= bits < v->sync.unconfirmed ? bits : v->sync.unconfirmed;
	in_sync(v, b->sector, b->size);
	source_check(v);
	return 0;
}

void source_check(struct volume *v)
{
	struct drbd_state s = v->state;

	if (s.conn != CONN_SYNC_SOURCE || v->bitmap.weight)
		return;
	volume_say(v, LOG_NOTICE, "the peer is up to date");
	gen_sync_end_source(&v->gen);
	v->crashed = v->full_sync = false;
	s.conn = CONN_CONNECTED;
	s.pdsk = DISK_UP_TO_DATE;
	state_set(v, s, false);
	keep_super(v, NULL);
	keep_pages(v, NULL);
}

/* Our identifiers are on disk: the target may know. */
static void begun(struct keep_wait *w)
{
	struct volume *v = list_entry(w, struct volume, sync.kept);
	struct wire_packet p = {.command = WIRE_SYNC_UUID};
	struct drbd_state s = v->state;

	if (!link_is_up(v) || s.conn != CONN_WF_BITMAP_S || v->sync.stale)
		return;
	p.sync_uuid = v->sync.uuid;
	send_data(v, &p, NULL, NULL);
	s.conn = CONN_SYNC_SOURCE;
	s.pdsk = DISK_INCONSISTENT;
	state_set(v, s, true);
	source_check(v);
}

void source_begin(struct volume *v)
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = loop_clock() << 16;
	v->sync.uuid = gen_sync_begin_source(&v->gen, random & ~UINT64_C(1));
	v->sync.total = v->bitmap.weight;
	v->sync.unconfirmed = 0;
	v->sync.kept.done = begun;
	volume_say(v, LOG_NOTICE, "resync of %llu KiB to the peer",
		   (unsigned long long)v->sync.total * 4);
	keep_super(v, &v->sync.kept);
}

/* Bits that writes on their way may clear at the target without our hearing of it. */
static uint64_t writes_flying(struct volume *v)
{
	uint64_t bits = 0;

	list_for_each (l, &v->tlog.epochs) {
		struct epoch *e = list_entry(l, struct epoch, link);

		list_for_each (k, &e->writes) {
			struct write *w = list_entry(k, struct write, in_epoch);

			if (w->resync && w->remote != REMOTE_ACKED)
				bits += bitmap_bits(w->bytes / 512);
		}
	}
	return bits;
}

void source_drop(struct volume *v)
{
	struct list *l;

	while ((l = list_take(&v->sync.waiting)))
		free(list_entry(l, struct rsread, link));
	v->sync.nwaiting = 0;
	v->sync.stale = true;
	if (v->state.conn != CONN_SYNC_SOURCE ||
	    v->bitmap.weight > v->sync.unconfirmed + writes_flying(v))
		return;
	/* the target may have got the last of it; see generation.h */
	gen_sync_end_source(&v->gen);
	keep_super(v, NULL);
}
