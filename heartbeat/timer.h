/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One-shot timers of the loop, by a handle that is 0 while none is set. */
#ifndef HEARTBEAT_TIMER_H
#define HEARTBEAT_TIMER_H

#include <qb/qbloop.h>
#include <stdint.h>

static inline void timer_clear(qb_loop_t *loop, qb_loop_timer_handle *t)
{
	if (*t)
		qb_loop_timer_del(loop, *t);
	*t = 0;
}

/* timer_set() - Call @fn(@data) in @ns; it has to set its handle to 0. */
static inline void timer_set(qb_loop_t *loop, qb_loop_timer_handle *t, int64_t ns, void *data,
			     qb_loop_timer_dispatch_fn fn)
{
	timer_clear(loop, t);
	qb_loop_timer_add(loop, QB_LOOP_HIGH, ns > 0 ? (uint64_t)ns : 0, data, fn, t);
}

#endif
