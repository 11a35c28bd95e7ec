// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The walker: finds each node's row, gives its verdict, and goes down only
 * where something below can still matter.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reading.h"

enum {
	PATH_MAX_HERE = 512, /* of a path in a message; a longer one matches no row */
	SIBLINGS_MAX = 1000, /* elements in one element; keeps the walk linear enough */
};

static const struct rule *const tables[] = {
	hv_rules_domain,    hv_rules_os,      hv_rules_taiki,    hv_rules_disk,
	hv_rules_interface, hv_rules_char,    hv_rules_device,   hv_rules_heartbeat,
	hv_rules_limits,    hv_rules_standby, hv_rules_io_error,
};

bool hv_one_of(const char *values, const char *value)
{
	size_t n = strlen(value);

	for (const char *at = values;; at++) {
		size_t len = strcspn(at, "|");

		if (len == n && !memcmp(at, value, n))
			return true;
		at += len;
		if (!*at)
			return false;
	}
}

static const struct rule *row(const char *path)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct rule *rule = tables[t]; rule->path; rule++)
			if (!strcmp(rule->path, path))
				return rule;
	return NULL;
}

/* The row of @path; else that of every device; else the wild card beside it. */
static const struct rule *find(const char *path)
{
	static const char devices[] = "domain/devices/";
	const struct rule *rule = row(path);
	char wild[PATH_MAX_HERE + 8];
	const char *last = strrchr(path, '/'), *below;

	if (rule || !last)
		return rule;
	if (!strncmp(path, devices, strlen(devices))) {
		below = strchr(path + strlen(devices), '/');
		if (below) {
			snprintf(wild, sizeof(wild), "%s*%s", devices, below);
			rule = row(wild);
		}
	}
	if (!rule) {
		snprintf(wild, sizeof(wild), "%.*s/%s*", (int)(last - path), path,
			 last[1] == '@' ? "@" : "");
		rule = row(wild);
	}
	return rule;
}

void hv_read_verdict(struct reading *r, enum hv_verdict_kind kind, int line, const char *path,
		     const char *why)
{
	struct hv_definition *d = r->d;
	struct hv_verdict *v;

	/* Grown by doubling, whenever the count reaches a power of two. */
	if (!(d->nverdicts & (d->nverdicts - 1))) {
		size_t room = d->nverdicts ? 2 * d->nverdicts : 1;

		v = realloc(d->verdict, room * sizeof(*v));
		if (!v) {
			r->nomem = true;
			return;
		}
		d->verdict = v;
	}
	v = &d->verdict[d->nverdicts++];
	*v = (struct hv_verdict){.kind = kind, .line = line, .path = strdup(path)};
	if (why && *why)
		v->reason = strdup(why);
	if (!v->path || (why && *why && !v->reason))
		r->nomem = true;
	d->refused += kind == HV_REFUSED;
}

static enum hv_verdict_kind judge(struct reading *r, const struct rule *rule, xmlNodePtr node,
				  const char *path, const char *value)
{
	enum hv_verdict_kind kind;
	const char *why;

	r->why[0] = '\0';
	r->line = (int)xmlGetLineNo(node);
	if (!rule) {
		kind = hv_read_refuse(
			r, "not known to Taiki; remove it if the guest does not need it");
	} else if (rule->values && !hv_one_of(rule->values, value)) {
		kind = hv_read_refuse(r, "\"%.60s\": %s", value, rule->why);
	} else {
		kind = rule->take ? rule->take(r, node, value) : rule->kind;
	}
	why = r->why;
	if (!*why && rule && !rule->values)
		why = rule->why;
	hv_read_verdict(r, kind, r->line, path, why);
	return kind;
}

/* The name of a node as paths spell it: the prefix only where it is not libvirt's own. */
static void component(char *out, size_t size, const xmlChar *name, const xmlNs *ns)
{
	const char *prefix = "?";

	if (!ns) {
		snprintf(out, size, "%s", (const char *)name);
		return;
	}
	if (ns->href && !strcmp((const char *)ns->href, TAIKI_NS))
		prefix = "taiki";
	else if (ns->prefix && strcmp((const char *)ns->prefix, "taiki") != 0)
		prefix = (const char *)ns->prefix;
	snprintf(out, size, "%.60s:%s", prefix, (const char *)name);
}

