/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One-shot timers, on a timerfd that is one descriptor of libqb's loop.  libqb's
 * own count in milliseconds and spin through the last one, which with a few timers
 * a second for each domain costs more than all the rest.
 */
#ifndef HEARTBEAT_TIMER_H
#define HEARTBEAT_TIMER_H

#include <qb/qbloop.h>
#include <stdbool.h>
#include <stdint.h>

/* The owner's, and in its place while it is set.  Zeroed: not set. */
struct hb_timer {
	int64_t at; /* CLOCK_MONOTONIC, ns */
	unsigned slot;
	void (*fn)(void *data);
	void *data;
};

/* timer_start() - 0 or -errno. */
int timer_start(qb_loop_t *loop);

/* timer_set() - Call @fn(@data) in @ns, once; not set any more by then.  Over what was set before. */
void timer_set(struct hb_timer *t, int64_t ns, void *data, void (*fn)(void *data));

void timer_clear(struct hb_timer *t);

static inline bool timer_is_set(const struct hb_timer *t)
{
	return t->slot != 0;
}

#endif
