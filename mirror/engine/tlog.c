// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The transfer log: writes that the peer has, but perhaps not on stable storage.
 *
 * They are in epochs, which barriers end.  The peer confirms an epoch when all of it is on disk and
 * flushed.  Until then its writes stay here: should the peer go, they are out of sync, even
 * those it has acknowledged.  An epoch is ended by a client's flush, by its size, and when
 * nothing comes any more; and its extents stay hot, so that a Primary that is killed knows them.
 *
 * Within one the peer may write in any order: DRBD's kernel module does.  With protocols A and B a write
 * is done before the peer's disk has it, so one that overlaps it ends the epoch, too, or the older
 * data could be what the peer keeps.
 */
#include <errno.h>
#include <stdlib.h>

#include "mirror/engine/private.h"

enum { IDLE_MS = 250 };

static struct epoch *open_epoch(struct volume *v)
{
	return list_entry(v->tlog.epochs.prev, struct epoch, link);
}

static int add_epoch(struct volume *v)
{
	struct epoch *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->handle = v->tlog.next_handle++;
	list_init(&e->writes);
	list_append(&v->tlog.epochs, &e->link);
	return 0;
}

static void idle(struct timer *t)
{
	tlog_close(list_entry(t, struct volume, tlog.idle));
}

int tlog_init(struct volume *v)
{
	struct tlog *t = &v->tlog;

	list_init(&t->epochs);
	intervals_init(&t->loose);
	timer_init(&t->idle, idle);
	for (uint32_t i = 0; i < TLOG_SLOTS; i++)
		t->free_slots[t->nfree++] = i;
	return add_epoch(v);
}

void tlog_free(struct volume *v)
{
	struct list *l;

	loop_timer_stop(&v->tlog.idle);
	while (v->tlog.epochs.next && (l = list_take(&v->tlog.epochs)))
		free(list_entry(l, struct epoch, link));
}

void tlog_add(struct volume *v, struct write *w)
{
	struct tlog *t = &v->tlog;
	struct epoch *e = open_epoch(v);

	if (!t->count)
		t->progress = v->loop->now;
	w->slot = t->free_slots[--t->nfree];
	w->serial = ++t->serial;
	t->slot[w->slot] = w;
	w->epoch = e;
	list_append(&e->writes, &w->in_epoch);
	e->count++;
	t->count++;
	w->loose = v->config.protocol != 3 && !w->strict;
	if (w->loose) {
		w->span = (struct interval){.sector = w->sector, .end = w->sector + w->bytes / 512};
		interval_add(&t->loose, &w->span);
	}
	if (!loop_timer_is_set(&t->idle))
		loop_timer(v->loop, &t->idle, IDLE_MS * LOOP_MS);
}

void tlog_sent(struct volume *v)
{
	if (open_epoch(v)->count >= TLOG_EPOCH_MAX)
		tlog_close(v);
}

uint64_t tlog_id(const struct write *w)
{
	return (uint64_t)w->serial << 32 | w->slot;
}

struct write *tlog_find(struct volume *v, uint64_t id, uint64_t sector, uint32_t bytes)
{
	uint32_t slot = (uint32_t)id;
	struct write *w = slot < TLOG_SLOTS ? v->tlog.slot[slot] : NULL;

	return w && w->serial == id >> 32 && w->sector == sector && w->bytes == bytes ? w : NULL;
}

/* ordered() - Whatever is sent from now on is behind a barrier, or to another connection. */
static void ordered(struct volume *v, struct write *w)
{
	struct list ready = LIST_INIT(ready); /* nobody waits in there */

	if (w->loose)
		interval_remove(&v->tlog.loose, &w->span, &ready);
	w->loose = false;
}

/* leave() - @w is no longer in its epoch. */
static void leave(struct volume *v, struct write *w)
{
	struct tlog *t = &v->tlog;

	ordered(v, w);
	list_remove(&w->in_epoch);
	w->epoch = NULL;
	t->count--;
	t->slot[w->slot] = NULL;
	t->free_slots[t->nfree++] = w->slot;
}

