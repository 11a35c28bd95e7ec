// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where each resource runs, from the operations that the hosts have recorded:
 * the last one counts, and one that is under way counts as done where it starts.
 */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

enum verdict { INACTIVE, ACTIVE, NOTHING };

/* What failed has not stopped; what is not installed cannot run. */
static enum verdict monitor(int rc, bool probe)
{
	return rc == 7 || (probe && rc == 5) ? INACTIVE : ACTIVE;
}

static enum verdict judge(xmlNodePtr op)
{
	const char *name = plan_attr(op, "operation"), *status = plan_attr(op, "op-status");
	const char *rc_text = plan_attr(op, "rc-code"), *interval = plan_attr(op, "interval");
	int rc = rc_text ? atoi(rc_text) : -1;
	bool pending = status && atoi(status) == -1;

	if (!name)
		return NOTHING;
	if (!strcmp(name, "start") || !strcmp(name, "migrate_from"))
		return pending || rc == 0 ? ACTIVE : INACTIVE;
	if (pending)
		return NOTHING;
	if (!strcmp(name, "monitor"))
		return monitor(rc, !interval || atoi(interval) == 0);
	if (!strcmp(name, "stop") || !strcmp(name, "migrate_to"))
		return rc == 0 ? INACTIVE : ACTIVE;
	if (!strcmp(name, "promote") || !strcmp(name, "demote"))
		return ACTIVE;
	return NOTHING;
}

static enum verdict last_of(xmlNodePtr lrm_resource, bool *pending)
{
	enum verdict last = INACTIVE;
	long at = -1;

	for (xmlNodePtr op = lrm_resource->children; op; op = op->next) {
		const char *call = plan_is(op, "lrm_rsc_op") ? plan_attr(op, "call-id") : NULL;
		long n = call ? atol(call) : -1;
		enum verdict v = call ? judge(op) : NOTHING;

		/* A pending operation has no number yet: it is the newest. */
		if (n < 0)
			n = __LONG_MAX__;
		if (v == NOTHING || n < at)
			continue;
		at = n;
		last = v;
		*pending = plan_attr(op, "op-status") && atoi(plan_attr(op, "op-status")) == -1;
	}
	return last;
}

enum plan_state plan_state(const struct plan_cluster *c, unsigned h, const char *resource)
{
	xmlNodePtr lrm = plan_child(c->hosts[h].state, "lrm");
	xmlNodePtr list = plan_child(lrm, "lrm_resources");
	bool pending = false;

	for (xmlNodePtr r = list ? list->children : NULL; r; r = r->next) {
		const char *id = plan_is(r, "lrm_resource") ? plan_attr(r, "id") : NULL;

		if (id && !strcmp(id, resource))
			return last_of(r, &pending) != ACTIVE ? PLAN_STOPPED
			       : pending                      ? PLAN_STARTING
							      : PLAN_STARTED;
	}
	return PLAN_STOPPED;
}

static void read_host(struct plan_cluster *c, unsigned h)
{
	xmlNodePtr lrm = plan_child(c->hosts[h].state, "lrm");
	xmlNodePtr list = plan_child(lrm, "lrm_resources");

	for (xmlNodePtr r = list ? list->children : NULL; r; r = r->next) {
		const char *id = plan_is(r, "lrm_resource") ? plan_attr(r, "id") : NULL;
		bool pending = false;
		int i = id && last_of(r, &pending) == ACTIVE ? plan_item(c, id) : -1;

		if (i < 0 || c->item[i].what == HV_PLAN_CLONE)
			continue;
		if (c->item[i].runs_on >= 0)
			plan_note(c, "%s is recorded as running on %s and on %s", id,
				  c->host[c->item[i].runs_on].name, c->host[h].name);
		c->item[i].runs_on = (int)h;
	}
}

void plan_read_history(struct plan_cluster *c)
{
	for (unsigned h = 0; h < c->plan.nhosts; h++)
		if (c->hosts[h].online || c->plan.fenced)
			read_host(c, h);
}
