// SPDX-License-Identifier: GPL-2.0-or-later
#include "board_private.h"
#include "idle.h"
#include "loop.h"

enum {
	LOOK_NS = 1000000000,
	QUIET_INSTRUCTIONS = 3000000, /* a second; an idle Linux retires some ten thousand */
	QUIET_LOOKS = 4,              /* in a row */
};

static struct {
	struct loop_timer timer;
	uint64_t retired;
	unsigned quiet;
} idle;

static uint64_t retired(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < board.config->vcpus; i++)
		sum += board.engine_ops->retired(board.engine, i);
	return sum;
}

static void look(struct loop_timer *t)
{
	uint64_t now = retired();

	/* An engine that does not count has no caches of its own either. */
	if (!now)
		return;
	idle.quiet = now - idle.retired < QUIET_INSTRUCTIONS ? idle.quiet + 1 : 0;
	idle.retired = now;
	if (idle.quiet == QUIET_LOOKS)
		board.engine_ops->idle(board.engine);
	loop_host_timer_arm(t, loop_host_now() + LOOK_NS);
}

void idle_watch(bool on)
{
	idle.timer.expired = look;
	if (on && !idle.timer.slot)
		loop_host_timer_arm(&idle.timer, loop_host_now() + LOOK_NS);
	else if (!on)
		loop_host_timer_cancel(&idle.timer);
}
