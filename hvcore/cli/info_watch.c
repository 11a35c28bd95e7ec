// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * info: how a domain is watched, and what came of it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "hv/rundir.h"
#include "info.h"

/* A time in the largest unit that is whole, as a definition writes it. */
static const char *duration(unsigned ms, char out[16])
{
	if (ms % 60000 == 0 && ms)
		snprintf(out, 16, "%umin", ms / 60000);
	else if (ms % 1000 == 0)
		snprintf(out, 16, "%us", ms / 1000);
	else
		snprintf(out, 16, "%ums", ms);
	return out;
}

static void print_heartbeat(const struct hv_heartbeat *h)
{
	static const char *const actions[] = {"recover", "reset in place, then recover", "notify"};
	char a[16], b[16];

	printf("%-15s ", "heartbeat:");
	if (h->beats)
		printf("beats every %s, failed after %s; ", duration(h->interval, a),
		       duration(h->timeout, b));
	if (h->agent_timeout)
		printf("guest agent failed after %s; ", duration(h->agent_timeout, a));
	if (!h->beats && !h->agent_timeout)
		printf("its process and what the guest says; ");
	puts(actions[h->action]);
	if (!h->beats && !h->agent_timeout)
		return;
	printf("%-15s boot grace %s, ", "", duration(h->boot_grace, a));
	if (h->io_window)
		printf("I/O speaks for it for %s", duration(h->io_window, a));
	else
		printf("I/O does not speak for it");
	if (h->action == HV_HEARTBEAT_RESET)
		printf(", %u resets in %u s", h->max_resets, h->reset_window);
	putchar('\n');
}

static void print_watchdog(json_t *dog)
{
	json_int_t left = json_integer_value(json_object_get(dog, "left-ms"));
	json_int_t bites = json_integer_value(json_object_get(dog, "bites"));

	if (json_is_true(json_object_get(dog, "running")))
		printf(", bites in %lld.%lld s", left / 1000, left % 1000 / 100);
	else if (dog)
		printf(", not started");
	if (bites)
		printf(", has bitten %lld times", bites);
}

void print_watch(const char *name, const struct hv_config *c, json_t *info)
{
	static const char *const models[] = {"none", "i6300esb", "wdat"};
	static const char *const actions[] = {"reset", "shutdown", "poweroff",
					      "pause", "none",     "inject-nmi"};
	json_t *dog = json_object_get(info, "watchdog");
	const char *action = json_string_value(json_object_get(dog, "action"));
	char *verdict = hv_run_read(name, "verdict");
	enum hv_intent intent = info ? hv_intent_read(name, NULL) : HV_INTENT_NONE;

	print_heartbeat(&c->heartbeat);
	if (c->watchdog) {
		/* QMP may have changed the action since. */
		printf("%-15s %s, action %s", "watchdog:", models[c->watchdog],
		       action ? action : actions[c->watchdog_action]);
		print_watchdog(dog);
		putchar('\n');
	}
	if (c->fence_group)
		printf("%-15s %s\n", "fence group:", c->fence_group);
	if (intent)
		printf("%-15s %s\n", "intent:", hv_intent_name(intent));
	if (verdict)
		printf("%-15s %s\n", "verdict:", verdict);
	free(verdict);
}
