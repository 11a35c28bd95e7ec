// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * taiki-heartbeatd: notices at once that a guest has failed, and tells Pacemaker.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "hv/daemon.h"
#include "hv/rundir.h"

#include "heartbeatd.h"
#include "reporter.h"

enum { EXIT_SETUP = 1, EXIT_USAGE = 2, EXIT_RUNS = 3, FILES_MAX = 65536, NICE = -20 };

static const char usage[] =
	"usage: taiki-heartbeatd [--debug]\n"
	"       taiki-heartbeatd --help | --version\n"
	"Watches the domains of $TAIKI_RUN_DIR (/run/taiki) and tells Pacemaker at once of one\n"
	"that has failed.  Stays in the foreground; see taiki-heartbeatd(8).\n";

int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* 0; 1: answered; -EINVAL. */
static int parse(int argc, char **argv, int *level)
{
	static const struct option longs[] = {
		{"debug", no_argument, NULL, 'd'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{0},
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		switch (opt) {
		case 'd': *level = LOG_DEBUG; break;
		case 'h': fputs(usage, stdout); return 1;
		case 'v': puts("taiki-heartbeatd " TAIKI_VERSION); return 1;
		default: return -EINVAL;
		}
	}
	return optind == argc ? 0 : -EINVAL;
}

/* The one right that is kept: all memory is locked, also what is asked for later. */
static const int memory_right = CAP_IPC_LOCK;

/* Nothing of it is ever paged out. */
static void lock_memory(void)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY}, files = {FILES_MAX, FILES_MAX};

	setrlimit(RLIMIT_NOFILE, &files); /* some ten for each domain */
	setrlimit(RLIMIT_MEMLOCK, &all);
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		hv_log_line(LOG_WARNING,
			    "memory cannot be locked: %s; under memory pressure "
			    "verdicts may be late",
			    strerror(errno));
}

/* be_punctual() - Ahead of the guests whose punctuality it judges. */
static void be_punctual(void)
{
	if (setpriority(PRIO_PROCESS, 0, NICE))
		hv_log_line(LOG_NOTICE, "nice %d is refused (%s): under load it may be late", NICE,
			    strerror(errno));
}

static int32_t stop_signal(int32_t number, void *data)
{
	hv_log_line(LOG_NOTICE, "signal %d: ending; domains run on", (int)number);
	qb_loop_stop(data);
	return 0;
}

int main(int argc, char **argv)
{
	struct hbd d = {.inotify = -1};
	struct hv_error err;
	int level = LOG_INFO, rc = parse(argc, argv, &level);

	if (rc > 0)
		return 0;
	if (rc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	hv_log_init("taiki-heartbeatd", level);
	rc = hv_daemon_lock("heartbeatd", "watches", &err);
	if (rc) {
		hv_log_line(LOG_ERR, "%s", err.text);
		return rc == -EEXIST ? EXIT_RUNS : EXIT_SETUP;
	}
	signal(SIGPIPE, SIG_IGN);
	hv_notify_open();
	be_punctual();
	d.reporter = reporter_start();
	d.loop = qb_loop_create();
	if (d.reporter < 0 || !d.loop) {
		hv_log_line(LOG_ERR, "cannot start: %s",
			    strerror(d.reporter < 0 ? -d.reporter : errno));
		return EXIT_SETUP;
	}
	lock_memory();
	qb_loop_signal_add(d.loop, QB_LOOP_HIGH, SIGTERM, d.loop, stop_signal, NULL);
	qb_loop_signal_add(d.loop, QB_LOOP_HIGH, SIGINT, d.loop, stop_signal, NULL);
	rc = hv_privilege_drop(&memory_right, 1);
	if (!rc)
		rc = timer_start(d.loop);
	if (!rc)
		rc = poller_start(d.loop);
	if (!rc)
		rc = tell_start(&d);
	if (!rc)
		rc = host_start(&d);
	if (!rc)
		rc = control_start(&d);
	if (!rc)
		rc = run_watch_start(&d);
	if (rc) {
		hv_log_line(LOG_ERR, "%s: cannot be watched: %s", hv_run_root(), strerror(-rc));
		return EXIT_SETUP;
	}
	run_rescan(&d);
	hv_log_line(LOG_NOTICE, "watching %s, %u domains", hv_run_root(), d.ndomains);
	hv_notify_say("READY=1");
	qb_loop_run(d.loop);
	hv_notify_say("STOPPING=1");
	return 0;
}
