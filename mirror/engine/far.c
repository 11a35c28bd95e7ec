// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads that the peer has to answer, because this side has no disk, or its disk lacks what is wanted.  The
 * data is received to where the client wants it.
 *
 * A peer that could not read either says so, and then perhaps that its disk is gone: it is asked again for a
 * while, so that such a read waits for a disk instead of failing.
 */
#include <errno.h>
#include <stdlib.h>

#include "mirror/engine/private.h"

enum { RETRY_MS = 200, TRIES = 15 };

struct far_read {
	struct list link;
	struct request *r;
	uint64_t id;
	unsigned tries;
	bool coming; /* its data */
};

static struct far_read *find(struct volume *v, uint64_t id, uint64_t sector, uint32_t bytes)
{
	list_for_each (l, &v->far.reads) {
		struct far_read *x = list_entry(l, struct far_read, link);

		if (x->id == id && x->r->off == sector * 512 && x->r->len == bytes)
			return x;
	}
	return NULL;
}

static void ask(struct volume *v, struct far_read *x)
{
	struct wire_packet p = {.command = WIRE_DATA_REQUEST};

	if (list_empty(&v->far.reads))
		v->far.progress = v->loop->now;
	x->id = ++v->far.serial;
	x->coming = false;
	list_append(&v->far.reads, &x->link);
	p.block = (struct wire_block){.sector = x->r->off / 512, .id = x->id, .size = x->r->len};
	send_data(v, &p, NULL, NULL);
}

/* free_read() - Its request, which is somebody else's from now on. */
static struct request *free_read(struct far_read *x)
{
	struct request *r = x->r;

	list_remove(&x->link);
	free(x);
	return r;
}

void far_read(struct volume *v, struct request *r)
{
	struct far_read *x;

	if (!link_is_up(v) || v->state.pdsk != DISK_UP_TO_DATE) {
		request_again(v, r);
		return;
	}
	x = calloc(1, sizeof(*x));
	if (!x) {
		request_refuse(v, r, -ENOMEM);
		return;
	}
	x->r = r;
	list_init(&x->link);
	ask(v, x);
}

void *far_room(struct volume *v, const struct wire_packet *p)
{
	struct far_read *x = find(v, p->data.id, p->data.sector, p->bulk);

	if (!x || x->coming)
		return NULL;
	x->coming = true;
	return x->r->buf;
}

void far_forget(struct volume *v, const struct wire_packet *p)
{
	struct far_read *x = find(v, p->data.id, p->data.sector, p->bulk);

	if (x)
		x->coming = false;
}

int far_reply(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct far_read *x = find(v, p->data.id, p->data.sector, p->bulk);

	if (!x || bulk != x->r->buf)
		return -EPROTO;
	v->far.progress = v->loop->now;
	read_over(v, free_read(x));
	return 0;
}

static void retry(struct timer *t)
{
	struct volume *v = list_entry(t, struct volume, far.retry);
	struct list now = LIST_INIT(now), *l;

	list_move(&now, &v->far.again);
	while ((l = list_take(&now))) {
		struct far_read *x = list_entry(l, struct far_read, link);

		if (link_is_up(v) && v->state.pdsk == DISK_UP_TO_DATE)
			ask(v, x);
		else
			request_again(v, free_read(x));
	}
}

int far_refused(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct far_read *x = find(v, p->block.id, p->block.sector, p->block.size);

	if (!x || x->coming)
		return -EPROTO;
	v->far.progress = v->loop->now;
	if (++x->tries > TRIES) {
		request_tell(v, free_read(x), -EIO, false);
		return 0;
	}
	list_remove(&x->link);
	list_append(&v->far.again, &x->link);
	if (!loop_timer_is_set(&v->far.retry))
		loop_timer(v->loop, &v->far.retry, RETRY_MS * LOOP_MS);
	return 0;
}

void far_drop(struct volume *v)
{
	struct list *l;

	list_move(&v->far.reads, &v->far.again);
	loop_timer_stop(&v->far.retry);
	while ((l = list_take(&v->far.reads)))
		request_again(v, free_read(list_entry(l, struct far_read, link)));
}

void far_init(struct volume *v)
{
	list_init(&v->far.reads);
	list_init(&v->far.again);
	timer_init(&v->far.retry, retry);
}
