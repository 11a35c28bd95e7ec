/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks of a configuration that have a file of their own; each 0, or -EINVAL with @err. */
#ifndef HV_LIB_CONFIG_CHECK_H
#define HV_LIB_CONFIG_CHECK_H

#include "hv/config.h"

/* config_heartbeat.c; after names and channels have been checked. */
int hv_check_heartbeat(const struct hv_config *c, struct hv_error *err);
int hv_check_watchdog(const struct hv_config *c, struct hv_error *err);
int hv_check_fencing(const struct hv_config *c, struct hv_error *err);

/* config_standby.c; after names, sizes and channels have been checked. */
int hv_check_standby(const struct hv_config *c, struct hv_error *err);
int hv_check_minimum(const struct hv_config *c, struct hv_error *err);
int hv_check_roles(const struct hv_config *c, struct hv_error *err);

/* config_check.c: whether @shares and @quota (0: not given) can be a control group's; @what names them. */
int hv_check_share(const char *name, const char *what, uint64_t shares, int64_t quota,
		   struct hv_error *err);

/* config_tune.c: rate limits and pins. */
int hv_check_tune(const struct hv_config *c, struct hv_error *err);

#endif
