// SPDX-License-Identifier: GPL-2.0-or-later
/* The local APIC's timer: one-shot, periodic and TSC-deadline, in nanoseconds of the clock. */
#include "hvcore/vmm/engine/soft/lapic.h"

#include "hvcore/vmm/engine/soft/soft.h"

static unsigned divisor(const struct lapic *l)
{
	unsigned d = (l->timer_divide & 3) | (l->timer_divide >> 1 & 4);

	return d == 7 ? 1 : 2U << d;
}

void lapic_timer_start(struct cpu *c)
{
	struct lapic *l = c->lapic;

	l->deadline = UINT64_MAX;
	if (!l->timer_initial || (l->lvt[LVT_TIMER] & LVT_MODE) == LVT_DEADLINE)
		return;
	l->timer_start = guest_time(c);
	l->deadline = l->timer_start + (uint64_t)l->timer_initial * divisor(l);
}

uint32_t lapic_timer_current(struct cpu *c)
{
	struct lapic *l = c->lapic;
	uint64_t gone, period = (uint64_t)l->timer_initial * divisor(l);

	if (!l->timer_initial || (l->lvt[LVT_TIMER] & LVT_MODE) == LVT_DEADLINE)
		return 0;
	gone = guest_time(c) - l->timer_start;
	if (gone >= period) {
		if (!(l->lvt[LVT_TIMER] & LVT_PERIODIC))
			return 0;
		gone %= period;
	}
	return l->timer_initial - gone / divisor(l);
}

void lapic_set_deadline(struct cpu *c, uint64_t tsc)
{
	struct lapic *l = c->lapic;

	if ((l->lvt[LVT_TIMER] & LVT_MODE) != LVT_DEADLINE)
		return;
	l->tsc_deadline = tsc;
	/* A nanosecond is a TSC tick. */
	l->deadline = tsc ? (int64_t)(tsc - c->tsc_offset) < 0 ? 0 : tsc - c->tsc_offset
			  : UINT64_MAX;
	lapic_poll(c, guest_time(c));
}

void lapic_poll(struct cpu *c, uint64_t now)
{
	struct lapic *l = c->lapic;

	if (likely(now < l->deadline))
		return;
	if ((l->lvt[LVT_TIMER] & LVT_MODE) == LVT_PERIODIC) {
		uint64_t period = (uint64_t)l->timer_initial * divisor(l);

		/* Ticks that were missed are lost, as on hardware that could not deliver them. */
		l->deadline += ((now - l->deadline) / period + 1) * period;
	} else {
		l->deadline = UINT64_MAX;
		l->tsc_deadline = 0;
	}
	if (!(l->lvt[LVT_TIMER] & LVT_MASKED))
		lapic_raise(c, l->lvt[LVT_TIMER] & 0xff, false);
}
