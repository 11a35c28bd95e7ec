// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A cluster's configuration and status, as the planner wants them.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "plan.h"

enum { NOTES_MAX = 64, DEPTH_MAX = 64 };

void plan_note(struct plan_cluster *c, const char *fmt, ...)
{
	char *text = NULL, **more;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0 || c->nnotes > NOTES_MAX) {
		free(n < 0 ? NULL : text);
		return;
	}
	if (c->nnotes == NOTES_MAX)
		snprintf(text, (size_t)n + 1, "%s", n > 12 ? "... and more" : "...");
	for (size_t i = 0; i < c->nnotes; i++)
		if (!strcmp(c->note[i], text)) {
			free(text);
			return;
		}
	more = realloc(c->note, (c->nnotes + 1) * sizeof(*more));
	if (!more) {
		free(text);
		return;
	}
	c->note = more;
	c->note[c->nnotes++] = text;
}

int plan_host(const struct plan_cluster *c, const char *name)
{
	for (unsigned h = 0; h < c->plan.nhosts; h++)
		if (!strcmp(c->host[h].name, name))
			return (int)h;
	return -1;
}

int plan_item(const struct plan_cluster *c, const char *id)
{
	unsigned from = 0, to = c->plan.nitems;

	while (from < to) {
		unsigned mid = from + (to - from) / 2;
		int order = strcmp(c->item[c->by_resource[mid]].resource, id);

		if (!order)
			return (int)c->by_resource[mid];
		if (order < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return -1;
}

int plan_domain(const struct plan_cluster *c, const char *name)
{
	int i = plan_item(c, name);

	if (i >= 0 && c->item[i].what == HV_PLAN_DOMAIN)
		return i;
	for (unsigned n = 0; n < c->plan.nitems; n++)
		if (c->item[n].what == HV_PLAN_DOMAIN && !strcmp(c->item[n].name, name))
			return (int)n;
	return -1;
}

static void read_strategy(struct plan_cluster *c)
{
	static const char *const names[] = {"default", "utilization", "balanced", "minimal"};
	const char *is = plan_property(c, "placement-strategy");

	c->strategy = HV_PLAN_DEFAULT;
	for (unsigned n = 0; is && n < sizeof(names) / sizeof(names[0]); n++)
		if (!strcasecmp(is, names[n]))
			c->strategy = (enum hv_plan_strategy)n;
	c->plan.strategy = c->strategy;
	if (c->strategy != HV_PLAN_DEFAULT)
		return;
	plan_note(
		c,
		"placement-strategy is default: Pacemaker does not look at what is booked; planned as if it were balanced, which `hv plan --apply` sets");
	c->plan.strategy = HV_PLAN_BALANCED;
}

static void read_properties(struct plan_cluster *c)
{
	const char *fenced = plan_property(c, "stonith-enabled"), *health;
	const char *quorate = plan_attr(xmlDocGetRootElement(c->doc), "have-quorum");

	c->symmetric = plan_true(plan_property(c, "symmetric-cluster"), true);
	c->maintenance = plan_true(plan_property(c, "maintenance-mode"), false);
	c->plan.fenced = plan_true(fenced ? fenced : plan_property(c, "fencing-enabled"), true);
	c->quorate = plan_true(quorate, true);
	health = plan_property(c, "node-health-strategy");
	if (health && strcmp(health, "none") != 0)
		plan_note(c, "node-health-strategy %s is not counted", health);
	if (!c->plan.fenced)
		plan_note(
			c,
			"fencing is off: what a lost host runs is started elsewhere without proof that it ended");
	read_strategy(c);
}

/* A tree is walked by calls that call themselves; no configuration is this deep. */
static bool too_deep(xmlNodePtr n)
{
	unsigned depth = 0;

	while (n && depth <= DEPTH_MAX) {
		if (n->children && n->type == XML_ELEMENT_NODE) {
			n = n->children;
			depth++;
			continue;
		}
		while (n && !n->next) {
			n = n->parent;
			depth -= depth > 0;
		}
		n = n ? n->next : NULL;
	}
	return depth > DEPTH_MAX;
}

int plan_read(struct plan_cluster *c, struct hv_error *err)
{
	xmlNodePtr root = xmlDocGetRootElement(c->doc);

	c->names = xmlDictCreate();
	c->plan.nkinds = HV_PLAN_OURS;
	c->kind[HV_PLAN_MEMORY] = HV_UTIL_MEMORY;
	c->kind[HV_PLAN_CPU] = HV_UTIL_CPU;
	if (!c->names)
		return -ENOMEM;
	if (!root || !plan_is(root, "cib") || !plan_child(root, "configuration"))
		return hv_err(err, -EINVAL, "it is not a cluster's configuration (<cib>)");
	if (too_deep(root))
		return hv_err(err, -EINVAL, "it is nested more than %d deep", DEPTH_MAX);
	c->configuration = plan_child(root, "configuration");
	c->crm_config = plan_child(c->configuration, "crm_config");
	c->nodes = plan_child(c->configuration, "nodes");
	c->resources = plan_child(c->configuration, "resources");
	c->constraints = plan_child(c->configuration, "constraints");
	c->rsc_defaults = plan_child(c->configuration, "rsc_defaults");
	c->status = plan_child(root, "status");
	read_properties(c);
	plan_read_hosts(c);
	if (!c->failed)
		plan_read_items(c);
	if (!c->failed)
		plan_read_constraints(c);
	if (c->failed)
		return -ENOMEM;
	plan_read_pools(c);
	plan_read_history(c);
	return c->failed ? -ENOMEM : hv_plan_check(&c->plan, err);
}

void plan_free(struct plan_cluster *c)
{
	for (unsigned h = 0; c->hosts && h < c->plan.nhosts; h++)
		free(c->hosts[h].attr);
	for (size_t i = 0; i < c->nnotes; i++)
		free(c->note[i]);
	free(c->note);
	free(c->host);
	free(c->hosts);
	free(c->item);
	free(c->items);
	free(c->colocation);
	free(c->by_resource);
	free(c->scores);
	free(c->named);
	free(c->twins);
	free(c->waits);
	if (c->names)
		xmlDictFree(c->names);
	xmlFreeDoc(c->doc);
	*c = (struct plan_cluster){0};
}
