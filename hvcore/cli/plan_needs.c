// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What domains need, from their definitions, and what waits for them.
 */
#include <stdlib.h>
#include <string.h>

#include "hv/definition.h"
#include "plan.h"

enum { MIB = 1 << 20, DEFAULT_PERIOD = 100000 };

static int64_t mib(uint64_t bytes)
{
	return (int64_t)((bytes + MIB - 1) / MIB);
}

/* Percent of one processor that @quota microseconds of each @period are, for @n processors. */
static int64_t percent(int64_t quota, uint64_t period, unsigned n)
{
	int64_t all = 100 * (int64_t)n, of = (int64_t)(period ? period : DEFAULT_PERIOD), is;

	if (quota <= 0)
		return all;
	is = (quota * all + of - 1) / of;
	return is < 1 ? 1 : is < all ? is : all;
}

static int load(struct plan_cluster *c, xmlNodePtr primitive, struct hv_definition *d)
{
	xmlNodePtr packed = plan_pair(c, primitive, "instance_attributes", "definition");
	xmlNodePtr file = plan_pair(c, primitive, "instance_attributes", "config");
	const char *value = packed ? plan_attr(packed, "value")
			    : file ? plan_attr(file, "value")
				   : NULL;
	struct hv_error err = {""};
	char *text = NULL;
	size_t len;
	int rc = value ? 0 : -1;

	if (!rc)
		rc = packed ? hv_definition_decode(value, &text, &len, &err)
			    : hv_definition_read(value, &text, &len, &err);
	if (!rc)
		rc = hv_definition_parse(d, text, len, "definition", &err);
	free(text);
	if (rc)
		plan_note(
			c,
			"%s: its definition cannot be read%s%s; what it books is taken for what it needs",
			plan_attr(primitive, "id"), err.text[0] ? ": " : "", err.text);
	return rc;
}

static void needs(const struct hv_config *g, struct hv_plan_item *it, struct plan_item *more)
{
	const uint64_t *period = &g->cputune.period;
	int64_t full = mib(g->balloon ? g->current_memory : g->memory);
	int64_t cpu = percent(g->cputune.quota, *period, g->vcpus_current);

	it->full[HV_PLAN_MEMORY] = full;
	it->least[HV_PLAN_MEMORY] = g->minimum.memory && g->balloon ? mib(g->minimum.memory) : full;
	it->full[HV_PLAN_CPU] = cpu;
	it->least[HV_PLAN_CPU] = g->minimum.quota
					 ? percent(g->minimum.quota, *period, g->vcpus_current)
					 : cpu;
	for (unsigned k = 0; k < HV_PLAN_OURS; k++) {
		if (it->least[k] > it->full[k])
			it->least[k] = it->full[k];
		more->needs[k] = it->least[k];
	}
	it->shrink = (int)g->priority;
	it->spare = g->standby.wanted && g->standby.spare;
	more->standby = g->standby.wanted
				? mib(g->standby.memory ? g->standby.memory : g->current_memory)
				: 0;
}

void plan_read_domain(struct plan_cluster *c, unsigned i)
{
	struct hv_plan_item *it = &c->item[i];
	struct plan_item *more = &c->items[i];
	struct hv_definition d = {0};

	if (load(c, more->primitive, &d)) {
		more->failed = true;
		for (unsigned k = 0; k < HV_PLAN_OURS; k++)
			it->full[k] = it->least[k] = it->book[k];
	} else {
		char *name = (char *)xmlDictLookup(c->names, (const xmlChar *)d.config.name, -1);

		it->name = name ? name : it->name;
		needs(&d.config, it, more);
	}
	hv_definition_free(&d);
	for (unsigned k = 0; k < HV_PLAN_OURS; k++) {
		if (!more->booked[k])
			it->book[k] = more->needs[k];
		else if (!more->failed && it->book[k] != more->needs[k])
			plan_note(c, "%s books %s=%ld, its definition comes to %ld", it->name,
				  c->kind[k], (long)it->book[k], (long)more->needs[k]);
	}
}

static void note_pool(struct plan_cluster *c, const char *domains)
{
	char *copy = strdup(domains), *save = NULL;

	for (char *n = copy ? strtok_r(copy, " \t\n,", &save) : NULL; n;
	     n = strtok_r(NULL, " \t\n,", &save)) {
		int i = plan_domain(c, n);

		if (i >= 0)
			c->items[i].pool = true;
		else
			plan_note(c, "a pool names the domain %s, which the cluster does not have",
				  n);
	}
	free(copy);
}

void plan_read_pools(struct plan_cluster *c)
{
	for (unsigned i = 0; i < c->plan.nitems; i++) {
		xmlNodePtr pair = plan_is_agent(c, i, "pool")
					  ? plan_pair(c, c->items[i].primitive,
						      "instance_attributes", "domains")
					  : NULL;

		if (pair && plan_attr(pair, "value"))
			note_pool(c, plan_attr(pair, "value"));
	}
	for (unsigned i = 0; i < c->plan.nitems; i++) {
		char name[HV_NAME_MAX + sizeof(HV_ATTR_TWIN)];

		if (c->item[i].what != HV_PLAN_DOMAIN)
			continue;
		c->item[i].twin = &c->twins[i * c->plan.nhosts];
		snprintf(name, sizeof(name), HV_ATTR_TWIN "%s", c->item[i].name);
		for (unsigned h = 0; h < c->plan.nhosts; h++) {
			const char *ready = plan_node_attr(c, h, name);

			c->twins[i * c->plan.nhosts + h] = ready && !strcmp(ready, "1");
		}
	}
}
