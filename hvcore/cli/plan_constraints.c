// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What binds resources to hosts and to one another, as scores and colocations.
 */
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "plan.h"

static bool promoted(xmlNodePtr n, const char *role)
{
	const char *is = plan_attr(n, role);

	return is && (!strcasecmp(is, "Promoted") || !strcasecmp(is, "Master"));
}

static void add(struct plan_cluster *c, unsigned i, unsigned h, int score)
{
	int *at = &c->scores[i * c->plan.nhosts + h];
	bool *named = &c->named[i * c->plan.nhosts + h];

	/* Where nothing is allowed unless it is said so, being named allows it. */
	*at = *named || c->symmetric ? hv_plan_add(*at, score) : score;
	*named = true;
}

static void apply_rule(struct plan_cluster *c, xmlNodePtr rule, unsigned i)
{
	const char *score = plan_attr(rule, "score"), *from = plan_attr(rule, "score-attribute");

	if (promoted(rule, "role"))
		return;
	for (unsigned h = 0; h < c->plan.nhosts; h++) {
		const char *value = from ? plan_node_attr(c, h, from) : score;

		if (plan_rule(c, rule, h) && value)
			add(c, i, h, plan_score(value));
	}
}

static void apply_location(struct plan_cluster *c, xmlNodePtr l, unsigned i)
{
	const char *node = plan_attr(l, "node"), *discovery = plan_attr(l, "resource-discovery");
	int h = node ? plan_host(c, node) : -1;

	if (discovery && !strcmp(discovery, "exclusive"))
		plan_note(c, "%s: resource-discovery exclusive is not understood",
			  plan_attr(l, "id"));
	if (h >= 0 && !promoted(l, "role"))
		add(c, i, (unsigned)h, plan_score(plan_attr(l, "score")));
	for (xmlNodePtr r = l->children; r; r = r->next)
		if (plan_is(r, "rule"))
			apply_rule(c, r, i);
}

static bool parent_is(const struct plan_cluster *c, unsigned i, const char *id)
{
	const char *parent = c->items[i].parent ? plan_attr(c->items[i].parent, "id") : NULL;

	return parent && !strcmp(parent, id);
}

/* @id names a primitive, or all that is in a group or clone. */
static void locate(struct plan_cluster *c, xmlNodePtr l, const char *id)
{
	int one = plan_item(c, id);

	if (one >= 0)
		apply_location(c, l, (unsigned)one);
	for (unsigned i = 0; one < 0 && i < c->plan.nitems; i++)
		if (parent_is(c, i, id))
			apply_location(c, l, i);
}

static void locate_pattern(struct plan_cluster *c, xmlNodePtr l, const char *pattern)
{
	bool otherwise = *pattern == '!';
	regex_t re;

	if (regcomp(&re, pattern + otherwise, REG_EXTENDED | REG_NOSUB)) {
		plan_note(c, "%s: the pattern is not understood", plan_attr(l, "id"));
		return;
	}
	for (unsigned i = 0; i < c->plan.nitems; i++)
		if ((regexec(&re, c->item[i].resource, 0, NULL, 0) == 0) != otherwise)
			apply_location(c, l, i);
	regfree(&re);
}

static void read_location(struct plan_cluster *c, xmlNodePtr l)
{
	const char *id = plan_attr(l, "rsc"), *pattern = plan_attr(l, "rsc-pattern");

	if (plan_child(l, "lifetime"))
		plan_note(c, "%s: its lifetime is not understood, it is taken as holding",
			  plan_attr(l, "id"));
	if (id)
		locate(c, l, id);
	if (pattern)
		locate_pattern(c, l, pattern);
	for (xmlNodePtr s = l->children; s; s = s->next)
		for (xmlNodePtr r = plan_is(s, "resource_set") ? s->children : NULL; r; r = r->next)
			if (plan_is(r, "resource_ref") && plan_attr(r, "id"))
				locate(c, l, plan_attr(r, "id"));
}

