// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What both sides of a resync share.
 */
#include "mirror/engine/private.h"

void out_of_sync(struct volume *v, uint64_t sector, uint32_t bytes)
{
	bitmap_set_range(&v->bitmap, sector, bytes);
}

void in_sync(struct volume *v, uint64_t sector, uint32_t bytes)
{
	if (bitmap_clear_range(&v->bitmap, sector, bytes, v->sectors) &&
	    v->state.conn != CONN_SYNC_SOURCE)
		v->data_unflushed = true;
}

static void more(struct timer *t)
{
	struct volume *v = list_entry(t, struct volume, sync.more);

	if (v->sync.sending != BITMAP_END)
		exchange_more(v);
	else if (v->state.conn == CONN_SYNC_TARGET)
		target_checkpoint(v);
}

void sync_init(struct volume *v)
{
	struct sync *s = &v->sync;

	list_init(&s->waiting);
	list_init(&s->asked);
	list_init(&s->held_acks);
	timer_init(&s->more, more);
	keep_wait_init(&s->kept, NULL);
	s->sending = s->got = BITMAP_END;
}

void sync_drop(struct volume *v)
{
	loop_timer_stop(&v->sync.more);
	keep_cancel(&v->sync.kept);
	v->sync.sending = v->sync.got = BITMAP_END;
	source_drop(v);
	target_drop(v);
}
