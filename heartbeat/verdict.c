// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>

#include "verdict.h"

/*
 * A failed verdict holds until the guest shows life again or is started anew:
 * that it is paused, late or has nothing to say afterwards clears nothing.
 * A process that is gone never comes back.
 */
static const enum hb_state next[HB_STATES][SIGNS] = {
	[HB_UNKNOWN] = {[SIGN_GONE] = HB_FAILED,
			[SIGN_SAID] = HB_FAILED,
			[SIGN_ORDERED] = HB_UNKNOWN,
			[SIGN_GRACE] = HB_UNKNOWN,
			[SIGN_SILENT] = HB_FAILED,
			[SIGN_EXCUSED] = HB_SUSPECT,
			[SIGN_LATE] = HB_SUSPECT,
			[SIGN_LIFE] = HB_ALIVE,
			[SIGN_NOTHING] = HB_UNKNOWN},
	[HB_ALIVE] = {[SIGN_GONE] = HB_FAILED,
		      [SIGN_SAID] = HB_FAILED,
		      [SIGN_ORDERED] = HB_UNKNOWN,
		      [SIGN_GRACE] = HB_UNKNOWN,
		      [SIGN_SILENT] = HB_FAILED,
		      [SIGN_EXCUSED] = HB_SUSPECT,
		      [SIGN_LATE] = HB_SUSPECT,
		      [SIGN_LIFE] = HB_ALIVE,
		      [SIGN_NOTHING] = HB_UNKNOWN},
	[HB_SUSPECT] = {[SIGN_GONE] = HB_FAILED,
			[SIGN_SAID] = HB_FAILED,
			[SIGN_ORDERED] = HB_UNKNOWN,
			[SIGN_GRACE] = HB_UNKNOWN,
			[SIGN_SILENT] = HB_FAILED,
			[SIGN_EXCUSED] = HB_SUSPECT,
			[SIGN_LATE] = HB_SUSPECT,
			[SIGN_LIFE] = HB_ALIVE,
			[SIGN_NOTHING] = HB_UNKNOWN},
	[HB_FAILED] = {[SIGN_GONE] = HB_FAILED,
		       [SIGN_SAID] = HB_FAILED,
		       [SIGN_ORDERED] = HB_FAILED,
		       [SIGN_GRACE] = HB_UNKNOWN,
		       [SIGN_SILENT] = HB_FAILED,
		       [SIGN_EXCUSED] = HB_FAILED,
		       [SIGN_LATE] = HB_FAILED,
		       [SIGN_LIFE] = HB_ALIVE,
		       [SIGN_NOTHING] = HB_FAILED},
};

static const struct {
	enum hb_sign sign;
	const char *name, *text;
} whys[WHYS] = {
	[WHY_NOTHING_YET] = {SIGN_NOTHING, "nothing-yet", "nothing has been seen of it yet"},
	[WHY_NOT_WATCHED] = {SIGN_NOTHING, "not-watched",
			     "its process lives; the definition expects no beats"},
	[WHY_GOODBYE] = {SIGN_NOTHING, "goodbye", "taiki-guest has ended in order"},
	[WHY_POWERED_OFF] = {SIGN_NOTHING, "powered-off",
			     "the guest is off, and its definition preserves it"},
	[WHY_LIVES] = {SIGN_LIFE, "lives", "the hypervisor answers, its vCPUs make progress"},
	[WHY_BEATS] = {SIGN_LIFE, "beats", "beats come"},
	[WHY_AGENT] = {SIGN_LIFE, "agent", "the guest agent answers"},
	[WHY_BOOTING] = {SIGN_GRACE, "booting", "it boots: nothing is expected yet"},
	[WHY_NOT_STARTED] = {SIGN_ORDERED, "not-started", "its guest was not let run yet"},
	[WHY_PAUSED] = {SIGN_ORDERED, "paused", "it is paused"},
	[WHY_MIGRATING] = {SIGN_ORDERED, "migrating", "it is being migrated"},
	[WHY_SAVING] = {SIGN_ORDERED, "saving", "it is being saved or restored"},
	[WHY_INTENT] = {SIGN_ORDERED, "intent", "its agent has announced that it ends or moves it"},
	[WHY_LATE_BEATS] = {SIGN_LATE, "late-beats", "a beat is later than it ever was"},
	[WHY_LATE_AGENT] = {SIGN_LATE, "late-agent", "the guest agent is slow to answer"},
	[WHY_LATE_HYPERVISOR] = {SIGN_LATE, "late-hypervisor", "hv-domain is slow to answer"},
	[WHY_LATE_VCPU] = {SIGN_LATE, "late-vcpu", "a vCPU has made no progress for a while"},
	[WHY_IO_ERROR_GRACE] = {SIGN_LATE, "io-error-grace",
				"it is paused on an I/O error, which may yet pass"},
	[WHY_HEALTH_GRACE] = {SIGN_LATE, "health-grace", "its health command did not end in time"},
	[WHY_DOES_IO] = {SIGN_EXCUSED, "does-io", "no beats come, but its disks or network work"},
	[WHY_NO_BEATS] = {SIGN_SILENT, "no-beats", "no beat has come for all of the timeout"},
	[WHY_NO_BEATS_RUNS] = {SIGN_SILENT, "no-beats-runs",
			       "no beat has come for all of the timeout, though its vCPUs run"},
	[WHY_NEVER_BEAT] = {SIGN_SILENT, "never-beat",
			    "no beat has come since it was started, and the boot grace is over"},
	[WHY_NO_AGENT] = {SIGN_SILENT, "no-agent",
			  "the guest agent has not answered for all of its timeout"},
	[WHY_HYPERVISOR] = {SIGN_SILENT, "hypervisor",
			    "hv-domain answers nothing, and its loop stands still"},
	[WHY_VCPU] = {SIGN_SILENT, "vcpu", "a vCPU that was meant to run has made no progress"},
	[WHY_PANICKED] = {SIGN_SAID, "panicked", "the guest has panicked"},
	[WHY_WATCHDOG] = {SIGN_SAID, "watchdog", "the guest's watchdog has bitten"},
	[WHY_INTERNAL_ERROR] = {SIGN_SAID, "internal-error",
				"the hypervisor cannot execute the guest any further"},
	[WHY_IO_ERROR] = {SIGN_SAID, "io-error", "it stays paused on an I/O error"},
	[WHY_HEALTH] = {SIGN_SAID, "health", "the guest says that its service has failed"},
	[WHY_RESET_STORM] = {SIGN_SAID, "reset-storm", "it had to be reset too often"},
	[WHY_PROCESS_GONE] = {SIGN_GONE, "process-gone", "its process is gone"},
};

enum hb_state verdict_next(enum hb_state from, enum hb_sign sign)
{
	return next[from][sign];
}

const char *verdict_state_name(enum hb_state s)
{
	static const char *const names[HB_STATES] = {[HB_UNKNOWN] = "unknown",
						     [HB_ALIVE] = "alive",
						     [HB_SUSPECT] = "suspect",
						     [HB_FAILED] = "failed"};

	return names[s];
}

const char *verdict_reason_name(enum hb_reason r)
{
	return whys[r].name;
}

const char *verdict_reason_text(enum hb_reason r)
{
	return whys[r].text;
}

enum hb_sign verdict_reason_sign(enum hb_reason r)
{
	return whys[r].sign;
}
