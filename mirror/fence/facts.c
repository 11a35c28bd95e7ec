// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>

#include "mirror/fence/fence.h"

void fence_constraint_id(char out[FENCE_NAME], const char *resource)
{
	snprintf(out, FENCE_NAME, "taiki-mirror-fence-%s", resource);
}

static bool named(const xmlNode *n, const char *name)
{
	return n->type == XML_ELEMENT_NODE && !strcmp((const char *)n->name, name);
}

static bool get(xmlNode *n, const char *attribute, char out[FENCE_NAME])
{
	xmlChar *v = xmlGetProp(n, (const xmlChar *)attribute);
	bool fits = v && strlen((char *)v) < FENCE_NAME;

	snprintf(out, FENCE_NAME, "%s", fits ? (char *)v : "");
	xmlFree(v);
	return out[0];
}

static bool is(xmlNode *n, const char *attribute, const char *value)
{
	char v[FENCE_NAME];

	return get(n, attribute, v) && !strcmp(v, value);
}

/* next() - The node after @n below @top, in the order of the document. */
static xmlNode *next(xmlNode *n, const xmlNode *top)
{
	if (n->children)
		return n->children;
	while (n != top && !n->next)
		n = n->parent;
	return n == top ? NULL : n->next;
}

/* parameter() - The instance attribute @name of primitive @p. */
static bool parameter(xmlNode *p, const char *name, char *out, size_t size)
{
	for (xmlNode *n = p; (n = next(n, p));) {
		xmlChar *v;

		if (!named(n, "nvpair") || !is(n, "name", name) || !n->parent ||
		    !named(n->parent, "instance_attributes"))
			continue;
		v = xmlGetProp(n, (const xmlChar *)"value");
		snprintf(out, size, "%s", v ? (char *)v : "");
		xmlFree(v);
		return true;
	}
	return false;
}

static bool is_volume(xmlNode *p, const char *resource)
{
	char name[FENCE_NAME];

	if (!is(p, "provider", "taiki") || !is(p, "type", "mirror"))
		return false;
	if (!parameter(p, "resource", name, sizeof(name)))
		get(p, "id", name);
	return !strcmp(name, resource);
}

/* other() - The name in "NODE=... NODE=..." that is not @me; empty where @me is in it not at all. */
static void other(const char *hosts, const char *me, char out[FENCE_NAME])
{
	bool mine = false;

	out[0] = '\0';
	while (*hosts) {
		size_t len = strcspn(hosts, "= ,\t\n");

		if (hosts[len] == '=') {
			if (len == strlen(me) && !strncmp(hosts, me, len))
				mine = true;
			else
				snprintf(out, FENCE_NAME, "%.*s", (int)len, hosts);
		}
		hosts += len;
		hosts += strcspn(hosts, " ,\t\n");
		hosts += strspn(hosts, " ,\t\n");
	}
	if (!mine)
		out[0] = '\0';
}

static void take_primitive(struct fence_facts *f, xmlNode *p, const char *me)
{
	char hosts[1024];

	for (xmlNode *up = p->parent; up; up = up->parent)
		if (named(up, "clone") || named(up, "master"))
			get(up, "id", f->clone);
	if (!f->clone[0])
		return;
	if (parameter(p, "hosts", hosts, sizeof(hosts)))
		other(hosts, me, f->peer);
	else
		parameter(p, "config", f->conf, sizeof(f->conf));
}

/* The node that the constraint spares. */
static void take_constraint(struct fence_facts *f, xmlNode *c)
{
	for (xmlNode *n = c; (n = next(n, c));)
		if (named(n, "expression") && is(n, "attribute", "#uname"))
			get(n, "value", f->only);
	if (!f->only[0])
		snprintf(f->only, FENCE_NAME, "?"); /* somebody has changed it */
}

static xmlDoc *parse(const char *text, size_t len)
{
	return xmlReadMemory(text, (int)len, "xml", NULL,
			     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

int fence_read_cib(struct fence_facts *f, const char *text, size_t len, const char *resource,
		   const char *me)
{
	xmlDoc *d = parse(text, len);
	xmlNode *top = d ? xmlDocGetRootElement(d) : NULL;
	char id[FENCE_NAME];

	f->clone[0] = f->peer[0] = f->conf[0] = f->only[0] = '\0';
	fence_constraint_id(id, resource);
	for (xmlNode *n = top; n; n = next(n, top)) {
		if (named(n, "primitive") && is_volume(n, resource))
			take_primitive(f, n, me);
		else if (named(n, "rsc_location") && is(n, "id", id))
			take_constraint(f, n);
	}
	xmlFreeDoc(d);
	return top ? 0 : -EINVAL;
}

int fence_read_conf(struct fence_facts *f, const char *text, size_t len, const char *me)
{
	xmlDoc *d = parse(text, len);
	xmlNode *top = d ? xmlDocGetRootElement(d) : NULL;
	unsigned hosts = 0;
	bool mine = false;

	for (xmlNode *n = top; n; n = next(n, top)) {
		if (!named(n, "host") || n->parent != top)
			continue;
		hosts++;
		if (is(n, "name", me))
			mine = true;
		else
			get(n, "name", f->peer);
	}
	if (hosts != 2 || !mine)
		f->peer[0] = '\0';
	xmlFreeDoc(d);
	return f->peer[0] ? 0 : -EINVAL;
}

static enum peer_host host(xmlNode *n)
{
	if (is(n, "unclean", "true") || is(n, "pending", "true"))
		return PEER_UNCLEAN;
	return is(n, "online", "true") ? PEER_ONLINE : PEER_DOWN;
}

int fence_read_status(struct fence_facts *f, const char *text, size_t len)
{
	xmlDoc *d = parse(text, len);
	xmlNode *top = d ? xmlDocGetRootElement(d) : NULL;

	f->quorate = false;
	f->host = PEER_ABSENT;
	for (xmlNode *n = top; n; n = next(n, top)) {
		if (named(n, "current_dc"))
			f->quorate = is(n, "with_quorum", "true");
		else if (named(n, "node") && n->parent && named(n->parent, "nodes") &&
			 is(n, "name", f->peer))
			f->host = host(n);
	}
	xmlFreeDoc(d);
	return top ? 0 : -EINVAL;
}
