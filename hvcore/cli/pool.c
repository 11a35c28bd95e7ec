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

int cmd_pool(const struct options *o, int argc, char **argv)
{
	static const struct hv_daemon poold = {.name = "poold"};
	char *answer = NULL;
	json_t *said;
	pid_t pid;
	int rc = hv_daemon_holder(&poold, &pid);

	if (!rc) {
		fputs("hv: no pool keeps standbys on this host; see ocf_taiki_pool(7)\n", stderr);
		return HV_EXIT_NOT_RUNNING;
	}
	rc = hv_daemon_ask(&poold, "status\n", hv_clock_ms() + left(o), &answer, NULL);
	said = rc ? NULL : json_loads(answer, 0, NULL);
	free(answer);
	if (!said) {
		fprintf(stderr, "hv: taiki-poold (pid %d) does not answer: %s\n", (int)pid,
			strerror(rc ? -rc : EPROTO));
		return HV_EXIT_UNKNOWN;
	}
	if (o->given & OPT_JSON)
		return print_json(said, HV_EXIT_OK);
	table(said);
	json_decref(said);
	return HV_EXIT_OK;
}
