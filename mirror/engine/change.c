// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes of state that are asked for here: promotion, demotion, disconnection, invalidation, and the disk's.
 *
 *   permitted? ─► the peer agrees (if it is there) ─► done ─► durable ─► peer told, answered
 */
#include <errno.h>

#include "hv/daemon.h"
#include "mirror/engine/change.h"
#include "mirror/engine/permit.h"

enum { DEADLINE_MS = 10000 };

/* ---- the answer ---- */

static void told(struct task *t)
{
	struct volume *v = list_entry(t, struct volume, change.tell);
	struct change *c = &v->change;
	volume_answer *answer = c->answer;
	int result = c->result;

	loop_timer_stop(&c->deadline);
	c->busy = c->asked = c->agreed = c->keeping = c->drains = false;
	c->answer = NULL;
	if (answer)
		answer(c->arg, result);
}

void change_finish(struct volume *v, int result)
{
	v->change.result = result;
	loop_task(v->loop, &v->change.tell);
}

void change_detached(struct volume *v)
{
	if (v->change.busy && v->change.agreed && v->change.what == CHANGE_DETACH)
		change_finish(v, STATE_OK);
}

void change_attached(struct volume *v, int result)
{
	if (v->change.busy && v->change.agreed && v->change.what == CHANGE_ATTACH)
		change_finish(v, result);
}

void change_resized(struct volume *v, int result)
{
	if (v->change.busy && v->change.agreed && v->change.what == CHANGE_RESIZE)
		change_finish(v, result);
}

static void decide(struct volume *v);

/* drains() - What the peer has sent is not on disk yet: nobody reads here before. */
static bool drains(const struct volume *v)
{
	return v->change.what == CHANGE_PRIMARY && v->pwrites.count;
}

void change_check(struct volume *v)
{
	struct change *c = &v->change;

	if (c->busy && c->drains && !drains(v)) {
		c->drains = false;
		decide(v);
		return;
	}
	/* what the peer may lose would be forgotten by a Secondary */
	if (c->busy && c->agreed && !c->keeping && c->what == CHANGE_SECONDARY && !v->requests &&
	    !v->tlog.count)
		change_demote(v);
}

/* ---- the peer's consent ---- */

static bool needs_peer(const struct volume *v)
{
	enum change_what w = v->change.what;

	return link_is_up(v) && (w == CHANGE_PRIMARY || w == CHANGE_DISCONNECT ||
				 w == CHANGE_VERIFY || w == CHANGE_DETACH);
}

static void ask(struct volume *v)
{
	struct wire_packet p = {.command = WIRE_STATE_CHG_REQ};
	struct drbd_state s = change_wish(v);
	uint32_t mask = v->change.what == CHANGE_PRIMARY ? STATE_MASK_ROLE : 0;

	if (v->change.what == CHANGE_DISCONNECT)
		p.command = WIRE_CONN_ST_CHG_REQ;
	if (v->change.what == CHANGE_DISCONNECT || v->change.what == CHANGE_VERIFY)
		mask = STATE_MASK_CONN;
	if (s.disk != v->state.disk)
		mask |= STATE_MASK_DISK;
	p.change = (struct wire_change){mask, state_encode(&s) & mask};
	v->change.asked = true;
	send_data(v, &p, NULL, NULL);
}

int change_reply(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct change *c = &v->change;

	if (!c->busy || !c->asked)
		return -EPROTO;
	c->asked = false;
	if (p->reply < STATE_OK && c->what != CHANGE_DISCONNECT) {
		volume_say(v, LOG_NOTICE, "the peer does not agree: %s",
			   state_result_text(p->reply));
		change_finish(v, p->reply);
		return 0;
	}
	if (drains(v)) {
		c->drains = true; /* and then the peer is asked again */
		return 0;
	}
	c->agreed = true;
	change_carry_out(v);
	return 0;
}

/* fence_may_help() - Whether a promotion that is refused is so for the peer's sake. */
static bool fence_may_help(const struct volume *v, int result)
{
	return v->change.what == CHANGE_PRIMARY && !v->change.fenced && v->fence.fencer &&
	       v->config.fencing != FENCING_DONT_CARE && v->state.conn < CONN_CONNECTED &&
	       (result == STATE_PRIMARY_NOP ||
		(result == STATE_NO_UP_TO_DATE && v->state.disk == DISK_CONSISTENT));
}

