// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client's flush: what was done before it is on stable storage here, and, with protocol C, at the peer,
 * whose confirmation of the epoch says so.
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
	int error;
};

static void check(struct flush *f)
{
	struct volume *v = f->v;
	struct request *r = f->r;
	int error = f->error;

	if (!f->local || (v->config.protocol == 3 && !tlog_confirmed(v, f->handle)))
		return;
	list_remove(&f->link);
	free(f);
	request_tell(v, r, error, true);
}

static void local_done(struct disk_op *op, int result)
{
	struct flush *f = list_entry(op, struct flush, op);

	f->local = true;
	f->error = result;
	if (result)
		disk_broke(f->v, "flushing", result);
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
	f->op = (struct disk_op){.verb = DISK_FLUSH, .done = local_done};
	disk_submit(&v->data, &f->op);
}

void flushes_check(struct volume *v)
{
	for (struct list *l = v->flushes.next, *next; next = l->next, l != &v->flushes; l = next)
		check(list_entry(l, struct flush, link));
}
