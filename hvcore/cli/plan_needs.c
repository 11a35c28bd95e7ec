// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What domains need, from their definitions, and what waits for them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/definition.h"
#include "hv/ledger.h"
#include "hv/live.h"
#include "plan.h"

enum { MIB = 1 << 20 };

static int64_t mib(uint64_t bytes)
{
	return (int64_t)((bytes + MIB - 1) / MIB);
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
		     : *value == '/'
			     ? hv_definition_read(value, &text, &len, &err)
			     : hv_err(&err, -EINVAL, "config=%s is no absolute path", value);
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

enum { MEMORY = 1 << HV_PLAN_MEMORY, CPU = 1 << HV_PLAN_CPU };

/* As the hosts' ledgers see it; of each of @kinds the most counts that it ever takes. */
static void consider(const struct hv_config *g, struct hv_plan_item *it, struct plan_item *more,
		     unsigned kinds)
{
	struct hv_ledger_entry e;
	int64_t full[HV_PLAN_OURS], least[HV_PLAN_OURS];

	hv_ledger_entry(g, HV_LEDGER_ACTIVE, &e);
	full[HV_PLAN_MEMORY] = mib(e.full.memory);
	full[HV_PLAN_CPU] = (int64_t)e.full.cpu;
	least[HV_PLAN_MEMORY] = mib(e.minimum.memory);
	least[HV_PLAN_CPU] = (int64_t)e.minimum.cpu;
	for (unsigned k = 0; k < HV_PLAN_OURS; k++) {
		if (!(kinds & 1U << k) || full[k] < it->full[k])
			continue;
		it->full[k] = full[k];
		it->least[k] = more->needs[k] = least[k];
	}
}

/* What one set of the resource's parameters says in the definition's place: which kinds. */
static unsigned apply_set(struct plan_cluster *c, xmlNodePtr set, struct hv_config *g)
{
	unsigned kinds = 0;

	for (xmlNodePtr p = set->children; p; p = p->next) {
		const char *name = plan_is(p, "nvpair") ? plan_attr(p, "name") : NULL;
		const char *value = name ? plan_attr(p, "value") : NULL;
		unsigned what = 0, kind;
		struct hv_error err = {""};
		char setting[128];

		kind = !value                                              ? 0
		       : !strcmp(name, "memory")                           ? MEMORY
		       : !strcmp(name, "quota") || !strcmp(name, "period") ? CPU
									   : 0;
		if (!kind)
			continue;
		snprintf(setting, sizeof(setting), "%s=%s", name, value);
		if (hv_live_change(g, setting, &what, &err))
			plan_note(c, "%s: %s", plan_attr(set, "id") ? plan_attr(set, "id") : "",
				  err.text);
		else
			kinds |= kind;
	}
	return kinds;
}

/* Parameters that change by the clock: what is booked has to do at every hour. */
static void needs(struct plan_cluster *c, xmlNodePtr primitive, struct hv_config *g,
		  struct hv_plan_item *it, struct plan_item *more)
{
	const struct hv_config as_defined = *g;
	unsigned always = 0;
	struct hv_ledger_entry twin;

	for (xmlNodePtr s = primitive->children; s; s = s->next) {
		unsigned kinds;

		if (!plan_is(s, "instance_attributes"))
			continue;
		kinds = apply_set(c, s, g);
		consider(g, it, more, kinds);
		always |= plan_child(s, "rule") ? 0 : kinds;
		g->current_memory = as_defined.current_memory;
		g->cputune = as_defined.cputune;
	}
	consider(g, it, more, (MEMORY | CPU) & ~always);
	hv_ledger_entry(g, HV_LEDGER_TWIN, &twin);
	it->shrink = (int)g->priority;
	it->spare = g->standby.wanted && g->standby.spare;
	more->standby = g->standby.wanted ? mib(twin.now.memory) : 0;
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
		needs(c, more->primitive, &d.config, it, more);
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

/* What a spare of @pool waits with, by its template on this host. */
static int64_t spare_memory(struct plan_cluster *c, xmlNodePtr pool, const char *template)
{
	struct hv_definition d = {0};
	struct hv_ledger_entry e;
	struct hv_error err = {""};
	int64_t memory = 0;

	if (*template != '/' || hv_definition_load(&d, template, &err)) {
		plan_note(c, "pool %s: what its spares wait with is not counted: %s",
			  plan_attr(pool, "id"), err.text);
	} else {
		hv_ledger_entry(&d.config, HV_LEDGER_SPARE, &e);
		memory = mib(e.now.memory);
	}
	hv_definition_free(&d);
	return memory;
}

static const char *parameter(struct plan_cluster *c, xmlNodePtr pool, const char *name)
{
	xmlNodePtr pair = plan_pair(c, pool, "instance_attributes", name);

	return pair ? plan_attr(pair, "value") : NULL;
}

/* MiB that all that waits in the pool @keeper takes on each of its hosts. */
static int64_t read_pool(struct plan_cluster *c, unsigned keeper)
{
	xmlNodePtr pool = c->items[keeper].primitive;
	const char *domains = parameter(c, pool, "domains"), *spares = parameter(c, pool, "spares");
	const char *template = parameter(c, pool, "template");
	char *copy = domains ? strdup(domains) : NULL, *save = NULL;
	int64_t sum = 0;

	for (char *n = copy ? strtok_r(copy, " \t\n,", &save) : NULL; n;
	     n = strtok_r(NULL, " \t\n,", &save)) {
		int i = plan_domain(c, n);

		if (i < 0) {
			plan_note(c, "pool %s names the domain %s, which the cluster does not have",
				  plan_attr(pool, "id"), n);
			continue;
		}
		if (!c->items[i].standby && !c->items[i].failed)
			plan_note(c, "pool %s names %s, whose definition has no <taiki:standby>",
				  plan_attr(pool, "id"), n);
		c->items[i].pool = true;
		c->items[i].keeper = keeper;
		sum += c->items[i].standby;
	}
	free(copy);
	if (spares && atoi(spares) > 0 && template)
		sum += atoi(spares) * spare_memory(c, pool, template);
	return sum;
}

static void read_twins(struct plan_cluster *c, unsigned i)
{
	char name[HV_NAME_MAX + sizeof(HV_ATTR_TWIN)];

	c->item[i].twin = &c->twins[i * c->plan.nhosts];
	snprintf(name, sizeof(name), HV_ATTR_TWIN "%s", c->item[i].name);
	for (unsigned h = 0; h < c->plan.nhosts; h++) {
		const char *ready = plan_node_attr(c, h, name);

		c->twins[i * c->plan.nhosts + h] = ready && !strcmp(ready, "1");
	}
}

/* What is gone already for its twin, where the host's capacity is what it said itself. */
static void read_waits(struct plan_cluster *c, unsigned i)
{
	int64_t *waits = &c->waits[i * c->plan.nhosts];

	for (unsigned h = 0; h < c->plan.nhosts; h++) {
		int64_t said = c->hosts[h].said[HV_PLAN_MEMORY];

		if (said != HV_PLAN_UNKNOWN && said > 0 &&
		    c->host[h].capacity[HV_PLAN_MEMORY] == said &&
		    c->item[c->items[i].keeper].score[h] >= 0)
			waits[h] = c->items[i].standby;
	}
	c->item[i].waits = waits;
}

/* Of what a host said it can give, what waits there is gone already. */
void plan_read_pools(struct plan_cluster *c)
{
	for (unsigned i = 0; i < c->plan.nitems; i++) {
		int64_t waiting = plan_is_agent(c, i, "pool") ? read_pool(c, i) : 0;

		for (unsigned h = 0; h < c->plan.nhosts; h++)
			if (c->item[i].score[h] >= 0)
				c->hosts[h].waiting += waiting;
		if (c->item[i].what == HV_PLAN_DOMAIN)
			read_twins(c, i);
	}
	for (unsigned h = 0; h < c->plan.nhosts; h++) {
		int64_t *said = &c->hosts[h].said[HV_PLAN_MEMORY];

		if (*said == HV_PLAN_UNKNOWN)
			continue;
		*said = *said > c->hosts[h].waiting ? *said - c->hosts[h].waiting : 0;
		if (!c->hosts[h].booked[HV_PLAN_MEMORY])
			c->host[h].capacity[HV_PLAN_MEMORY] = *said;
	}
	for (unsigned i = 0; i < c->plan.nitems; i++)
		if (c->items[i].pool)
			read_waits(c, i);
}
