// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The location rules that prefer what waits (docs/guide-standby.md, "The rule"):
 * by its health, which the pool publishes, and never by free memory.
 */
#include <stdio.h>
#include <string.h>

#include "failback.h"
#include "plan.h"
#include "plan_want.h"

enum { ID = 400 };
static const char prefix[] = "taiki-standby-";

static void add_rule(struct plan_edit *e, xmlNodePtr to, const char *kind, int score,
		     const char *attribute, const char *operation, const char *type)
{
	char id[ID], number[16];
	xmlNodePtr rule, x;

	snprintf(id, sizeof(id), "%s-%s", plan_attr(to, "id"), kind);
	snprintf(number, sizeof(number), "%d", score);
	rule = plan_edit_new(e, to, "rule", id);
	plan_edit_attr(rule, "score", number);
	snprintf(id, sizeof(id), "%s-%s-x", plan_attr(to, "id"), kind);
	x = plan_edit_new(e, rule, "expression", id);
	plan_edit_attr(x, "attribute", attribute);
	plan_edit_attr(x, "operation", operation);
	if (type)
		plan_edit_attr(x, "type", type);
	plan_edit_attr(x, "value", "1");
}

static xmlNodePtr make(struct plan_cluster *c, struct plan_edit *e, unsigned i, const char *id)
{
	char twin[HV_NAME_MAX + sizeof(HV_ATTR_TWIN)];
	xmlNodePtr l = plan_edit_new(e, c->constraints, "rsc_location", id);

	if (!l)
		return NULL;
	plan_edit_attr(l, "rsc", c->item[i].resource);
	snprintf(twin, sizeof(twin), HV_ATTR_TWIN "%s", c->item[i].name);
	add_rule(e, l, "twin", HV_SCORE_TWIN, twin, "eq", NULL);
	if (c->item[i].spare)
		add_rule(e, l, "spare", HV_SCORE_SPARE, HV_ATTR_SPARES, "gte", "number");
	return l;
}

static bool speaks_of(xmlNodePtr node, const char *attribute)
{
	for (xmlNodePtr n = node->children; n; n = n->next) {
		const char *is = plan_is(n, "expression") ? plan_attr(n, "attribute") : NULL;

		if ((is && !strcmp(is, attribute)) || speaks_of(n, attribute))
			return true;
	}
	return false;
}

/* Somebody else's rule on the same attribute is as good, and ours beside it would double it. */
static bool has_other(const struct plan_cluster *c, unsigned i, const char *ours)
{
	char twin[HV_NAME_MAX + sizeof(HV_ATTR_TWIN)];

	snprintf(twin, sizeof(twin), HV_ATTR_TWIN "%s", c->item[i].name);
	for (xmlNodePtr l = c->constraints->children; l; l = l->next) {
		const char *rsc = plan_is(l, "rsc_location") ? plan_attr(l, "rsc") : NULL;
		const char *id = rsc ? plan_attr(l, "id") : NULL;

		if (id && !strcmp(rsc, c->item[i].resource) && strcmp(id, ours) != 0 &&
		    speaks_of(l, twin))
			return true;
	}
	return false;
}

static xmlNodePtr find(const struct plan_cluster *c, const char *id)
{
	for (xmlNodePtr l = c->constraints->children; l; l = l->next) {
		const char *is = plan_is(l, "rsc_location") ? plan_attr(l, "id") : NULL;

		if (is && !strcmp(is, id))
			return l;
	}
	return NULL;
}

static void want_rule(struct plan_cluster *c, struct plan_want *w, unsigned i)
{
	bool wanted = c->items[i].pool && (c->items[i].standby || c->items[i].failed);
	xmlNodePtr is, fresh;
	char id[ID];

	snprintf(id, sizeof(id), "%s%s", prefix, c->item[i].resource);
	is = find(c, id);
	if (!wanted || has_other(c, i, id)) {
		if (is) {
			plan_edit_say(&w->edit, "- domain %s: prefers what waits", c->item[i].name);
			plan_edit_drop(is);
		}
		return;
	}
	if (is && c->items[i].failed)
		return; /* whether it may become a spare cannot be told */
	fresh = make(c, &w->edit, i, id);
	if (is && fresh && plan_edit_same(is, fresh)) {
		plan_edit_drop(fresh);
		return;
	}
	plan_edit_say(&w->edit, "%c domain %s: prefers hosts where its twin%s waits",
		      is ? '~' : '+', c->item[i].name, c->item[i].spare ? ", or a spare," : "");
	if (is && fresh) {
		xmlReplaceNode(is, fresh);
		xmlFreeNode(is);
	}
}

/* Of failbacks that were killed. */
static void drop_expired(struct plan_cluster *c, struct plan_want *w)
{
	for (xmlNodePtr l = c->constraints->children, next; l; l = next) {
		next = l->next;
		if (!plan_is(l, "rsc_location") || !failback_expired(c, l))
			continue;
		plan_edit_say(&w->edit, "- resource %s: a failback that has ended",
			      plan_attr(l, "rsc") ? plan_attr(l, "rsc") : "");
		plan_edit_drop(l);
	}
}

void plan_want_rules(struct plan_cluster *c, struct plan_want *w)
{
	if (!c->constraints)
		c->constraints = plan_edit_new(&w->edit, c->configuration, "constraints", NULL);
	if (c->constraints)
		drop_expired(c, w);
	for (unsigned i = 0; c->constraints && i < c->plan.nitems; i++)
		if (c->item[i].what == HV_PLAN_DOMAIN)
			want_rule(c, w, i);
}
