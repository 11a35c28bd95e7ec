// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "mirror/cli/cli.h"

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "?";
}

static double mib(const json_t *o, const char *key)
{
	return (double)json_integer_value(json_object_get(o, key)) / 1048576;
}

static void show(const json_t *o)
{
	double total = mib(o, "resync-total"), left = mib(o, "resync-left");

	printf("%s  %s/%s  %s  %s/%s", text(o, "name"), text(o, "role"), text(o, "peer-role"),
	       text(o, "connection"), text(o, "disk"), text(o, "peer-disk"));
	if (total > 0)
		printf("  %.1f %% of %.1f MiB", 100 * (total - left) / total, total);
	else if (mib(o, "out-of-sync") > 0)
		printf("  %.1f MiB out of sync", mib(o, "out-of-sync"));
	printf("\n");
	if (!strcmp(text(o, "connection"), "StandAlone") && json_object_get(o, "last-disconnect"))
		printf("  the last connection ended: %s\n", text(o, "last-disconnect"));
}

int cli_status(int argc, char **argv)
{
	bool json = argc == 3 && !strcmp(argv[2], "--json");
	json_t *o;

	if (argc < 2 || argc > 3 || (argc == 3 && !json))
		return CLI_USAGE;
	o = cli_ask(argv[1], "status", NULL);
	if (!o)
		return CLI_FAILED;
	if (json)
		json_dumpf(o, stdout, JSON_INDENT(2));
	else
		show(o);
	if (json)
		printf("\n");
	json_decref(o);
	return CLI_OK;
}
