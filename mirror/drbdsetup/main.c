// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands; see taiki-drbdsetup(8).  drbdadm names a volume by its resource, its minor, or both ends'
 * addresses, as the command has it.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hvcore/lib/beside.h"
#include "hvcore/lib/cgroup.h"
#include "hvcore/lib/probe.h"
#include "mirror/client.h"
#include "mirror/daemon.h"
#include "mirror/drbdsetup/drbdsetup.h"

enum { PATIENCE_MS = 120 * 1000, START_MS = 30 * 1000, END_MS = 30 * 1000, NAME = 64 };

static int complain(const char *who, const char *why)
{
	fprintf(stderr, "taiki-drbdsetup: %s: %s\n", who, why);
	return SETUP_FAILED;
}

static int64_t until(int ms)
{
	return hv_clock_ms() + ms;
}

static int ask(const char *name, const char *command, json_t *arguments, json_t **out)
{
	struct hv_error err;
	json_t *back = mirror_ask(name, command, arguments, until(PATIENCE_MS), NULL, &err);

	if (!back)
		return complain(name, err.text);
	if (out)
		*out = back;
	else
		json_decref(back);
	return SETUP_OK;
}

static bool runs(const char *name)
{
	struct mirror_daemon m;
	pid_t pid;

	return !mirror_daemon(&m, name) && hv_daemon_holder(&m.d, &pid) == 1;
}

/* ---- what is said before there is a daemon ---- */

static int new_resource(int argc, char **argv)
{
	json_t *o;
	int rc;

	/* drbdadm must not go on: next it would have drbdmeta write to metadata that is in use */
	if (runs(argv[1]))
		return complain(argv[1], "it is up already");
	o = json_pack("{s:[]}", "options");
	rc = keep_save(argv[1], o);
	json_decref(o);
	return rc ? complain(argv[1], strerror(-rc)) : SETUP_OK;
}

static int new_minor(int argc, char **argv)
{
	json_t *o = argc < 4 ? NULL : keep_load(argv[1]);
	int rc;

	if (!o)
		return argc < 4 ? SETUP_USAGE : complain(argv[1], "there is no such resource");
	if (strcmp(argv[3], "0")) {
		json_decref(o);
		return complain(argv[1], "a resource has one volume here, of number 0");
	}
	json_object_set_new(o, "minor", json_string(argv[2]));
	rc = keep_save(argv[1], o);
	json_decref(o);
	return rc ? complain(argv[1], strerror(-rc)) : SETUP_OK;
}

/* take() - The options from argv[@i] on. */
static int take(json_t *o, const char *name, int i, int argc, char **argv)
{
	for (; i < argc; i++)
		if (option_take(json_object_get(o, "options"), name, argv[i]))
			return SETUP_FAILED;
	return SETUP_OK;
}

static void set_meta(json_t *o, const char *meta, const char *kind)
{
	char text[4096];

	if (!strcmp(kind, "internal") || !strcmp(kind, "flex-internal"))
		snprintf(text, sizeof(text), "internal");
	else if (!strcmp(kind, "flexible") || !strcmp(kind, "flex-external"))
		snprintf(text, sizeof(text), "%s", meta);
	else
		snprintf(text, sizeof(text), "%s[%s]", meta, kind);
	json_object_set_new(o, "meta", json_string(text));
}

static int attach(int argc, char **argv)
{
	char name[NAME];
	json_t *o = argc < 5 ? NULL : keep_find("minor", argv[1], name);
	int rc;

	if (!o)
		return argc < 5 ? SETUP_USAGE : complain(argv[1], "there is no such minor");
	json_object_set_new(o, "disk", json_string(argv[2]));
	set_meta(o, argv[3], argv[4]);
	rc = take(o, name, 5, argc, argv);
	if (!rc && keep_save(name, o))
		rc = complain(name, "what was said cannot be kept");
	json_decref(o);
	return rc;
}

/* ---- the daemon ---- */

