/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TAIKI_FENCE_CLUSTER_NAME_H
#define TAIKI_FENCE_CLUSTER_NAME_H

#include <stddef.h>
#include <stdint.h>

/*
 * cluster_name() - What Pacemaker calls node @nodeid of Corosync, which is this host: its name
 * in the nodelist, or the host's own where it has none there.  0, -ENOTCONN, -ENAMETOOLONG.
 */
int cluster_name(uint32_t nodeid, char *out, size_t size);

/*
 * cluster_detection_ms() - How long after its end a node may still be thought a member:
 * token and consensus as Corosync runs with them.  -ENOTCONN.
 */
int cluster_detection_ms(void);

#endif
