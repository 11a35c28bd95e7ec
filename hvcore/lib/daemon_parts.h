/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HV_LIB_DAEMON_PARTS_H
#define HV_LIB_DAEMON_PARTS_H

#include <sys/types.h>

/* hv_die_with() - Be killed when @parent ends; _exit(0) if it has ended already. */
void hv_die_with(pid_t parent);

#endif
