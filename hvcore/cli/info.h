/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the command info share. */
#ifndef HV_CLI_INFO_H
#define HV_CLI_INFO_H

#include <jansson.h>

#include "cli.h"
#include "hv/config.h"

/* print_watch() - Heartbeat, watchdog, fencing, intent, verdict; @info: x-taiki-info, NULL where it is off. */
void print_watch(const char *name, const struct hv_config *c, json_t *info);

/*
 * resources_of() - What the running domain may take, as it is in force: an object of
 * "memory" (x-taiki-query-memory), "cpu", "pins", "disks", "interfaces" and
 * "not-applied" (what the cluster's agent asked for in vain), each where there is one.
 */
json_t *resources_of(const struct options *o, const char *name);
/* print_resources() - The same for people. */
void print_resources(json_t *resources);

#endif
