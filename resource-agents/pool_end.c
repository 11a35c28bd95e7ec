// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The end of all standbys of this host, and of what they were published as.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hv/command.h"
#include "hv/launch.h"
#include "hv/rundir.h"
#include "hv/standby.h"
#include "hvcore/lib/probe.h"
#include "hvcore/lib/run_file.h"
#include "hvcore/lib/turn.h"

#include "pool.h"
#include "poold/attributes.h"

enum { AT_ONCE = 32, ADOPTER_PART = 2, WITHDRAW_MS = 3000 };

/* end_one() - In a process of its own; its exit status: 0 proven or adopted, 1 not (and said). */
static int end_one(const char *name, int64_t deadline)
{
	int64_t until = hv_clock_ms() + hv_left_ms(deadline) / ADOPTER_PART;
	struct hv_error err = {""};
	int turn = hv_turn(name, until, &err), rc;

	if (turn == -ETIMEDOUT) {
		ocf_log("NOTICE", "%s is being adopted; it is a domain's by now", name);
		return 0;
	}
	if (turn < 0) {
		ocf_exit_reason(OCF_ERR_GENERIC, "%s", err.text);
		return 1;
	}
	/* The turn made its directory anew where it has been adopted meanwhile. */
	rc = hv_kill(name, hv_left_ms(deadline), &err);
	if (!rc)
		rc = hv_run_remove(name, &err);
	close(turn);
	if (rc)
		ocf_exit_reason(OCF_ERR_GENERIC, "%s: it is not proven that it has ended: %s", name,
				err.text);
	return rc != 0;
}

static bool reap(unsigned *running)
{
	int status;

	if (wait(&status) < 0)
		return false;
	--*running;
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

enum ocf_rc pool_end_standbys(int64_t deadline)
{
	char **names = hv_run_list(NULL);
	const pid_t agent = getpid();
	unsigned running = 0;
	bool all = names;

	for (char **n = names; n && *n; n++) {
		pid_t pid;

		if (hv_name_kind(*n) == HV_KIND_DOMAIN)
			continue;
		if (running == AT_ONCE)
			all = reap(&running) && all;
		pid = fork();
		if (!pid) {
			/* Not beyond its agent: it would end what the next start makes. */
			if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != agent)
				_exit(1);
			_exit(end_one(*n, deadline));
		}
		if (pid < 0)
			all = !end_one(*n, deadline) && all;
		else
			running++;
	}
	while (running)
		all = reap(&running) && all;
	free(names);
	return all ? OCF_SUCCESS : OCF_ERR_GENERIC;
}

struct withdrawal {
	int64_t deadline;
};

static void withdraw(void *arg, const char *name)
{
	const struct withdrawal *w = arg;
	const char *argv[] = {"attrd_updater", "-n", name, "-D", NULL};
	struct hv_command c = {.argv = argv, .timeout_ms = hv_left_ms(w->deadline)};
	struct hv_error err;

	if (c.timeout_ms && hv_command(&c, NULL, NULL, &err))
		ocf_log("WARNING", "attribute %s may be left", name);
}

void pool_withdraw(int64_t deadline)
{
	int left = hv_left_ms(deadline) / 4;
	struct withdrawal w = {hv_clock_ms() + (left < WITHDRAW_MS ? left : WITHDRAW_MS)};

	if (attributes_read(withdraw, &w))
		attributes_write("");
}
