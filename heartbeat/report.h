/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telling Pacemaker: what of it is a decision.  A report is made once per
 * incarnation, after the run directory was read again, and is tried again while
 * the controller cannot be reached, until it is void.
 */
#ifndef HEARTBEAT_REPORT_H
#define HEARTBEAT_REPORT_H

#include <stdbool.h>
#include <stdint.h>

enum { INCARNATION_MAX = 40, RESOURCE_MAX = 256 };

/* What the run directory says now, and what the verdict was about. */
struct report_view {
	const char *judged;      /* the incarnation that was found failed */
	const char *incarnation; /* the one the run directory names, NULL: none */
	const char *resource;    /* whose it is, NULL: no cluster's */
	bool intended;           /* the agent has announced that it ends or moves it */
	bool recovered;          /* it is not failed any more */
	bool was_owned;          /* it had a resource when it was found failed */
	bool starting;           /* somebody starts or ends it at this moment */
	bool reported;           /* this incarnation was reported before */
	bool notify_only;        /* the administrator wants no more than to be told */
};

enum report_step {
	REPORT_SEND,        /* to the controller, now */
	REPORT_LATER,       /* look again soon */
	REPORT_NOBODY,      /* no cluster's domain: attribute and log are all there is */
	REPORT_NOTIFIED,    /* as the administrator chose: attribute and log */
	REPORT_REPEATED,    /* it knows already */
	REPORT_INTENDED,    /* the agent ends or moves it itself; look again when that is over */
	REPORT_RECOVERED,   /* it came back by itself */
	REPORT_MAINTENANCE, /* (by the reporter) nobody is to act on it now; look again */
	REPORT_OUTRUN,      /* it has been started anew, or was stopped: nothing to recover */
	REPORT_STEPS
};

enum report_step report_decide(const struct report_view *v);

/* report_step_text() - For the log and `taiki-heartbeat status`. */
const char *report_step_text(enum report_step s);

/* report_backoff() - Nanoseconds until the @tries'th (1, 2, ...) repetition. */
int64_t report_backoff(unsigned tries);

#endif
