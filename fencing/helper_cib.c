// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <crm/cib.h>
#include <crm/common/results.h>

#include "fencing/helper_parts.h"
#include "fencing/mark.h"
#include "hv/daemon.h"

static cib_t *cib;

static void forget(void)
{
	if (cib)
		cib_delete(cib);
	cib = NULL;
}

/* The connection is kept; one that has ended is noticed by the first call, which is then made again. */
static int connected(void)
{
	int rc;

	if (cib)
		return 0;
	cib = cib_new();
	rc = cib ? cib->cmds->signon(cib, "taiki-fenced", cib_command) : -ENOMEM;
	if (rc != pcmk_ok)
		forget();
	return rc == pcmk_ok ? 0 : rc;
}

static int query(const char *section, xmlNode **out)
{
	int rc = connected();

	*out = NULL;
	if (!rc)
		rc = cib->cmds->query(cib, section, out, cib_sync_call | cib_scope_local);
	if (rc != pcmk_ok) {
		forget();
		rc = connected();
		if (!rc)
			rc = cib->cmds->query(cib, section, out, cib_sync_call | cib_scope_local);
	}
	if (rc != pcmk_ok)
		forget();
	return rc == pcmk_ok ? 0 : rc;
}

static int write_mark(const char *id, const char *by)
{
	xmlDocPtr xml = mark_xml(id, by);
	char path[512];
	int rc;

	if (!xml)
		return -ENOMEM;
	snprintf(path, sizeof(path), MARK_PRIMITIVE_XPATH, id);
	rc = cib->cmds->modify(cib, path, xmlDocGetRootElement(xml), cib_sync_call | cib_xpath);
	xmlFreeDoc(xml);
	return rc;
}

static int lift_mark(const char *id)
{
	char path[1024];

	snprintf(path, sizeof(path), MARK_SET_XPATH, id, id);
	return cib->cmds->remove(cib, path, NULL, cib_sync_call | cib_xpath);
}

int cib_mark(const char *resource, const char *by, bool off, uint32_t timeout_ms, char *text,
	     size_t size)
{
	struct mark_facts f;
	enum mark_act act;
	xmlNode *resources;
	const char *why;
	int rc;

	if (!mark_id_ok(resource)) {
		snprintf(text, size, "\"%.64s\" cannot be a resource's name", resource);
		return -EINVAL;
	}
	rc = query("resources", &resources);
	if (!rc) {
		cib->call_timeout = (int)(timeout_ms / 1000 + 1);
		f = mark_read(resources, resource);
		act = mark_decide(&f, off, &why);
		free_xml(resources);
		if (act == MARK_REFUSE) {
			snprintf(text, size, "resource %.100s: %s", resource, why);
			return -EPERM;
		}
		rc = act == MARK_WRITE  ? write_mark(resource, by)
		     : act == MARK_LIFT ? lift_mark(resource)
					: pcmk_ok;
	}
	if (rc != pcmk_ok) {
		snprintf(text, size,
			 "resource %.100s: its target-role cannot be changed in the cluster's "
			 "configuration: %s",
			 resource, pcmk_strerror(rc));
		forget();
		return rc < 0 ? rc : -EIO;
	}
	if (!off && f.admin) {
		snprintf(text, size,
			 "resource %.100s: what fencing wrote is lifted, but an administrator's "
			 "target-role says Stopped; it is left as it is",
			 resource);
		return -EPERM;
	}
	return 0;
}

bool cib_has_fabric(void)
{
	/* Those of fence-agents that cut a host off from storage or network, and leave it running. */
	static const char *const fabric[] = {
		"fence_scsi",      "fence_mpath",
		"fence_brocade",   "fence_sanbox2",
		"fence_cisco_mds", "fence_cisco_ucs_port",
		"fence_ifmib",     "fence_bladecenter_switch",
		"fence_vixel",     "fence_mcdata",
		"fence_qlogic",    "fence_netapp",
	};
	xmlNode *resources;
	bool has = false;

	if (query("resources", &resources))
		return true; /* cannot tell: then a confirmation must not count for more than it is */
	for (size_t i = 0; i < sizeof(fabric) / sizeof(fabric[0]) && !has; i++)
		has = mark_has_type(resources, fabric[i]);
	free_xml(resources);
	return has;
}
