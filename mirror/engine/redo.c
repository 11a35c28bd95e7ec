// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes that a side without a disk has had done by its peer, and that the peer had not confirmed to be on
 * stable storage when it went.  Clients were told that they are done.  When the peer is back they are done again,
 * before anything else is begun.
 */
#include <errno.h>
#include <stdlib.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"

static void done(struct request *r, int result)
{
	struct write *w = list_entry(r, struct write, again);
	struct volume *v = w->v;

	v->redoing--;
	if (result && v->state.role == ROLE_PRIMARY && !v->abandoned)
		volume_say(v, LOG_ERR, "%u bytes at sector %llu that only the peer had are lost",
			   w->bytes, (unsigned long long)w->sector);
	pool_put(&v->pool, w->copy, w->bytes);
	free(w);
	loop_task(v->loop, &v->thaw);
}

void redo_add(struct write *w)
{
	struct volume *v = w->v;

	w->again = (struct request){
		.verb = w->zero ? REQUEST_ZERO : REQUEST_WRITE,
		.off = w->sector * 512,
		.len = w->bytes,
		.buf = w->copy,
		.unmap = w->zero,
		.done = done,
		.redo = true,
	};
	list_init(&w->again.link);
	v->requests++;
	v->redoing++;
	request_again(v, &w->again);
}

void redo_forget(struct volume *v)
{
	struct list *l;

	while ((l = list_take(&v->redo)))
		request_refuse(v, list_entry(l, struct request, link), -EIO);
}
