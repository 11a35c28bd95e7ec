/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner: what becomes of every domain when hosts are lost, all at once.
 * Pure: numbers in, numbers out (`hv plan` reads them from the cluster).
 *
 * It places as Pacemaker does, in Pacemaker's order:
 *
 *   1. what has the higher priority first; then what has the higher score where
 *      it runs now; then the higher scores on the roomiest hosts; then as the
 *      configuration lists it.  What runs on a lost host keeps its place in that
 *      order where hosts are fenced, and comes last where they are not.
 *   2. each goes to the host with the highest score among those with room for
 *      what is booked for it (and for all that is bound to it by INFINITY); then
 *      where it runs; then (balanced) to the roomiest; then to the one with the
 *      fewest resources; then by name.
 *
 * It can differ from Pacemaker where a plan does not depend on it, and says so
 * in hv-plan(8): hosts that beat one another in a circle by two bookings
 * (Pacemaker's choice then depends on the order of a hash table), preferences
 * that reach a resource over more than one colocation, and what the reader of
 * the configuration names as not understood.
 *
 * Room is then shared on each host as its ledger shares it: every domain in
 * full, or those of the lowest shrink priority down to their minimum.
 *
 * Strings belong to the caller throughout.
 */
#ifndef HV_PLAN_H
#define HV_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/config.h"

/* The utilization attributes that Taiki books with. */
#define HV_UTIL_MEMORY "taiki-memory" /* MiB */
#define HV_UTIL_CPU    "taiki-cpu"    /* percent of one processor */

/* Node attributes: what a host can give (its reporter, `hv plan --publish`), and what waits (its pool). */
#define HV_ATTR_CAPACITY_MEMORY "taiki-capacity-memory" /* MiB */
#define HV_ATTR_CAPACITY_CPU    "taiki-capacity-cpu" /* percent of one processor, or "unlimited" */
#define HV_ATTR_TWIN            "taiki-twin-"        /* NAME; 1: it is ready to be adopted */
#define HV_ATTR_SPARES          "taiki-spares"       /* how many are ready */

/* What twin rules prefer by, and the stickiness that has to be above it. */
#define HV_META_HOME    "taiki-home"    /* meta attribute: where a domain is at home */
#define HV_META_PROMISE "taiki-promise" /* ...and where it goes when that is lost */
enum { HV_SCORE_TWIN = 100, HV_SCORE_SPARE = 50, HV_SCORE_STICKINESS = 1000 };

enum {
	HV_PLAN_MEMORY,    /* MiB */
	HV_PLAN_CPU,       /* percent of one processor */
	HV_PLAN_KINDS = 6, /* and others by whatever name */
	HV_PLAN_OURS = 2,
	HV_PLAN_HOSTS_MAX = 64,
	HV_PLAN_LOST_MAX = 4,
	HV_PLAN_INFINITY = 1000000,
	HV_PLAN_COLOCATIONS_MAX = 4096,
	HV_PLAN_CPU_UNLIMITED = 1000000, /* what a host books whose CPU nobody limits */
};
#define HV_PLAN_UNKNOWN INT64_MAX /* a capacity that nobody has said */

enum hv_plan_strategy { HV_PLAN_DEFAULT, HV_PLAN_UTILIZATION, HV_PLAN_BALANCED, HV_PLAN_MINIMAL };

struct hv_plan_host {
	const char *name;
	bool up;                         /* online, and neither standby nor in maintenance */
	int64_t capacity[HV_PLAN_KINDS]; /* what can be booked; HV_PLAN_UNKNOWN */
	unsigned spares;                 /* ready */
};

enum hv_plan_what {
	HV_PLAN_DOMAIN,
	HV_PLAN_OTHER, /* a resource of another kind: it only takes room */
	HV_PLAN_CLONE, /* one instance on each host it may run on */
};

struct hv_plan_item {
	enum hv_plan_what what;
	const char *name;     /* the domain's, or the resource's */
	const char *resource; /* the resource's */
	bool wanted;          /* not target-role Stopped */
	bool managed;
	int priority;                /* Pacemaker's: who is placed first */
	int stickiness;              /* its preference for the host it runs on */
	int shrink;                  /* who shrinks last: 0 to 1000 */
	int64_t book[HV_PLAN_KINDS]; /* its utilization */
	int64_t full[HV_PLAN_OURS], least[HV_PLAN_OURS]; /* domains; least <= full */
	int runs_on;                                     /* a host's index, or -1 */
	int home;                                        /* where it is at home, or -1 */
	bool spare;                                      /* may adopt a spare */
	const int *score; /* a score a host: locations, bans, failures, twins; no stickiness */
	const bool *twin; /* whether its twin is ready, for each host; NULL: none */
	const int64_t *
		waits; /* MiB that a host's capacity lacks for its twin, for each host; NULL: none */
};

/* @dependent goes where @primary is (score > 0), or elsewhere (< 0). */
struct hv_plan_colocation {
	unsigned dependent, primary; /* items */
	int score;
};

struct hv_plan {
	const struct hv_plan_host *host;
	unsigned nhosts;
	const struct hv_plan_item *item; /* in the order of the configuration */
	unsigned nitems;
	const struct hv_plan_colocation *colocation;
	unsigned ncolocations;
	unsigned nkinds;
	enum hv_plan_strategy strategy;
	bool fenced; /* hosts are fenced */
};

enum hv_plan_fate {
	HV_PLAN_FULL,
	HV_PLAN_SQUEEZED,
	HV_PLAN_DOUBT, /* placed on a host of which nobody knows what it can give */
	HV_PLAN_NOT,   /* wanted, and does not run */
	HV_PLAN_OFF,   /* not wanted, or no domain */
};

enum hv_plan_how {
	HV_PLAN_STAYS,
	HV_PLAN_TWIN,  /* its twin is adopted */
	HV_PLAN_SPARE, /* a spare is */
	HV_PLAN_COLD,
};

enum hv_plan_why {
	HV_PLAN_FINE,
	HV_PLAN_NO_ROOM,   /* no host it may run on has room; .kind and .most say of what */
	HV_PLAN_NO_HOST,   /* it may run on none that is left */
	HV_PLAN_COLOCATED, /* what it has to be with does not run, or it may not be beside */
	HV_PLAN_UNMANAGED, /* the cluster does not manage it */
	HV_PLAN_NO_LEDGER, /* placed, but its host's ledger must refuse it; .kind says for what */
};

struct hv_plan_place {
	int host; /* its index, or -1 */
	enum hv_plan_fate fate;
	enum hv_plan_how how;
	enum hv_plan_why why;
	unsigned kind;               /* with NO_ROOM and NO_LEDGER */
	int roomiest;                /* with NO_ROOM: the host that has most of it, or -1 ... */
	int64_t most;                /* ... and how much */
	int64_t given[HV_PLAN_OURS]; /* where it runs: memory, CPU */
};

/* What a loss comes to. */
struct hv_plan_loss {
	unsigned nlost;
	unsigned lost[HV_PLAN_LOST_MAX]; /* hosts */
	unsigned displaced;              /* domains that ran there */
	unsigned count[HV_PLAN_OFF + 1]; /* domains by fate */
	unsigned how[HV_PLAN_COLD + 1];  /* domains that run, by how they got there */
	bool circle; /* hosts beat one another in a circle: Pacemaker may choose another of them */
	unsigned pushed; /* run on a host that was not lost, and have to leave it */
};

/*
 * hv_plan_check() - Whether indices, counts and amounts of @p are sane.  0 or -EINVAL.  The other
 * functions expect a plan that passed.
 */
int hv_plan_check(const struct hv_plan *p, struct hv_error *err);

struct hv_plan_work;
/*
 * hv_plan_work_new() - Memory for placing, and what no loss changes in @p: one serves any number of
 * losses of it, as long as nothing in it is changed.  NULL: no memory.
 */
struct hv_plan_work *hv_plan_work_new(const struct hv_plan *p);
void hv_plan_work_free(struct hv_plan_work *w);

/*
 * hv_plan_lose() - Place everything with the @nlost hosts @lost gone (0: as things are).
 * @place has one for each item and may be NULL; @sum is filled.
 */
void hv_plan_lose(const struct hv_plan *p, struct hv_plan_work *w, const unsigned *lost,
		  unsigned nlost, struct hv_plan_place *place, struct hv_plan_loss *sum);

/*
 * hv_plan_losses() - Every loss of 1 to @r of the hosts that are up, the worst first, as *@n
 * sums in *@out, the caller's to free.  0; -ENOMEM; -EINVAL @r is 0 or beyond HV_PLAN_LOST_MAX.
 */
int hv_plan_losses(const struct hv_plan *p, unsigned r, struct hv_plan_loss **out, size_t *n);

/* hv_plan_worse() - As qsort() wants it: the worse of two losses comes first. */
int hv_plan_worse(const void *a, const void *b);

/* hv_plan_add() - Scores added as Pacemaker adds them: -INFINITY wins, INFINITY is the limit. */
int hv_plan_add(int a, int b);

#endif