/* may_be_source() - Whether everything may be copied from here. */
static int may_be_source(const struct volume *v)
{
	if (v->state.disk != DISK_UP_TO_DATE)
		return STATE_NO_UP_TO_DATE;
	return v->state.peer == ROLE_PRIMARY ? STATE_DEVICE_IN_USE : STATE_OK;
}

static struct permit_context context(const struct volume *v)
{
	return (struct permit_context){.fencing = v->config.fencing != FENCING_DONT_CARE,
				       .verify_alg = v->verify_with.size,
				       .in_use = !list_empty(&v->holders)};
}

/* decide() - Whether it may be, as things are now. */
static void decide(struct volume *v)
{
	struct permit_context c = context(v);
	struct drbd_state next = change_wish(v);
	int result = permit(&v->state, &next, &c);

	if (v->change.what == CHANGE_RESIZE) /* of the state nothing changes */
		result = STATE_OK;
	if (result == STATE_OK && v->change.what == CHANGE_INVALIDATE_REMOTE)
		result = may_be_source(v);
	if (v->change.what == CHANGE_OUTDATE && v->state.conn >= CONN_CONNECTED)
		result = STATE_CONNECTED_OUTDATES;
	if (v->change.what == CHANGE_ATTACH && v->state.disk != DISK_DISKLESS)
		result = STATE_HAS_DISK;
	if (v->change.what == CHANGE_DETACH && v->state.disk < DISK_INCONSISTENT)
		result = STATE_IS_DISKLESS;
	if (result != STATE_OK && fence_may_help(v, result)) {
		v->change.fenced = true;
		loop_timer_stop(&v->change.deadline); /* the handler has one */
		fence_promotes(v);
		return;
	}
	if (result != STATE_OK) {
		change_finish(v, result);
		return;
	}
	if (needs_peer(v)) {
		ask(v);
		return;
	}
	if (drains(v)) {
		v->change.drains = true;
		return;
	}
	v->change.agreed = true;
	change_carry_out(v);
}

void change_fenced(struct volume *v, bool outdated)
{
	if (!v->change.busy || !v->change.fenced)
		return;
	loop_timer(v->loop, &v->change.deadline, DEADLINE_MS * LOOP_MS);
	if (outdated)
		decide(v);
	else
		change_finish(v, STATE_PRIMARY_NOP);
}

void change_lost(struct volume *v)
{
	struct change *c = &v->change;

	if (!c->busy)
		return;
	if (c->what == CHANGE_DISCONNECT)
		change_finish(v, STATE_OK);
	else if (c->asked) {
		c->asked = false;
		decide(v); /* without the peer */
	} else if (!v->grow.busy) {
		change_resized(v, STATE_NEED_CONNECTION);
	}
	change_check(v);
}

static void too_late(struct timer *t)
{
	struct volume *v = list_entry(t, struct volume, change.deadline);

	if (v->change.asked)
		link_end(v, false, -ETIMEDOUT, "no answer to a change of state");
	else
		change_finish(v, STATE_IN_TRANSIENT);
}

void change_begin(struct volume *v, enum change_what what, bool force, volume_answer *answer,
		  void *arg)
{
	struct change *c = &v->change;

	if (c->busy) {
		answer(arg, STATE_CONCURRENT);
		return;
	}
	if (what == CHANGE_PRIMARY && v->no_quorum) {
		answer(arg, STATE_NO_QUORUM);
		return;
	}
	c->busy = true;
	c->fenced = false;
	c->what = what;
	c->force = force;
	c->answer = answer;
	c->arg = arg;
	loop_timer(v->loop, &c->deadline, DEADLINE_MS * LOOP_MS);
	decide(v);
}

void change_init(struct volume *v)
{
	timer_init(&v->change.deadline, too_late);
	task_init(&v->change.tell, told);
	keep_wait_init(&v->change.kept, change_kept);
}
