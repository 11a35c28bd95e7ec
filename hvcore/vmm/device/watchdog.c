// SPDX-License-Identifier: GPL-2.0-or-later
#include "watchdog.h"

#include <errno.h>
#include <string.h>

#include "../board.h"
#include "../clock.h"

static const char *const names[] = {
	[HV_WATCHDOG_RESET] = "reset",       [HV_WATCHDOG_SHUTDOWN] = "shutdown",
	[HV_WATCHDOG_POWEROFF] = "poweroff", [HV_WATCHDOG_PAUSE] = "pause",
	[HV_WATCHDOG_ACT_NONE] = "none",     [HV_WATCHDOG_INJECT_NMI] = "inject-nmi",
};

static struct {
	enum hv_watchdog_model model;
	enum hv_watchdog_action action;
	bool running;
	uint64_t timeout, deadline; /* ns; on the guest's clock */
	uint64_t bites;
} wd;

int watchdog_create(const struct hv_config *c)
{
	memset(&wd, 0, sizeof(wd));
	wd.model = c->watchdog;
	wd.action = c->watchdog_action;
	switch (c->watchdog) {
	case HV_WATCHDOG_NONE: return 0;
	case HV_WATCHDOG_I6300ESB: return i6300esb_create();
	case HV_WATCHDOG_WDAT: return wdat_create();
	}
	return -EINVAL;
}

void watchdog_started(uint64_t ns)
{
	wd.running = true;
	wd.timeout = ns;
	wd.deadline = clock_now(board.clock) + ns;
}

void watchdog_stopped(void)
{
	wd.running = false;
}

void watchdog_bite(void)
{
	wd.running = false;
	wd.bites++;
	board_request(BOARD_WATCHDOG, "watchdog");
}

enum hv_watchdog_action watchdog_action(void)
{
	return wd.action;
}

const char *watchdog_action_name(enum hv_watchdog_action action)
{
	return names[action];
}

int watchdog_set_action(const char *name, struct hv_error *err)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name)) {
			wd.action = (enum hv_watchdog_action)i;
			return 0;
		}
	return hv_err(err, -EINVAL,
		      "Parameter 'action' does not accept value '%.20s'; give reset, shutdown, "
		      "poweroff, pause, none or inject-nmi",
		      name);
}

json_t *watchdog_query(void)
{
	static const char *const models[] = {
		[HV_WATCHDOG_I6300ESB] = "i6300esb",
		[HV_WATCHDOG_WDAT] = "wdat",
	};
	uint64_t now = clock_now(board.clock);

	if (!wd.model)
		return json_null();
	return json_pack(
		"{s:s, s:s, s:b, s:I, s:I, s:I}", "model", models[wd.model], "action",
		names[wd.action], "running", wd.running, "timeout-ms",
		(json_int_t)(wd.timeout / 1000000), "left-ms",
		(json_int_t)(wd.running && wd.deadline > now ? (wd.deadline - now) / 1000000 : 0),
		"bites", (json_int_t)wd.bites);
}
