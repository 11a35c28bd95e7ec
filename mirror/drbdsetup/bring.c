// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bringing a volume up as drbdadm does, in four commands (new-resource, new-minor, attach, connect), of which the
 * last starts the daemon; changing its options; taking it down.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "hvcore/lib/beside.h"
#include "hvcore/lib/cgroup.h"
#include "hvcore/lib/probe.h"
#include "mirror/daemon.h"
#include "mirror/drbdsetup/drbdsetup.h"

enum { START_MS = 30 * 1000, END_MS = 30 * 1000, TURN_MS = 20 };

static bool runs(const char *name)
{
	struct mirror_daemon m;
	pid_t pid;

	return !mirror_daemon(&m, name) && hv_daemon_holder(&m.d, &pid) == 1;
}

/* save() - Keep @o, which is used up. */
static int save(const char *name, json_t *o)
{
	int rc = keep_save(name, o);

	json_decref(o);
	return rc ? complain(name, strerror(-rc)) : SETUP_OK;
}

static int no_such(const char *who)
{
	return complain(who, "there is no such resource, minor or connection");
}

int bring_new_resource(int argc, char **argv)
{
	/* drbdadm must not go on: next it would have drbdmeta write to metadata that is in use */
	if (runs(argv[1]))
		return complain(argv[1], "it is up already; 'drbdadm adjust' changes what is "
					 "configured differently");
	return save(argv[1], json_pack("{s:{} s:{} s:{}}", "resource", "disk", "net"));
}

int bring_new_minor(int argc, char **argv)
{
	json_t *o = argc < 4 ? NULL : keep_load(argv[1]);

	if (!o)
		return argc < 4 ? SETUP_USAGE : no_such(argv[1]);
	if (strcmp(argv[3], "0")) {
		json_decref(o);
		return complain(argv[1], "a resource has one volume here, of number 0; give the "
					 "others a resource, with a port, of their own");
	}
	json_object_set_new(o, "minor", json_string(argv[2]));
	return save(argv[1], o);
}

/* ---- options ---- */

/* take() - The options argv[@i] to its end into @section; with --set-defaults what was there goes first. */
static int take(json_t *section, int i, int argc, char **argv)
{
	for (int j = i; j < argc; j++)
		if (!strcmp(argv[j], "--set-defaults"))
			json_object_clear(section);
	for (; i < argc; i++)
		if (strcmp(argv[i], "--set-defaults") && option_keep(section, argv[i]))
			return SETUP_FAILED;
	return SETUP_OK;
}

/* tell() - The daemon that runs has all options anew. */
static int tell(const char *name, const json_t *o)
{
	json_t *ours = json_array(), *back, *word;
	int rc = options_ours(ours, name, o);
	size_t i;

	if (rc) {
		json_decref(ours);
		return complain(name, strerror(-rc));
	}
	rc = ask(name, "options", json_pack("{s:o}", "options", ours), &back);
	if (rc)
		return rc;
	json_array_foreach (json_object_get(back, "later"), i, word)
		fprintf(stderr, "taiki-drbdsetup: %s: %s is another from the next %s on\n", name,
			json_string_value(json_array_get(word, 0)),
			json_string_value(json_array_get(word, 1)));
	json_decref(back);
	return SETUP_OK;
}

/* change() - Options of a section of @o, volume @name's. */
static int change(const char *name, json_t *o, const char *section, int i, int argc, char **argv)
{
	int rc = o ? take(json_object_get(o, section), i, argc, argv) : no_such(argv[1]);

	if (!rc && runs(name))
		rc = tell(name, o);
	if (!rc)
		return save(name, o);
	json_decref(o);
	return rc;
}

int bring_disk_options(int argc, char **argv)
{
	char name[SETUP_NAME];
	json_t *o = keep_find("minor", argv[1], name);

	return change(name, o, "disk", 2, argc, argv);
}

int bring_net_options(int argc, char **argv)
{
	char name[SETUP_NAME];
	json_t *o = keep_find("local", argv[1], name);

	return change(name, o, "net", 3, argc, argv);
}

int bring_resource_options(int argc, char **argv)
{
	return change(argv[1], keep_load(argv[1]), "resource", 2, argc, argv);
}

/* ---- the disk ---- */

int bring_attach(int argc, char **argv)
{
	char name[SETUP_NAME];
	json_t *o = argc < 5 ? NULL : keep_find("minor", argv[1], name);
	int rc;

	if (!o)
		return argc < 5 ? SETUP_USAGE : no_such(argv[1]);
	rc = take(json_object_get(o, "disk"), 5, argc, argv);
	if (!rc && runs(name) &&
	    (strcmp(keep_text(o, "path"), argv[2]) || strcmp(keep_text(o, "meta"), argv[3])))
		rc = complain(name, "another disk than the one it was brought up with; take it "
				    "down and up again");
	if (rc) {
		json_decref(o);
		return rc;
	}
	json_object_set_new(o, "path", json_string(argv[2]));
	json_object_set_new(o, "meta", json_string(argv[3]));
	json_object_set_new(o, "kind", json_string(argv[4]));
	rc = save(name, o);
	return rc || !runs(name) ? rc : ask(name, "attach", NULL, NULL);
}

