// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cib.h"
#include "hv/command.h"
#include "hv/definition.h"

static const char last_copy[] = "/var/lib/pacemaker/cib/cib.xml";

/* cibadmin's exit codes (crm_exit(3)): what is there already, and nobody there. */
enum { CRM_EX_EXISTS = 108, CRM_EX_DISCONNECT = 102 };

static int from_disk(xmlDocPtr *doc, struct hv_error *err)
{
	if (access(last_copy, F_OK))
		return hv_err(err, -ENOENT, "there is no cluster on this host");
	*doc = xmlReadFile(last_copy, NULL,
			   XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	return *doc ? 0
		    : hv_err(err, -EIO, "%s: the cluster's last configuration cannot be read",
			     last_copy);
}

int cib_text(char **text, size_t *len, int timeout_ms, struct hv_error *err)
{
	static const char *const argv[] = {"cibadmin", "--query", "--local", NULL};
	struct hv_command cmd = {.argv = argv, .timeout_ms = timeout_ms};
	int rc = hv_command(&cmd, text, len, err);

	if (rc == 0)
		return 0;
	free(*text);
	*text = NULL;
	if (rc == -ENOENT)
		return hv_err(err, -ENOTCONN, "there is no cluster on this host");
	return rc > 0 ? hv_err(err, -ENOTCONN,
			       "the cluster does not run on this host; start it first")
		      : rc;
}

int cib_read(xmlDocPtr *doc, int timeout_ms, struct hv_error *err)
{
	static const char *const argv[] = {"cibadmin", "--query", "--local", NULL};
	struct hv_command cmd = {.argv = argv, .timeout_ms = timeout_ms};
	char *text = NULL;
	size_t len = 0;
	int rc = hv_command(&cmd, &text, &len, err);

	*doc = NULL;
	if (rc == 0) {
		*doc = xmlReadMemory(text, (int)len, "cib", NULL,
				     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
					     XML_PARSE_HUGE);
		if (!*doc)
			rc = hv_err(err, -EIO, "cibadmin: its answer is not XML");
	} else if (rc > 0 || rc == -ENOENT) {
		rc = from_disk(doc, err);
	}
	free(text);
	return rc;
}

static int change(const char *operation, const char *scope, const char *xml, int timeout_ms,
		  struct hv_error *err)
{
	const char *argv[] = {"cibadmin", operation, "--scope", scope, "--xml-pipe", NULL};
	struct hv_command cmd = {.argv = argv,
				 .input = xml,
				 .input_len = strlen(xml),
				 .timeout_ms = timeout_ms,
				 .keep_stderr = true};
	int rc = hv_command(&cmd, NULL, NULL, err);

	if (rc == CRM_EX_EXISTS)
		return hv_err(err, -EEXIST, "the cluster has it already");
	if (rc == CRM_EX_DISCONNECT)
		return hv_err(err, -ENOTCONN,
			      "the cluster does not run on this host; start it first");
	return rc > 0 ? hv_err(err, -EIO, "cibadmin %s failed with exit code %d", operation, rc)
		      : rc;
}

int cib_write(const char *operation, const char *xml, int timeout_ms, struct hv_error *err)
{
	int rc = change(operation, "resources", xml, timeout_ms, err);

	return rc == -EEXIST ? hv_err(err, rc, "the cluster has a resource of that name already")
			     : rc;
}

int cib_constraint(const char *operation, const char *xml, int timeout_ms, struct hv_error *err)
{
	return change(operation, "constraints", xml, timeout_ms, err);
}

char *cib_attr(xmlNodePtr node, const char *name)
{
	return (char *)xmlGetNoNsProp(node, (const xmlChar *)name);
}

static bool attr_is(xmlNodePtr node, const char *name, const char *value)
{
	char *is = cib_attr(node, name);
	bool same = is && !strcmp(is, value);

	xmlFree(is);
	return same;
}

static bool named(xmlNodePtr node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, name);
}

xmlNodePtr cib_nvpair(xmlNodePtr resource, const char *set, const char *name)
{
	for (xmlNodePtr s = resource->children; s; s = s->next)
		for (xmlNodePtr p = named(s, set) ? s->children : NULL; p; p = p->next)
			if (named(p, "nvpair") && attr_is(p, "name", name))
				return p;
	return NULL;
}

/* The domain a resource runs: what its definition, or its definition's file, is called. */
static char *domain_name(xmlNodePtr primitive)
{
	xmlNodePtr packed = cib_nvpair(primitive, "instance_attributes", "definition");
	xmlNodePtr file = cib_nvpair(primitive, "instance_attributes", "config");
	xmlNodePtr pair = packed ? packed : file;
	char *value = pair ? cib_attr(pair, "value") : NULL, *text = NULL, *name = NULL;
	struct hv_definition d = {0};
	size_t len;
	int rc = -1;

	if (value)
		rc = packed ? hv_definition_decode(value, &text, &len, NULL)
			    : hv_definition_read(value, &text, &len, NULL);
	/* A refused definition has its name all the same, but nowhere to run. */
	if (!rc && !hv_definition_parse(&d, text, len, "definition", NULL))
		name = strdup(d.config.name);
	hv_definition_free(&d);
	free(text);
	xmlFree(value);
	return name;
}

typedef bool matcher(xmlNodePtr resource, const char *want);

static bool is_domain(xmlNodePtr r, const char *want)
{
	char *name;
	bool same;

	if (!named(r, "primitive") || !attr_is(r, "provider", "taiki") ||
	    !attr_is(r, "type", "domain"))
		return false;
	if (attr_is(r, "id", want))
		return true;
	name = domain_name(r);
	same = name && !strcmp(name, want);
	free(name);
	return same;
}

static bool has_id(xmlNodePtr r, const char *want)
{
	return attr_is(r, "id", want);
}

static xmlNodePtr search(xmlDocPtr doc, const char *xpath, matcher *match, const char *want)
{
	xmlXPathContextPtr ctx = xmlXPathNewContext(doc);
	xmlXPathObjectPtr found = ctx ? xmlXPathEvalExpression((const xmlChar *)xpath, ctx) : NULL;
	xmlNodePtr result = NULL;

	for (int i = 0; found && found->nodesetval && !result && i < found->nodesetval->nodeNr; i++)
		if (match(found->nodesetval->nodeTab[i], want))
			result = found->nodesetval->nodeTab[i];
	xmlXPathFreeObject(found);
	xmlXPathFreeContext(ctx);
	return result;
}

xmlNodePtr cib_domain(xmlDocPtr doc, const char *name)
{
	return search(doc, "/cib/configuration/resources//primitive", is_domain, name);
}

xmlNodePtr cib_resource(xmlDocPtr doc, const char *id)
{
	return search(doc, "/cib/configuration/resources//*[@id]", has_id, id);
}

static bool is_fencing_property(xmlNodePtr pair, const char *want)
{
	(void)want;
	return attr_is(pair, "name", "stonith-enabled") || attr_is(pair, "name", "fencing-enabled");
}

bool cib_fencing(xmlDocPtr doc)
{
	static const char *const off[] = {"false", "off", "no", "n", "0"};
	xmlNodePtr pair = search(doc, "/cib/configuration/crm_config/cluster_property_set/nvpair",
				 is_fencing_property, NULL);
	char *value = pair ? cib_attr(pair, "value") : NULL;
	bool on = true;

	for (size_t i = 0; value && i < sizeof(off) / sizeof(off[0]); i++)
		on = on && strcasecmp(value, off[i]) != 0;
	xmlFree(value);
	return on;
}
