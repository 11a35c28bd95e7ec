// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A Primary that has lost its peer does not know whether the peer is promoted meanwhile.  With
 * fencing it has the peer outdated or fenced, by a handler outside, and until then (resource-and-stonith)
 * its clients wait: nothing is begun, nothing is said to be done.  A Secondary that is to be promoted
 * without its peer asks the same handler first.
 *
 *   lost ─► frozen, handler ─┬─► peer outdated ─► new generation ─► go on
 *            ▲               ├─► no answer ─► again
 *            └── again ──────┘
 *   the peer is back and has everything, or is being brought up to date ─► go on
 */
#include "hv/daemon.h"
#include "mirror/engine/fence.h"
#include "mirror/engine/private.h"

enum { AGAIN_MS = 3000 };

static bool peer_is_known(const struct volume *v)
{
	return v->state.pdsk < DISK_UNKNOWN;
}

static bool is_apart(const struct volume *v)
{
	return v->state.conn < CONN_CONNECTED;
}

/* needed() - Whether a handler has to be asked about the peer. */
static bool needed(const struct volume *v)
{
	/* who has no disk has nothing that a fenced peer would be behind of */
	return v->config.fencing != FENCING_DONT_CARE && is_apart(v) && !peer_is_known(v) &&
	       disk_is_here(v) && (v->state.role == ROLE_PRIMARY || v->fence.promotes);
}

static void ask(struct volume *v)
{
	struct fence *f = &v->fence;

	if (f->asked || !needed(v))
		return;
	loop_timer_stop(&f->again);
	if (!f->fencer) {
		if (f->promotes)
			change_fenced(v, false);
		return; /* frozen, until the peer is back */
	}
	f->asked = true;
	f->asked_for = f->losses;
	f->fencer->fence(f->fencer, v->config.name, disk_name(v->state.disk));
}

static void again(struct timer *t)
{
	ask(list_entry(t, struct volume, fence.again));
}

void fence_promotes(struct volume *v)
{
	v->fence.promotes = true;
	ask(v);
}

/* thaw() - The clients go on. */
static void thaw(struct volume *v)
{
	struct drbd_state s = v->state;

	s.suspended &= ~(unsigned)SUSP_FENCING;
	state_set(v, s, false);
	requests_thaw(v);
}

static bool peer_is_back(const struct volume *v)
{
	return v->state.conn == CONN_SYNC_SOURCE ||
	       (v->state.conn == CONN_CONNECTED && v->state.pdsk == DISK_UP_TO_DATE);
}

/* Not from inside whatever has changed the state. */
static void look(struct task *t)
{
	struct volume *v = list_entry(t, struct volume, fence.look);
	bool frozen = v->state.suspended & SUSP_FENCING;
	/* the peer's disk is, and ours as well; or nothing is written here any more */
	bool whole = v->state.conn == CONN_CONNECTED && v->state.pdsk == DISK_UP_TO_DATE &&
		     (v->state.disk == DISK_UP_TO_DATE ||
		      (v->state.role == ROLE_PRIMARY && !disk_is_here(v)));

	if (frozen && v->state.role == ROLE_PRIMARY && is_apart(v) && peer_is_known(v)) {
		v->crashed = false;
		alone(v); /* its clients are told when that is durable */
		thaw(v);
	} else if (frozen && (v->state.role != ROLE_PRIMARY || peer_is_back(v))) {
		thaw(v);
	}
	ask(v);
	/* Each side its own: whoever has placed it. */
	if (whole && !v->fence.lifted && v->fence.fencer) {
		v->fence.lifted = true;
		v->fence.fencer->lift(v->fence.fencer, v->config.name);
	}
}

void fence_look(struct volume *v)
{
	if (v->config.fencing != FENCING_DONT_CARE)
		loop_task(v->loop, &v->fence.look);
}

bool fence_freezes(const struct volume *v, const struct drbd_state *next)
{
	return v->config.fencing == FENCING_RESOURCE_AND_STONITH && next->role == ROLE_PRIMARY &&
	       next->disk >= DISK_INCONSISTENT && next->conn < CONN_CONNECTED &&
	       next->pdsk >= DISK_UNKNOWN;
}

void volume_fenced(struct volume *v, int status)
{
	enum fence_outcome o = fence_outcome(status, v->state.disk);
	struct drbd_state s = v->state;
	bool promotes = v->fence.promotes;

	v->fence.asked = false;
	if (is_apart(v) && v->fence.asked_for != v->fence.losses) {
		/* The peer was back meanwhile, and what this has brought about is about to be lifted. */
		ask(v);
		if (v->fence.asked)
			return;
	}
	v->fence.promotes = false;
	if (!is_apart(v)) { /* it has come back meanwhile, and speaks for itself */
		if (promotes)
			change_fenced(v, true);
		/* what binds it binds it until it is whole again, however long its disk takes to answer */
		if (v->state.suspended & SUSP_FENCING &&
		    (o == FENCE_PEER_OUTDATED || o == FENCE_PEER_INCONSISTENT))
			thaw(v);
		return;
	}
	switch (o) {
	case FENCE_PEER_OUTDATED: s.pdsk = DISK_OUTDATED; break;
	case FENCE_PEER_INCONSISTENT: s.pdsk = DISK_INCONSISTENT; break;
	case FENCE_WE_ARE_OUTDATED:
		if (s.role != ROLE_PRIMARY && s.disk > DISK_OUTDATED)
			s.disk = DISK_OUTDATED;
		break;
	case FENCE_FAILED: break;
	}
	volume_say(v, s.pdsk < DISK_UNKNOWN ? LOG_NOTICE : LOG_ERR,
		   "the fence-peer handler ended with %d: %s", status,
		   o == FENCE_FAILED            ? "nothing is known of the peer"
		   : o == FENCE_WE_ARE_OUTDATED ? "the peer is Primary"
						: "the peer's disk is outdated");
	state_set(v, s, false);
	if (promotes)
		change_fenced(v, peer_is_known(v));
	if (needed(v) && !loop_timer_is_set(&v->fence.again))
		loop_timer(v->loop, &v->fence.again, AGAIN_MS * LOOP_MS);
}

void volume_fencer(struct volume *v, struct volume_fencer *f)
{
	v->fence.fencer = f;
}

void fence_init(struct volume *v)
{
	task_init(&v->fence.look, look);
	timer_init(&v->fence.again, again);
}

void fence_free(struct volume *v)
{
	list_remove(&v->fence.look.link);
	loop_timer_stop(&v->fence.again);
}
