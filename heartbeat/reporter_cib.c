// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asking the local copy of the CIB.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <crm/cib.h>
#include <crm/common/xml.h>

#include "hv/daemon.h"

#include "reporter_cib.h"

static cib_t *cib; /* kept open */
static bool tells; /* of its changes */

void cib_forget(void)
{
	tells = false;
	if (cib) {
		cib->cmds->signoff(cib);
		cib_delete(cib);
	}
	cib = NULL;
}

int cib_connect(void)
{
	int rc;

	if (cib && cib->state != cib_disconnected)
		return 0;
	cib_forget();
	cib = cib_new();
	if (!cib)
		return -ENOMEM;
	rc = cib->cmds->signon(cib, "taiki-heartbeat", cib_query);
	if (rc)
		cib_forget();
	return rc;
}

int cib_connection(cib_t **out, void (*changed)(const char *event, xmlNode *message))
{
	int rc = cib_connect();

	if (rc)
		return rc;
	*out = cib;
	if (!tells && cib->variant != cib_file)
		rc = cib->cmds->add_notify_callback(cib, T_CIB_DIFF_NOTIFY, changed);
	tells = !rc;
	return rc;
}

/* says_no() - Whether this nvpair, or one below it, keeps everybody away. */
static bool says_no(xmlNode *node)
{
	bool no = false;

	for (xmlNode *n = node; n && !no; n = n->next) {
		const char *name = n->type == XML_ELEMENT_NODE ? crm_element_value(n, "name")
							       : NULL;
		const char *value = name ? crm_element_value(n, "value") : NULL;

		if (value)
			no = crm_is_true(value) == !!strncmp(name, "is-managed", 10);
		no = no || says_no(n->children);
	}
	return no;
}

static bool plain(const char *text)
{
	return !strpbrk(text, "'\"<>&");
}

int cib_maintenance(const char *resource, const char *node)
{
	/* A resource inherits from the groups and clones around it. */
	static const char form[] =
		"//crm_config//nvpair[@name='maintenance-mode' or @name='is-managed-default']"
		"|//node[@uname='%s']//nvpair[@name='maintenance']"
		"|//resources//*[descendant-or-self::primitive[@id='%s']]/meta_attributes"
		"/nvpair[@name='is-managed' or @name='maintenance']";
	char path[1024];
	xmlNode *out = NULL;
	int rc;

	if (!plain(resource) || !plain(node))
		return -EINVAL;
	rc = cib_connect();
	if (rc)
		return rc;
	snprintf(path, sizeof(path), form, node, resource);
	rc = cib->cmds->query(cib, path, &out, cib_scope_local | cib_sync_call | cib_xpath);
	if (rc == -ENXIO)
		return 0; /* none of them is set */
	if (rc) {
		cib_forget();
		return rc < 0 ? rc : -EIO;
	}
	rc = says_no(out);
	free_xml(out);
	return rc;
}
