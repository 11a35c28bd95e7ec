// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * status: of one volume or all, once or whenever it changes; history.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mirror/cli/cli.h"
#include "mirror/client.h"

enum { STAMP = 32 };

const char *cli_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "?";
}

static double mib(const json_t *o, const char *key)
{
	return (double)json_integer_value(json_object_get(o, key)) / 1048576;
}

static void show_waits(const json_t *o)
{
	size_t i;
	json_t *why;

	json_array_foreach (json_object_get(o, "suspended-by"), i, why)
		printf("%s%s", i ? ", " : "  clients wait: ", json_string_value(why));
}

/* show_progress() - How far, how fast since it began, and how long it takes if it goes on so. */
static void show_progress(const json_t *o)
{
	double total = mib(o, "resync-total"), left = mib(o, "resync-left");
	double s = (double)json_integer_value(json_object_get(o, "resync-ms")) / 1000;
	double rate = s > 0 ? (total - left) / s : 0;

	printf("  %.1f %% of %.1f MiB", 100 * (total - left) / total, total);
	if (rate > 0)
		printf(", %.1f MiB/s, %.0f s left", rate, left / rate);
}

static void show(const json_t *o)
{
	printf("%s  %s/%s  %s  %s/%s", cli_text(o, "name"), cli_text(o, "role"),
	       cli_text(o, "peer-role"), cli_text(o, "connection"), cli_text(o, "disk"),
	       cli_text(o, "peer-disk"));
	if (mib(o, "resync-total") > 0)
		show_progress(o);
	else if (mib(o, "out-of-sync") > 0)
		printf("  %.1f MiB out of sync", mib(o, "out-of-sync"));
	show_waits(o);
	printf("\n");
	if (!strcmp(cli_text(o, "connection"), "StandAlone") &&
	    json_object_get(o, "last-disconnect"))
		printf("  the last connection ended: %s\n", cli_text(o, "last-disconnect"));
	cli_show_split(cli_text(o, "name"), json_object_get(o, "split-brain"));
}

static void stamp(char out[STAMP], double at)
{
	time_t t = (time_t)at;
	struct tm tm;
	size_t n;

	localtime_r(&t, &tm);
	n = strftime(out, STAMP, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(out + n, STAMP - n, ".%03d", (int)((at - (double)t) * 1000));
}

/* One line a change, for people with the time; --json: for programs. */
static bool show_change(void *arg, const json_t *status)
{
	const bool *json = arg;
	struct timespec now;
	char text[STAMP];

	if (*json) {
		json_dumpf(status, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		clock_gettime(CLOCK_REALTIME, &now);
		stamp(text, (double)now.tv_sec + (double)now.tv_nsec / 1e9);
		printf("%s  ", text);
		show(status);
	}
	return !fflush(stdout);
}

static int watch(const char *name, bool json)
{
	struct hv_error err;

	if (!mirror_watch(name, show_change, &json, &err))
		return CLI_OK;
	fprintf(stderr, "taiki-mirror: %s: %s\n", name, err.text);
	return CLI_FAILED;
}

static int once(const char *name, bool json)
{
	json_t *o = cli_ask(name, "status", NULL);

	if (!o)
		return CLI_FAILED;
	if (json) {
		json_dumpf(o, stdout, JSON_INDENT(2));
		printf("\n");
	} else {
		show(o);
	}
	json_decref(o);
	return CLI_OK;
}

static int show_one(void *arg, const char *name)
{
	return once(name, *(const bool *)arg);
}

int cli_status(int argc, char **argv)
{
	bool json = false, watches = false;
	const char *name = NULL;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else if (!strcmp(argv[i], "--watch"))
			watches = true;
		else if (!name && *argv[i] != '-')
			name = argv[i];
		else
			return CLI_USAGE;
	}
	if (watches)
		return name ? watch(name, json) : CLI_USAGE;
	return name ? once(name, json) : cli_each(show_one, &json);
}

int cli_history(int argc, char **argv)
{
	bool json = argc == 3 && !strcmp(argv[2], "--json");
	json_t *all, *o;
	char text[STAMP];
	size_t i;

	if (argc < 2 || argc > 3 || (argc == 3 && !json))
		return CLI_USAGE;
	all = cli_ask(argv[1], "history", NULL);
	if (!all)
		return CLI_FAILED;
	if (json)
		json_dumpf(all, stdout, JSON_INDENT(2));
	json_array_foreach (all, i, o) {
		stamp(text, json_real_value(json_object_get(o, "time")));
		if (!json)
			printf("%s  %s\n", text, cli_text(o, "text"));
	}
	if (json)
		printf("\n");
	json_decref(all);
	return CLI_OK;
}
