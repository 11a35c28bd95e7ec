// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * taiki-heartbeat-reporter: what taiki-heartbeatd starts to talk to Pacemaker
 * (reporter.h).  It becomes hacluster, whom the controller lets fail resources,
 * and keeps no other right.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hv/daemon.h"

#include "reporter.h"

enum { EXIT_SETUP = 1, EXIT_USAGE = 2 };

int main(int argc, char **argv)
{
	pid_t keeper = getppid();
	struct hv_error err;
	int rc;

	hv_log_init("taiki-heartbeat-reporter", LOG_INFO);
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts("taiki-heartbeat-reporter " TAIKI_VERSION);
		return 0;
	}
	if (argc > 1 || fcntl(REPORTER_FD, F_GETFD) < 0) {
		fputs("taiki-heartbeat-reporter is started by taiki-heartbeatd(8)\n", stderr);
		return EXIT_USAGE;
	}
	rc = hv_become("hacluster", keeper, &err);
	if (rc) {
		hv_log_line(LOG_ERR, "nothing can be reported: %s; is Pacemaker installed?",
			    err.text);
		return EXIT_SETUP;
	}
	return reporter_worker(REPORTER_FD);
}