static bool same_name(xmlNodePtr a, xmlNodePtr b)
{
	return b->type == XML_ELEMENT_NODE && xmlStrEqual(a->name, b->name) && !a->ns == !b->ns &&
	       (!a->ns || xmlStrEqual(a->ns->href, b->ns->href));
}

/* The position among siblings of one name, from 1, or 0 for an only child. */
static unsigned position(xmlNodePtr n)
{
	unsigned before = 0, after = 0;

	for (xmlNodePtr p = n->prev; p; p = p->prev)
		before += same_name(n, p);
	for (xmlNodePtr p = n->next; p && !after; p = p->next)
		after += same_name(n, p);
	return before || after ? before + 1 : 0;
}

static char *trimmed(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return s;
}

static void walk_attributes(struct reading *r, xmlNodePtr node, const char *path, const char *key)
{
	for (xmlAttrPtr a = node->properties; a; a = a->next) {
		char name[256], p[PATH_MAX_HERE], k[PATH_MAX_HERE];
		char *value = (char *)xmlNodeListGetString(node->doc, a->children, 1);

		component(name, sizeof(name), a->name, a->ns);
		snprintf(p, sizeof(p), "%s/@%s", path, name);
		snprintf(k, sizeof(k), "%s/@%s", key, name);
		judge(r, find(k), node, p, value ? value : "");
		xmlFree(value);
	}
}

static void walk(struct reading *r, xmlNodePtr node, const char *path, const char *key);

static void walk_children(struct reading *r, xmlNodePtr node, const char *path, const char *key)
{
	unsigned n = 0;

	for (xmlNodePtr c = node->children; c; c = c->next) {
		char name[256], p[PATH_MAX_HERE], k[PATH_MAX_HERE];
		unsigned pos;

		if (c->type != XML_ELEMENT_NODE)
			continue;
		if (++n > SIBLINGS_MAX) {
			hv_read_verdict(r, HV_REFUSED, (int)xmlGetLineNo(c), path,
					"more than 1000 elements in it");
			return;
		}
		component(name, sizeof(name), c->name, c->ns);
		pos = position(c);
		if (pos)
			snprintf(p, sizeof(p), "%s/%s[%u]", path, name, pos);
		else
			snprintf(p, sizeof(p), "%s/%s", path, name);
		snprintf(k, sizeof(k), "%s/%s", key, name);
		walk(r, c, p, k);
	}
}

static void walk(struct reading *r, xmlNodePtr node, const char *path, const char *key)
{
	const struct rule *rule = find(key);
	unsigned refused = r->d->refused;
	enum hv_verdict_kind kind;
	char *text;

	if (rule && (rule->flags & RULE_ONCE) && position(node) > 1) {
		hv_read_verdict(r, HV_REFUSED, (int)xmlGetLineNo(node), path, "it is given twice");
		return;
	}
	r->skip = false;
	text = (char *)xmlNodeListGetString(node->doc, node->children, 1);
	kind = judge(r, rule, node, path, text ? trimmed(text) : "");
	xmlFree(text);
	if (kind == HV_REFUSED || r->skip || (rule->flags & RULE_TREE))
		return;
	walk_attributes(r, node, path, key);
	walk_children(r, node, path, key);
	r->why[0] = '\0';
	/* Where something in it was refused, its being incomplete is no news. */
	if (rule->done && r->d->refused == refused && rule->done(r, node, "") == HV_REFUSED)
		hv_read_verdict(r, HV_REFUSED, (int)xmlGetLineNo(node), path, r->why);
}

void hv_read_walk(struct reading *r, xmlNodePtr root)
{
	if (root->ns || strcmp((const char *)root->name, "domain")) {
		hv_read_verdict(r, HV_REFUSED, (int)xmlGetLineNo(root), (const char *)root->name,
				"not a libvirt domain: the outermost element must be <domain>");
		return;
	}
	r->is_domain = true;
	walk(r, root, "domain", "domain");
}
