// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What waits for the domain, and how far it may be squeezed: <taiki:standby>,
 * <taiki:priority> and <taiki:minimum>; and "{node}".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/standby.h"
#include "reading.h"

static const char token[] = "{node}";

/* @value with the node's name for every {node}, the caller's to free; NULL where nothing was said. */
static char *at_this_node(struct reading *r, const char *value, const char *node)
{
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	if (!f) {
		r->nomem = true;
		return NULL;
	}
	for (const char *at; (at = strstr(value, token)); value = at + strlen(token))
		fprintf(f, "%.*s%s", (int)(at - value), value, node);
	fputs(value, f);
	if (fclose(f)) {
		r->nomem = true;
		free(out);
		return NULL;
	}
	return out;
}

enum hv_verdict_kind hv_read_node_string(struct reading *r, char **to, const char *value,
					 bool *named)
{
	const char *node = hv_node_name();
	enum hv_verdict_kind kind;
	char *here;

	*named = strstr(value, token);
	if (!*named)
		return hv_read_string(r, to, value);
	if (!node)
		return hv_read_refuse(r, "the name of this node cannot stand for {node}: only "
					 "A-Z a-z 0-9 . _ -, letter or digit first");
	here = at_this_node(r, value, node);
	kind = here ? hv_read_string(r, to, here) : HV_UNDERSTOOD;
	free(here);
	return kind;
}

static enum hv_verdict_kind take_standby(struct reading *r, xmlNodePtr node, const char *value)
{
	r->c->standby.wanted = true;
	r->standby_line = r->line;
	return HV_UNDERSTOOD;
}

/* An attribute memory= in the unit beside it. */
static enum hv_verdict_kind read_size(struct reading *r, xmlNodePtr node, uint64_t *to,
				      const char *value)
{
	char *unit = hv_read_attr(node, "unit");
	enum hv_verdict_kind kind = hv_read_memory(r, to, value, unit);

	xmlFree(unit);
	return kind;
}

/* As cputune's, but none that would be "not given". */
static enum hv_verdict_kind read_quota(struct reading *r, int64_t *to, const char *value)
{
	uint64_t n = 0;

	if (hv_read_u64(r, &n, value) != HV_UNDERSTOOD || !n)
		return hv_read_refuse(r, "\"%.40s\" is not a number of microseconds", value);
	*to = (int64_t)n;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind read_shares(struct reading *r, uint64_t *to, const char *value)
{
	if (hv_read_u64(r, to, value) != HV_UNDERSTOOD || !*to)
		return hv_read_refuse(r, "\"%.40s\" is not a number of shares", value);
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_standby_memory(struct reading *r, xmlNodePtr node,
						const char *value)
{
	return read_size(r, node, &r->c->standby.memory, value);
}

static enum hv_verdict_kind take_standby_quota(struct reading *r, xmlNodePtr node,
					       const char *value)
{
	return read_quota(r, &r->c->standby.quota, value);
}

static enum hv_verdict_kind take_standby_shares(struct reading *r, xmlNodePtr node,
						const char *value)
{
	return read_shares(r, &r->c->standby.shares, value);
}

static enum hv_verdict_kind take_spare(struct reading *r, xmlNodePtr node, const char *value)
{
	r->c->standby.spare = !strcmp(value, "yes");
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_template(struct reading *r, xmlNodePtr node, const char *value)
{
	r->c->standby.template = !strcmp(value, "yes");
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_gate(struct reading *r, xmlNodePtr node, const char *value)
{
	if (r->ngates == READ_GATES_MAX)
		return hv_read_refuse(r, "more than there can be disks and interfaces");
	r->gate = &r->gates[r->ngates++];
	r->gate->line = r->line;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_gate_disk(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_string(r, &r->gate->disk, value);
}

static enum hv_verdict_kind take_gate_interface(struct reading *r, xmlNodePtr node,
						const char *value)
{
	return hv_read_string(r, &r->gate->interface, value);
}

static enum hv_verdict_kind gate_done(struct reading *r, xmlNodePtr node, const char *value)
{
	return !r->gate->disk != !r->gate->interface ? HV_UNDERSTOOD
						     : hv_read_refuse(
							       r,
							       "give either disk='vdb' or interface='net0'");
}

static enum hv_verdict_kind take_role(struct reading *r, xmlNodePtr node, const char *value)
{
	if (r->c->nroles == HV_ROLES_MAX)
		return hv_read_refuse(r, "more than %d of them", HV_ROLES_MAX);
	r->c->nroles++;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_role_key(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_string(r, &r->c->role[r->c->nroles - 1].key, value);
}

static enum hv_verdict_kind take_role_value(struct reading *r, xmlNodePtr node, const char *value)
{
	char **to = &r->c->role[r->c->nroles - 1].value;
	bool named;

	if (*value)
		return hv_read_node_string(r, to, value, &named);
	*to = strdup("");
	r->nomem |= !*to;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind role_done(struct reading *r, xmlNodePtr node, const char *value)
{
	const struct hv_role_data *d = &r->c->role[r->c->nroles - 1];

	return d->key && d->value ? HV_UNDERSTOOD
				  : hv_read_refuse(r, "it needs key='WORD' and value='TEXT'");
}

static enum hv_verdict_kind take_priority(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_uint(r, &r->c->priority, value);
}

static enum hv_verdict_kind take_minimum_memory(struct reading *r, xmlNodePtr node,
						const char *value)
{
	return read_size(r, node, &r->c->minimum.memory, value);
}

static enum hv_verdict_kind take_minimum_quota(struct reading *r, xmlNodePtr node,
					       const char *value)
{
	return read_quota(r, &r->c->minimum.quota, value);
}

static enum hv_verdict_kind take_minimum_shares(struct reading *r, xmlNodePtr node,
						const char *value)
{
	return read_shares(r, &r->c->minimum.shares, value);
}

#define T    "domain/metadata/taiki:domain/"
#define S    T "taiki:standby"
#define GATE S "/taiki:active-only"
#define ROLE S "/taiki:role"
#define M    T "taiki:minimum"

#define YES_NO(p, fn)                                                                          \
	{                                                                                      \
		.path = p, .kind = HV_UNDERSTOOD, .values = "yes|no", .why = "give yes or no", \
		.take = fn                                                                     \
	}

const struct rule hv_rules_standby[] = {
	TAKE_ONCE(S, take_standby),
	TAKE(S "/@memory", take_standby_memory),
	UNDERSTOOD(S "/@unit"),
	TAKE(S "/@quota", take_standby_quota),
	TAKE(S "/@shares", take_standby_shares),
	YES_NO(S "/@spare", take_spare),
	YES_NO(S "/@template", take_template),
	{.path = GATE, .kind = HV_UNDERSTOOD, .take = take_gate, .done = gate_done},
	TAKE(GATE "/@disk", take_gate_disk),
	TAKE(GATE "/@interface", take_gate_interface),
	{.path = ROLE, .kind = HV_UNDERSTOOD, .take = take_role, .done = role_done},
	TAKE(ROLE "/@key", take_role_key),
	TAKE(ROLE "/@value", take_role_value),

	TAKE_ONCE(T "taiki:priority", take_priority),
	{.path = M, .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	TAKE(M "/@memory", take_minimum_memory),
	UNDERSTOOD(M "/@unit"),
	TAKE(M "/@quota", take_minimum_quota),
	TAKE(M "/@shares", take_minimum_shares),
	{0},
};
