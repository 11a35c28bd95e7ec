// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/rundir.h"

#include "cli.h"

enum { LINES_DEFAULT = 50, LINES_MOST = 100000 };

static void show(const json_t *e)
{
	const char *event = cli_text(e, "event");

	printf("%.23s  %-10s ", cli_text(e, "time"), cli_text(e, "domain"));
	if (!strcmp(event, "verdict"))
		printf("%s -> %s: %s (%s)%s%s", cli_text(e, "from"), cli_text(e, "to"),
		       cli_text(e, "text"), cli_text(e, "reason"),
		       *cli_text(e, "cause") ? "; " : "", cli_text(e, "cause"));
	else if (!strcmp(event, "report") && json_is_true(json_object_get(e, "told")))
		printf("Pacemaker was told that %s has failed on %s, %.1f ms after the verdict",
		       cli_text(e, "resource"), cli_text(e, "node"), cli_number(e, "ms"));
	else if (!strcmp(event, "report"))
		printf("%s", cli_text(e, "text"));
	else if (!strcmp(event, "reset"))
		printf("its guest was reset%s%s%s",
		       json_is_true(json_object_get(e, "ours")) ? " by heartbeat" : "",
		       *cli_text(e, "cause") ? ": " : "", cli_text(e, "cause"));
	else if (!strcmp(event, "taken-up"))
		printf("incarnation %s, process %.0f", cli_text(e, "incarnation"),
		       cli_number(e, "pid"));
	else if (!strcmp(event, "stall"))
		printf("the daemon did not run for %.0f ms", cli_number(e, "ms"));
	else
		printf("%s", event);
	putchar('\n');
}

/* The last lines, a ring. */
struct tail {
	char **line;
	size_t size, n;
};

/* take() - The lines of @path about @name ("": all); one that is no JSON was cut by a crash. */
static void take(struct tail *t, const char *path, const char *name)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		json_t *e = json_loads(line, 0, NULL);

		if (e && (!*name || !strcmp(cli_text(e, "domain"), name))) {
			free(t->line[t->n % t->size]);
			t->line[t->n++ % t->size] = line;
			line = NULL;
			size = 0;
		}
		json_decref(e);
	}
	free(line);
	if (f)
		fclose(f);
}

static void print(struct tail *t, bool json)
{
	for (size_t i = t->n > t->size ? t->n - t->size : 0; i < t->n; i++) {
		char *line = t->line[i % t->size];
		json_t *e = json ? NULL : json_loads(line, 0, NULL);

		if (json)
			fputs(line, stdout);
		else if (e)
			show(e);
		json_decref(e);
	}
}

static int parse(int argc, char **argv, const char **name, size_t *lines, bool *json)
{
	for (int a = 1; a < argc; a++) {
		char *end = NULL;
		long n;

		if (!strcmp(argv[a], "--json")) {
			*json = true;
		} else if (!strcmp(argv[a], "-n") && a + 1 < argc) {
			n = strtol(argv[++a], &end, 10);
			if (*end || n < 1 || n > LINES_MOST)
				return CLI_USAGE;
			*lines = (size_t)n;
		} else if (argv[a][0] == '-' || **name) {
			return CLI_USAGE;
		} else {
			*name = argv[a];
		}
	}
	return CLI_OK;
}

int cli_log(int argc, char **argv)
{
	struct tail t = {.size = LINES_DEFAULT};
	const char *name = "";
	char path[4096];
	bool json = false;

	if (parse(argc, argv, &name, &t.size, &json))
		return CLI_USAGE;
	t.line = calloc(t.size, sizeof(*t.line));
	if (!t.line)
		return CLI_FAILED;
	/* The daemon's files: what it said can be read when it is dead. */
	snprintf(path, sizeof(path), "%s/.heartbeatd.log.1", hv_run_root());
	take(&t, path, name);
	snprintf(path, sizeof(path), "%s/.heartbeatd.log", hv_run_root());
	take(&t, path, name);
	print(&t, json);
	for (size_t i = 0; i < t.size; i++)
		free(t.line[i]);
	free(t.line);
	return CLI_OK;
}
