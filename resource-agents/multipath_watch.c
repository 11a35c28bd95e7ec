// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One look at the maps: ask multipathd, publish what counts, judge, and do what follows.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hvcore/lib/probe.h"

#include "multipath.h"

/* Where multipathd listens: the first since ever, the second in releases from 2024 on. */
static const char *const sockets[] = {"@/org/kernel/linux/storage/multipathd",
				      "/run/multipathd.socket"};

enum {
	ASK_MS = 5000,   /* multipathd answers within a moment, or is stuck in something */
	SPARE_MS = 1000, /* of an action's timeout, for saying how it went */
};

int64_t multipath_deadline(void)
{
	int left = ocf_left_ms();

	return hv_clock_ms() + (left > 2 * SPARE_MS ? left - SPARE_MS : left / 2);
}

/* ---- multipathd ---- */

static int ask(const struct multipath_settings *s, const char *command, char **reply, size_t *len)
{
	int64_t by = multipath_deadline(), most = hv_clock_ms() + ASK_MS;
	int rc = -ENOENT;

	by = by < most ? by : most;
	if (s->socket)
		return multipath_ask(s->socket, command, by, reply, len);
	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
		rc = multipath_ask(sockets[i], command, by, reply, len);
		if (rc != -ECONNREFUSED && rc != -ENOENT)
			break;
	}
	return rc;
}

int multipath_look(const struct multipath_settings *s, const char *name, struct multipath_map *m)
{
	char command[MULTIPATH_NAME + 32], *reply;
	size_t len;
	int rc;

	snprintf(command, sizeof(command), "show map %s json", name);
	rc = ask(s, command, &reply, &len);
	if (!rc)
		rc = multipath_read(reply, len, name, m);
	free(reply);
	/* It has answered; -ENOENT of the socket is another matter. */
	return rc;
}

/* act() - Have the map's I/O fail, or wait again; the past says whether it was done. */
static void act(const struct multipath_settings *s, const char *name, enum multipath_act what,
		struct multipath_past *past)
{
	bool unqueue = what == MULTIPATH_UNQUEUE;
	char command[MULTIPATH_NAME + 32], *reply = NULL;
	size_t len = 0;
	int rc;

	if (what == MULTIPATH_NOTHING)
		return;
	snprintf(command, sizeof(command), "%s map %s",
		 unqueue ? "disablequeueing" : "restorequeueing", name);
	rc = ask(s, command, &reply, &len);
	if (!rc && (len < 2 || strncmp(reply, "ok", 2)))
		rc = -EPROTO;
	free(reply);
	if (rc)
		ocf_log("WARNING", "map %s: multipathd did not take \"%s\": %s", name, command,
			strerror(-rc));
	else
		ocf_log("WARNING", "map %s: %s", name,
			unqueue ? "no path for queue_timeout: its I/O fails from now on, so that "
				  "domains on it can be stopped"
				: "a path is back: its I/O waits for paths again, as configured");
	if (!rc)
		past->unqueued = unqueue;
}

/* ---- one map ---- */

static struct path_subject subject(const struct multipath_settings *s, const char *name)
{
	return (struct path_subject){.kind = "paths", .name = name, .dampen_ms = s->dampen_ms};
}

/* publish() - Take the map's paths as they are into its record, and have the cluster know.  How many count. */
static unsigned publish(const struct multipath_settings *s, const char *name,
			const struct multipath_map *m, bool always)
{
	struct path_subject sub = subject(s, name);
	struct path_seen seen[PATHS_MAX];
	bool counts[PATHS_MAX];
	struct path_record r;
	unsigned up;

	for (unsigned i = 0; i < m->n; i++)
		seen[i] = (struct path_seen){.id = m->path[i].dev, .works = m->path[i].works};
	path_recall(&r, &sub);
	up = path_hold(&r, seen, m->n, ocf_now_ms(), s->hold_ms, counts);
	path_publish(&r, &sub, up, s->limits.wanted, always, multipath_deadline());
	path_remember(&r, &sub);
	return up;
}

