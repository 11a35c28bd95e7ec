/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HEARTBEAT_REPORTER_CIB_H
#define HEARTBEAT_REPORTER_CIB_H

/* cib_connect() - To the local CIB, unless there is a connection.  0 or -errno. */
int cib_connect(void);

/*
 * cib_maintenance() - Whether nobody is to act on @resource on @node now: the
 * cluster, the node or the resource is in maintenance, or it is not managed.  1, 0, or
 * -errno where the CIB cannot be asked.  Blocks for a local answer.
 */
int cib_maintenance(const char *resource, const char *node);

#endif
