// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk that is no longer used: it has failed, it hangs, or it is to be taken away.
 *
 *   in use ─► Failed: no new request ─► what is in flight ends ─► what it is goes into its metadata ─► Diskless
 *
 * Clients notice nothing where the peer has the data: their writes go there alone, and their reads.  What
 * the disk lacks from then on is noted by the peer, under a new generation.  Where the disk broke, its
 * activity log is left as it is: the next one to attach it finds there what may differ.  It stays open, since closing
 * it may lose what it could still write: until it is attached again, or released by detach.
 */
#include <errno.h>
#include <string.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"

enum { WATCH_MIN_MS = 50, WATCHES = 8 };

bool disk_is_here(const struct volume *v)
{
	return v->state.disk >= DISK_INCONSISTENT;
}

static void look(struct volume *v)
{
	loop_task(v->loop, &v->leave.look);
}

void detach_behind(struct volume *v)
{
	if (!v->leave.whole)
		return;
	behind_record(v, v->leave.uuid);
	/* what failed last is perhaps in between; and its own crash counts for nothing */
	if (!v->leave.orderly)
		v->leave.as = DISK_INCONSISTENT;
	if (v->state.disk == DISK_FAILED)
		keep_super(v, NULL);
}

static void leave(struct volume *v, bool orderly)
{
	struct drbd_state s = v->state;

	v->leave.orderly = orderly;
	v->leave.as = s.disk < DISK_INCONSISTENT ? v->attached_as : s.disk;
	v->leave.whole = v->leave.as > DISK_OUTDATED;
	v->leave.uuid = v->gen.uuid[MD_CURRENT];
	v->leave.step = LEAVE_DRAIN;
	v->exposed = v->gen.uuid[MD_CURRENT];
	v->exposed_is_peers = v->bare_told = false;
	s.disk = DISK_FAILED;
	if (s.conn >= CONN_CONNECTED && s.pdsk == DISK_UP_TO_DATE) {
		/* its data goes on without this disk */
		if (orderly && v->leave.whole)
			v->leave.as = DISK_OUTDATED;
		if (s.role != ROLE_PRIMARY)
			detach_behind(v);
	}
	keep_cancel(&v->sync.kept);
	pwrites_lost(v);
	/* what a peer without a disk has written here, and not heard to be safe, it has to write again */
	if (s.conn > CONN_CONNECTED || (s.peer == ROLE_PRIMARY && s.pdsk < DISK_INCONSISTENT))
		link_end(v, false, -EIO, "to go on without a disk");
	state_set(v, s, true);
	if (!link_is_up(v))
		pwrites_orphan(v);
	look(v);
}

void disk_broke(struct volume *v, const char *what, int error)
{
	if (v->state.disk <= DISK_FAILED)
		return;
	volume_say(v, LOG_ERR,
		   "%s on %s: %s; it is no longer used: replace or repair it, then attach it again",
		   what, v->data.path, strerror(-error));
	leave(v, false);
}

void detach(struct volume *v)
{
	leave(v, true);
}

/* ---- what its metadata says in the end ---- */

static void failed(struct volume *v)
{
	v->leave.step = LEAVE_CLOSE;
	look(v);
}

static void super_kept(struct keep_wait *w)
{
	failed(list_entry(w, struct volume, leave.kept));
}

static void pages_kept(struct keep_wait *w)
{
	struct volume *v = list_entry(w, struct volume, leave.kept);

	v->leave.kept.done = super_kept;
	/* nothing of a Primary's is in flight any more, and everything has been flushed */
	v->leave.clean = v->leave.orderly;
	keep_super(v, &v->leave.kept);
}

static void keep(struct volume *v)
{
	v->leave.step = LEAVE_KEEP;
	v->leave.kept.done = pages_kept;
	keep_pages(v, &v->leave.kept);
}

static void flushed(struct disk_op *op, int result)
{
	struct volume *v = list_entry(op, struct volume, leave.flush);

	if (result)
		v->leave.orderly = false; /* the log is to be applied */
	keep(v);
}

