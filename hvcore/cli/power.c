// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shutdown, destroy, reset, pause, resume.
 */
#include <errno.h>
#include <stdio.h>

#include "cli.h"
#include "hv/launch.h"

static int simple(const struct options *o, const char *name, const char *what, const char *command)
{
	struct hv_error err = {""};
	int code = running(name), rc;

	if (!code)
		code = owner_allows(o, name, what);
	if (code)
		return code;
	rc = ask(name, command, NULL, left(o), NULL, &err);
	return rc ? fail(rc, &err) : HV_EXIT_OK;
}

int cmd_shutdown(const struct options *o, int argc, char **argv)
{
	struct hv_error err = {""};
	int rc, code = simple(o, argv[0], "shutdown", "system_powerdown");

	if (code)
		return code;
	rc = hv_wait_gone(argv[0], left(o), &err);
	if (rc == -ETIMEDOUT) {
		fprintf(stderr,
			"hv: domain %s has not shut down in time; it may still, or "
			"`hv destroy %s`\n",
			argv[0], argv[0]);
		return HV_EXIT_TIMEOUT;
	}
	return rc ? fail(rc, &err) : HV_EXIT_OK;
}

int cmd_destroy(const struct options *o, int argc, char **argv)
{
	const char *name = argv[0];
	struct hv_error err = {""};
	int code = running(name), rc;

	if (!code)
		code = owner_allows(o, name, "destroy");
	if (code)
		return code;
	rc = hv_kill(name, left(o), &err);
	return rc ? fail(rc, &err) : HV_EXIT_OK;
}

int cmd_reset(const struct options *o, int argc, char **argv)
{
	return simple(o, argv[0], "reset", "system_reset");
}

int cmd_pause(const struct options *o, int argc, char **argv)
{
	return simple(o, argv[0], "pause", "stop");
}

int cmd_resume(const struct options *o, int argc, char **argv)
{
	return simple(o, argv[0], "resume", "cont");
}
