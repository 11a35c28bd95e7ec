// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "fencing/mark.h"

enum { ID_MAX = 160 };

static bool named(xmlNodePtr n, const char *name)
{
	return n->type == XML_ELEMENT_NODE && !strcmp((const char *)n->name, name);
}

static bool attr_is(xmlNodePtr n, const char *name, const char *value)
{
	xmlChar *is = xmlGetProp(n, (const xmlChar *)name);
	bool same = is && !strcasecmp((const char *)is, value);

	xmlFree(is);
	return same;
}

static xmlNodePtr find(xmlNodePtr n, const char *id)
{
	xmlNodePtr found = NULL;

	for (; n && !found; n = n->next)
		if (n->type == XML_ELEMENT_NODE)
			found = named(n, "primitive") && attr_is(n, "id", id)
					? n
					: find(n->children, id);
	return found;
}

static bool says_stopped(xmlNodePtr set)
{
	for (xmlNodePtr p = set->children; p; p = p->next)
		if (named(p, "nvpair") && attr_is(p, "name", "target-role"))
			return attr_is(p, "value", "Stopped");
	return false;
}

struct mark_facts mark_read(xmlNodePtr resources, const char *id)
{
	xmlNodePtr primitive = resources ? find(resources, id) : NULL;
	struct mark_facts f = {.exists = primitive};
	char ours[ID_MAX + 32];

	snprintf(ours, sizeof(ours), "%.*s-taiki-fenced", ID_MAX, id);
	for (xmlNodePtr n = primitive; n; n = n->parent)
		for (xmlNodePtr set = n->children; set; set = set->next) {
			if (!named(set, "meta_attributes"))
				continue;
			if (n == primitive && attr_is(set, "id", ours)) {
				f.ours = true;
				f.stopped = says_stopped(set);
			} else {
				f.admin |= says_stopped(set);
			}
		}
	return f;
}

enum mark_act mark_decide(const struct mark_facts *f, bool off, const char **why)
{
	*why = NULL;
	if (off) {
		/* What is not in the configuration is not started by it. */
		if (!f->exists || (f->ours && f->stopped))
			return MARK_NOTHING;
		return MARK_WRITE;
	}
	if (!f->exists)
		*why = "the cluster has no such resource any more";
	else if (f->admin && !f->ours)
		*why = "an administrator's target-role says Stopped; it is left as it is";
	if (*why)
		return MARK_REFUSE;
	return f->ours ? MARK_LIFT : MARK_NOTHING;
}

bool mark_id_ok(const char *id)
{
	size_t n = strlen(id);

	return n && n <= ID_MAX && !strpbrk(id, "'\"<>&[]/ \t\n");
}

bool mark_has_type(xmlNodePtr n, const char *type)
{
	bool has = named(n, "primitive") && attr_is(n, "class", "stonith") &&
		   attr_is(n, "type", type);

	for (xmlNodePtr child = n->children; child && !has; child = child->next)
		has = child->type == XML_ELEMENT_NODE && mark_has_type(child, type);
	return has;
}

static bool put(xmlNodePtr n, const char *name, const char *value)
{
	return xmlNewProp(n, (const xmlChar *)name, (const xmlChar *)value);
}

static bool put_pair(xmlNodePtr set, const char *id, const char *suffix, const char *name,
		     const char *value)
{
	xmlNodePtr pair = xmlNewChild(set, NULL, (const xmlChar *)"nvpair", NULL);
	char text[ID_MAX + 64];

	snprintf(text, sizeof(text), "%.*s-taiki-fenced-%s", ID_MAX, id, suffix);
	return pair && put(pair, "id", text) && put(pair, "name", name) &&
	       put(pair, "value", value);
}

xmlDocPtr mark_xml(const char *id, const char *by)
{
	xmlDocPtr doc = xmlNewDoc((const xmlChar *)"1.0");
	xmlNodePtr primitive = doc ? xmlNewNode(NULL, (const xmlChar *)"primitive") : NULL;
	xmlNodePtr set = NULL;
	char text[ID_MAX + 32];

	if (primitive) {
		xmlDocSetRootElement(doc, primitive);
		set = xmlNewChild(primitive, NULL, (const xmlChar *)"meta_attributes", NULL);
	}
	snprintf(text, sizeof(text), "%.*s-taiki-fenced", ID_MAX, id);
	if (set && put(primitive, "id", id) && put(set, "id", text) &&
	    put(set, "score", "INFINITY") &&
	    put_pair(set, id, "target-role", "target-role", "Stopped") &&
	    put_pair(set, id, "by", "taiki-fenced-by", by))
		return doc;
	xmlFreeDoc(doc);
	return NULL;
}
