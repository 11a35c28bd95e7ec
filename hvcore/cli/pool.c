// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pool: what waits on this host, as its taiki-poold says.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "hv/daemon_control.h"
#include "hvcore/lib/probe.h"
#include "watch.h"

enum { ASK_MS = 5000, AGAIN_MS = 2000 };

static const struct hv_daemon poold = {.name = "poold"};
static const char none[] = "no pool keeps standbys on this host; see ocf_taiki_pool(7)";

static const char *text_of(const json_t *o, const char *key, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text && *text ? text : otherwise;
}

static void standby(const json_t *o)
{
	const json_t *copied = json_object_get(o, "copied"), *age = json_object_get(o, "seconds");
	char state[48], seconds[24] = "-";

	snprintf(state, sizeof(state), "%s", text_of(o, "state", "-"));
	if (copied)
		snprintf(state, sizeof(state), "copied %d %%", (int)json_integer_value(copied));
	if (age)
		snprintf(seconds, sizeof(seconds), "%.0f s", json_number_value(age));
	printf("%-24s %-14s %9s  %-16s %s\n", text_of(o, "name", "-"), state, seconds,
	       text_of(o, "resource", "-"), text_of(o, "trouble", ""));
}

static void table(const json_t *said)
{
	const json_t *o;
	size_t i;

	printf("%-24s %-14s %9s  %-16s %s\n", "STANDBY", "STATE", "AGE", "RESOURCE", "TROUBLE");
	json_array_foreach (json_object_get(said, "standbys"), i, o)
		standby(o);
	json_array_foreach (json_object_get(said, "definitions"), i, o)
		if (json_object_get(o, "trouble"))
			printf("%s: %s\n", text_of(o, "resource", "the template"),
			       text_of(o, "trouble", ""));
}

/* said_now() - What the pool says, or NULL with *@rc (-ESRCH: there is none); *@pid as far as it is known. */
static json_t *said_now(int timeout_ms, pid_t *pid, int *rc)
{
	char *answer = NULL;
	json_t *said = NULL;

	*rc = hv_daemon_holder(&poold, pid);
	if (*rc <= 0) {
		*rc = *rc ? *rc : -ESRCH;
		return NULL;
	}
	*rc = hv_daemon_ask(&poold, "status\n", hv_clock_ms() + timeout_ms, &answer, NULL);
	if (!*rc)
		said = json_loads(answer, 0, NULL);
	if (!*rc && !said)
		*rc = -EPROTO;
	free(answer);
	return said;
}

/* A pool that comes and goes, or is silent, is news, and no end of watching. */
static json_t *look(void *arg, int *again, pid_t *pid)
{
	char silent[128];
	int rc;
	json_t *said = said_now(ASK_MS, pid, &rc);

	if (said)
		return said;
	if (rc == -ESRCH)
		return json_pack("{s:n, s:s, s:[], s:[]}", "resource", "trouble", none, "standbys",
				 "definitions");
	*again = AGAIN_MS;
	snprintf(silent, sizeof(silent), "taiki-poold (pid %d) does not answer: %s", (int)*pid,
		 strerror(-rc));
	return json_pack("{s:n, s:s, s:[], s:[]}", "resource", "trouble", silent, "standbys",
			 "definitions");
}

static void print(void *arg, const json_t *said)
{
	if (json_object_get(said, "trouble"))
		puts(text_of(said, "trouble", ""));
	else
		table(said);
}

int cmd_pool(const struct options *o, int argc, char **argv)
{
	static const char *const passing[] = {"seconds", "copied", NULL};
	static const struct watched watched = {.look = look, .print = print, .passing = passing};
	json_t *said;
	pid_t pid = 0;
	int rc;

	if (o->given & OPT_WATCH)
		return watch(o, &watched);
	said = said_now(left(o), &pid, &rc);
	if (rc == -ESRCH) {
		fprintf(stderr, "hv: %s\n", none);
		return HV_EXIT_NOT_RUNNING;
	}
	if (!said) {
		fprintf(stderr, "hv: taiki-poold (pid %d) does not answer: %s\n", (int)pid,
			strerror(-rc));
		return HV_EXIT_UNKNOWN;
	}
	if (o->given & OPT_JSON)
		return print_json(said, HV_EXIT_OK);
	table(said);
	json_decref(said);
	return HV_EXIT_OK;
}
