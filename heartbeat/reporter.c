// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How the reporter's worker comes to be: a program of its own, run by a keeper.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "hv/daemon.h"
#include "hvcore/lib/beside.h"

#include "reporter.h"

static char program[4096];

static int run_program(int fd, pid_t keeper)
{
	if (dup2(fd, REPORTER_FD) == REPORTER_FD && !fcntl(REPORTER_FD, F_SETFD, 0))
		execl(program, program, (char *)NULL);
	hv_log_line(LOG_ERR, "%s: cannot be run: %s; nothing can be reported", program,
		    strerror(errno));
	return 127;
}

int reporter_start(void)
{
	static const struct hv_keeper keeper = {"hb-keeper", "reporter", run_program};

	hv_beside(program, sizeof(program), "TAIKI_HEARTBEAT_REPORTER", "taiki-heartbeat-reporter",
		  "/usr/libexec/taiki/taiki-heartbeat-reporter");
	return hv_keeper_start(&keeper);
}
