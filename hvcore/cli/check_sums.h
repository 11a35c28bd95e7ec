/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The times of a cluster that have to fit to each other.  Pure: numbers in, sums out.
 * All in milliseconds; 0: not set, not there.
 */
#ifndef CLI_CHECK_SUMS_H
#define CLI_CHECK_SUMS_H

#include <stddef.h>
#include <stdint.h>

struct check_times {
	int64_t token, consensus; /* as Corosync runs with them */
	int64_t stonith_timeout;  /* stonith-timeout of this cluster */
	int64_t device_timeout;   /* the longest pcmk_off_timeout or pcmk_reboot_timeout */
	int64_t device_delay;     /* the longest pcmk_delay_max, or pcmk_delay_base */
	int64_t stonith_watchdog; /* stonith-watchdog-timeout; < 0: Pacemaker computes it */
	int64_t sbd_watchdog;     /* SBD_WATCHDOG_TIMEOUT */
	int64_t stop;             /* the longest stop timeout of a domain */
	int64_t guest;            /* stonith-timeout of the cluster inside the guests */
};

enum check_verdict { CHECK_FITS, CHECK_WRONG, CHECK_UNKNOWN };

struct check_sum {
	const char *name;   /* "guest-stonith-timeout" */
	int64_t has, needs; /* it fits when has >= needs */
	enum check_verdict verdict;
	char sum[160];   /* what `needs` is made of */
	const char *why; /* what goes wrong otherwise, and what to change */
};

enum { CHECK_SUMS_MAX = 8, CHECK_KILL_MS = 5000 };

/* check_sums() - Those that concern this cluster, into @out; how many. */
size_t check_sums(const struct check_times *t, struct check_sum out[CHECK_SUMS_MAX]);

/* check_host_end() - The longest from a host's end until its fencing is confirmed. */
int64_t check_host_end(const struct check_times *t);

/*
 * check_interval() - A time as Pacemaker reads it: "30", "30s", "2min", "500ms", "PT1M30S" is not;
 * in milliseconds, or -1.
 */
int64_t check_interval(const char *text);

#endif
