/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HV_TUNE_H
#define HV_TUNE_H

#include "hv/config.h"

/*
 * hv_tune() - Apply @c's cputune to the domain as it runs.  0; -ENOENT where it
 * has no control group of its own; -errno.
 */
int hv_tune(const struct hv_config *c, struct hv_error *err);

#endif
