// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "check_sums.h"

int64_t check_interval(const char *text)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {
		{"", 1000},   {"s", 1000},    {"sec", 1000},  {"ms", 1},       {"msec", 1},
		{"m", 60000}, {"min", 60000}, {"h", 3600000}, {"hr", 3600000},
	};
	char *end;
	long long n;

	while (isspace((unsigned char)*text))
		text++;
	if (!isdigit((unsigned char)*text))
		return -1;
	n = strtoll(text, &end, 10);
	while (isspace((unsigned char)*end))
		end++;
	for (size_t i = 0; n <= INT32_MAX && i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcasecmp(end, units[i].unit))
			return n * units[i].ms;
	return -1;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t detection(const struct check_times *t)
{
	return t->token + t->consensus;
}

static int64_t watchdog(const struct check_times *t)
{
	return t->stonith_watchdog < 0 ? 2 * t->sbd_watchdog : t->stonith_watchdog;
}

/* Whichever way the host is fenced: by a device, or by its watchdog. */
static int64_t fencing(const struct check_times *t)
{
	return most(t->stonith_timeout + t->device_delay, watchdog(t));
}

int64_t check_host_end(const struct check_times *t)
{
	return detection(t) + fencing(t);
}

static void put(struct check_sum *c, const char *name, int64_t has, int64_t needs, const char *why)
{
	c->name = name;
	c->has = has;
	c->needs = needs;
	c->verdict = !has ? CHECK_UNKNOWN : has >= needs ? CHECK_FITS : CHECK_WRONG;
	c->why = why;
}

static void sums_of_host(const struct check_times *t, struct check_sum *c, size_t *n)
{
	struct check_sum *s;

	if (t->token) {
		s = &c[(*n)++];
		put(s, "consensus", t->consensus, t->token * 12 / 10,
		    "Corosync forms no stable membership: set totem.consensus, or leave it to Corosync");
		snprintf(s->sum, sizeof(s->sum), "1.2 * token %lld", (long long)t->token);
	}
	if (t->device_timeout) {
		s = &c[(*n)++];
		put(s, "stonith-timeout", t->stonith_timeout, t->device_timeout,
		    "Pacemaker gives up before its fence device may: raise stonith-timeout");
		snprintf(s->sum, sizeof(s->sum),
			 "longest pcmk_off_timeout or pcmk_reboot_timeout %lld",
			 (long long)t->device_timeout);
	}
	if (t->sbd_watchdog && t->stonith_watchdog > 0) {
		s = &c[(*n)++];
		put(s, "stonith-watchdog-timeout", t->stonith_watchdog, 2 * t->sbd_watchdog,
		    "a host may be taken for fenced before its watchdog has: raise "
		    "stonith-watchdog-timeout");
		snprintf(s->sum, sizeof(s->sum), "2 * SBD_WATCHDOG_TIMEOUT %lld",
			 (long long)t->sbd_watchdog);
	}
}

static void sums_of_guest(const struct check_times *t, struct check_sum *c, size_t *n)
{
	struct check_sum *s = &c[(*n)++];

	put(s, "guest stonith-timeout, dead host", t->guest, check_host_end(t),
	    "a guest cluster whose member was on a host that died gives up before that host's fencing "
	    "is confirmed: raise its stonith-timeout and pcmk_off_timeout");
	snprintf(s->sum, sizeof(s->sum), "token %lld + consensus %lld + fencing of a host %lld",
		 (long long)t->token, (long long)t->consensus, (long long)fencing(t));
	if (!t->stop)
		return;
	s = &c[(*n)++];
	put(s, "guest stonith-timeout, stuck process", t->guest,
	    t->stop + fencing(t) + CHECK_KILL_MS,
	    "a domain whose process cannot be killed ends with its host, after its stop has failed; "
	    "a guest cluster gives up before: raise its stonith-timeout, or lower the stop timeout");
	snprintf(s->sum, sizeof(s->sum),
		 "stop of a domain %lld + fencing of its host %lld + kill %d", (long long)t->stop,
		 (long long)fencing(t), CHECK_KILL_MS);
}

size_t check_sums(const struct check_times *t, struct check_sum out[CHECK_SUMS_MAX])
{
	size_t n = 0;

	memset(out, 0, CHECK_SUMS_MAX * sizeof(*out));
	sums_of_host(t, out, &n);
	sums_of_guest(t, out, &n);
	return n;
}
