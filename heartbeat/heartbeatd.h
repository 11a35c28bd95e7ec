/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * taiki-heartbeatd's own structures.  One thread, one loop (libqb's): whatever
 * is here belongs to it.  Times are CLOCK_MONOTONIC nanoseconds.
 *
 *   run.c        which domains there are          domain.c   one of them
 *   evidence_*   what is seen of it               detector.c what that means (pure)
 *   act.c        what follows from a verdict      report*.c  telling Pacemaker
 *   state.c      what outlives the daemon         control.c  who asks
 */
#ifndef HEARTBEAT_HEARTBEATD_H
#define HEARTBEAT_HEARTBEATD_H

#include <qb/qbloop.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "hv/config.h"

#include "report.h"

enum { DOMAINS_MAX = 1024 };

struct hbd;

/* Where a report stands. */
enum report_phase {
	REPORT_NONE,
	REPORT_WANTED,  /* to be sent, or sent again, at `next` */
	REPORT_WAITING, /* sent; the answer is due by `next` */
	REPORT_DONE,    /* the controller has it */
	REPORT_ENDED,   /* there is nothing to report (any more): `step` says why */
};

struct report {
	enum report_phase phase;
	enum report_step step;
	uint32_t id;    /* of the last request */
	unsigned tries; /* requests so far */
	int64_t verdict_at, sent_at, acked_at, next;
	qb_loop_timer_handle timer;
	char node[64]; /* what the cluster calls this host */
	int error;     /* of the last try */
};

struct domain {
	struct domain *next;
	struct hbd *d;
	char name[HV_NAME_MAX + 1];
	int watch; /* inotify's, of RUN/NAME */

	char incarnation[INCARNATION_MAX]; /* "": none is known */
	char resource[RESOURCE_MAX];       /* "": none */
	pid_t pid;
	int pidfd; /* -1: gone, or not there yet */
	struct hv_heartbeat settings;
	struct report report;
};

struct hbd {
	qb_loop_t *loop;
	int inotify, run_watch;
	int reporter; /* socket to the reporter's worker */
	uint32_t last_id;
	struct domain *domains;
	unsigned ndomains;
};

int64_t now_ns(void);

/* run.c */
int run_watch_start(struct hbd *d);
/* run_rescan() - Look at the run root and at every domain anew. */
void run_rescan(struct hbd *d);

/* domain.c */
struct domain *domain_add(struct hbd *d, const char *name);
void domain_remove(struct domain *dom);
struct domain *domain_find(struct hbd *d, const char *name);
/* domain_look() - Read its run directory: a new incarnation is taken up, a vanished process noticed. */
void domain_look(struct domain *dom);

/* tell.c */
int tell_start(struct hbd *d);
/* tell_failed() - Its incarnation has failed: tell who has to know, once. */
void tell_failed(struct domain *dom);
void tell_forget(struct domain *dom);

#endif
