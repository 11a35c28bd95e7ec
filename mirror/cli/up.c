// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * up: start a volume's daemon in the background, as a drbd.conf or its options describe it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hvcore/lib/probe.h"
#include "mirror/cli/cli.h"
#include "mirror/conf.h"
#include "mirror/daemon.h"

enum { START_MS = 60 * 1000 };

static int complain(const char *name, const char *why)
{
	fprintf(stderr, "taiki-mirror: up: %s: %s\n", name, why);
	return CLI_FAILED;
}

static int by_conf(const char *name, const char *config)
{
	struct hv_error err;
	int rc = conf_drbdadm(config, name, "up", NULL, hv_clock_ms() + START_MS, &err);

	if (rc == -ENOENT)
		return complain(name, "drbdadm, which reads drbd.conf, is not installed "
				      "(drbd-utils); give the options of taiki-mirrord instead");
	if (rc < 0)
		return complain(name, err.text);
	return rc ? CLI_FAILED : CLI_OK; /* drbdadm has said why */
}

static int by_options(const char *name, int n, char **options)
{
	const char *argv[HV_DAEMON_ARGUMENTS_MAX + 1] = {"--name", name};
	struct hv_error err;
	int rc;

	if (n > HV_DAEMON_ARGUMENTS_MAX - 2)
		return complain(name, "too many options");
	for (int i = 0; i < n; i++)
		argv[2 + i] = options[i];
	rc = mirror_daemon_start(name, argv, NULL, hv_clock_ms() + START_MS, &err);
	if (rc == -EEXIST)
		return complain(name, "it is up already");
	return rc ? complain(name, err.text) : CLI_OK;
}

int cli_up(int argc, char **argv)
{
	if (argc < 2 || *argv[1] == '-' || !place_name_ok(argv[1]))
		return CLI_USAGE;
	if (argc == 2)
		return by_conf(argv[1], NULL);
	if (!strcmp(argv[2], "--config"))
		return argc == 4 ? by_conf(argv[1], argv[3]) : CLI_USAGE;
	return by_options(argv[1], argc - 2, argv + 2);
}
