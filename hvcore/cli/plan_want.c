// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a cluster's configuration should hold so that the plan comes true: what
 * hosts and domains book, the rules that prefer what waits, and what keeps
 * domains where they are.  All of it stands in sets and constraints with ids of
 * our own; what somebody else has said counts, and is left alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "plan_edit.h"
#include "plan_want.h"

enum { ID = 320 };

/* What somebody else has said of @name there, or NULL. */
static const char *said_pair(struct plan_cluster *c, const struct plan_place_of *at,
			     const char *name)
{
	xmlNodePtr pair;
	char id[ID];

	c->skip = plan_edit_id(at, name, id, sizeof(id));
	pair = plan_pair(c, at->owner, at->set, name);
	c->skip = NULL;
	return pair ? plan_attr(pair, "value") : NULL;
}

/* The same of a meta attribute, wherever a resource may have that from. */
static const char *said_meta(struct plan_cluster *c, const struct plan_item *it,
			     const struct plan_place_of *at, const char *name)
{
	const char *value;
	char id[ID];

	c->skip = plan_edit_id(at, name, id, sizeof(id));
	value = plan_meta(c, it, name);
	c->skip = NULL;
	return value;
}

static void book(struct plan_cluster *c, struct plan_want *w, const struct plan_place_of *at,
		 unsigned k, int64_t amount)
{
	char value[24];

	if (said_pair(c, at, c->kind[k])) {
		plan_edit_pair(&w->edit, at, c->kind[k], NULL);
		return;
	}
	snprintf(value, sizeof(value), "%ld", (long)amount);
	plan_edit_pair(&w->edit, at, c->kind[k], value);
}

static void want_host(struct plan_cluster *c, struct plan_want *w, unsigned h)
{
	char id[ID], whose[ID];
	struct plan_place_of at = {c->hosts[h].node, "utilization", id, whose};

	snprintf(id, sizeof(id), "taiki-host-%s-utilization", c->host[h].name);
	snprintf(whose, sizeof(whose), "host %s", c->host[h].name);
	for (unsigned k = 0; k < HV_PLAN_OURS; k++) {
		if (c->hosts[h].said[k] != HV_PLAN_UNKNOWN)
			book(c, w, &at, k, c->hosts[h].said[k]);
		else if (!c->hosts[h].booked[k])
			plan_edit_say(
				&w->unknown,
				"host %s: nobody has said its %s: run `hv plan --publish` there, or crm_attribute --node %s --utilization --name %s --update N",
				c->host[h].name, c->kind[k], c->host[h].name, c->kind[k]);
	}
}

static void want_bookings(struct plan_cluster *c, struct plan_want *w, unsigned i)
{
	char id[ID], whose[ID];
	struct plan_place_of at = {c->items[i].primitive, "utilization", id, whose};

	snprintf(id, sizeof(id), "taiki-%s-utilization", c->item[i].resource);
	snprintf(whose, sizeof(whose), "domain %s", c->item[i].name);
	for (unsigned k = 0; k < HV_PLAN_OURS && !c->items[i].failed; k++)
		book(c, w, &at, k, c->items[i].needs[k]);
}

/* Where nobody has said anything else, @value; and not any more where somebody has. */
static void want_meta(struct plan_cluster *c, struct plan_want *w, unsigned i,
		      const struct plan_place_of *at, const char *name, const char *value)
{
	bool said = said_meta(c, &c->items[i], at, name) != NULL;

	plan_edit_pair(&w->edit, at, name, said ? NULL : value);
}

static void check_stickiness(struct plan_cluster *c, struct plan_want *w, unsigned i,
			     const struct plan_place_of *at)
{
	const char *said = said_meta(c, &c->items[i], at, "resource-stickiness");
	int is = plan_score(said), least = HV_SCORE_TWIN + HV_SCORE_SPARE;

	if (!said)
		return;
	if (c->items[i].pool && is <= least)
		plan_edit_say(
			&w->needs,
			"domain %s: its resource-stickiness is %s, and the rules for what waits prefer by up to %d: it would leave its host for its twin; make it %d",
			c->item[i].name, said, least, HV_SCORE_STICKINESS);
	else if (is >= HV_PLAN_INFINITY)
		plan_edit_say(
			&w->needs,
			"domain %s: with a resource-stickiness of INFINITY `hv failback` cannot move it; make it %d",
			c->item[i].name, HV_SCORE_STICKINESS);
}

