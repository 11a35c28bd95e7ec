/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HV_LIB_CGROUP_PRIVATE_H
#define HV_LIB_CGROUP_PRIVATE_H

#include <stdbool.h>

#include "hv/config.h"

enum {
	DIR_BYTES = 4096,
	/* What a group has that nobody has tuned, in version 1 and 2. */
	SHARES_DEFAULT = 1024,
	PERIOD_DEFAULT = 100000,
	WEIGHT_DEFAULT = 100,
	WEIGHT_MAX = 10000,
};

/* hv_cgroup_find() - The directory of @name's group that has @file, of whichever hierarchy.  -ENOENT. */
int hv_cgroup_find(const char *name, const char *file, char dir[DIR_BYTES],
		   char group[HV_NAME_MAX + 8]);
/* hv_cgroup_cpu() - The group of @name that the cpu controller is in, of whichever version.  -ENOENT. */
int hv_cgroup_cpu(const char *name, bool *v2, char dir[DIR_BYTES], char group[HV_NAME_MAX + 8]);

#endif
