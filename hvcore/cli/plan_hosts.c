// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hosts of a configuration: who is there, what it can give, and what its
 * attributes say.
 */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct plan_attr *)a)->name, ((const struct plan_attr *)b)->name);
}

const char *plan_node_attr(const struct plan_cluster *c, unsigned host, const char *name)
{
	const struct plan_host *h = &c->hosts[host];
	struct plan_attr key = {.name = name};
	const struct plan_attr *a =
		h->nattrs ? bsearch(&key, h->attr, h->nattrs, sizeof(key), by_name) : NULL;

	return a ? a->value : NULL;
}

static size_t add_attrs(struct plan_cluster *c, xmlNodePtr owner, struct plan_attr *to, size_t n,
			const char *host)
{
	for (xmlNodePtr s = owner ? owner->children : NULL; s; s = s->next) {
		if (!plan_is(s, "instance_attributes"))
			continue;
		if (plan_child(s, "rule")) {
			plan_note(c, "host %s: attributes that depend on a rule are not counted",
				  host);
			continue;
		}
		for (xmlNodePtr p = s->children; p; p = p->next) {
			const char *name = plan_is(p, "nvpair") ? plan_attr(p, "name") : NULL;
			const char *value = name ? plan_attr(p, "value") : NULL;

			if (value && to)
				to[n] = (struct plan_attr){name, value};
			n += value != NULL;
		}
	}
	return n;
}

/* Of equal names the first stays: transient before permanent. */
static void read_attrs(struct plan_cluster *c, struct plan_host *h, const char *host)
{
	xmlNodePtr transient = plan_child(h->state, "transient_attributes");
	size_t n = add_attrs(c, transient, NULL, 0, host), first = n, kept = 0;

	n = add_attrs(c, h->node, NULL, n, host);
	h->attr = calloc(n + 1, sizeof(*h->attr));
	if (!h->attr) {
		c->failed = true;
		return;
	}
	add_attrs(c, h->node, h->attr, add_attrs(c, transient, h->attr, 0, host), host);
	qsort(h->attr, first, sizeof(*h->attr), by_name);
	for (size_t i = 0; i < n; i++) {
		struct plan_attr *have = bsearch(&h->attr[i], h->attr, i < first ? 0 : first,
						 sizeof(*h->attr), by_name);

		if (!have)
			h->attr[kept++] = h->attr[i];
	}
	h->nattrs = kept;
	qsort(h->attr, kept, sizeof(*h->attr), by_name);
}

/* An older Pacemaker says true or false, a newer one since when (0: it is not). */
static bool member(const char *value)
{
	return value && strcmp(value, "false") != 0 && strcmp(value, "0") != 0;
}

static bool is_online(xmlNodePtr state)
{
	const char *crmd = state ? plan_attr(state, "crmd") : NULL;
	const char *join = state ? plan_attr(state, "join") : NULL;

	return state && member(plan_attr(state, "in_ccm")) && crmd &&
	       strcmp(crmd, "offline") != 0 && member(crmd) && join && !strcmp(join, "member");
}

static xmlNodePtr state_of(const struct plan_cluster *c, const char *id, const char *name)
{
	for (xmlNodePtr n = c->status ? c->status->children : NULL; n; n = n->next) {
		const char *is = plan_is(n, "node_state") ? plan_attr(n, "id") : NULL;
		const char *uname = is ? plan_attr(n, "uname") : NULL;

		if ((is && id && !strcmp(is, id)) || (uname && !strcmp(uname, name)))
			return n;
	}
	return NULL;
}

static int64_t amount(const char *text)
{
	char *end = NULL;
	long long v = text ? strtoll(text, &end, 10) : -1;

	if (text && !strcmp(text, "unlimited"))
		return HV_PLAN_CPU_UNLIMITED;
	return text && end != text && v >= 0 && v <= INT32_MAX ? v : HV_PLAN_UNKNOWN;
}

/* Foreign kinds follow when the items have named them (plan_items.c). */
static void read_capacity(struct plan_cluster *c, unsigned h)
{
	static const char *const said[] = {HV_ATTR_CAPACITY_MEMORY, HV_ATTR_CAPACITY_CPU};

	for (unsigned k = 0; k < HV_PLAN_OURS; k++) {
		xmlNodePtr pair = plan_pair(c, c->hosts[h].node, "utilization", c->kind[k]);

		c->hosts[h].booked[k] = pair != NULL;
		c->hosts[h].said[k] = amount(plan_node_attr(c, h, said[k]));
		c->host[h].capacity[k] = pair ? plan_amount(plan_attr(pair, "value"))
					      : c->hosts[h].said[k];
	}
}

static void read_host(struct plan_cluster *c, unsigned h, xmlNodePtr node)
{
	struct hv_plan_host *to = &c->host[h];
	struct plan_host *more = &c->hosts[h];
	const char *spares;

	to->name = plan_attr(node, "uname");
	more->node = node;
	more->state = state_of(c, plan_attr(node, "id"), to->name);
	more->online = is_online(more->state);
	read_attrs(c, more, to->name);
	if (c->failed)
		return;
	to->up = more->online && !plan_true(plan_node_attr(c, h, "standby"), false) &&
		 !plan_true(plan_node_attr(c, h, "maintenance"), false) &&
		 !plan_node_attr(c, h, "shutdown");
	spares = plan_node_attr(c, h, HV_ATTR_SPARES);
	to->spares = spares && atoi(spares) > 0 ? (unsigned)atoi(spares) : 0;
	read_capacity(c, h);
}

/* A guest that is a node of the cluster is no host. */
static bool is_host(struct plan_cluster *c, xmlNodePtr n)
{
	const char *type = plan_is(n, "node") ? plan_attr(n, "type") : "remote";
	const char *name = plan_is(n, "node") ? plan_attr(n, "uname") : NULL;

	if (name && type && !strcmp(type, "remote"))
		plan_note(c, "node %s is a remote node, and not counted as a host", name);
	return name && (!type || strcmp(type, "remote") != 0);
}

void plan_read_hosts(struct plan_cluster *c)
{
	unsigned n = 0, all = 0;

	for (xmlNodePtr x = c->nodes ? c->nodes->children : NULL; x; x = x->next)
		all++;
	c->host = calloc(all + 1, sizeof(*c->host));
	c->hosts = calloc(all + 1, sizeof(*c->hosts));
	c->plan.host = c->host;
	if (!c->host || !c->hosts) {
		c->failed = true;
		return;
	}
	for (xmlNodePtr x = c->nodes ? c->nodes->children : NULL; x && !c->failed; x = x->next)
		if (is_host(c, x))
			read_host(c, n++, x);
	c->plan.nhosts = n;
}
