// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * events: what happens to one domain, or to all of this host, as it happens.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "hv/rundir.h"

enum { FOLLOWED_MAX = 256, RESCAN_MS = 500, OPEN_MS = 2000, SILENT_S = 10 };

struct followed {
	char name[HV_NAME_MAX + 1];
	pid_t pid; /* what is followed: a standby that is adopted gets another name */
	struct hv_qmp *q;
};

struct follower {
	bool json;
	struct followed f[FOLLOWED_MAX];
	unsigned n;
	char silent[HV_NAME_MAX + 1]; /* the last that did not answer, and when */
	time_t asked;
};

static void print_event(const struct follower *fo, const char *name, json_t *event)
{
	json_int_t s =
		json_integer_value(json_object_get(json_object_get(event, "timestamp"), "seconds"));
	const char *what = json_string_value(json_object_get(event, "event"));
	json_t *data = json_object_get(event, "data");
	time_t t = (time_t)s;
	char when[32], *text;
	struct tm tm;

	if (fo->json) {
		json_object_set_new(event, "domain", json_string(name));
		text = json_dumps(event, JSON_COMPACT | JSON_SORT_KEYS);
		printf("%s\n", text ? text : "{}");
	} else {
		text = json_object_size(data) ? json_dumps(data, JSON_COMPACT | JSON_SORT_KEYS)
					      : NULL;
		localtime_r(&t, &tm);
		strftime(when, sizeof(when), "%F %T", &tm);
		printf("%s %s %s%s%s\n", when, name, what ? what : "?", text ? " " : "",
		       text ? text : "");
	}
	free(text);
	fflush(stdout);
}

/* Our own two: a domain that is there, and one that is gone, however it went. */
static void print_change(const struct follower *fo, const char *name, const char *what)
{
	json_t *event = json_pack("{s:s, s:{s:I, s:I}}", "event", what, "timestamp", "seconds",
				  (json_int_t)time(NULL), "microseconds", (json_int_t)0);

	if (event)
		print_event(fo, name, event);
	json_decref(event);
}

static bool follows(const struct follower *fo, const char *name, pid_t pid)
{
	for (unsigned i = 0; i < fo->n; i++)
		if (!strcmp(fo->f[i].name, name) || (pid && fo->f[i].pid == pid))
			return true;
	return false;
}

/* rename_adopted() - What a standby does once it is a domain, it does as the domain. */
static void rename_adopted(struct followed *f, const json_t *event)
{
	const char *what = json_string_value(json_object_get(event, "event"));
	const char *name =
		json_string_value(json_object_get(json_object_get(event, "data"), "name"));

	if (what && name && !strcmp(what, "X_TAIKI_ADOPTED"))
		snprintf(f->name, sizeof(f->name), "%s", name);
}

static int follow(struct follower *fo, const char *name, int timeout_ms, struct hv_error *err)
{
	struct followed *f = &fo->f[fo->n];
	pid_t pid = 0;
	int rc;

	hv_presence(name, &pid, NULL);
	if (fo->n == FOLLOWED_MAX || follows(fo, name, pid))
		return 0;
	rc = hv_qmp_open_domain(name, timeout_ms, &f->q, err);
	if (rc)
		return rc;
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->pid = pid;
	fo->n++;
	print_change(fo, name, "x-taiki-present");
	return 0;
}

/* One that is silent must not hold up the events of the others every time. */
static bool asked_lately(const struct follower *fo, const char *name)
{
	return !strcmp(fo->silent, name) && time(NULL) - fo->asked < SILENT_S;
}

static void find_new(struct follower *fo)
{
	char **names = hv_run_list(NULL);

	for (char **n = names; n && *n; n++) {
		if (follows(fo, *n, 0) || asked_lately(fo, *n) ||
		    hv_presence(*n, NULL, NULL) != HV_PRESENT || !follow(fo, *n, OPEN_MS, NULL))
			continue;
		snprintf(fo->silent, sizeof(fo->silent), "%s", *n);
		fo->asked = time(NULL);
	}
	free(names);
}

/* Prints what has come; drops a connection that has ended. */
static void drain(struct follower *fo, unsigned i)
{
	struct followed *f = &fo->f[i];
	json_t *event;
	int rc;

	while (!(rc = hv_qmp_event(f->q, 0, &event, NULL))) {
		print_event(fo, f->name, event);
		rename_adopted(f, event);
		json_decref(event);
	}
	if (rc == -ETIMEDOUT)
		return;
	print_change(fo, f->name, "x-taiki-gone");
	hv_qmp_close(f->q);
	*f = fo->f[--fo->n];
}

int cmd_events(const struct options *o, int argc, char **argv)
{
	static struct follower fo;
	struct hv_error err = {""};
	int code = argc ? running(argv[0]) : HV_EXIT_OK, rc;

	fo.json = o->given & OPT_JSON;
	if (!code && argc) {
		rc = follow(&fo, argv[0], o->given & OPT_TIMEOUT ? left(o) : OPEN_MS, &err);
		code = rc ? fail(rc, &err) : HV_EXIT_OK;
	}
	while (!code && (!argc || fo.n)) {
		struct pollfd p[FOLLOWED_MAX];

		if (!argc)
			find_new(&fo);
		for (unsigned i = fo.n; i-- > 0;)
			drain(&fo, i);
		if (ferror(stdout) || ((o->given & OPT_TIMEOUT) && left(o) <= 1))
			break;
		for (unsigned i = 0; i < fo.n; i++)
			p[i] = (struct pollfd){.fd = hv_qmp_fd(fo.f[i].q), .events = POLLIN};
		poll(p, fo.n, RESCAN_MS);
	}
	while (fo.n)
		hv_qmp_close(fo.f[--fo.n].q);
	return code;
}
