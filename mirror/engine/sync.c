// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What both sides of a resync share.
 */
#include <stdio.h>

#include "hv/daemon.h"
#include "mirror/engine/pacer.h"
#include "mirror/engine/pread.h"
#include "mirror/engine/verify.h"

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

bool sync_waits(const struct volume *v)
{
	enum conn c = v->state.conn;

	return !v->link.hold && !v->link.data.paused &&
	       (c == CONN_WF_BITMAP_S || c == CONN_WF_BITMAP_T || c == CONN_WF_SYNC_UUID);
}

void sync_begin(struct volume *v, bool source)
{
	struct drbd_state s = v->state;

	v->sync.source = v->gen; /* they are the same */
	v->sync.stale = v->sync.ending = false;
	s.conn = source ? CONN_WF_BITMAP_S : CONN_WF_SYNC_UUID;
	state_set(v, s, false);
	if (source)
		source_begin(v);
}

static void more(struct timer *t)
{
	struct volume *v = list_entry(t, struct volume, sync.more);

	if (v->sync.sending != BITMAP_END)
		exchange_more(v);
	else if (v->state.conn == CONN_SYNC_TARGET)
		target_checkpoint(v);
}

static void digest_take(struct digest *d, const char *name)
{
	*d = (struct digest){0};
	if (*name)
		digest_find(d, name);
}

void sync_digests(struct volume *v)
{
	digest_take(&v->csums, v->config.csums_alg);
	digest_take(&v->verify_with, v->config.verify_alg);
}

void sync_say_over(struct volume *v, const char *what)
{
	char equal[64] = "", zeroes[64] = "";

	if (v->csums.size)
		snprintf(equal, sizeof(equal), "; %llu of %llu KiB were equal",
			 (unsigned long long)v->sync.same * 4,
			 (unsigned long long)v->sync.total * 4);
	if (v->sync.zeroes)
		snprintf(zeroes, sizeof(zeroes), "; %llu of %llu KiB were zeroes, and not sent",
			 (unsigned long long)v->sync.zeroes * 4,
			 (unsigned long long)v->sync.total * 4);
	volume_say(v, LOG_NOTICE, "%s%s%s", what, equal, zeroes);
}

void sync_init(struct volume *v)
{
	struct sync *s = &v->sync;

	list_init(&s->asked);
	list_init(&s->held_acks);
	timer_init(&s->more, more);
	keep_wait_init(&s->kept, NULL);
	preads_init(v);
	pacer_init(v);
	verify_init(v);
	s->sending = s->got = BITMAP_END;
}

void sync_drop(struct volume *v)
{
	loop_timer_stop(&v->sync.more);
	keep_cancel(&v->sync.kept);
	v->sync.sending = v->sync.got = BITMAP_END;
	preads_drop(v);
	verify_drop(v);
	verify_serve_drop(v);
	source_drop(v);
	target_drop(v);
}
