// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * turn NAME COMMAND...: runs COMMAND while it has the turn of NAME, as an adopter has.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hvcore/lib/probe.h"
#include "hvcore/lib/turn.h"

int main(int argc, char **argv)
{
	struct hv_error err;
	int status;
	pid_t pid;

	if (argc < 3)
		return 2;
	if (hv_turn(argv[1], hv_clock_ms() + 20000, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	pid = fork();
	if (!pid) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
