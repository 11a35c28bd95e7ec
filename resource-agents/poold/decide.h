/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the pool does next.  Pure: what is wanted and what was seen in, one step out;
 * who carries it out calls again with what has become of it.
 *
 * One place is one name in the run root: "web@twin", "1@spare".  Every such name is the
 * pool's, whoever wrote what into it; whose turn is taken is somebody else's for that long.
 */
#ifndef POOL_DECIDE_H
#define POOL_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/rundir.h"

#define POOL_NEVER INT64_MAX

/* The domain that a twin waits for, on this host.  A spare's is POOL_AWAY. */
enum pool_domain {
	POOL_AWAY,     /* it does not run here */
	POOL_STARTING, /* it is being started or moved here, or whether it runs cannot be told */
	POOL_HERE,     /* it runs here */
};

/* The guest in a place whose process lives. */
enum pool_guest {
	POOL_UNSEEN,  /* it was found; its hv-domain has not answered yet */
	POOL_BOOTING, /* and has said nothing */
	POOL_READY,   /* it can be adopted */
	POOL_PAUSED,  /* its processors are stopped */
	POOL_LOST,    /* it panicked, powered off, fell silent, or was found failed */
};

struct pool_place {
	bool wanted;    /* it is configured, and what it is made of is known */
	bool undecided; /* whether it is wanted, or what it is made of, is not known yet */
	bool spare;
	enum pool_domain domain;

	enum hv_presence presence; /* of its process */
	bool remains;              /* of its run directory, where no process is */
	bool claimed;              /* somebody has its turn, and is not a step of ours */
	bool ours;                 /* `resource` names this pool */
	bool stale;                /* it was made of something that is not wanted any more */
	enum pool_guest guest;
	int64_t since; /* ms: when it was made or found, or when it was paused */

	bool busy;          /* a step of ours is under way */
	bool launching;     /* ... and it is POOL_LAUNCH */
	int64_t not_before; /* ms: no step before */
};

struct pool_limits {
	unsigned boots;       /* guests that boot at the same time; at least 1 */
	int64_t boot_timeout; /* ms: who is not ready by then is made anew; 0: for ever */
	int64_t pause_grace;  /* ms: the same for one that is paused */
};

enum pool_do {
	POOL_WAIT,
	POOL_LAUNCH, /* make it */
	POOL_KILL,   /* end it, with proof, and remove what it leaves */
	POOL_CLEAN,  /* remove what is left of a run directory without a process */
};

struct pool_step {
	enum pool_do what;
	unsigned at;     /* which place */
	const char *why; /* a clause: "it panicked" */
	bool failed;     /* it counts as a failure of this place: see pool_backoff() */
};

/*
 * pool_decide() - The next step of @n places at @now (ms).  With POOL_WAIT there is none: ask
 * again when something has changed, or at *@wake (ms; POOL_NEVER).
 */
struct pool_step pool_decide(const struct pool_place *p, unsigned n, const struct pool_limits *l,
			     int64_t now, int64_t *wake);

/* pool_judge() - The same of one place, as if it were alone; .at is 0.  For the status. */
struct pool_step pool_judge(const struct pool_place *p, const struct pool_limits *l, int64_t now);

/* pool_ready() - Whether it is there for an adopter: what is published. */
bool pool_ready(const struct pool_place *p);

/* pool_backoff() - ms until a place that failed @failures times in a row is tried again. */
int64_t pool_backoff(unsigned failures);

#endif
