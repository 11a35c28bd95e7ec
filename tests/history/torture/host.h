/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What make.c needs of host.c. */
#ifndef MIRROR_TORTURE_HOST_H
#define MIRROR_TORTURE_HOST_H

#include <jansson.h>

#include "tests/history/torture/torture.h"

/* host_run() - A process, whose output goes to @log.  host_finish() - It ends well.  host_reap() - It ends. */
pid_t host_run(char *const argv[], const char *log);
void host_finish(const char *what, pid_t pid);
void host_reap(pid_t *pid);

/* host_reap_strays() - What a process has left behind ends with it. */
void host_reap_strays(void);

/* host_mirror_up() - The daemon, with its disk in folder @where; waits until it answers. */
void host_mirror_up(struct host *h, const char *where);
void host_disk_down(struct host *h);

/* host_ask_with() - @arguments are taken over; what it returns is the caller's.  NULL: *@why says. */
json_t *host_ask_with(struct host *h, const char *command, json_t *arguments, unsigned ms,
		      int *why);

#endif
