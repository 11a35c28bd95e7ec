// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is configured, and what is so.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hvcore/lib/probe.h"
#include "mirror/client.h"
#include "mirror/drbd/meta.h"
#include "mirror/drbdsetup/drbdsetup.h"

enum { TURN_MS = 200, ASK_MS = 10 * 1000 };

/* ---- the configuration, as drbdsetup show prints it and drbdadm reads it ---- */

static void section(int indent, const char *name, const json_t *o)
{
	const char *key;
	json_t *v;

	printf("%*s%s {\n", indent, "", name);
	json_object_foreach ((json_t *)o, key, v)
		printf("%*s%s \"%s\";\n", indent + 4, "", key, json_string_value(v));
	printf("%*s}\n", indent, "");
}

/* "ipv4:10.0.0.1:7789" is "ipv4 10.0.0.1:7789" there. */
static void address(const char *text)
{
	int family = (int)strcspn(text, ":");

	printf("        address %.*s %s;\n", family, text, text[family] ? text + family + 1 : "");
}

static void disk(const json_t *o)
{
	const char *kind = keep_text(o, "kind");

	if (!*keep_text(o, "path"))
		return;
	printf("            disk \"%s\";\n", keep_text(o, "path"));
	if (strstr(kind, "internal"))
		printf("            meta-disk internal;\n");
	else if (strchr("0123456789", *kind))
		printf("            meta-disk \"%s\" [ %s ];\n", keep_text(o, "meta"), kind);
	else
		printf("            meta-disk \"%s\";\n", keep_text(o, "meta"));
	section(12, "disk", json_object_get(o, "disk"));
}

/*
 * forget() - What is not so any more: a disk that was detached or has failed, a connection that was ended; drbdadm adjust
 * then brings it back.
 */
static void forget(json_t *o, const char *name)
{
	struct hv_error err;
	json_t *is = mirror_ask(name, "status", NULL, hv_clock_ms() + ASK_MS, NULL, &err);

	if (!is || !strcmp(keep_text(is, "disk"), "Diskless"))
		json_object_del(o, "path");
	if (!is || !strcmp(keep_text(is, "connection"), "StandAlone"))
		json_object_del(o, "local");
	json_decref(is);
}

int show_config(int argc, char **argv)
{
	json_t *o = keep_load(argv[1]);

	if (!o)
		return complain(argv[1], "there is no such resource");
	forget(o, argv[1]);
	printf("resource %s {\n", argv[1]);
	section(4, "options", json_object_get(o, "resource"));
	if (*keep_text(o, "local")) {
		section(4, "net", json_object_get(o, "net"));
		printf("    _remote_host {\n");
		address(keep_text(o, "peer"));
		printf("    }\n");
	}
	printf("    _this_host {\n");
	if (*keep_text(o, "local"))
		address(keep_text(o, "local"));
	if (*keep_text(o, "minor")) {
		printf("        volume 0 {\n            device minor %s;\n", keep_text(o, "minor"));
		disk(o);
		printf("        }\n");
	}
	printf("    }\n}\n\n");
	json_decref(o);
	return SETUP_OK;
}

/* ---- the state ---- */

int show_state(int argc, char **argv)
{
	static const struct {
		const char *command, *ours, *peers;
	} rows[] = {{"role", "role", "peer-role"},
		    {"dstate", "disk", "peer-disk"},
		    {"cstate", "connection", NULL}};
	char name[SETUP_NAME];
	json_t *o;

	if (by_minor(argv[1], name) || ask(name, "status", NULL, &o))
		return SETUP_FAILED;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].command, argv[0]))
			printf("%s%s%s\n", keep_text(o, rows[i].ours), rows[i].peers ? "/" : "",
			       rows[i].peers ? keep_text(o, rows[i].peers) : "");
	json_decref(o);
	return SETUP_OK;
}

