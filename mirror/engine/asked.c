// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the administrator or the cluster asks for; change.c does it.
 */
#include "mirror/engine/private.h"
#include "mirror/engine/verify.h"

void volume_primary(struct volume *v, bool force, volume_answer *answer, void *arg)
{
	change_begin(v, CHANGE_PRIMARY, force, answer, arg);
}

void volume_secondary(struct volume *v, volume_answer *answer, void *arg)
{
	change_begin(v, CHANGE_SECONDARY, false, answer, arg);
}

void volume_outdate(struct volume *v, volume_answer *answer, void *arg)
{
	change_begin(v, CHANGE_OUTDATE, false, answer, arg);
}

void volume_invalidate(struct volume *v, volume_answer *answer, void *arg)
{
	change_begin(v, CHANGE_INVALIDATE, false, answer, arg);
}

void volume_invalidate_remote(struct volume *v, volume_answer *answer, void *arg)
{
	change_begin(v, CHANGE_INVALIDATE_REMOTE, false, answer, arg);
}

void volume_verify(struct volume *v, uint64_t from, uint64_t to, volume_answer *answer, void *arg)
{
	if (from % BITMAP_BIT_SECTORS || from >= to || from >= v->sectors) {
		answer(arg, STATE_NO_RANGE);
		return;
	}
	if (verify_runs(v)) {
		answer(arg, STATE_RESYNC_RUNNING);
		return;
	}
	if (!v->change.busy) {
		v->verify.start = from;
		v->verify.stop = to;
	}
	change_begin(v, CHANGE_VERIFY, false, answer, arg);
}

void volume_detach(struct volume *v, volume_answer *answer, void *arg)
{
	if (v->state.disk == DISK_DISKLESS && detach_release(v)) {
		answer(arg, STATE_OK);
		return;
	}
	change_begin(v, CHANGE_DETACH, false, answer, arg);
}

void volume_attach(struct volume *v, volume_answer *answer, void *arg)
{
	change_begin(v, CHANGE_ATTACH, false, answer, arg);
}

void volume_resize(struct volume *v, const struct volume_resize *r, volume_answer *answer,
		   void *arg)
{
	if (!v->change.busy)
		v->change.resize = *r;
	change_begin(v, CHANGE_RESIZE, false, answer, arg);
}

void volume_disconnect(struct volume *v, volume_answer *answer, void *arg)
{
	struct drbd_state s = v->state;

	v->link.stay_down = true;
	if (v->link.phase >= LINK_FEATURES) {
		change_begin(v, CHANGE_DISCONNECT, false, answer, arg);
		if (!link_is_up(v))
			link_end(v, true, -ECANCELED, "disconnected by the administrator");
		return;
	}
	seek_stop(v);
	loop_timer_stop(&v->link.tick);
	v->link.phase = v->link.flying ? LINK_DRAIN : LINK_DOWN;
	s.conn = CONN_STANDALONE;
	state_set(v, s, false);
	answer(arg, STATE_OK);
}
