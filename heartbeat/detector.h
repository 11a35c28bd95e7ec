/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The failure detector: what was seen of a domain, and what that means.  It
 * does no I/O and asks no clock: everything comes in by the functions below, with
 * the time it was seen (nanoseconds of one clock that does not jump).
 *
 * Life is watched on strands: beats, the guest agent, the hypervisor itself, its
 * vCPUs.  Each has a timeout, the ceiling at which silence is failure; phi-accrual
 * over the intervals seen so far raises suspicion sooner.  A strand's silence
 * is the time since its last sign, less what the host owes:
 *
 *   blind    the daemon itself did not run: who does not look cannot accuse
 *   starved  the domain's threads waited for a CPU that others had (or the
 *            host's own host had, "steal")
 *
 * so that a guest on a stalled or overloaded host gets all the time it was
 * promised, and a guest that hangs while it has a CPU does not get more.
 */
#ifndef HEARTBEAT_DETECTOR_H
#define HEARTBEAT_DETECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/beat.h"
#include "hv/config.h"

#include "intervals.h"
#include "verdict.h"

#define MS_NS INT64_C(1000000)
#define S_NS  INT64_C(1000000000)

/* The state of the machine, as QMP and the progress page tell it. */
enum hb_run {
	RUN_UNSEEN,    /* not told yet */
	RUN_RUNNING,   /* meant to run */
	RUN_PRELAUNCH, /* not let run yet */
	RUN_PAUSED,
	RUN_IO_ERROR, /* paused on an I/O error */
	RUN_WATCHDOG, /* paused by the guest's watchdog */
	RUN_MIGRATING,
	RUN_SAVING,
	RUN_OFF, /* powered off and preserved */
	RUN_PANICKED,
	RUN_ERROR, /* internal error */
	RUNS
};

struct strand {
	bool expected; /* is to come at all */
	bool seen;     /* has come since the guest was started or reset */
	int64_t last;  /* when last, or since when it is waited for */
	int64_t owed;  /* detector.blind and .starved then */
	int64_t owed_starved;
	int64_t timeout;
};

/* One look at the domain's threads and its progress page. */
struct hb_sample {
	unsigned vcpus; /* 0: there is nothing to see */
	struct {
		uint64_t work; /* grows while it executes: the page's, or CPU time */
		uint64_t cpu;  /* CPU time, ns; 0: not known */
		bool halted;   /* waits for an interrupt */
	} vcpu[HV_VCPUS_MAX];
	uint64_t waited; /* what its threads waited for a CPU, ns, ever */
	uint64_t turns;  /* of hv-domain's loop */
	uint64_t io;     /* requests and packets its guest has finished, ever */
	bool has_turns, has_io;
	/*
	 * Whether a vCPU that neither works nor is `halted` has really stopped.  So
	 * it is with soft; under kvm it waits for interrupts inside the kernel, unseen.
	 */
	bool tells_stuck;
};

struct detector {
	struct hv_heartbeat settings;
	enum hb_state state;
	enum hb_reason reason; /* that led to, or keeps, the state */
	int64_t since;         /* when the state was entered */

	struct strand boot; /* .last: the guest was started or reset; it is owed time as well */
	bool gone;
	enum hb_run run;
	int64_t run_since;
	enum hb_reason said; /* what the guest or hypervisor said; 0: nothing */
	bool goodbye, intent;
	int64_t health_bad_since; /* 0: it is not */

	struct strand beats, agent, hypervisor, vcpus;
	struct intervals intervals;
	struct beat beat; /* the last one */
	uint64_t nbeats;

	struct hb_sample sample; /* the last one */
	bool sampled;
	struct strand
		vcpu[HV_VCPUS_MAX]; /* each of them; .vcpus is the one that is silent longest */
	uint64_t cpu_at_beat;       /* CPU time of all vCPUs at the last beat */
	int64_t io_at;              /* when I/O was last seen to move; 0: never */

	int64_t blind, starved; /* what the host owes, ever, ns */
	uint64_t steps;         /* judgements */
};

/* What a judgement found. */
struct hb_finding {
	enum hb_sign sign;
	enum hb_reason reason;
	int64_t silence; /* of the strand the reason is about, ns, less what is owed */
	double phi;      /* of the beats */
	int64_t look;    /* judge again at this time at the latest */
};

/* detector_init() - A domain whose guest was started at @boot_at; nothing was seen of it. */
void detector_init(struct detector *d, const struct hv_heartbeat *s, int64_t boot_at, int64_t now);

void detector_saw_beat(struct detector *d, const struct beat *b, int64_t now);
void detector_saw_agent(struct detector *d, int64_t now);
void detector_saw_hypervisor(struct detector *d, int64_t now);
void detector_saw_sample(struct detector *d, const struct hb_sample *s, int64_t now);
void detector_saw_run(struct detector *d, enum hb_run run, int64_t now);
/* detector_saw_reset() - The guest begins anew; what it said before no longer counts. */
void detector_saw_reset(struct detector *d, int64_t now);
void detector_saw_said(struct detector *d, enum hb_reason why);
void detector_saw_gone(struct detector *d);
void detector_saw_intent(struct detector *d, bool there, int64_t now);
/* detector_was_blind() - The daemon did not run for @ns; nobody is to blame. */
void detector_was_blind(struct detector *d, int64_t ns);
/* detector_was_starved() - As much was taken from this host by its own host. */
void detector_was_starved(struct detector *d, int64_t ns);

/* detector_find() - What it all amounts to at @now.  Changes nothing. */
struct hb_finding detector_find(const struct detector *d, int64_t now);

/* detector_step() - Judge: true when state or reason have changed. */
bool detector_step(struct detector *d, int64_t now, struct hb_finding *f);

/* strand_silence() - For how long it has been silent, less what is owed. */
int64_t strand_silence(const struct detector *d, const struct strand *s, int64_t now);

#endif
