// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes of state that are asked for here: what each does, once it may be.
 */
#include <errno.h>

#include "mirror/engine/change.h"
#include "mirror/engine/verify.h"

enum { RESIZE_MS = 60000 };

struct drbd_state change_wish(const struct volume *v)
{
	struct drbd_state s = v->state;

	switch (v->change.what) {
	case CHANGE_PRIMARY:
		s.role = ROLE_PRIMARY;
		if (v->change.force && s.disk >= DISK_INCONSISTENT)
			s.disk = DISK_UP_TO_DATE;
		if (v->change.force && s.conn < CONN_CONNECTED)
			s.pdsk = DISK_OUTDATED; /* the administrator answers for it */
		/* nobody has gone on without us */
		if (s.disk == DISK_CONSISTENT && s.conn < CONN_CONNECTED && s.pdsk < DISK_UNKNOWN)
			s.disk = DISK_UP_TO_DATE;
		break;
	case CHANGE_SECONDARY: s.role = ROLE_SECONDARY; break;
	case CHANGE_DISCONNECT:
		s.conn = CONN_DISCONNECTING;
		/* a Primary with fencing lets go without a handler of who is outdated */
		if (v->config.fencing != FENCING_DONT_CARE && s.role == ROLE_SECONDARY &&
		    s.peer == ROLE_PRIMARY && s.disk > DISK_OUTDATED)
			s.disk = DISK_OUTDATED;
		break;
	case CHANGE_INVALIDATE: s.disk = DISK_INCONSISTENT; break;
	case CHANGE_OUTDATE: s.disk = DISK_OUTDATED; break;
	case CHANGE_INVALIDATE_REMOTE: s.conn = CONN_STARTING_SYNC_S; break;
	case CHANGE_VERIFY: s.conn = CONN_VERIFY_S; break;
	case CHANGE_DETACH: s.disk = DISK_FAILED; break;
	case CHANGE_ATTACH: s.disk = DISK_ATTACHING; break;
	case CHANGE_RESIZE: break;
	}
	return s;
}

void change_kept(struct keep_wait *w)
{
	struct volume *v = list_entry(w, struct volume, change.kept);

	if (link_is_up(v) && v->change.what == CHANGE_PRIMARY && v->change.force)
		send_uuids(v);
	if (link_is_up(v))
		send_state(v);
	change_finish(v, STATE_OK);
	listeners_tell(v);
}

static void become_primary(struct volume *v)
{
	bool forced = v->change.force && v->state.disk < DISK_UP_TO_DATE;
	struct drbd_state s = change_wish(v);

	s.pdsk = v->state.pdsk;
	v->change.keeping = true;
	state_set(v, s, false);
	if (forced)
		new_generation(v);
	else
		alone(v);
	gen_role(&v->gen, ROLE_PRIMARY);
	keep_super(v, &v->change.kept);
}

void change_demote(struct volume *v)
{
	struct drbd_state s = change_wish(v);

	v->change.keeping = true;
	gen_role(&v->gen, ROLE_SECONDARY);
	state_set(v, s, false);
	keep_super(v, &v->change.kept);
}

static void invalidate(struct volume *v)
{
	struct drbd_state s = change_wish(v);

	v->change.keeping = true;
	v->full_sync = true;
	bitmap_set(&v->bitmap, 0, BITMAP_END);
	state_set(v, s, false);
	keep_super(v, &v->change.kept);
	/* the next meeting finds that there is nothing here, and the peer's is copied */
	link_end(v, false, -ECANCELED, "to begin a resync of everything");
}

/*
 * invalidate_remote() - A generation that the peer does not have, all of it: to the next meeting, with whatever speaks the
 * protocol, that is a peer that was away.
 */
static void invalidate_remote(struct volume *v)
{
	v->change.keeping = true;
	v->full_sync = true;
	bitmap_set(&v->bitmap, 0, BITMAP_END);
	new_generation(v);
	keep_super(v, &v->change.kept);
	link_end(v, false, -ECANCELED, "to begin a resync of everything to the peer");
}

/* let_go() - Outdated, as the peer was told before. */
static void let_go(struct volume *v)
{
	struct drbd_state s = v->state;

	s.disk = change_wish(v).disk;
	if (s.disk != v->state.disk)
		state_set(v, s, false);
}

static void outdate(struct volume *v)
{
	struct drbd_state s = change_wish(v);

	v->change.keeping = true;
	state_set(v, s, false);
	keep_super(v, &v->change.kept);
}

static void resize(struct volume *v)
{
	int result = resize_begin(v, &v->change.resize);

	if (result != STATE_OK)
		change_finish(v, result);
	else
		loop_timer(v->loop, &v->change.deadline, RESIZE_MS * LOOP_MS);
}

void change_carry_out(struct volume *v)
{
	switch (v->change.what) {
	case CHANGE_PRIMARY: become_primary(v); break;
	case CHANGE_SECONDARY:
		tlog_close(v);
		change_check(v);
		break;
	case CHANGE_DISCONNECT:
		let_go(v);
		link_end(v, true, -ECANCELED, "disconnected by the administrator");
		break;
	case CHANGE_INVALIDATE: invalidate(v); break;
	case CHANGE_OUTDATE: outdate(v); break;
	case CHANGE_INVALIDATE_REMOTE: invalidate_remote(v); break;
	case CHANGE_VERIFY:
		verify_begin(v);
		change_finish(v, STATE_OK);
		break;
	case CHANGE_DETACH: detach(v); break;
	case CHANGE_ATTACH: attach(v); break;
	case CHANGE_RESIZE: resize(v); break;
	}
}