static void flush(struct volume *v)
{
	v->leave.step = LEAVE_FLUSH;
	v->leave.flush = (struct disk_op){.verb = DISK_FLUSH, .done = flushed};
	disk_submit(&v->data, &v->leave.flush);
}

/* ---- the end of it ---- */

bool detach_release(struct volume *v)
{
	if (v->data.fd < 0)
		return false;
	disk_close(&v->data);
	if (v->meta.fd >= 0)
		disk_close(&v->meta);
	return true;
}

static void close_disks(struct volume *v)
{
	struct drbd_state s = v->state;

	tlog_cool(v);
	actlog_free(&v->al);
	if (v->leave.orderly)
		detach_release(v);
	/* what differs from here on only the peer knows */
	bitmap_clear(&v->bitmap, 0, BITMAP_END);
	v->leave.step = LEAVE_NOT;
	v->leave.clean = false;
	v->keep.failed = true;
	v->full_sync = v->data_unflushed = false;
	s.disk = DISK_DISKLESS;
	state_set(v, s, true);
	keep_super(v, NULL); /* who waits for what can no longer be kept goes on */
	change_detached(v);
}

static bool is_busy(const struct volume *v)
{
	return v->data.flying || v->data.lost || v->meta.flying || v->meta.lost ||
	       v->keep.job != KEEP_IDLE;
}

static void step(struct task *t)
{
	struct volume *v = list_entry(t, struct volume, leave.look);

	if (v->state.disk != DISK_FAILED)
		return;
	if (v->leave.step == LEAVE_DRAIN) {
		/* what the peer has is to be safe there soon: it is the only copy now */
		tlog_close(v);
		writes_al_retry(v);
	}
	if (is_busy(v) && !v->keep.failed)
		return;
	if (v->keep.failed)
		v->leave.step = LEAVE_CLOSE;
	switch (v->leave.step) {
	case LEAVE_DRAIN:
		if (v->leave.orderly)
			flush(v);
		else
			keep(v);
		break;
	case LEAVE_CLOSE:
		if (!is_busy(v))
			close_disks(v);
		break;
	default: break;
	}
}

void disk_returned(struct disk_file *d)
{
	struct volume *v = d->arg;

	if (v->state.disk == DISK_FAILED)
		look(v);
}

/* ---- disks that hang ---- */

static void give_up(struct volume *v, struct disk_file *d)
{
	if (d->fd >= 0)
		disk_give_up(d, -ETIMEDOUT);
}

static void watch(struct timer *t)
{
	struct volume *v = list_entry(t, struct volume, leave.watch);
	uint64_t now = loop_clock(), limit = v->config.disk_timeout_ms * LOOP_MS;
	unsigned ms = v->config.disk_timeout_ms / WATCHES;

	loop_timer(v->loop, t, (ms < WATCH_MIN_MS ? WATCH_MIN_MS : ms) * LOOP_MS);
	if (v->state.disk < DISK_FAILED ||
	    (disk_waits(&v->data, now) <= limit && disk_waits(&v->meta, now) <= limit))
		return;
	v->keep.failed = true; /* there is no hope for its metadata */
	disk_broke(v, "waiting for it", -ETIMEDOUT);
	give_up(v, &v->data);
	give_up(v, &v->meta);
	look(v);
}

void detach_timeout(struct volume *v)
{
	struct pool *bounce = v->config.disk_timeout_ms ? &v->pool : NULL;

	loop_timer_stop(&v->leave.watch);
	if (bounce)
		loop_timer(v->loop, &v->leave.watch, 0);
	v->data.bounce = v->meta.bounce = bounce;
}

void detach_init(struct volume *v)
{
	task_init(&v->leave.look, step);
	timer_init(&v->leave.watch, watch);
	keep_wait_init(&v->leave.kept, NULL);
}

void detach_free(struct volume *v)
{
	list_remove(&v->leave.look.link);
	loop_timer_stop(&v->leave.watch);
}
