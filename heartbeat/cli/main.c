// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * taiki-heartbeat: what taiki-heartbeatd has seen, and why it judged so.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const char usage[] =
	"usage: taiki-heartbeat status [NAME] [--json]\n"
	"       taiki-heartbeat log [NAME] [-n LINES] [--json]\n"
	"       taiki-heartbeat metrics [-o FILE]\n"
	"       taiki-heartbeat --help | --version\n"
	"\n"
	"status   the verdict on each domain, and the evidence for it\n"
	"log      verdicts, reports and resets, oldest first\n"
	"metrics  for Prometheus, as node_exporter's textfile collector reads them\n"
	"\n"
	"Exit status: 0 done, 1 not (why: on standard error), 2 wrong usage.\n"
	"See taiki-heartbeat(8).\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {{"status", cli_status}, {"log", cli_log}, {"metrics", cli_metrics}};

const char *cli_text(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

double cli_number(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

int main(int argc, char **argv)
{
	int rc;

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		rc = commands[i].run(argc - 1, argv + 1);
		if (rc == CLI_USAGE)
			fputs(usage, stderr);
		return rc;
	}
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return CLI_OK;
	}
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts("taiki-heartbeat " TAIKI_VERSION);
		return CLI_OK;
	}
	if (argc > 1)
		fprintf(stderr, "taiki-heartbeat: \"%s\" is no command\n", argv[1]);
	fputs(usage, stderr);
	return CLI_USAGE;
}
