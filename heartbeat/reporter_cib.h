/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HEARTBEAT_REPORTER_CIB_H
#define HEARTBEAT_REPORTER_CIB_H

#include <crm/cib.h>

/* cib_connect() - To the local CIB, unless there is a connection.  0 or -errno. */
int cib_connect(void);

/*
 * cib_maintenance() - Whether nobody is to act on @resource on @node now: the
 * cluster, the node or the resource is in maintenance, or it is not managed.  1, 0, or
 * -errno where the CIB cannot be asked.  Blocks for a local answer.
 */
int cib_maintenance(const char *resource, const char *node);

/*
 * cib_connection() - The connection itself, made if need be.  @changed is called from
 * glib's loop whenever the CIB has changed, for as long as the connection lives.
 */
int cib_connection(cib_t **out, void (*changed)(const char *event, xmlNode *message));

/* cib_forget() - End the connection, if there is one. */
void cib_forget(void);

#endif
