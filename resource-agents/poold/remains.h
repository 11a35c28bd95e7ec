/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POOL_REMAINS_H
#define POOL_REMAINS_H

#include "hv/config.h"

/*
 * run_dir_remove() - Remove RUN/NAME with all that is in it.  The caller has its turn, and no
 * process is in it.  0 or -errno with @err.
 */
int run_dir_remove(const char *name, struct hv_error *err);

#endif
