/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting, asking and ending one of Taiki's daemons (hv/daemon.h is its own side of
 * it), for the agents that make it a cluster's resource.
 *
 * One holds RUN/.NAME.lock for life, answers a line with one JSON document and the end of the
 * connection on RUN/.NAME.sock, and says READY=1 as to systemd (sd_notify(3)) when
 * it is started.
 */
#ifndef HV_DAEMON_CONTROL_H
#define HV_DAEMON_CONTROL_H

#include <stdint.h>
#include <sys/types.h>

#include "hv/config.h"

struct hv_daemon {
	const char *name;     /* "heartbeatd", as hv_daemon_lock() has it */
	const char *program;  /* "taiki-heartbeatd", beside ours, */
	const char *variable; /* ... or what this environment variable names, */
	const char *path;     /* ... or here */
	const char
		*group; /* its control group below taiki.slice; no domain's name: ".heartbeatd" */
	int oom_score;  /* for oom_score_adj(5): -900 is among the last to be chosen */
	const char *const *arguments; /* after its own name, up to NULL; NULL: none */
};

enum { HV_DAEMON_ARGUMENTS_MAX = 62 };

enum {
	HV_DAEMON_RUNS = 3, /* what it exits with where there is another */
	HV_DAEMON_ANSWER_MAX = 16 * 1024 * 1024,
};

/* All deadlines are CLOCK_MONOTONIC in milliseconds. */

/*
 * hv_daemon_holder() - Whether somebody holds its lock: 1, 0 or -errno.  *@pid: what the holder
 * wrote into it, 0 if nothing.
 */
int hv_daemon_holder(const struct hv_daemon *d, pid_t *pid);

/*
 * hv_daemon_ask() - Its answer to @question (a line with its newline): NUL-terminated, the
 * caller's to free; @answer may be NULL.  *@pid (may be NULL): whose socket it is, also if it
 * is silent.  0; -ETIMEDOUT; -ESRCH it has ended, before or meanwhile; -ENOENT, -ECONNREFUSED
 * its lock is held and nobody serves it; -EPROTO; -errno.
 */
int hv_daemon_ask(const struct hv_daemon *d, const char *question, int64_t deadline, char **answer,
		  pid_t *pid);

/*
 * hv_daemon_spawn() - Run it in a session and a control group of its own, and wait until it
 * says that it is ready.  It gets $TAIKI_*, $PATH and nothing else of our environment,
 * and @logfile (absolute) to append to.  0; -EEXIST there is another; -ENOEXEC its program is
 * not there or cannot be executed; -EACCES @logfile cannot be opened; -ETIMEDOUT it was not ready
 * and is killed; -EIO it ended; -errno.  @err says it.
 */
int hv_daemon_spawn(const struct hv_daemon *d, const char *logfile, int64_t deadline,
		    struct hv_error *err);

/*
 * hv_daemon_end() - SIGTERM to @pid if it is this daemon, after half the time SIGKILL, and proof: the
 * process is gone and the lock is free.  0; -ETIMEDOUT, -errno: not proven.
 */
int hv_daemon_end(const struct hv_daemon *d, pid_t pid, int64_t deadline);

#endif
