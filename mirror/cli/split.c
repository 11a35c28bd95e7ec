// SPDX-License-Identifier: GPL-2.0-or-later
/* A split brain, as whoever has to decide it wants to see it. */
#include <stdio.h>

#include "mirror/cli/cli.h"

/* show() - "  here:  0123456789ABCDEF <- ...   64 KiB written since": current, and what it came from. */
static void show(const char *where, const json_t *side, bool exact)
{
	json_int_t kib = json_integer_value(json_object_get(side, "written")) / 1024;
	const json_t *ids = json_object_get(side, "generations");

	printf("    %s  ", where);
	for (size_t i = 0; i < json_array_size(ids); i++)
		printf("%s%s", i ? " <- " : "", json_string_value(json_array_get(ids, i)));
	printf("\n           %s%" JSON_INTEGER_FORMAT " KiB written on it since they parted; "
	       "lost if it is given up\n",
	       exact ? "" : "at least ", kib);
}

void cli_show_split(const char *name, const json_t *split)
{
	bool exact = json_is_true(json_object_get(split, "exact"));

	if (!split)
		return;
	printf("  split brain: both sides have written without the other; generations, the newest "
	       "first:\n");
	show("here:", json_object_get(split, "mine"), exact);
	show("peer:", json_object_get(split, "peer"), exact);
	printf("  Decide whose data is given up, say so on that host, and connect on the other:\n"
	       "    taiki-mirror connect %s --discard-my-data     there\n"
	       "    taiki-mirror connect %s                       on the one that keeps its data\n",
	       name, name);
}
