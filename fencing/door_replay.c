// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "fencing/door_policy.h"
#include "fencing/door_replay.h"

static struct replay_entry *find(struct replay *c, const uint8_t id[16])
{
	for (unsigned i = 0; i < REPLAY_MAX; i++)
		if (c->entry[i].state != REPLAY_FREE &&
		    !memcmp(c->entry[i].asked.id, id, sizeof(c->entry[i].asked.id)))
			return &c->entry[i];
	return NULL;
}

static bool is_old(const struct replay_entry *e, int64_t now_ms)
{
	return e->state == REPLAY_ANSWERED && now_ms - e->since_ms >= REPLAY_AGE_MS;
}

/* A free entry, else that of the oldest answer.  There is one: REPLAY_OPEN_MAX is less than all. */
static struct replay_entry *make_room(struct replay *c, int64_t now_ms)
{
	struct replay_entry *oldest = NULL;

	for (unsigned i = 0; i < REPLAY_MAX; i++) {
		struct replay_entry *e = &c->entry[i];

		if (e->state == REPLAY_FREE || is_old(e, now_ms))
			return e;
		if (e->state == REPLAY_ANSWERED && (!oldest || e->since_ms < oldest->since_ms))
			oldest = e;
	}
	return oldest;
}

unsigned replay_pending(const struct replay *c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < REPLAY_MAX; i++)
		n += c->entry[i].state == REPLAY_OPEN;
	return n;
}

enum replay_verdict replay_ask(struct replay *c, const struct fence_request *r, int64_t now_ms,
			       struct replay_entry **found)
{
	struct replay_entry *e = find(c, r->id);

	if (e && is_old(e, now_ms)) {
		e->state = REPLAY_FREE;
		e = NULL;
	}
	*found = e;
	/* The timeout shrinks from try to try; what is asked for does not change. */
	if (e && (e->asked.op != r->op || strcmp(e->asked.target, r->target)))
		return REPLAY_IS_ANOTHER;
	if (e)
		return e->state == REPLAY_OPEN ? REPLAY_IS_OPEN : REPLAY_IS_ANSWERED;
	if (replay_pending(c) >= REPLAY_OPEN_MAX || !(e = make_room(c, now_ms)))
		return REPLAY_IS_FULL;
	*e = (struct replay_entry){.state = REPLAY_OPEN, .asked = *r, .since_ms = now_ms};
	*found = e;
	return REPLAY_IS_NEW;
}

struct replay_entry *replay_open(struct replay *c, const uint8_t id[16])
{
	struct replay_entry *e = find(c, id);

	return e && e->state == REPLAY_OPEN ? e : NULL;
}

void replay_close(struct replay_entry *e, const struct fence_reply *r, int64_t now_ms)
{
	e->state = policy_changes_power(e->asked.op) ? REPLAY_ANSWERED : REPLAY_FREE;
	e->since_ms = now_ms;
	e->route = NULL;
	e->result = r->result;
	e->power = r->power;
	snprintf(e->text, sizeof(e->text), "%s", r->text);
}

struct replay_entry *replay_lapsed(struct replay *c, int64_t now_ms)
{
	for (unsigned i = 0; i < REPLAY_MAX; i++) {
		struct replay_entry *e = &c->entry[i];

		if (e->state == REPLAY_OPEN &&
		    now_ms - e->since_ms > (int64_t)e->asked.timeout_ms + REPLAY_GRACE_MS)
			return e;
	}
	return NULL;
}

void replay_unroute(struct replay *c, const void *route)
{
	for (unsigned i = 0; i < REPLAY_MAX; i++)
		if (c->entry[i].route == route)
			c->entry[i].route = NULL;
}
