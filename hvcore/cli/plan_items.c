// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The resources of a configuration as the planner's items.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "plan.h"

int64_t plan_amount(const char *text)
{
	long long v = text ? strtoll(text, NULL, 10) : 0;

	return v < 0 ? 0 : v > INT32_MAX ? INT32_MAX : v;
}

static bool is_agent(struct plan_cluster *c, xmlNodePtr primitive, const char *type)
{
	const char *template = plan_attr(primitive, "template"), *is, *by;

	for (xmlNodePtr t = template && c->resources ? c->resources->children : NULL; t;
	     t = t->next)
		if (plan_is(t, "template") && plan_attr(t, "id") &&
		    !strcmp(plan_attr(t, "id"), template))
			primitive = t;
	is = plan_attr(primitive, "type");
	by = plan_attr(primitive, "provider");
	return is && by && !strcmp(by, "taiki") && !strcmp(is, type);
}

bool plan_is_agent(struct plan_cluster *c, unsigned i, const char *type)
{
	return is_agent(c, c->items[i].primitive, type);
}

/* Room for one more in both lists, which grow together. */
static bool grow(struct plan_cluster *c)
{
	unsigned room = c->room_items ? 2 * c->room_items : 64;
	void *more;

	if (c->plan.nitems < c->room_items)
		return true;
	c->failed = true;
	more = realloc(c->item, room * sizeof(*c->item));
	if (!more)
		return false;
	c->plan.item = c->item = more;
	more = realloc(c->items, room * sizeof(*c->items));
	if (!more)
		return false;
	c->items = more;
	c->room_items = room;
	c->failed = false;
	return true;
}

static void add_item(struct plan_cluster *c, xmlNodePtr primitive, xmlNodePtr parent,
		     enum hv_plan_what what)
{
	const char *id = plan_attr(primitive, "id");
	struct hv_plan_item *it;

	if (!id || !grow(c))
		return;
	it = &c->item[c->plan.nitems];
	*it = (struct hv_plan_item){
		.what = what, .name = id, .resource = id, .runs_on = -1, .home = -1};
	c->items[c->plan.nitems++] = (struct plan_item){.primitive = primitive, .parent = parent};
}

static void add_colocation(struct plan_cluster *c, unsigned dependent, unsigned primary, int score)
{
	unsigned room = c->room_colocations ? 2 * c->room_colocations : 64;
	struct hv_plan_colocation *more;

	if (c->plan.ncolocations == c->room_colocations) {
		more = realloc(c->colocation, room * sizeof(*more));
		if (!more) {
			c->failed = true;
			return;
		}
		c->plan.colocation = c->colocation = more;
		c->room_colocations = room;
	}
	c->colocation[c->plan.ncolocations++] = (struct hv_plan_colocation){dependent, primary,
									    score};
}

void plan_bind(struct plan_cluster *c, unsigned dependent, unsigned primary, int score)
{
	if (dependent != primary)
		add_colocation(c, dependent, primary, score);
}

static enum hv_plan_what kind_of(struct plan_cluster *c, xmlNodePtr primitive)
{
	return is_agent(c, primitive, "domain") ? HV_PLAN_DOMAIN : HV_PLAN_OTHER;
}

/* Its members are placed one after the other, each where the one before it is. */
static void add_group(struct plan_cluster *c, xmlNodePtr group)
{
	unsigned first = c->plan.nitems;

	for (xmlNodePtr m = group->children; m; m = m->next) {
		unsigned at = c->plan.nitems;

		if (!plan_is(m, "primitive"))
			continue;
		add_item(c, m, group, kind_of(c, m));
		if (c->plan.nitems > at && at > first)
			plan_bind(c, at, at - 1, HV_PLAN_INFINITY);
	}
	plan_note(c, "group %s is taken as its members, each bound to the one before it",
		  plan_attr(group, "id"));
}

static void add_clone(struct plan_cluster *c, xmlNodePtr clone)
{
	xmlNodePtr of = plan_child(clone, "group");

	if (of)
		plan_note(c, "clone %s of a group is taken as clones of its members",
			  plan_attr(clone, "id"));
	for (xmlNodePtr m = (of ? of : clone)->children; m; m = m->next)
		if (plan_is(m, "primitive"))
			add_item(c, m, clone, HV_PLAN_CLONE);
}

