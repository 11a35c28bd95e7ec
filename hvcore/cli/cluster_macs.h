/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A MAC address belongs to one domain of the whole cluster: two that share one take each other's frames,
 * whichever hosts they run on.
 */
#ifndef CLI_CLUSTER_MACS_H
#define CLI_CLUSTER_MACS_H

#include <libxml/tree.h>

#include "hv/config.h"

/*
 * cluster_macs() - 0, or -EADDRINUSE with the domain of the configuration @cib that has an address of @c
 * named.  Whose definition cannot be read here, a file that only other hosts have, is passed over.
 */
int cluster_macs(xmlDocPtr cib, const struct hv_config *c, struct hv_error *err);

#endif
