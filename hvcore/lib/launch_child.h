/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HV_LIB_LAUNCH_CHILD_H
#define HV_LIB_LAUNCH_CHILD_H

#include <sys/types.h>

#include "hv/launch.h"

/* A process that is not our child; its session tells it from one that got its number later. */
struct hv_child {
	pid_t pid, session;
};

/*
 * hv_launch_child() - Run @binary for @l, by way of a child that ends at once,
 * so that the domain belongs to init and not to its starter.  @config and
 * @status are the descriptors it is handed.  *@child is the domain's process.
 */
int hv_launch_child(const struct hv_launch *l, const char *binary, int config, int status,
		    struct hv_child *child, struct hv_error *err);

/* hv_launch_abort() - Kill a start that failed, and wait for its end for a while. */
void hv_launch_abort(const struct hv_child *child);

#endif
