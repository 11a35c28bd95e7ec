/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HV_LIB_CAPACITY_MEASURE_H
#define HV_LIB_CAPACITY_MEASURE_H

#include "hv/capacity.h"

struct hv_measured {
	struct hv_room room;
	char memory_from[128], cpu_from[128];
};

/*
 * hv_capacity_measure() - What the host has, by the files below @root ("" for the
 * host's own /proc and /sys).  What cannot be read does not limit; -ENODATA where there
 * is no MemTotal.
 */
int hv_capacity_measure(const char *root, struct hv_measured *out, struct hv_error *err);

#endif
