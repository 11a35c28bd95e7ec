// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/xpath.h>

#include "cib.h"
#include "cluster_macs.h"
#include "hv/definition.h"
#include "hvcore/lib/mac.h"

/* definition() - That of @resource, in @d; -errno: it cannot be had. */
static int definition(struct hv_definition *d, xmlNodePtr resource)
{
	xmlNodePtr packed = cib_nvpair(resource, "instance_attributes", "definition");
	xmlNodePtr config = packed ? NULL : cib_nvpair(resource, "instance_attributes", "config");
	char *value = packed   ? cib_attr(packed, "value")
		      : config ? cib_attr(config, "value")
			       : NULL;
	char *text = NULL;
	size_t len = 0;
	int rc = -ENOENT;

	if (value)
		rc = packed ? hv_definition_decode(value, &text, &len, NULL)
			    : hv_definition_read(value, &text, &len, NULL);
	xmlFree(value);
	if (!rc)
		rc = hv_definition_parse(d, text, len, "", NULL);
	free(text);
	return rc;
}

static int compare(const struct hv_config *a, const struct hv_config *b, struct hv_error *err)
{
	char text[MAC_TEXT];

	for (unsigned i = 0; i < a->nnics; i++)
		for (unsigned j = 0; j < b->nnics; j++) {
			if (memcmp(a->nic[i].mac, b->nic[j].mac, sizeof(a->nic[i].mac)) != 0)
				continue;
			mac_print(a->nic[i].mac, text);
			return hv_err(
				err, -EADDRINUSE,
				"domain %s: the MAC address %s of its interface %u is that of "
				"domain %s of this cluster; give it another <mac address=.../>, or "
				"none: one is then made from its name",
				a->name, text, i, b->name);
		}
	return 0;
}

int cluster_macs(xmlDocPtr cib, const struct hv_config *c, struct hv_error *err)
{
	static const char domains[] = "//resources//primitive[@provider='taiki'][@type='domain']";
	xmlXPathContextPtr ctx = c->nnics ? xmlXPathNewContext(cib) : NULL;
	xmlXPathObjectPtr found = ctx ? xmlXPathEvalExpression((const xmlChar *)domains, ctx)
				      : NULL;
	int rc = 0;

	for (int i = 0; !rc && found && found->nodesetval && i < found->nodesetval->nodeNr; i++) {
		struct hv_definition d = {0};

		if (!definition(&d, found->nodesetval->nodeTab[i]) &&
		    strcmp(d.config.name, c->name) != 0)
			rc = compare(c, &d.config, err);
		hv_definition_free(&d);
	}
	xmlXPathFreeObject(found);
	xmlXPathFreeContext(ctx);
	return rc;
}
