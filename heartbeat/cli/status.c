// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static void seconds(char out[32], double ms)
{
	if (ms < 1000)
		snprintf(out, 32, "%.0f ms", ms);
	else if (ms < 120000)
		snprintf(out, 32, "%.1f s", ms / 1000);
	else if (ms < 7200000)
		snprintf(out, 32, "%.0f min", ms / 60000);
	else
		snprintf(out, 32, "%.1f h", ms / 3600000);
}

static void strand(const json_t *evidence, const char *key, const char *label)
{
	const json_t *s = json_object_get(evidence, key);
	char silence[32], timeout[32];

	if (!json_is_true(json_object_get(s, "expected")))
		return;
	seconds(silence, cli_number(s, "silence_ms"));
	seconds(timeout, cli_number(s, "timeout_ms"));
	printf("  %-12s %s, silent for %s of %s\n", label,
	       json_is_true(json_object_get(s, "seen")) ? "seen" : "not seen yet", silence,
	       timeout);
}

static void show_beats(const json_t *d)
{
	const json_t *b = json_object_get(d, "beats");

	if (!cli_number(b, "count"))
		return;
	printf("  %-12s %.0f, last seq %.0f, load %.2f, role %s, health %s%s\n", "beats",
	       cli_number(b, "count"), cli_number(b, "seq"), cli_number(b, "load"),
	       cli_text(b, "role"), cli_text(b, "health"),
	       cli_number(b, "health_failures") > 0 ? " (it has failed before)" : "");
}

static void show_report(const json_t *d)
{
	const json_t *r = json_object_get(d, "report");
	const char *phase = cli_text(r, "phase");

	if (!strcmp(phase, "none"))
		return;
	printf("  %-12s %s", "report", cli_text(r, "text"));
	if (cli_number(r, "latency_ms") >= 0)
		printf(", %.1f ms after the verdict", cli_number(r, "latency_ms"));
	if (*cli_text(r, "error"))
		printf("; last try: %s (%.0f so far)", cli_text(r, "error"),
		       cli_number(r, "tries"));
	putchar('\n');
}

static void show(const json_t *d)
{
	const json_t *e = json_object_get(d, "evidence"), *p = json_object_get(d, "progress");
	const json_t *s = json_object_get(d, "settings");
	char since[32], owed[32];

	seconds(since, cli_number(d, "since_ms"));
	printf("%s: %s for %s: %s (%s)\n", cli_text(d, "name"), cli_text(d, "verdict"), since,
	       cli_text(d, "text"), cli_text(d, "reason"));
	printf("  %-12s %s, resource %s\n", "incarnation", cli_text(d, "incarnation"),
	       *cli_text(d, "resource") ? cli_text(d, "resource") : "none");
	if (json_is_true(json_object_get(e, "process")))
		printf("  %-12s %.0f, machine %s%s\n", "process", cli_number(d, "pid"),
		       cli_text(e, "run"),
		       json_is_true(json_object_get(e, "intent")) ? ", its agent ends or moves it"
								  : "");
	else
		printf("  %-12s gone%s%s\n", "process", *cli_text(e, "cause") ? ": " : "",
		       cli_text(e, "cause"));
	strand(e, "beats", "beats");
	strand(e, "agent", "guest agent");
	strand(e, "hypervisor", "hypervisor");
	strand(e, "vcpus", "vCPUs");
	show_beats(d);
	if (json_is_true(json_object_get(p, "page")))
		printf("  %-12s %.0f vCPUs, %.2f s of CPU, %.0f requests and packets\n", "progress",
		       cli_number(p, "vcpus"), cli_number(p, "cpu_ns") / 1e9, cli_number(p, "io"));
	seconds(owed, cli_number(e, "starved_ms"));
	printf("  %-12s waited for a CPU for %s in all\n", "host", owed);
	if (json_is_true(json_object_get(s, "beats")))
		printf("  %-12s action %s, resets %.0f of %.0f, phi %.1f\n", "heartbeat",
		       cli_text(s, "action"), cli_number(d, "resets"), cli_number(s, "max_resets"),
		       cli_number(d, "phi"));
	show_report(d);
}

int cli_status(int argc, char **argv)
{
	const char *name = "";
	bool json = false;
	json_t *o, *d;
	size_t i;

	for (int a = 1; a < argc; a++) {
		if (!strcmp(argv[a], "--json"))
			json = true;
		else if (argv[a][0] == '-' || *name)
			return CLI_USAGE;
		else
			name = argv[a];
	}
	o = cli_ask(name);
	if (!o)
		return CLI_FAILED;
	if (json) {
		json_dumpf(o, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		json_array_foreach (json_object_get(o, "domains"), i, d)
			show(d);
		if (!json_array_size(json_object_get(o, "domains")))
			puts("no domain runs on this host");
	}
	json_decref(o);
	return CLI_OK;
}
