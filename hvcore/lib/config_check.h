/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks of a configuration that have a file of their own; each 0, or -EINVAL with @err. */
#ifndef HV_LIB_CONFIG_CHECK_H
#define HV_LIB_CONFIG_CHECK_H

#include "hv/config.h"

/* config_heartbeat.c; after names and channels have been checked. */
int hv_check_heartbeat(const struct hv_config *c, struct hv_error *err);
int hv_check_watchdog(const struct hv_config *c, struct hv_error *err);
int hv_check_fencing(const struct hv_config *c, struct hv_error *err);

#endif