int show_status(int argc, char **argv)
{
	json_t *o;

	if (ask(argv[1], "status", NULL, &o))
		return SETUP_FAILED;
	printf("%s role:%s\n  disk:%s\n  peer connection:%s role:%s\n    peer-disk:%s\n\n",
	       keep_text(o, "name"), keep_text(o, "role"), keep_text(o, "disk"),
	       keep_text(o, "connection"), keep_text(o, "peer-role"), keep_text(o, "peer-disk"));
	json_decref(o);
	return SETUP_OK;
}

static const struct {
	unsigned flag;
	const char *means;
} flags[] = {
	{MD_CONSISTENT, "consistent"},
	{MD_WAS_UP_TO_DATE, "was up to date"},
	{MD_PRIMARY, "Primary"},
	{MD_CONNECTED, "connected"},
	{MD_FULL_SYNC, "needs a full sync"},
	{MD_PEER_OUTDATED, "peer is outdated"},
	{MD_CRASHED_PRIMARY, "was a Primary that crashed"},
};

/* get-gi is for programs; show-gi says what each is. */
int show_identifiers(int argc, char **argv)
{
	static const char *const kinds[] = {"current", "bitmap", "younger history",
					    "older history"};
	bool words = !strcmp(argv[0], "show-gi");
	char name[SETUP_NAME];
	unsigned long set;
	json_t *o, *id;
	size_t i;

	if (by_minor(argv[1], name) || ask(name, "status", NULL, &o))
		return SETUP_FAILED;
	set = (unsigned long)json_integer_value(json_object_get(o, "flags"));
	json_array_foreach (json_object_get(o, "generations"), i, id)
		printf(words && i < 4 ? "%s  %s\n" : "%s:", json_string_value(id), kinds[i % 4]);
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		bool is = set & flags[i].flag;

		if (words)
			printf("%d                 %s\n", is, flags[i].means);
		else
			printf("%d%s", is, i + 1 < sizeof(flags) / sizeof(flags[0]) ? ":" : "\n");
	}
	json_decref(o);
	return SETUP_OK;
}

/* ---- waiting ---- */

/* of() - The seconds of option @name, in argv[2] and behind; @otherwise where it is not given. */
static long of(const char *name, int argc, char **argv, long otherwise)
{
	size_t len = strlen(name);

	for (int i = 2; i < argc; i++)
		if (!strncmp(argv[i], "--", 2) && !strncmp(argv[i] + 2, name, len) &&
		    argv[i][2 + len] == '=')
			return strtol(argv[i] + 3 + len, NULL, 10);
	return otherwise;
}

static bool is_in(const char *word, const char *const list[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(word, list[i]))
			return true;
	return false;
}

/* wait-connect: until there is a connection, --wfc-timeout seconds (0: as long as it takes), or StandAlone. */
int show_wait(int argc, char **argv)
{
	static const char *const apart[] = {"StandAlone",    "Disconnecting", "Unconnected",
					    "Timeout",       "BrokenPipe",    "NetworkFailure",
					    "TearDown",      "ProtocolError", "WFConnection",
					    "WFReportParams"};
	long seconds = of("wfc-timeout", argc, argv, 0);
	int64_t deadline = hv_clock_ms() + seconds * 1000;
	char name[SETUP_NAME];
	int rc = by_minor(argv[1], name);

	while (!rc) {
		json_t *o;
		bool met, alone;

		if (ask(name, "status", NULL, &o))
			return SETUP_FAILED;
		met = !is_in(keep_text(o, "connection"), apart, sizeof(apart) / sizeof(apart[0]));
		alone = !strcmp(keep_text(o, "connection"), "StandAlone");
		json_decref(o);
		if (met)
			return SETUP_OK;
		if (alone)
			return complain(name, "it is StandAlone, and does not look for its peer");
		if (seconds && !hv_left_ms(deadline))
			return SETUP_LATE;
		poll(NULL, 0, TURN_MS);
	}
	return rc;
}
