// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands; see taiki-drbdsetup(8).  drbdadm names a volume by its resource, its minor, or both ends'
 * addresses, as the command has it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hvcore/lib/probe.h"
#include "mirror/client.h"
#include "mirror/drbdsetup/drbdsetup.h"

enum { PATIENCE_MS = 120 * 1000 };

int complain(const char *who, const char *why)
{
	fprintf(stderr, "taiki-drbdsetup: %s: %s\n", who, why);
	return SETUP_FAILED;
}

int ask(const char *name, const char *command, json_t *arguments, json_t **out)
{
	struct hv_error err;
	int why;
	json_t *back = mirror_ask(name, command, arguments, hv_clock_ms() + PATIENCE_MS, &why,
				  &err);

	if (!back) {
		complain(name, err.text);
		return why == -ENOENT || why == -ECONNREFUSED ? SETUP_FAILED : SETUP_REFUSED;
	}
	if (out)
		*out = back;
	else
		json_decref(back);
	return SETUP_OK;
}

int by_minor(const char *minor, char name[SETUP_NAME])
{
	json_t *o = keep_find("minor", minor, name);

	if (!o)
		return complain(minor, "there is no such minor");
	json_decref(o);
	return SETUP_OK;
}

/* ---- what the daemon is told to do to a minor ---- */

/* drbdsetup's options that are the daemon's arguments, in any of its commands. */
static const struct {
	const char *option, *argument;
} arguments[] = {
	{"force", "force"},
	{"overwrite-data-of-peer", "force"},
	{"assume-clean", "assume-clean"},
	{"start", "start"},
	{"stop", "stop"},
	{"size", "size"},
	{"assume-peer-has-space", "assume-peer-has-space"},
};

/* argument() - @option ("--force", "--start=8M") into @o.  False: it is not known. */
static bool argument(json_t *o, const char *option)
{
	size_t len = strcspn(option, "=");
	const char *value = option[len] ? option + len + 1 : "yes";

	for (size_t i = 0; len > 2 && i < sizeof(arguments) / sizeof(arguments[0]); i++) {
		if (strncmp(option + 2, arguments[i].option, len - 2) ||
		    arguments[i].option[len - 2])
			continue;
		json_object_set_new(o, arguments[i].argument,
				    !strcmp(value, "yes")  ? json_true()
				    : !strcmp(value, "no") ? json_false()
							   : json_string(value));
		return true;
	}
	return false;
}

static int forward(int argc, char **argv)
{
	char name[SETUP_NAME];
	int rc = by_minor(argv[1], name);
	json_t *o = json_object();

	for (int i = 2; !rc && i < argc; i++)
		if (!argument(o, argv[i]))
			rc = complain(argv[i], "is not known of this command");
	if (!rc)
		return ask(name, argv[0], o, NULL);
	json_decref(o);
	return rc;
}

/* A volume follows what its disks are able to hold by `resize` alone. */
static int nothing(int argc, char **argv)
{
	return SETUP_OK;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"new-resource", bring_new_resource},
	{"new-minor", bring_new_minor},
	{"attach", bring_attach},
	{"connect", bring_connect},
	{"disconnect", bring_disconnect},
	{"down", bring_down},
	{"disk-options", bring_disk_options},
	{"net-options", bring_net_options},
	{"resource-options", bring_resource_options},
	{"primary", forward},
	{"secondary", forward},
	{"invalidate", forward},
	{"invalidate-remote", forward},
	{"outdate", forward},
	{"detach", forward},
	{"verify", forward},
	{"resize", forward},
	{"pause-sync", forward},
	{"resume-sync", forward},
	{"check-resize", nothing},
	{"show", show_config},
	{"role", show_state},
	{"dstate", show_state},
	{"cstate", show_state},
	{"status", show_status},
	{"get-gi", show_identifiers},
	{"show-gi", show_identifiers},
	{"wait-connect", show_wait},
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