static enum ocf_rc said(const char *name, const struct multipath_map *m, enum ocf_rc rc,
			const char *what)
{
	return rc ? ocf_exit_reason(rc, "map %s %s (%u of %u work)", name, what, m->working, m->n)
		  : OCF_SUCCESS;
}

static const char *silence(int why)
{
	switch (-why) {
	case ENOENT: return "does not run, or does not know it";
	case ECONNREFUSED: return "does not run";
	case ETIMEDOUT:
	case EAGAIN: return "does not answer in time";
	case EPROTO:
	case EMSGSIZE: return "says what makes no sense";
	case EPERM: return "is not who listens there";
	default: return strerror(-why);
	}
}

/* silent() - multipathd is no help: what the kernel says counts, and it is degraded at best. */
static enum ocf_rc silent(const struct multipath_settings *s, const char *name, int why,
			  struct multipath_past *past)
{
	struct multipath_verdict v;
	struct multipath_map m;
	int rc = multipath_sysfs("/sys", name, &m);
	unsigned up;

	if (rc)
		return ocf_exit_reason(OCF_ERR_GENERIC,
				       "map %s: multipathd %s, and the kernel has no such map; see "
				       "\"multipathd show maps\" and \"multipath -v3\"",
				       name, silence(why));
	up = publish(s, name, &m, false);
	v = multipath_judge(&m, up, &s->limits, past, ocf_now_ms());
	if (v.rc == OCF_ERR_GENERIC)
		return said(name, &m, v.rc, v.what);
	return ocf_exit_reason(OCF_DEGRADED,
			       "map %s: multipathd %s: no path that fails now would be taken back; "
			       "see systemctl status multipathd (%u of %u devices are there)",
			       name, silence(why), m.working, m.n);
}

static enum ocf_rc check(const struct multipath_settings *s, const char *name,
			 struct multipath_past *past, bool always)
{
	struct multipath_verdict v;
	struct multipath_map m;
	int rc = multipath_look(s, name, &m);
	unsigned up;

	if (rc)
		return silent(s, name, rc, past);
	up = publish(s, name, &m, always);
	v = multipath_judge(&m, up, &s->limits, past, ocf_now_ms());
	act(s, name, v.act, past);
	return said(name, &m, v.rc, v.what);
}

/* What is remembered of the map; a map that is new in the parameters has no past. */
static struct multipath_past past_of(const struct multipath_memory *m, const char *name)
{
	for (unsigned i = 0; i < m->n; i++)
		if (!strcmp(m->name[i], name))
			return m->past[i];
	return (struct multipath_past){0};
}

/* The worse of two: failed, degraded, well. */
static enum ocf_rc worse(enum ocf_rc a, enum ocf_rc b)
{
	if (a == OCF_ERR_GENERIC || b == OCF_SUCCESS)
		return a;
	return b;
}

enum ocf_rc multipath_check_all(const struct multipath_settings *s,
				const struct multipath_memory *before, bool always)
{
	struct multipath_memory after = {.n = s->n};
	enum ocf_rc worst = OCF_SUCCESS;
	int rc;

	for (unsigned i = 0; i < s->n; i++) {
		strcpy(after.name[i], s->name[i]);
		after.past[i] = past_of(before, s->name[i]);
		worst = worse(worst, check(s, s->name[i], &after.past[i], always));
	}
	rc = multipath_remember(&after, ocf_instance());
	if (rc)
		ocf_log("WARNING", "what was seen cannot be kept: %s; times begin anew",
			strerror(-rc));
	return worst;
}

/* What we had fail is to wait again, as it is configured: nobody watches it any more. */
void multipath_leave(const struct multipath_settings *s, const char *name,
		     struct multipath_past *past)
{
	struct path_subject sub = subject(s, name);

	if (past->unqueued)
		act(s, name, MULTIPATH_REQUEUE, past);
	path_withdraw(&sub, multipath_deadline());
}
