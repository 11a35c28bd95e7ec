/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --watch: what is so, and again each time that it has changed, until --timeout or a signal.
 *
 * The kernel says when: something in the run root or in a run directory was replaced, came or went
 * (inotify), or a process that holds one has ended (pidfd).  Nothing is asked as long as
 * nothing happens.
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include <sys/types.h>

#include "cli.h"

struct watched {
	/*
	 * look() - What is so now, as a document (stolen); NULL: it cannot be told, and why was printed.
	 * *@again: look again in so many ms though nothing happens; left 0: never.
	 * *@pid: one more process whose end is news; left 0: none.
	 */
	json_t *(*look)(void *arg, int *again, pid_t *pid);
	/* print() - For people: what look() has found last, @o. */
	void (*print)(void *arg, const json_t *o);
	const char *const *passing; /* keys whose values are no news, NULL at the end */
	void *arg;
};

/* watch() - An exit code: HV_EXIT_OK when --timeout is over, HV_EXIT_FAILED. */
int watch(const struct options *o, const struct watched *w);

#endif
