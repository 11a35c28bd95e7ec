// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attributes and name-value pairs of a configuration, as Pacemaker finds them:
 * in a resource's own sets, in what these refer to, in its template, in its
 * group or clone, and in the defaults.  Nothing is copied; a big configuration
 * is read in milliseconds.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "plan.h"

const char *plan_attr(xmlNodePtr node, const char *name)
{
	for (xmlAttrPtr a = node->properties; a; a = a->next)
		if (!strcmp((const char *)a->name, name))
			return a->children && a->children->content
				       ? (const char *)a->children->content
				       : "";
	return NULL;
}

bool plan_is(xmlNodePtr node, const char *element)
{
	return node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, element);
}

xmlNodePtr plan_child(xmlNodePtr node, const char *element)
{
	for (xmlNodePtr n = node ? node->children : NULL; n; n = n->next)
		if (plan_is(n, element))
			return n;
	return NULL;
}

static xmlNodePtr by_id(xmlNodePtr from, const char *element, const char *id)
{
	for (xmlNodePtr n = from ? from->children : NULL; n; n = n->next) {
		const char *is = n->type == XML_ELEMENT_NODE ? plan_attr(n, "id") : NULL;
		xmlNodePtr below;

		if (is && plan_is(n, element) && !strcmp(is, id))
			return n;
		below = n->type == XML_ELEMENT_NODE ? by_id(n, element, id) : NULL;
		if (below)
			return below;
	}
	return NULL;
}

/* In one set; a set with a rule holds at times, and which ones a plan does not know. */
static xmlNodePtr in_set(struct plan_cluster *c, xmlNodePtr set, const char *name)
{
	const char *ref = plan_attr(set, "id-ref");
	xmlNodePtr found = NULL;

	if (ref)
		set = by_id(c->configuration, (const char *)set->name, ref);
	for (xmlNodePtr p = set ? set->children : NULL; p && !found; p = p->next) {
		const char *is = plan_is(p, "nvpair") ? plan_attr(p, "name") : NULL;
		const char *id = is && c->skip ? plan_attr(p, "id") : NULL;

		if (is && !strcmp(is, name) && !(id && !strcmp(id, c->skip)))
			found = p;
	}
	if (found && plan_child(set, "rule")) {
		plan_note(c, "%s: %s depends on a rule, which is taken as not holding",
			  plan_attr(set, "id"), name);
		return NULL;
	}
	return found;
}

static long set_score(xmlNodePtr set)
{
	const char *score = plan_attr(set, "score");

	return score ? plan_score(score) : 0;
}

/* Of several sets that have it the one with the highest score counts, then the first. */
static xmlNodePtr own_pair(struct plan_cluster *c, xmlNodePtr node, const char *set,
			   const char *name)
{
	xmlNodePtr best = NULL, found;

	for (xmlNodePtr s = node ? node->children : NULL; s; s = s->next) {
		const char *id = plan_is(s, set) ? plan_attr(s, "id") : NULL;

		if (!plan_is(s, set) || (id && c->skip && !strcmp(id, c->skip)) ||
		    (best && set_score(s) <= set_score(best->parent)))
			continue;
		found = in_set(c, s, name);
		best = found ? found : best;
	}
	return best;
}

xmlNodePtr plan_pair(struct plan_cluster *c, xmlNodePtr node, const char *set, const char *name)
{
	xmlNodePtr pair = own_pair(c, node, set, name);
	const char *template = pair || !node ? NULL : plan_attr(node, "template");

	if (template)
		pair = own_pair(c, by_id(c->resources, "template", template), set, name);
	return pair;
}

const char *plan_meta(struct plan_cluster *c, const struct plan_item *it, const char *name)
{
	xmlNodePtr pair = plan_pair(c, it->primitive, "meta_attributes", name);

	if (!pair && it->parent)
		pair = own_pair(c, it->parent, "meta_attributes", name);
	if (!pair)
		pair = own_pair(c, c->rsc_defaults, "meta_attributes", name);
	return pair ? plan_attr(pair, "value") : NULL;
}

const char *plan_property(struct plan_cluster *c, const char *name)
{
	xmlNodePtr pair = own_pair(c, c->crm_config, "cluster_property_set", name);

	return pair ? plan_attr(pair, "value") : NULL;
}

bool plan_true(const char *value, bool otherwise)
{
	static const char *const yes[] = {"true", "on", "yes", "y", "1"};

	if (!value)
		return otherwise;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!strcasecmp(value, yes[i]))
			return true;
	return false;
}

int plan_score(const char *value)
{
	long v;

	if (!value)
		return 0;
	if (!strcasecmp(value, "INFINITY") || !strcasecmp(value, "+INFINITY"))
		return HV_PLAN_INFINITY;
	if (!strcasecmp(value, "-INFINITY"))
		return -HV_PLAN_INFINITY;
	v = strtol(value, NULL, 10);
	return v > HV_PLAN_INFINITY    ? HV_PLAN_INFINITY
	       : v < -HV_PLAN_INFINITY ? -HV_PLAN_INFINITY
				       : (int)v;
}
