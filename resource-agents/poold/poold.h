/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * taiki-poold: one thread, one loop; what may wait is done by processes of its own.
 *
 *   inotify, pidfds, QMP, timers ──► pool_stir() ──► look ──► pool_decide() ──► job
 *   reporter (CIB) ──► sources                                     ▲             │
 *                                                                  └── its end ──┘
 *
 *   source   what a standby is made from: a domain's resource, or the spares' template
 *   place    one standby's name: what is wanted there, what is seen there
 *   job      a process that makes, ends or resolves something, and dies with us
 *
 * Everything is the loop's; nothing has locks.
 */
#ifndef POOLD_H
#define POOLD_H

#include <jansson.h>
#include <qb/qbloop.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "heartbeat/lines.h"
#include "heartbeat/link.h"
#include "heartbeat/poller.h"
#include "heartbeat/timer.h"
#include "hv/config.h"
#include "hv/rundir.h"

#include "decide.h"
#include "settings.h"

#define NS_PER_MS 1000000LL

enum { WHY_MAX = 256 };

struct poold;

/* job.c: a forked process with one answer. */
struct job {
	pid_t pid;
	int result; /* memfd: rc, and what else it has to say */
	struct poller_entry end;
	/* done() - It has ended: @rc as work() returned it; @text is NUL-terminated and ours. */
	void (*done)(void *owner, int rc, char *text, size_t len);
	void *owner;
};

/* What work() writes to beside its return code. */
struct job_answer {
	int fd;
};

/*
 * job_start() - Fork; in the child work(@arg) is called with nothing of ours open but @answer,
 * and is killed after @timeout_ms and with us.  0 or -errno.
 */
int job_start(struct job *j, int (*work)(const void *arg, struct job_answer *answer),
	      const void *arg, int timeout_ms);
/* job_say() - More bytes of its answer; from work(). */
void job_say(struct job_answer *a, const void *data, size_t len);
/* job_step() - How far it is (@answer: of work()), and job_progress(): in percent, -1 not said. */
void job_step(void *answer, uint64_t done, uint64_t all);
int job_progress(const struct job *j);
/* job_forget() - Kill it; done() is not called. */
void job_forget(struct job *j);
static inline bool job_runs(const struct job *j)
{
	return j->pid > 0;
}

/* source.c: what standbys are made from. */
enum source_state {
	SOURCE_ASKED,   /* nothing known yet */
	SOURCE_KNOWN,   /* .config is what it is */
	SOURCE_BROKEN,  /* there is something, and it cannot be used: .why */
	SOURCE_MISSING, /* the cluster has no such resource; nothing is kept of what it was */
};

struct source {
	struct source *next;
	struct poold *d;
	char *resource; /* NULL: the template */
	uint32_t id;    /* of the request that asked for it */
	enum source_state state;
	char why[WHY_MAX];
	char *parameters; /* "NAME=VALUE" NUL..., as the reporter told them */
	size_t parameters_len;
	char *stamp;             /* what the text was read from, to notice that it is another one */
	struct hv_config config; /* SOURCE_KNOWN, or what it was before it broke */
	char *json, *text;       /* the same as JSON; the definition's XML */
	bool has_config;
	struct job resolving;
	bool again;   /* it has changed while it was being resolved */
	bool dropped; /* not wanted any more; freed when its job has ended */

	/* A domain's: whether it runs here. */
	enum pool_domain domain;
	int pidfd_of; /* the process that .end watches */
	struct poller_entry end;
};

int source_start(struct poold *d);
/* sources_apply() - After settings have changed: ask for what is wanted, drop the rest. */
void sources_apply(struct poold *d);
/* sources_look() - Ask again; where nothing has changed nothing happens. */
void sources_look(struct poold *d);
/* sources_pending() - Whether something is not known (yet), so that a place may belong to it. */
bool sources_pending(const struct poold *d);
/* source_see() - Whether its domain runs here. */
void source_see(struct source *s);
const char *source_state_text(enum source_state s);
void source_free(struct source *s);

