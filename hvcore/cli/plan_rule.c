// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Location rules: expressions over a host's attributes and over the time.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "plan.h"

static const char *value_of(struct plan_cluster *c, unsigned host, const char *attribute)
{
	if (!strcmp(attribute, "#uname"))
		return c->host[host].name;
	if (!strcmp(attribute, "#id"))
		return plan_attr(c->hosts[host].node, "id");
	if (!strcmp(attribute, "#kind"))
		return "cluster";
	if (attribute[0] == '#' && strncmp(attribute, "#health", 7) != 0)
		plan_note(c, "rules on %s are not understood", attribute);
	return plan_node_attr(c, host, attribute);
}

/* As @type says; without one numbers are compared by order and everything else by text. */
static int compare(const char *a, const char *b, const char *type, bool by_order)
{
	if (type ? !strcasecmp(type, "integer") || !strcasecmp(type, "number") : by_order) {
		double x = strtod(a, NULL), y = strtod(b, NULL);

		return (x > y) - (x < y);
	}
	return strcasecmp(a, b);
}

static bool expression(struct plan_cluster *c, xmlNodePtr e, unsigned host)
{
	const char *attribute = plan_attr(e, "attribute"), *op = plan_attr(e, "operation");
	const char *want = plan_attr(e, "value"), *source = plan_attr(e, "value-source");
	const char *type = plan_attr(e, "type");
	const char *has = attribute ? value_of(c, host, attribute) : NULL;
	int order;

	if (!attribute || !op)
		return false;
	if (!strcmp(op, "defined"))
		return has != NULL;
	if (!strcmp(op, "not_defined"))
		return has == NULL;
	if ((source && strcmp(source, "literal") != 0) || (type && !strcasecmp(type, "version"))) {
		plan_note(c, "%s: the rule is not understood, and taken as not holding",
			  plan_attr(e, "id"));
		return false;
	}
	if (!strcmp(op, "ne") && !has)
		return true;
	if (!has || !want)
		return false;
	order = compare(has, want, type, op[0] == 'l' || op[0] == 'g');
	return !strcmp(op, "eq")    ? order == 0
	       : !strcmp(op, "ne")  ? order != 0
	       : !strcmp(op, "lt")  ? order < 0
	       : !strcmp(op, "lte") ? order <= 0
	       : !strcmp(op, "gt")  ? order > 0
	       : !strcmp(op, "gte") ? order >= 0
				    : false;
}

/* The forms that tools write: "2026-11-27 04:31:00Z", with or without time and zone. */
static bool moment(const char *text, time_t *t)
{
	static const char *const forms[] = {"%Y-%m-%d %H:%M:%S%z", "%Y-%m-%dT%H:%M:%S%z",
					    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"};

	for (size_t i = 0; text && i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = {0};
		const char *end = strptime(text, forms[i], &tm);
		long offset = tm.tm_gmtoff;

		if (!end || *end)
			continue;
		*t = timegm(&tm) - offset;
		return true;
	}
	return false;
}

static bool date(struct plan_cluster *c, xmlNodePtr e)
{
	const char *op = plan_attr(e, "operation"), *start = plan_attr(e, "start");
	const char *end = plan_attr(e, "end");
	time_t now = time(NULL), from = 0, to = 0;
	bool has_from = moment(start, &from), has_to = moment(end, &to);

	if (op && !strcmp(op, "lt") && has_to)
		return now < to;
	if (op && !strcmp(op, "gt") && has_from)
		return now > from;
	if (op && !strcmp(op, "in_range") && (has_from || has_to) && (!start || has_from) &&
	    (!end || has_to))
		return (!has_from || now >= from) && (!has_to || now <= to);
	plan_note(c, "%s: the date is not understood, and taken as not holding",
		  plan_attr(e, "id"));
	return false;
}

bool plan_rule(struct plan_cluster *c, xmlNodePtr rule, unsigned host)
{
	const char *op = plan_attr(rule, "boolean-op");
	bool any = op && !strcmp(op, "or"), seen = false;

	if (plan_attr(rule, "id-ref")) {
		plan_note(c, "%s: a reference to a rule is not understood",
			  plan_attr(rule, "id-ref"));
		return false;
	}
	for (xmlNodePtr e = rule->children; e; e = e->next) {
		bool holds;

		if (plan_is(e, "rule"))
			holds = plan_rule(c, e, host);
		else if (plan_is(e, "expression"))
			holds = expression(c, e, host);
		else if (plan_is(e, "date_expression"))
			holds = date(c, e);
		else
			continue;
		seen = true;
		if (holds == any)
			return any;
	}
	return seen ? !any : true;
}
