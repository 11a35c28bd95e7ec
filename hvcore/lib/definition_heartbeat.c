// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a guest is watched and by whom it may be fenced: <watchdog>, and our own
 * <taiki:heartbeat>, <taiki:fencing> and <taiki:watchdog>.  The last one is there
 * because libvirt's schema knows no model "wdat".
 */
#include <stdlib.h>
#include <string.h>

#include "reading.h"

/* A watchdog that a board of ours does not have, and why that is no loss or cannot be helped. */
static enum hv_verdict_kind foreign_watchdog(struct reading *r, const char *model)
{
	static const struct {
		const char *model, *why;
		bool pass; /* libvirt adds it unasked; the others were asked for */
	} foreign[] = {
		{"itco",
		 "part of a chipset that the board does not have; give model='i6300esb' or "
		 "'wdat' for a watchdog",
		 true},
		{"ib700",
		 "an ISA card that current kernels' guests do without; give i6300esb or wdat",
		 false},
		{"diag288", "it belongs to s390 machines; give i6300esb or wdat", false},
	};

	r->skip = true;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (!strcmp(foreign[i].model, model))
			return foreign[i].pass ? hv_read_pass(r, foreign[i].why)
					       : hv_read_refuse(r, "%s: %s", model, foreign[i].why);
	return hv_read_refuse(r, "\"%.40s\" is not a model of watchdog: i6300esb, wdat", model);
}

static enum hv_verdict_kind take_watchdog(struct reading *r, xmlNodePtr node, const char *value)
{
	char *model = hv_read_attr(node, "model");
	enum hv_verdict_kind kind = HV_UNDERSTOOD;
	enum hv_watchdog_model is = HV_WATCHDOG_NONE;

	if (model && !strcmp(model, "i6300esb"))
		is = HV_WATCHDOG_I6300ESB;
	else if (model && !strcmp(model, "wdat"))
		is = HV_WATCHDOG_WDAT;
	if (!is)
		kind = foreign_watchdog(r, model ? model : "");
	else if (r->c->watchdog)
		kind = hv_read_refuse(r, "one watchdog is there");
	else
		r->c->watchdog = is;
	xmlFree(model);
	return kind;
}

static enum hv_verdict_kind take_watchdog_action(struct reading *r, xmlNodePtr node,
						 const char *value)
{
	static const char *const names[] = {
		[HV_WATCHDOG_RESET] = "reset",       [HV_WATCHDOG_SHUTDOWN] = "shutdown",
		[HV_WATCHDOG_POWEROFF] = "poweroff", [HV_WATCHDOG_PAUSE] = "pause",
		[HV_WATCHDOG_ACT_NONE] = "none",     [HV_WATCHDOG_INJECT_NMI] = "inject-nmi",
	};

	if (!strcmp(value, "dump"))
		return hv_read_refuse(r, "a guest's memory cannot be dumped yet; give pause to "
					 "keep it, or inject-nmi for a dump by the guest");
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], value)) {
			r->c->watchdog_action = (enum hv_watchdog_action)i;
			return HV_UNDERSTOOD;
		}
	return hv_read_refuse(r,
			      "\"%.40s\" is not one of reset, shutdown, poweroff, pause, none, "
			      "inject-nmi",
			      value);
}

