/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A heap of one-shot timers, the earliest at its top.  Each timer knows its
 * slot, so that moving and cancelling need no search.  For loop.c.
 */
#ifndef VMM_TIMERS_H
#define VMM_TIMERS_H

#include <stdint.h>

#include "loop.h"

enum { TIMERS_MAX = 256 };

struct timers {
	struct loop_timer *at[TIMERS_MAX];
	unsigned n;
};

/* timers_arm() - Insert @t, or move it.  Every timer belongs to a device: their number is bounded. */
void timers_arm(struct timers *h, struct loop_timer *t, uint64_t deadline);
void timers_cancel(struct timers *h, struct loop_timer *t);
/* timers_next() - The earliest deadline, UINT64_MAX if there is none. */
uint64_t timers_next(const struct timers *h);
/* timers_pop() - Take out the earliest timer if it is due at @now, else NULL. */
struct loop_timer *timers_pop(struct timers *h, uint64_t now);

#endif