/* The item that stands for @id in a colocation: of a group its last (or first) member. */
static int stands_for(const struct plan_cluster *c, const char *id, bool last)
{
	int found = plan_item(c, id);

	for (unsigned i = 0; plan_item(c, id) < 0 && i < c->plan.nitems; i++)
		if (parent_is(c, i, id) && (found < 0 || last))
			found = (int)i;
	return found;
}

static void read_colocation(struct plan_cluster *c, xmlNodePtr l)
{
	const char *rsc = plan_attr(l, "rsc"), *with = plan_attr(l, "with-rsc");
	const char *by = plan_attr(l, "node-attribute"), *id = plan_attr(l, "id");
	int dependent = rsc ? stands_for(c, rsc, false) : -1;
	int primary = with ? stands_for(c, with, true) : -1;

	if ((by && strcmp(by, "#uname") != 0) || promoted(l, "rsc-role") ||
	    promoted(l, "with-rsc-role") || plan_child(l, "resource_set") ||
	    plan_child(l, "rule") || (dependent >= 0 && c->item[dependent].what == HV_PLAN_CLONE)) {
		plan_note(c, "colocation %s is not understood, and not counted", id);
		return;
	}
	if (dependent >= 0 && primary >= 0)
		plan_bind(c, (unsigned)dependent, (unsigned)primary,
			  plan_score(plan_attr(l, "score")));
}

/* A host where something failed as often as it may is one it cannot run on. */
static void read_failures(struct plan_cluster *c, unsigned h)
{
	static const char prefix[] = "fail-count-";
	const struct plan_host *host = &c->hosts[h];
	char id[256];

	for (size_t n = 0; n < host->nattrs; n++) {
		const char *name = host->attr[n].name, *threshold;
		int i, failed = 0;

		if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
			continue;
		name += sizeof(prefix) - 1;
		if ((size_t)snprintf(id, sizeof(id), "%.*s", (int)strcspn(name, "#"), name) >=
			    sizeof(id) ||
		    (i = plan_item(c, id)) < 0)
			continue;
		for (size_t m = 0; m < host->nattrs; m++) {
			const char *other = host->attr[m].name;

			if (!strncmp(other, prefix, sizeof(prefix) - 1) &&
			    !strncmp(other + sizeof(prefix) - 1, id, strlen(id)) &&
			    other[sizeof(prefix) - 1 + strlen(id)] == '#')
				failed = hv_plan_add(failed, plan_score(host->attr[m].value));
		}
		threshold = plan_meta(c, &c->items[i], "migration-threshold");
		if (failed >= (threshold ? plan_score(threshold) : HV_PLAN_INFINITY) &&
		    (!threshold || plan_score(threshold) > 0))
			add(c, (unsigned)i, h, -HV_PLAN_INFINITY);
	}
}

void plan_read_constraints(struct plan_cluster *c)
{
	size_t all = (size_t)c->plan.nitems * c->plan.nhosts;

	c->scores = calloc(all + 1, sizeof(*c->scores));
	c->named = calloc(all + 1, sizeof(*c->named));
	c->twins = calloc(all + 1, sizeof(*c->twins));
	c->waits = calloc(all + 1, sizeof(*c->waits));
	if (!c->scores || !c->named || !c->twins || !c->waits) {
		c->failed = true;
		return;
	}
	for (size_t n = 0; n < all && !c->symmetric; n++)
		c->scores[n] = -HV_PLAN_INFINITY;
	for (xmlNodePtr l = c->constraints ? c->constraints->children : NULL; l; l = l->next) {
		if (plan_is(l, "rsc_location"))
			read_location(c, l);
		else if (plan_is(l, "rsc_colocation"))
			read_colocation(c, l);
		else if (plan_is(l, "rsc_ticket"))
			plan_note(c, "ticket constraint %s is not understood, and not counted",
				  plan_attr(l, "id"));
	}
	for (unsigned h = 0; h < c->plan.nhosts; h++)
		read_failures(c, h);
	for (unsigned i = 0; i < c->plan.nitems; i++)
		c->item[i].score = &c->scores[i * c->plan.nhosts];
}
