/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one clock of a domain: kvm-clock nanoseconds since its first start.
 * TSC, PIT, RTC, PM timer, LAPIC timers and watchdogs all derive from it, so
 * that they can never disagree.  `stop` freezes it, `cont` continues it.
 *
 * Any thread may read it; only the loop thread stops, continues and sets it.
 * In virtual mode (deterministic soft) only the engine advances it.
 */
#ifndef VMM_CLOCK_H
#define VMM_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct clock {
	_Atomic int64_t offset; /* ns to add to CLOCK_MONOTONIC while running */
	_Atomic int64_t frozen; /* ns: the time while stopped or virtual */
	_Atomic bool running;   /* false: `frozen` is the time */
	bool virtual;           /* set at creation */
};

/* TSC frequency of taiki-base, in kHz: the same on every host, on both engines where it can be. */
enum { CLOCK_TSC_KHZ = 1000000 };

void clock_init(struct clock *c, bool virtual); /* stopped at 0 */
uint64_t clock_now(const struct clock *c);      /* ns */
void clock_stop(struct clock *c);
void clock_continue(struct clock *c);
void clock_set(struct clock *c, uint64_t ns); /* running or not */
/* clock_host_deadline() - CLOCK_MONOTONIC ns at which the clock will read @ns; UINT64_MAX if stopped. */
uint64_t clock_host_deadline(const struct clock *c, uint64_t ns);

#endif