static int kind(struct plan_cluster *c, const char *name)
{
	for (unsigned k = 0; k < c->plan.nkinds; k++)
		if (!strcmp(c->kind[k], name))
			return (int)k;
	if (c->plan.nkinds == HV_PLAN_KINDS) {
		plan_note(c, "utilization %s is one too many, and not counted", name);
		return -1;
	}
	c->kind[c->plan.nkinds] = name;
	return (int)c->plan.nkinds++;
}

static void read_utilization(struct plan_cluster *c, unsigned i)
{
	xmlNodePtr primitive = c->items[i].primitive;

	for (xmlNodePtr s = primitive->children; s; s = s->next)
		for (xmlNodePtr p = plan_is(s, "utilization") ? s->children : NULL; p;
		     p = p->next) {
			const char *name = plan_is(p, "nvpair") ? plan_attr(p, "name") : NULL;
			int k = name ? kind(c, name) : -1;
			xmlNodePtr pair = k < 0 ? NULL
						: plan_pair(c, primitive, "utilization", name);

			if (!pair)
				continue;
			c->item[i].book[k] = plan_amount(plan_attr(pair, "value"));
			if (k < HV_PLAN_OURS)
				c->items[i].booked[k] = true;
		}
}

static void read_meta(struct plan_cluster *c, unsigned i)
{
	struct plan_item *more = &c->items[i];
	struct hv_plan_item *it = &c->item[i];
	const char *role = plan_meta(c, more, "target-role");
	const char *home = plan_meta(c, more, HV_META_HOME);

	it->wanted = !(role && !strcasecmp(role, "Stopped")) &&
		     !plan_true(plan_property(c, "stop-all-resources"), false);
	it->managed = plan_true(plan_meta(c, more, "is-managed"), true) &&
		      !plan_true(plan_meta(c, more, "maintenance"), false) && !c->maintenance;
	it->priority = plan_score(plan_meta(c, more, "priority"));
	it->home = home ? plan_host(c, home) : -1;
	it->stickiness = plan_score(plan_meta(c, more, "resource-stickiness"));
}

static int by_resource(const void *a, const void *b, void *arg)
{
	const struct hv_plan_item *item = arg;

	return strcmp(item[*(const unsigned *)a].resource, item[*(const unsigned *)b].resource);
}

static bool index_items(struct plan_cluster *c)
{
	c->by_resource = calloc(c->plan.nitems + 1, sizeof(*c->by_resource));
	if (!c->by_resource)
		return false;
	for (unsigned i = 0; i < c->plan.nitems; i++)
		c->by_resource[i] = i;
	qsort_r(c->by_resource, c->plan.nitems, sizeof(*c->by_resource), by_resource, c->item);
	return true;
}

/* Of kinds that are not ours a host has what its configuration says, and else nothing. */
static void foreign_capacities(struct plan_cluster *c)
{
	for (unsigned h = 0; h < c->plan.nhosts; h++)
		for (unsigned k = HV_PLAN_OURS; k < c->plan.nkinds; k++) {
			xmlNodePtr pair = plan_pair(c, c->hosts[h].node, "utilization", c->kind[k]);

			c->host[h].capacity[k] = pair ? plan_amount(plan_attr(pair, "value")) : 0;
		}
}

void plan_read_items(struct plan_cluster *c)
{
	for (xmlNodePtr r = c->resources ? c->resources->children : NULL; r; r = r->next) {
		if (plan_is(r, "primitive"))
			add_item(c, r, NULL, kind_of(c, r));
		else if (plan_is(r, "group"))
			add_group(c, r);
		else if (plan_is(r, "clone") || plan_is(r, "master"))
			add_clone(c, r);
		else if (plan_is(r, "bundle"))
			plan_note(c, "bundle %s is not counted", plan_attr(r, "id"));
	}
	if (c->failed || !index_items(c)) {
		c->failed = true;
		return;
	}
	for (unsigned i = 0; i < c->plan.nitems; i++) {
		read_meta(c, i);
		read_utilization(c, i);
		if (c->item[i].what == HV_PLAN_DOMAIN)
			plan_read_domain(c, i);
	}
	foreign_capacities(c);
}