/* At home is where it ran when that was written down; it stays so until it is told otherwise. */
static const char *home(const struct plan_cluster *c, const struct plan_want *w, unsigned i)
{
	int at = c->item[i].home < 0 || (w->rehome && c->item[i].runs_on >= 0) ? c->item[i].runs_on
									       : c->item[i].home;

	return at < 0 ? NULL : c->host[at].name;
}

static void meta_place(const struct plan_cluster *c, unsigned i, char *id, char *whose,
		       struct plan_place_of *at)
{
	snprintf(id, ID, "taiki-%s-meta_attributes", c->item[i].resource);
	snprintf(whose, ID, "domain %s", c->item[i].name);
	*at = (struct plan_place_of){c->items[i].primitive, "meta_attributes", id, whose};
}

/*
 * Pacemaker's own priority is none of them: with it a domain that was lost takes its
 * place before those that run, and they have to leave; without it they go first.
 */
static void want_metas(struct plan_cluster *c, struct plan_want *w, unsigned i)
{
	char id[ID], whose[ID], number[24];
	struct plan_place_of at;

	meta_place(c, i, id, whose, &at);
	snprintf(number, sizeof(number), "%d", HV_SCORE_STICKINESS);
	want_meta(c, w, i, &at, "resource-stickiness", number);
	want_meta(c, w, i, &at, "migration-threshold", c->items[i].pool ? "1" : NULL);
	want_meta(c, w, i, &at, HV_META_HOME, home(c, w, i));
	check_stickiness(c, w, i, &at);
}

void plan_want_promises(struct plan_cluster *c, struct plan_want *w, const char *const *promise)
{
	for (unsigned i = 0; i < c->plan.nitems; i++) {
		char id[ID], whose[ID];
		struct plan_place_of at;

		if (c->item[i].what != HV_PLAN_DOMAIN)
			continue;
		meta_place(c, i, id, whose, &at);
		want_meta(c, w, i, &at, HV_META_PROMISE, promise[i]);
	}
}

static void want_strategy(struct plan_cluster *c, struct plan_want *w)
{
	const char *is = plan_property(c, "placement-strategy");
	xmlNodePtr set = plan_child(c->crm_config, "cluster_property_set"), pair;

	if (is && c->strategy == HV_PLAN_DEFAULT)
		plan_edit_say(
			&w->needs,
			"placement-strategy is %s: Pacemaker does not look at what is booked; make it balanced",
			is);
	if (is)
		return;
	set = set ? set
		  : plan_edit_new(&w->edit, c->crm_config, "cluster_property_set",
				  "cib-bootstrap-options");
	pair = plan_edit_new(&w->edit, set, "nvpair", "taiki-placement-strategy");
	plan_edit_attr(pair, "name", "placement-strategy");
	plan_edit_attr(pair, "value", "balanced");
	plan_edit_say(&w->edit, "+ cluster: placement-strategy=balanced");
}

void plan_want(struct plan_cluster *c, struct plan_want *w)
{
	want_strategy(c, w);
	for (unsigned h = 0; h < c->plan.nhosts; h++)
		want_host(c, w, h);
	for (unsigned i = 0; i < c->plan.nitems; i++) {
		if (c->item[i].what != HV_PLAN_DOMAIN)
			continue;
		want_bookings(c, w, i);
		want_metas(c, w, i);
	}
	plan_want_rules(c, w);
	if (!c->symmetric)
		plan_edit_say(
			&w->needs,
			"symmetric-cluster is false: each host that may run a domain needs a location for it, if only with a score of 0");
}