/* meta() - Where the metadata is, as --meta-disk has it. */
static const char *meta(const json_t *o, char out[4096])
{
	const char *kind = keep_text(o, "kind"), *path = keep_text(o, "meta");

	if (!strcmp(kind, "internal") || !strcmp(kind, "flex-internal"))
		return "internal";
	if (!strcmp(kind, "flexible") || !strcmp(kind, "flex-external"))
		return path;
	snprintf(out, 4096, "%s[%s]", path, kind);
	return out;
}

/* ---- the daemon, and its connection ---- */

static const char *address(const char *text)
{
	const char *colon = strchr(text, ':');

	/* ipv4:10.0.0.1:7789, ipv6:[::1]:7789 */
	return colon && (!strncmp(text, "ipv4:", 5) || !strncmp(text, "ipv6:", 5)) ? colon + 1
										   : text;
}

/* fencer() - With fencing goes the handler that has it done, and quorum. */
static void fencer(const json_t *o, const char *argv[], size_t n, char path[4096])
{
	const char *in_disk = keep_text(json_object_get(o, "disk"), "fencing");
	const char *fencing = *in_disk ? in_disk : keep_text(json_object_get(o, "net"), "fencing");

	if (!*fencing || !strcmp(fencing, "dont-care"))
		return;
	hv_beside(path, 4096, "TAIKI_FENCE_PEER", "taiki-fence-peer",
		  "/usr/libexec/taiki/taiki-fence-peer");
	argv[n++] = "--fence-peer";
	argv[n++] = path;
	argv[n++] = "--quorum";
}

static int begin(const char *name, const json_t *o)
{
	char where[4096], handler[4096];
	const char *argv[HV_DAEMON_ARGUMENTS_MAX + 1] = {
		"--name",      name,
		"--disk",      keep_text(o, "path"),
		"--meta-disk", meta(o, where),
		"--local",     address(keep_text(o, "local")),
		"--peer",      address(keep_text(o, "peer")),
		"--no-connect"};
	json_t *options = json_array(), *s;
	size_t n = 11, i;
	struct hv_error err;
	int rc = options_ours(options, name, o);

	if (rc) {
		hv_err(&err, rc, "%s", strerror(-rc));
	} else if (json_array_size(options) > HV_DAEMON_ARGUMENTS_MAX - 16) {
		rc = hv_err(&err, -E2BIG, "too many options");
	} else {
		json_array_foreach (options, i, s)
			argv[n++] = json_string_value(s);
		fencer(o, argv, n, handler);
		rc = mirror_daemon_start(name, argv, NULL, hv_clock_ms() + START_MS, &err);
	}
	json_decref(options);
	return rc && rc != -EEXIST ? complain(name, err.text) : SETUP_OK;
}

/* take_discard() - Whether --discard-my-data is among the options, which is of this connect only; it is taken out. */
static bool take_discard(int *argc, char **argv)
{
	bool discard = false;
	int n = 0;

	for (int i = 0; i < *argc; i++) {
		if (!strcmp(argv[i], "--discard-my-data") ||
		    !strcmp(argv[i], "--discard-my-data=yes"))
			discard = true;
		else
			argv[n++] = argv[i];
	}
	*argc = n;
	return discard;
}

/* other_ends() - Whether what runs has other addresses than @argv says. */
static bool other_ends(const json_t *o, char **argv)
{
	return strcmp(keep_text(o, "local"), argv[2]) || strcmp(keep_text(o, "peer"), argv[3]);
}

int bring_connect(int argc, char **argv)
{
	bool discard = take_discard(&argc, argv);
	json_t *o = argc < 4 ? NULL : keep_load(argv[1]);
	int rc;

	if (!o)
		return argc < 4 ? SETUP_USAGE : no_such(argv[1]);
	if (!*keep_text(o, "path"))
		rc = complain(argv[1], "it has no disk: attach comes before connect");
	else if (runs(argv[1]) && other_ends(o, argv))
		rc = complain(argv[1], "its addresses are others now; take it down and up again");
	else
		rc = take(json_object_get(o, "net"), 4, argc, argv);
	if (!rc && runs(argv[1])) {
		rc = tell(argv[1], o);
	} else if (!rc) {
		json_object_set_new(o, "local", json_string(argv[2]));
		json_object_set_new(o, "peer", json_string(argv[3]));
		rc = begin(argv[1], o);
	}
	if (!rc)
		rc = save(argv[1], json_incref(o));
	json_decref(o);
	if (rc)
		return rc;
	return ask(argv[1], "connect", discard ? json_pack("{s:b}", "discard-my-data", 1) : NULL,
		   NULL);
}

int bring_disconnect(int argc, char **argv)
{
	char name[SETUP_NAME];
	json_t *o = keep_find("local", argv[1], name);

	if (!o)
		return no_such(argv[1]);
	json_decref(o);
	return ask(name, "disconnect", NULL, NULL);
}

int bring_down(int argc, char **argv)
{
	int64_t deadline = hv_clock_ms() + END_MS;
	struct mirror_daemon m;

	if (runs(argv[1])) {
		int rc = ask(argv[1], "down", NULL, NULL);

		if (rc)
			return rc;
		while (runs(argv[1]) && hv_left_ms(deadline))
			poll(NULL, 0, TURN_MS);
		if (runs(argv[1]))
			return complain(argv[1], "its taiki-mirrord does not end; see its log");
		if (!mirror_daemon(&m, argv[1]))
			hv_cgroup_remove(m.group);
	}
	place_forget(argv[1]);
	return SETUP_OK;
}
