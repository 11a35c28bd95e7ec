// SPDX-License-Identifier: GPL-2.0-or-later
/* The state of the machine, as query-status names it and the progress page has it. */
#include "machine.h"
#include "machine_private.h"
#include "progress.h"

static enum machine_state state;

enum machine_state machine_state(void)
{
	return state;
}

const char *machine_state_name(void)
{
	static const char *const names[] = {
		[MACHINE_PRELAUNCH] = "prelaunch",     [MACHINE_RUNNING] = "running",
		[MACHINE_PAUSED] = "paused",           [MACHINE_SHUTDOWN] = "shutdown",
		[MACHINE_PANICKED] = "guest-panicked", [MACHINE_INTERNAL_ERROR] = "internal-error",
		[MACHINE_WATCHDOG] = "watchdog",       [MACHINE_IO_ERROR] = "io-error",
	};

	return names[state];
}

bool machine_resumable(void)
{
	switch (state) {
	case MACHINE_PRELAUNCH:
	case MACHINE_PAUSED:
	case MACHINE_WATCHDOG:
	case MACHINE_IO_ERROR: return true;
	default: return false;
	}
}

/* The states as the page has them: the same, in the same order. */
void machine_set_state(enum machine_state to)
{
	_Static_assert((int)MACHINE_PRELAUNCH == (int)HV_PROGRESS_PRELAUNCH &&
			       (int)MACHINE_RUNNING == (int)HV_PROGRESS_RUNNING &&
			       (int)MACHINE_PAUSED == (int)HV_PROGRESS_PAUSED &&
			       (int)MACHINE_SHUTDOWN == (int)HV_PROGRESS_SHUTDOWN &&
			       (int)MACHINE_PANICKED == (int)HV_PROGRESS_PANICKED &&
			       (int)MACHINE_INTERNAL_ERROR == (int)HV_PROGRESS_INTERNAL_ERROR &&
			       (int)MACHINE_WATCHDOG == (int)HV_PROGRESS_WATCHDOG &&
			       (int)MACHINE_IO_ERROR == (int)HV_PROGRESS_IO_ERROR,
		       "one numbering");
	state = to;
	progress_state((enum hv_progress_state)to);
}
