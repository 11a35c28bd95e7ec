/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HV_TUNE_H
#define HV_TUNE_H

#include "hv/config.h"

/*
 * hv_tune() - Apply what @c's cputune names to the domain as it runs;
 * what is 0 stays as it is.  0; -ENOENT where it has no control group of its own; -errno.
 */
int hv_tune(const struct hv_config *c, struct hv_error *err);

#endif