/* source_read.c */
/* source_parameter() - Of its resource, as the cluster has it, or NULL. */
const char *source_parameter(const struct source *s, const char *name);
/* source_consider() - Read and resolve it, unless it is what it was. */
void source_consider(struct source *s);
/* source_broken() - It cannot be used, and @why; what it was before stays. */
void source_broken(struct source *s, enum source_state state, const char *why);
/* source_missing() - The cluster has it no more: what it was, and who is still reading it, is forgotten. */
void source_missing(struct source *s);

/* place.c: one standby. */
struct place {
	struct place *next;
	struct poold *d;
	char name[HV_NAME_MAX + 1];
	struct source *source; /* NULL: of none that is known */
	struct pool_place p;
	char why[WHY_MAX]; /* what went wrong last */
	unsigned failures;
	struct hb_timer settled; /* it has been ready for long enough */
	bool was_here;

	/* The process that is there. */
	char incarnation[40];
	pid_t pid;
	bool expected; /* there is one, or was, and nobody of us has ended it */
	bool checked;  /* .p.stale is of this incarnation */
	int64_t began; /* ms */
	bool hello;    /* the guest has said that it is booted */
	bool role_port;
	struct poller_entry end; /* its pidfd; .fd -1: none */
	struct link qmp;
	struct lines lines;
	int64_t pinged, heard; /* ms; pinged 0: nothing asked */
	bool eased;            /* its priority is still that of a booting guest */

	/* work.c's; its process has a copy of everything. */
	struct job job;
	enum pool_do doing;
	bool doing_failed;
};

struct place *place_find(struct poold *d, const char *name);
struct place *place_add(struct poold *d, const char *name);
/* places_look() - Everything that can be seen of all of them; adds what is found, drops what is no more. */
void places_look(struct poold *d);

/* guest.c: what the guest in a place says. */
void guest_watch(struct place *p);
void guest_unwatch(struct place *p);
void guest_ask(struct place *p);
/* guest_ready() - It counts as booted. */
void guest_ready(struct place *p);
void guest_ping(struct poold *d);

/* step.c */
/* pool_stir() - Something has happened: look and act, a moment later. */
void pool_stir(struct poold *d);
/* step_failed() - This place has: it is tried again, the later the more often it happens. */
void step_failed(struct place *p, const char *what, const char *why);

/* publish.c: what the cluster is told. */
int publish_start(struct poold *d);
void publish(struct poold *d);
/* publish_again() - Tell all of it again. */
void publish_again(struct poold *d);
/* publish_end() - Withdraw everything, for at most @ms. */
void publish_end(struct poold *d, int ms);
void publish_answered(struct poold *d, uint32_t id, int rc);

/* control.c, status.c: who asks. */
int control_start(struct poold *d);
/* status_json() - @passing: with what changes all the time, ages and how far a copy is. */
json_t *status_json(struct poold *d, bool passing);

/* news.c: RUN/.poold.news is replaced when status_json() has changed, for who watches. */
void news(struct poold *d);

/* work.c: what a job does about a place; @arg is the struct place.  -EBUSY: not now. */
int work_launch(const void *arg, struct job_answer *a);
int work_kill(const void *arg, struct job_answer *a);
int work_clean(const void *arg, struct job_answer *a);
/* tend.c: now and then; @arg is the struct poold. */
int work_tend(const void *arg, struct job_answer *a);
/* work_ease() - A guest that has booted takes its turns at disks as any other. */
void work_ease(pid_t pid);

/* watch.c: the run root. */
int watch_start(struct poold *d);
int watch_dir(struct poold *d, const char *name);

/* main.c */
int pool_reload(struct poold *d, struct hv_error *err);
int64_t pool_now(void); /* CLOCK_MONOTONIC, ms */

struct poold {
	qb_loop_t *loop;
	struct pool_settings settings;
	int reporter;
	uint32_t last_id;
	char node[64]; /* as the cluster calls us, "" not known */
	bool fencing;
	int inotify, root_watch;
	struct source *sources;
	struct place *places;
	struct hb_timer stir, wake, ping;
	struct job tending;
	bool ending;
};

#endif
