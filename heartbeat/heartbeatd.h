/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * taiki-heartbeatd's own structures.  One thread, one loop (libqb's): whatever
 * is here belongs to it.  Times are CLOCK_MONOTONIC nanoseconds.
 *
 *   run.c      which domains there are        domain.c    one of them
 *   watch_*.c  what is seen of it             detector.c  what that means (pure)
 *   act.c      what follows from a verdict    tell.c      telling Pacemaker
 *   state.c    what outlives the daemon       control.c   who asks
 */
#ifndef HEARTBEAT_HEARTBEATD_H
#define HEARTBEAT_HEARTBEATD_H

#include <jansson.h>
#include <qb/qbloop.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "hv/config.h"
#include "hv/progress.h"

#include "act.h"
#include "detector.h"
#include "lines.h"
#include "link.h"
#include "report.h"
#include "state.h"
#include "timer.h"

enum { DOMAINS_MAX = 1024 };

struct hbd;

/* Where a report stands. */
enum report_phase {
	REPORT_NONE,
	REPORT_WANTED,  /* to be sent, or sent again */
	REPORT_WAITING, /* sent; the answer is due */
	REPORT_DONE,    /* the controller has it */
	REPORT_ENDED,   /* there is nothing to report (any more): .step says why */
};

struct report {
	enum report_phase phase;
	enum report_step step;
	uint32_t id;    /* of the last request */
	unsigned tries; /* requests so far */
	int64_t verdict_at, sent_at, acked_at;
	struct hb_timer timer;
	char node[64]; /* what the cluster calls this host */
	int error;     /* of the last try */
};

/* What its QMP server is asked and says. */
struct qmp_watch {
	struct link link;
	struct lines lines;
	bool asked; /* query-status is on its way: a sign of life is due */
	bool soft;  /* the engine is soft, so its vCPUs can be told apart from idle ones */
	uint64_t events;
	int64_t reset_at; /* a reset in place was asked for; 0: not */
};

struct beat_watch {
	struct link link;
	struct beat_framer framer;
};

struct agent_watch {
	struct link link;
	struct lines lines;
	struct hb_timer timer;
	uint32_t id; /* of the last ping */
	uint64_t pongs, bad;
};

/* Its threads and its page. */
struct sample_watch {
	const struct hv_progress *page;
	int main_stat;               /* /proc/PID/schedstat's descriptor, -1 */
	int vcpu_stat[HV_VCPUS_MAX]; /* the same of each vCPU's thread */
	unsigned vcpus;
	bool fresh; /* the threads are others than at the last look */
	unsigned looks;
};

struct domain {
	struct domain *next;
	struct hbd *d;
	char name[HV_NAME_MAX + 1];
	int watch; /* inotify's, of RUN/NAME */

	char incarnation[INCARNATION_MAX]; /* "": none is known */
	char resource[RESOURCE_MAX];       /* "": none */
	pid_t pid;
	int pidfd;                 /* -1: gone, or not there yet */
	struct poller_entry ended; /* of pidfd */
	struct hv_heartbeat settings;
	bool has_beats, has_agent; /* the channels are in its definition */

	struct detector det;
	struct hb_finding finding;
	struct hb_timer timer, intent_timer;
	struct qmp_watch qmp;
	struct beat_watch beats;
	struct agent_watch agent;
	struct sample_watch sample;

	struct report report;
	struct state state; /* what of it outlives the daemon */
	bool attribute_set, judging;
	uint64_t verdicts[HB_STATES]; /* how often each state was entered */
	char cause[64];               /* what QMP said last about its end, for people */
};

struct hbd {
	qb_loop_t *loop;
	int inotify, run_watch;
	int reporter; /* socket to the reporter's worker */
	uint32_t last_id;
	struct domain *domains;
	unsigned ndomains;

	/* Whether we look: host.c. */
	struct hb_timer tick;
	int64_t started, attended, late_most, late_last, blind;
	uint64_t stalls, ticks, steal;
	int stat; /* /proc/stat */
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
/* domain_judge() - What all of it amounts to now, and what follows. */
void domain_judge(struct domain *dom);
/* domain_save() - Write what outlives the daemon. */
void domain_save(struct domain *dom);

/* host.c */
int host_start(struct hbd *d);
/*
 * attend() - The time, for whoever is about to believe evidence: if the daemon did not run
 * for a while, every domain is excused for it first.
 */
int64_t attend(struct hbd *d);

/* watch_qmp.c */
void qmp_watch_open(struct domain *dom);
void qmp_watch_close(struct domain *dom);
/* qmp_watch_ask() - Ask for its state, which is a sign of life, unless it was asked. */
void qmp_watch_ask(struct domain *dom);
/* qmp_watch_reset() - Reset the guest in place.  0 (asked; RESET says that it was) or -errno. */
int qmp_watch_reset(struct domain *dom);

/* watch_beats.c */
void beat_watch_open(struct domain *dom);
void beat_watch_close(struct domain *dom);

/* watch_agent.c */
void agent_watch_open(struct domain *dom);
void agent_watch_close(struct domain *dom);

/* watch_sample.c */
void sample_watch_open(struct domain *dom);
void sample_watch_close(struct domain *dom);
void sample_watch_threads(struct domain *dom, const pid_t *threads, unsigned n);
void sample_watch_take(struct domain *dom, int64_t now);

/* act_do.c */
/* act_changed() - State or reason have changed from @before. */
void act_changed(struct domain *dom, enum hb_state before);
/* act_reset_failed() - A reset in place did not come about. */
void act_reset_failed(struct domain *dom, const char *why);

/* tell.c */
int tell_start(struct hbd *d);
/* tell_failed() - Its incarnation has failed: tell who has to know, once. */
void tell_failed(struct domain *dom);
/* tell_look() - Its run directory has changed: what waited may go on. */
void tell_look(struct domain *dom);
void tell_forget(struct domain *dom);
/* tell_attribute() - The node attribute of the domain, "": deleted. */
void tell_attribute(struct domain *dom, const char *value);

/* journal.c */
/* journal_add() - @entry (stolen) about @dom, with the time. */
void journal_add(const struct domain *dom, const char *event, json_t *entry);

/* status.c */
json_t *status_json(struct hbd *d, const char *name);

/* control.c */
int control_start(struct hbd *d);

#endif