static const char *address(const char *text)
{
	const char *colon = strchr(text, ':');

	/* ipv4:10.0.0.1:7789, ipv6:[::1]:7789 */
	return colon && (!strncmp(text, "ipv4:", 5) || !strncmp(text, "ipv6:", 5)) ? colon + 1
										   : text;
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* fencer() - With fencing goes the handler that has it done, and quorum. */
static size_t fencer(const json_t *options, const char *argv[], size_t n, char path[4096])
{
	size_t i;
	json_t *s;
	const char *fencing = "dont-care";

	json_array_foreach (options, i, s)
		if (!strcmp(json_string_value(s), "--fencing"))
			fencing = json_string_value(json_array_get(options, i + 1));
	if (!strcmp(fencing, "dont-care"))
		return n;
	hv_beside(path, 4096, "TAIKI_FENCE_PEER", "taiki-fence-peer",
		  "/usr/libexec/taiki/taiki-fence-peer");
	argv[n++] = "--fence-peer";
	argv[n++] = path;
	argv[n++] = "--quorum";
	return n;
}

static int begin(const char *name, const json_t *o, const char *local, const char *peer)
{
	const char *argv[HV_DAEMON_ARGUMENTS_MAX + 1] = {
		"--name",           name,      "--disk", text_of(o, "disk"), "--meta-disk",
		text_of(o, "meta"), "--local", local,    "--peer",           peer,
		"--no-connect"};
	json_t *options = json_object_get(o, "options"), *s;
	char path[4096], log[128];
	struct mirror_daemon m;
	struct hv_error err;
	size_t n = 11, i;
	int rc;

	if (json_array_size(options) > HV_DAEMON_ARGUMENTS_MAX - 16)
		return complain(name, "too many options");
	json_array_foreach (options, i, s)
		argv[n++] = json_string_value(s);
	fencer(options, argv, n, path);
	rc = mirror_daemon(&m, name);
	m.d.arguments = argv;
	snprintf(log, sizeof(log), "%s",
		 getenv("TAIKI_MIRROR_LOG") ? getenv("TAIKI_MIRROR_LOG") : "");
	if (!log[0])
		snprintf(log, sizeof(log), "/var/log/taiki-mirrord-%s.log", name);
	if (!rc)
		rc = hv_daemon_spawn(&m.d, log, until(START_MS), &err);
	return rc && rc != -EEXIST ? complain(name, err.text) : SETUP_OK;
}

static int connect_to(int argc, char **argv)
{
	json_t *o = argc < 4 ? NULL : keep_load(argv[1]);
	bool discard = false;
	int rc = SETUP_OK, n = 4;

	if (!o || !*text_of(o, "disk")) {
		json_decref(o);
		return argc < 4 ? SETUP_USAGE
				: complain(argv[1], "it has no disk: attach comes before connect");
	}
	for (int i = 4; i < argc; i++) {
		if (!strcmp(argv[i], "--discard-my-data") ||
		    !strcmp(argv[i], "--discard-my-data=yes"))
			discard = true;
		else
			argv[n++] = argv[i];
	}
	if (!runs(argv[1])) {
		json_object_set_new(o, "local", json_string(argv[2]));
		rc = take(o, argv[1], 4, n, argv);
		if (!rc && keep_save(argv[1], o))
			rc = complain(argv[1], "what was said cannot be kept");
		if (!rc)
			rc = begin(argv[1], o, address(argv[2]), address(argv[3]));
	}
	json_decref(o);
	if (rc)
		return rc;
	return ask(argv[1], "connect", discard ? json_pack("{s:b}", "discard-my-data", 1) : NULL,
		   NULL);
}

static int disconnect_from(int argc, char **argv)
{
	char name[NAME];
	json_t *o = keep_find("local", argv[1], name);

	if (!o)
		return complain(argv[1], "nothing is connected from there");
	json_decref(o);
	return ask(name, "disconnect", NULL, NULL);
}

static int down(int argc, char **argv)
{
	int64_t deadline = until(END_MS);
	struct mirror_daemon m;

	if (runs(argv[1])) {
		int rc = ask(argv[1], "down", NULL, NULL);

		if (rc)
			return rc;
		while (runs(argv[1]) && hv_left_ms(deadline))
			poll(NULL, 0, 20);
		if (runs(argv[1]))
			return complain(argv[1], "its taiki-mirrord does not end; see its log");
		if (!mirror_daemon(&m, argv[1]))
			hv_cgroup_remove(m.group);
	}
	keep_remove(argv[1]);
	return SETUP_OK;
}

/* ---- of a minor ---- */

static int by_minor(const char *minor, char name[NAME])
{
	json_t *o = keep_find("minor", minor, name);

	if (!o)
		return complain(minor, "there is no such minor");
	json_decref(o);
	return SETUP_OK;
}

static int change(int argc, char **argv)
{
	bool force = argc > 2 && (!strcmp(argv[2], "--force") || !strcmp(argv[2], "--force=yes"));
	char name[NAME];

	if (by_minor(argv[1], name))
		return SETUP_FAILED;
	return ask(name, argv[0], force ? json_pack("{s:b}", "force", 1) : NULL, NULL);
}

static int show_state(int argc, char **argv)
{
	static const struct {
		const char *command, *ours, *peers;
	} rows[] = {{"role", "role", "peer-role"},
		    {"dstate", "disk", "peer-disk"},
		    {"cstate", "connection", NULL}};
	char name[NAME];
	json_t *o;

	if (by_minor(argv[1], name) || ask(name, "status", NULL, &o))
		return SETUP_FAILED;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].command, argv[0]))
			printf("%s%s%s\n", text_of(o, rows[i].ours), rows[i].peers ? "/" : "",
			       rows[i].peers ? text_of(o, rows[i].peers) : "");
	json_decref(o);
	return SETUP_OK;
}

static int status(int argc, char **argv)
{
	json_t *o;

	if (ask(argv[1], "status", NULL, &o))
		return SETUP_FAILED;
	printf("%s role:%s\n  disk:%s\n  peer connection:%s role:%s\n    peer-disk:%s\n\n",
	       text_of(o, "name"), text_of(o, "role"), text_of(o, "disk"), text_of(o, "connection"),
	       text_of(o, "peer-role"), text_of(o, "peer-disk"));
	json_decref(o);
	return SETUP_OK;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv); /* with at least one argument */
} commands[] = {
	{"new-resource", new_resource},
	{"new-minor", new_minor},
	{"attach", attach},
	{"connect", connect_to},
	{"disconnect", disconnect_from},
	{"down", down},
	{"primary", change},
	{"secondary", change},
	{"invalidate", change},
	{"role", show_state},
	{"dstate", show_state},
	{"cstate", show_state},
	{"status", status},
};

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--version"))
		return puts("taiki-drbdsetup " TAIKI_VERSION) < 0;
	for (size_t i = 0; argc > 2 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, argv[1]))
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr,
		"taiki-drbdsetup: '%s' is not there with taiki-mirrord; see taiki-drbdsetup(8)\n",
		argc > 1 ? argv[1] : "");
	return SETUP_USAGE;
}
