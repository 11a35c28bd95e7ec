// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "fencing/confirm.h"

#define SECOND_NS 1000000000ll

/* Hosts whose clocks are kept by NTP differ by less. */
#define FUTURE_NS SECOND_NS
/* CLOCK_REALTIME has been later than this for long (2001-09-09); no host has been up for as long. */
#define EPOCH_NS (1000000000ll * SECOND_NS)

static const struct {
	enum confirm_kind kind;
	const char *name;
} names[] = {
	{CONFIRM_POWER, "power"},
	{CONFIRM_MANUAL, "manual"},
	{CONFIRM_WATCHDOG, "watchdog"},
	{CONFIRM_FABRIC, "fabric"},
};

const char *confirm_kind_name(enum confirm_kind k)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].kind == k)
			return names[i].name;
	return "none";
}

unsigned confirm_parse(const char *text)
{
	static const char separators[] = ", \t";
	unsigned kinds = 0;

	for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
		size_t len = strcspn(text, separators);
		unsigned kind = 0;

		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strlen(names[i].name) == len && !strncmp(names[i].name, text, len))
				kind = names[i].kind;
		if (!kind)
			return 0;
		kinds |= kind;
		text += len;
	}
	return kinds;
}

enum confirm_kind confirm_kind(const struct confirm_entry *e)
{
	if (!strcmp(e->delegate, "a human"))
		return CONFIRM_MANUAL;
	/* Assumed after a time, or carried out by the victim: nobody else has seen it. */
	if (!*e->delegate || !strcasecmp(e->delegate, e->target))
		return CONFIRM_WATCHDOG;
	return e->fabric ? CONFIRM_FABRIC : CONFIRM_POWER;
}

/* When it was, on CLOCK_MONOTONIC; NULL, or why that cannot be said. */
static const char *placed(const struct confirm_entry *e, int64_t *when)
{
	bool monotonic = e->completed_ns < EPOCH_NS;
	int64_t at = monotonic ? e->completed_ns : e->learned_ns - (e->real_ns - e->completed_ns);

	if (!monotonic && e->completed_ns > e->real_ns + FUTURE_NS)
		return "it was completed in the future, by this host's clock";
	if (monotonic && !e->live)
		return "it was completed at a time of another host's uptime";
	/* Another host's uptime may be anything; that we heard of it just now is certain. */
	*when = monotonic || at > e->learned_ns ? e->learned_ns : at;
	return NULL;
}

const char *confirm_counts(const struct confirm_entry *e, const struct confirm_rule *r,
			   const char *host, int64_t left_ns)
{
	int64_t when = 0;
	const char *why;

	if (strcasecmp(e->target, host))
		return "it is of another host";
	if (strcmp(e->action, "off") && strcmp(e->action, "reboot"))
		return "it is neither an off nor a reboot";
	if (!e->done)
		return "it is not done";
	if (!(confirm_kind(e) & r->kinds))
		return "its kind is not one of `confirmations`";
	why = placed(e, &when);
	if (why)
		return why;
	return when < left_ns - r->detection_ns ? "it was completed before the host was last seen"
						: NULL;
}
