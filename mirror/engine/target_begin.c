// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The target of a resync: how it begins, and what it keeps while it runs.
 */
#include <errno.h>

#include "hv/daemon.h"
#include "mirror/engine/pacer.h"
#include "mirror/engine/private.h"

enum { CHECKPOINT_MS = 5000 };

void target_checkpoint(struct volume *v)
{
	keep_pages(v, NULL);
	loop_timer(v->loop, &v->sync.more, CHECKPOINT_MS * LOOP_MS);
}

static void begin_window(struct volume *v)
{
	const struct volume_rates *r = &v->config.rates;
	struct window_set set = {.bytes = r->fill_target * UINT64_C(512),
				 .rate = r->max * UINT64_C(1024),
				 .queue_ms = r->delay_target * 100};

	window_begin(&v->sync.window, &set, v->loop->now);
}

void target_begin(struct volume *v)
{
	struct drbd_state s = v->state;

	v->sync.total = v->bitmap.weight;
	v->sync.cursor = v->sync.same = v->sync.zeroes = 0;
	begin_window(v);
	volume_say(v, LOG_NOTICE, "resync of %llu KiB from the peer",
		   (unsigned long long)v->sync.total * 4);
	s.conn = CONN_SYNC_TARGET;
	state_set(v, s, true);
	loop_timer(v->loop, &v->sync.more, CHECKPOINT_MS * LOOP_MS);
	pacer_begin(v);
	target_go_on(v);
	target_check(v);
	v->link.hold = false;
	link_pause(v); /* which reads at once what has come meanwhile */
}

/* Inconsistent, under the resync's identifier, is what is on disk. */
static void named(struct keep_wait *w)
{
	struct volume *v = list_entry(w, struct volume, sync.kept);

	if (link_is_up(v) && !v->sync.stale && v->state.conn == CONN_WF_SYNC_UUID)
		target_begin(v);
}

/* The sum of the bitmaps is on disk. */
static void mapped(struct keep_wait *w)
{
	struct volume *v = list_entry(w, struct volume, sync.kept);
	struct drbd_state s = v->state;

	if (!link_is_up(v) || v->sync.stale || s.conn != CONN_WF_SYNC_UUID)
		return;
	gen_sync_begin_target(&v->gen, v->sync.uuid);
	v->full_sync = false;
	s.disk = DISK_INCONSISTENT;
	state_set(v, s, false);
	v->sync.kept.done = named;
	keep_super(v, &v->sync.kept);
}

int exchange_sync_uuid(struct volume *v, const struct wire_packet *p, void *bulk)
{
	if (v->state.conn != CONN_WF_SYNC_UUID || v->link.hold)
		return -EPROTO;
	/* what the peer writes from now on makes the disk a mixture: not before it is called one */
	v->link.hold = true;
	link_pause(v);
	v->sync.uuid = p->sync_uuid;
	v->sync.kept.done = mapped;
	keep_pages(v, &v->sync.kept);
	return 0;
}