bool tlog_full(const struct volume *v)
{
	return !v->tlog.nfree || v->tlog.copied >= TLOG_COPIES_MAX;
}

uint32_t tlog_open_handle(struct volume *v)
{
	return open_epoch(v)->handle;
}

void tlog_close(struct volume *v)
{
	struct wire_packet p = {.command = WIRE_BARRIER};
	struct epoch *e = open_epoch(v);

	loop_timer_stop(&v->tlog.idle);
	if (!e->count || add_epoch(v))
		return;
	e->closed = true;
	list_for_each (l, &e->writes)
		ordered(v, list_entry(l, struct write, in_epoch));
	p.barrier.handle = e->handle;
	send_data(v, &p, NULL, NULL);
}

void tlog_order(struct volume *v, const struct write *w)
{
	uint64_t end = w->sector + w->bytes / 512;

	if (!v->tlog.loose.count || !interval_busy(&v->tlog.loose, w->sector, end))
		return;
	tlog_close(v);
	if (interval_busy(&v->tlog.loose, w->sector, end))
		link_end(v, false, -ENOMEM, "no memory for an epoch");
}

bool tlog_confirmed(struct volume *v, uint32_t handle)
{
	struct epoch *e = list_entry(v->tlog.epochs.next, struct epoch, link);

	return (int32_t)(e->handle - handle) >= 0;
}

int tlog_ack(struct volume *v, const struct wire_barrier *b)
{
	struct epoch *e = list_entry(v->tlog.epochs.next, struct epoch, link);
	struct list *l;

	if (!e->closed || e->handle != b->handle || e->count != b->count)
		return -EPROTO;
	list_for_each (at, &e->writes) {
		struct write *w = list_entry(at, struct write, in_epoch);

		/* what is to be acknowledged is so before its epoch */
		if (w->remote == REMOTE_QUEUED ||
		    (w->remote == REMOTE_SENT && (v->config.protocol != 1 || w->strict)))
			return -EPROTO;
	}
	v->tlog.progress = v->loop->now;
	list_remove(&e->link);
	while (!list_empty(&e->writes)) {
		l = e->writes.next;
		leave(v, list_entry(l, struct write, in_epoch));
		write_confirmed(list_entry(l, struct write, in_epoch));
	}
	free(e);
	flushes_check(v);
	change_check(v);
	return 0;
}

int tlog_barrier_ack(struct volume *v, const struct wire_packet *p, void *bulk)
{
	return tlog_ack(v, &p->barrier);
}

/* each_write() - That the peer has not confirmed. */
static void each_write(struct volume *v, void (*f)(struct write *w))
{
	list_for_each (l, &v->tlog.epochs) {
		struct epoch *e = list_entry(l, struct epoch, link);

		list_for_each (k, &e->writes)
			f(list_entry(k, struct write, in_epoch));
	}
}

static void cool(struct write *w)
{
	w->hot = false;
}

void tlog_cool(struct volume *v)
{
	each_write(v, cool);
}

static void note(struct write *w)
{
	out_of_sync(w->v, w->sector, w->bytes);
}

void tlog_note(struct volume *v)
{
	each_write(v, note);
}

void tlog_drop(struct volume *v)
{
	struct list gone = LIST_INIT(gone), *l;

	loop_timer_stop(&v->tlog.idle);
	list_move(&gone, &v->tlog.epochs);
	if (add_epoch(v)) { /* the last one is used again */
		l = gone.prev;
		list_remove(l);
		list_append(&v->tlog.epochs, l);
		list_entry(l, struct epoch, link)->closed = false;
	}
	while ((l = list_take(&gone))) {
		struct epoch *e = list_entry(l, struct epoch, link);

		while (!list_empty(&e->writes)) {
			struct write *w = list_entry(e->writes.next, struct write, in_epoch);

			leave(v, w);
			write_left(w);
		}
		free(e);
	}
	flushes_again(v);
	flushes_check(v);
}
