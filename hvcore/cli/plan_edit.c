// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "plan_edit.h"

void plan_edit_free(struct plan_edit *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->line[i]);
	free(e->line);
	*e = (struct plan_edit){0};
}

void plan_edit_say(struct plan_edit *e, const char *fmt, ...)
{
	char **more = realloc(e->line, (e->n + 1) * sizeof(*more)), *text = NULL;
	va_list ap;
	int n;

	if (!more) {
		e->failed = true;
		return;
	}
	e->line = more;
	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		e->failed = true;
	else
		e->line[e->n++] = text;
}

void plan_edit_attr(xmlNodePtr node, const char *name, const char *value)
{
	if (node)
		xmlSetProp(node, (const xmlChar *)name, (const xmlChar *)value);
}

xmlNodePtr plan_edit_new(struct plan_edit *e, xmlNodePtr parent, const char *element,
			 const char *id)
{
	xmlNodePtr n = parent ? xmlNewChild(parent, NULL, (const xmlChar *)element, NULL) : NULL;

	if (n && id)
		plan_edit_attr(n, "id", id);
	e->failed = e->failed || !n;
	return n;
}

void plan_edit_drop(xmlNodePtr node)
{
	xmlUnlinkNode(node);
	xmlFreeNode(node);
}

/* The first set that always holds. */
static xmlNodePtr set_of(const struct plan_place_of *at)
{
	for (xmlNodePtr s = at->owner ? at->owner->children : NULL; s; s = s->next)
		if (plan_is(s, at->set) && !plan_attr(s, "id-ref") && !plan_child(s, "rule"))
			return s;
	return NULL;
}

const char *plan_edit_id(const struct plan_place_of *at, const char *name, char *out, size_t size)
{
	snprintf(out, size, "%s-%s", at->base, name);
	return out;
}

static xmlNodePtr pair_of(const struct plan_place_of *at, const char *id)
{
	for (xmlNodePtr s = at->owner ? at->owner->children : NULL; s; s = s->next)
		for (xmlNodePtr p = plan_is(s, at->set) ? s->children : NULL; p; p = p->next) {
			const char *is = plan_is(p, "nvpair") ? plan_attr(p, "id") : NULL;

			if (is && !strcmp(is, id))
				return p;
		}
	return NULL;
}

void plan_edit_pair(struct plan_edit *e, const struct plan_place_of *at, const char *name,
		    const char *value)
{
	char id[512];
	xmlNodePtr pair = pair_of(at, plan_edit_id(at, name, id, sizeof(id))), set;
	const char *is = pair ? plan_attr(pair, "value") : NULL, *set_id;

	if ((!value && !pair) || (value && is && !strcmp(value, is)))
		return;
	if (!value) {
		set = pair->parent;
		set_id = plan_attr(set, "id");
		plan_edit_say(e, "- %s: %s=%s", at->whose, name, is ? is : "");
		plan_edit_drop(pair);
		if (!plan_child(set, "nvpair") && set_id && !strcmp(set_id, at->base))
			plan_edit_drop(set);
		return;
	}
	if (pair) {
		plan_edit_say(e, "~ %s: %s=%s (was %s)", at->whose, name, value, is ? is : "");
	} else {
		plan_edit_say(e, "+ %s: %s=%s", at->whose, name, value);
		set = set_of(at);
		set = set ? set : plan_edit_new(e, at->owner, at->set, at->base);
		pair = plan_edit_new(e, set, "nvpair", id);
		plan_edit_attr(pair, "name", name);
	}
	plan_edit_attr(pair, "value", value);
}

static unsigned attrs(xmlNodePtr n)
{
	unsigned count = 0;

	for (xmlAttrPtr a = n->properties; a; a = a->next)
		count++;
	return count;
}

static xmlNodePtr element(xmlNodePtr n)
{
	while (n && n->type != XML_ELEMENT_NODE)
		n = n->next;
	return n;
}

bool plan_edit_same(xmlNodePtr a, xmlNodePtr b)
{
	xmlNodePtr x = element(a->children), y = element(b->children);

	if (strcmp((const char *)a->name, (const char *)b->name) != 0 || attrs(a) != attrs(b))
		return false;
	for (xmlAttrPtr p = a->properties; p; p = p->next) {
		const char *other = plan_attr(b, (const char *)p->name);

		if (!other || strcmp(other, plan_attr(a, (const char *)p->name)) != 0)
			return false;
	}
	for (; x && y; x = element(x->next), y = element(y->next))
		if (!plan_edit_same(x, y))
			return false;
	return !x && !y;
}
