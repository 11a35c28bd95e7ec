/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the cluster's configuration says, by cibadmin(8).
 */
#ifndef CLI_CIB_H
#define CLI_CIB_H

#include <stdbool.h>
#include <stddef.h>

#include <libxml/tree.h>

#include "hv/config.h"

/*
 * cib_read() - The CIB, *@doc the caller's to xmlFreeDoc(): asked from the
 * cluster, or, where it is down on this host, its last copy on disk.  0;
 * -ENOENT there is no cluster on this host; -errno cannot tell.
 */
int cib_read(xmlDocPtr *doc, int timeout_ms, struct hv_error *err);

/*
 * cib_text() - The CIB as the running cluster has it, its text the caller's to free.
 * 0; -ENOTCONN the cluster does not run here; -errno.
 */
int cib_text(char **text, size_t *len, int timeout_ms, struct hv_error *err);

/* cib_write() - One change by `cibadmin OPERATION --scope resources`.  0; -EEXIST; -errno. */
int cib_write(const char *operation, const char *xml, int timeout_ms, struct hv_error *err);

/* cib_constraint() - The same for constraints; -EEXIST where one has that id. */
int cib_constraint(const char *operation, const char *xml, int timeout_ms, struct hv_error *err);

/* cib_domain() - The ocf:taiki:domain primitive of domain @name, or NULL. */
xmlNodePtr cib_domain(xmlDocPtr doc, const char *name);
/* cib_resource() - The resource with that id, of whatever kind, or NULL. */
xmlNodePtr cib_resource(xmlDocPtr doc, const char *id);

/* cib_nvpair() - The nvpair @name in @set ("instance_attributes") of @resource, or NULL. */
xmlNodePtr cib_nvpair(xmlNodePtr resource, const char *set, const char *name);
/* cib_attr() - Attribute @name of @node, the caller's to xmlFree(), or NULL. */
char *cib_attr(xmlNodePtr node, const char *name);

/* cib_fencing() - Whether fencing is on: stonith-enabled (fencing-enabled), true by default. */
bool cib_fencing(xmlDocPtr doc);

#endif
