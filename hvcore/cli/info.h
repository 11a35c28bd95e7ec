/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the command info share. */
#ifndef HV_CLI_INFO_H
#define HV_CLI_INFO_H

#include <jansson.h>

#include "hv/config.h"

/* print_watch() - Heartbeat, watchdog, fencing, intent, verdict; @info: x-taiki-info, NULL where it is off. */
void print_watch(const char *name, const struct hv_config *c, json_t *info);

#endif
