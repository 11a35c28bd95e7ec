// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether what a configuration says of heartbeat, watchdog and fencing is
 * consistent.
 */
#include <errno.h>
#include <string.h>

#include "hv/config.h"
#include "hv/standby.h"

#include "config_check.h"

enum {
	SECOND = 1000, /* ms */
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
	WEEK_S = 7 * 24 * 3600, /* s */
	RESETS_MAX = 1000,
};

static bool has_channel(const struct hv_config *c, const char *name)
{
	for (unsigned i = 0; i < c->nchannels; i++)
		if (!strcmp(c->channel[i].name, name))
			return true;
	return false;
}

int hv_check_heartbeat(const struct hv_config *c, struct hv_error *err)
{
	const struct hv_heartbeat *h = &c->heartbeat;
	const struct {
		const char *name, *unit;
		unsigned value, min, max;
	} ranges[] = {
		{"timeout", "ms", h->timeout, 200, HOUR},
		{"interval", "ms", h->interval, 50, MINUTE},
		{"boot-grace", "ms", h->boot_grace, 0, DAY},
		{"min-uptime", "ms", h->min_uptime, 0, DAY},
		{"max-resets", "resets", h->max_resets, 0, RESETS_MAX},
		{"reset-window", "s", h->reset_window, 1, WEEK_S},
		{"io-window", "ms", h->io_window, 0, HOUR},
		{"grace after an I/O error", "ms", h->io_grace, 0, DAY},
		/* 0 is none, and a ping needs longer than a beat. */
		{"agent-timeout", "ms", h->agent_timeout, h->agent_timeout ? SECOND : 0, HOUR},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (ranges[i].value < ranges[i].min || ranges[i].value > ranges[i].max)
			return hv_err(err, -EINVAL,
				      "%s: heartbeat %s is %u %s, and %u to %u are possible",
				      c->name, ranges[i].name, ranges[i].value, ranges[i].unit,
				      ranges[i].min, ranges[i].max);
	if (h->interval > h->timeout / 2)
		return hv_err(err, -EINVAL,
			      "%s: heartbeat interval %u ms: at least two beats must fit into the "
			      "timeout of %u ms",
			      c->name, h->interval, h->timeout);
	if ((unsigned)h->action > HV_HEARTBEAT_NOTIFY)
		return hv_err(err, -EINVAL, "%s: the heartbeat's action is unknown", c->name);
	if (h->beats && !has_channel(c, HV_CHANNEL_HEARTBEAT))
		return hv_err(err, -EINVAL, "%s: beats are expected, but there is no channel %s",
			      c->name, HV_CHANNEL_HEARTBEAT);
	if (h->agent_timeout && !has_channel(c, HV_CHANNEL_AGENT))
		return hv_err(err, -EINVAL,
			      "%s: heartbeat agent-timeout is given, but the guest agent has no "
			      "channel: add <channel type='unix'> with the target name %s",
			      c->name, HV_CHANNEL_AGENT);
	return 0;
}

int hv_check_watchdog(const struct hv_config *c, struct hv_error *err)
{
	if ((unsigned)c->watchdog > HV_WATCHDOG_WDAT ||
	    (unsigned)c->watchdog_action > HV_WATCHDOG_INJECT_NMI)
		return hv_err(err, -EINVAL, "%s: the watchdog's model or action is unknown",
			      c->name);
	if (c->watchdog == HV_WATCHDOG_WDAT && !c->acpi)
		return hv_err(
			err, -EINVAL,
			"%s: the watchdog wdat is found through ACPI: add <acpi/> to <features>",
			c->name);
	if (c->watchdog && c->watchdog_action == HV_WATCHDOG_SHUTDOWN && !c->acpi)
		return hv_err(
			err, -EINVAL,
			"%s: the watchdog's action shutdown needs a power button: add <acpi/> "
			"to <features>",
			c->name);
	return 0;
}

int hv_check_fencing(const struct hv_config *c, struct hv_error *err)
{
	if (!c->fence_group)
		return 0;
	if (hv_name_kind(c->fence_group) != HV_KIND_DOMAIN)
		return hv_err(
			err, -EINVAL,
			"%s: the fencing group \"%.64s\" is no name: 1 to %d of A-Z a-z 0-9 . _ "
			"-, letter or digit first",
			c->name, c->fence_group, HV_NAME_MAX);
	if (!has_channel(c, HV_CHANNEL_FENCE))
		return hv_err(err, -EINVAL,
			      "%s: it is a member of a fencing group, but there is no channel %s",
			      c->name, HV_CHANNEL_FENCE);
	return 0;
}
