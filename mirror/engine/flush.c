// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client's flush: what was done before it is on stable storage here, and, with protocol C, at the peer,
 * whose confirmation of the epoch says so.  Where this side has no disk, the peer's word is all there is.
 */
#include <errno.h>
#include <stdlib.h>

#include "mirror/engine/private.h"

struct flush {
	struct list link;
	struct volume *v;
	struct request *r;
	struct disk_op op;
	uint32_t handle; /* the epochs before it have to be confirmed */
	bool local;
	bool bare; /* this disk cannot say it */
	bool lost; /* nor the peer, which has gone since */
};

static void check(struct flush *f)
{
	struct volume *v = f->v;
	struct request *r = f->r;
	bool both = v->config.protocol == 3 || f->bare;

	if (!f->local || (both && !tlog_confirmed(v, f->handle)))
		return;
	list_remove(&f->link);
	free(f);
	request_tell(v, r, 0, true);
}

/* again() - Whoever had to say that it is done is gone. */
static void again(struct flush *f)
{
	struct volume *v = f->v;
	struct request *r = f->r;

	list_remove(&f->link);
	free(f);
	request_again(v, r);
}

static void local_done(struct disk_op *op, int result)
{
	struct flush *f = list_entry(op, struct flush, op);

	f->local = true;
	if (result) {
		f->bare = true;
		disk_broke(f->v, "flushing", result);
	}
	if (f->bare && (f->lost || !link_is_up(f->v)))
		again(f);
	else
		check(f);
}

void flush_begin(struct volume *v, struct request *r)
{
	struct flush *f = calloc(1, sizeof(*f));

	if (!f) {
		request_refuse(v, r, -ENOMEM);
		return;
	}
	f->v = v;
	f->r = r;
	tlog_close(v);
	f->handle = tlog_open_handle(v);
	list_append(&v->flushes, &f->link);
	if (disk_is_here(v)) {
		f->op = (struct disk_op){.verb = DISK_FLUSH, .done = local_done};
		disk_submit(&v->data, &f->op);
		return;
	}
	f->local = f->bare = true;
	if (!link_is_up(v))
		again(f);
	else if (tlog_confirmed(v, f->handle))
		loop_task(v->loop, &v->thaw); /* not from inside: there it is looked at again */
}

void flushes_again(struct volume *v)
{
	for (struct list *l = v->flushes.next, *next; next = l->next, l != &v->flushes; l = next) {
		struct flush *f = list_entry(l, struct flush, link);

		f->lost = true;
		if (f->bare && f->local)
			again(f);
	}
}

void flushes_check(struct volume *v)
{
	for (struct list *l = v->flushes.next, *next; next = l->next, l != &v->flushes; l = next)
		check(list_entry(l, struct flush, link));
}