static enum hv_verdict_kind take_heartbeat(struct reading *r, xmlNodePtr node, const char *value)
{
	r->c->heartbeat.beats = true;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_beats(struct reading *r, xmlNodePtr node, const char *value)
{
	r->c->heartbeat.beats = !strcmp(value, "yes");
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_action(struct reading *r, xmlNodePtr node, const char *value)
{
	r->c->heartbeat.action = !strcmp(value, "reset")    ? HV_HEARTBEAT_RESET
				 : !strcmp(value, "notify") ? HV_HEARTBEAT_NOTIFY
							    : HV_HEARTBEAT_RECOVER;
	return HV_UNDERSTOOD;
}

#define TIME(name, field)                                                                       \
	static enum hv_verdict_kind name(struct reading *r, xmlNodePtr node, const char *value) \
	{                                                                                       \
		return hv_read_duration(r, &r->c->heartbeat.field, value);                      \
	}

TIME(take_timeout, timeout)
TIME(take_interval, interval)
TIME(take_boot_grace, boot_grace)
TIME(take_min_uptime, min_uptime)
TIME(take_io_window, io_window)
TIME(take_agent_timeout, agent_timeout)

static enum hv_verdict_kind take_reset_window(struct reading *r, xmlNodePtr node, const char *value)
{
	unsigned ms = 0;

	if (hv_read_duration(r, &ms, value) != HV_UNDERSTOOD)
		return HV_REFUSED;
	if (ms % 1000)
		return hv_read_refuse(r, "\"%.40s\": whole seconds, please", value);
	r->c->heartbeat.reset_window = ms / 1000;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_max_resets(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_uint(r, &r->c->heartbeat.max_resets, value);
}

static enum hv_verdict_kind take_group(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_string(r, &r->c->fence_group, value);
}

static enum hv_verdict_kind fencing_done(struct reading *r, xmlNodePtr node, const char *value)
{
	return r->c->fence_group
		       ? HV_UNDERSTOOD
		       : hv_read_refuse(r, "it does not say of which cluster: group='NAME'");
}

bool hv_read_add_channel(struct reading *r, const char *name)
{
	struct hv_config *c = r->c;

	for (unsigned i = 0; i < c->nchannels; i++)
		if (!strcmp(c->channel[i].name, name))
			return true;
	if (c->nchannels == HV_CHANNELS_MAX)
		return false;
	c->channel[c->nchannels].name = strdup(name);
	if (!c->channel[c->nchannels].name)
		r->nomem = true;
	else
		c->nchannels++;
	return true;
}

void hv_read_finish_heartbeat(struct reading *r)
{
	static const char why[] = "its channel does not fit: all 16 are taken";

	if (r->c->heartbeat.beats && !hv_read_add_channel(r, HV_CHANNEL_HEARTBEAT))
		hv_read_verdict(r, HV_REFUSED, 0, "domain/metadata/taiki:domain/taiki:heartbeat",
				why);
	if (r->c->fence_group && !hv_read_add_channel(r, HV_CHANNEL_FENCE))
		hv_read_verdict(r, HV_REFUSED, 0, "domain/metadata/taiki:domain/taiki:fencing",
				why);
}

#define T "domain/metadata/taiki:domain/"
#define H T "taiki:heartbeat"
#define W "domain/devices/watchdog"

const struct rule hv_rules_heartbeat[] = {
	TAKE(W, take_watchdog),
	UNDERSTOOD(W "/@model"),
	TAKE(W "/@action", take_watchdog_action),
	TAKE(T "taiki:watchdog", take_watchdog),
	UNDERSTOOD(T "taiki:watchdog/@model"),
	TAKE(T "taiki:watchdog/@action", take_watchdog_action),

	TAKE_ONCE(H, take_heartbeat),
	{.path = H "/@beats",
	 .kind = HV_UNDERSTOOD,
	 .values = "yes|no",
	 .why = "give yes or no",
	 .take = take_beats},
	{.path = H "/@action",
	 .kind = HV_UNDERSTOOD,
	 .values = "recover|reset|notify",
	 .why = "give recover, reset or notify",
	 .take = take_action},
	TAKE(H "/@timeout", take_timeout),
	TAKE(H "/@interval", take_interval),
	TAKE(H "/@boot-grace", take_boot_grace),
	TAKE(H "/@min-uptime", take_min_uptime),
	TAKE(H "/@max-resets", take_max_resets),
	TAKE(H "/@reset-window", take_reset_window),
	TAKE(H "/@io-window", take_io_window),
	TAKE(H "/@agent-timeout", take_agent_timeout),

	{.path = T "taiki:fencing",
	 .kind = HV_UNDERSTOOD,
	 .done = fencing_done,
	 .flags = RULE_ONCE},
	TAKE(T "taiki:fencing/@group", take_group),
	{0},
};
