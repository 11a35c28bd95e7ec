// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * taiki-heartbeat-reporter: what taiki-heartbeatd starts to talk to Pacemaker
 * (reporter.h).  It becomes hacluster, whom the controller lets fail resources,
 * and keeps no other right.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "log.h"
#include "privilege.h"
#include "reporter.h"

enum { EXIT_SETUP = 1, EXIT_USAGE = 2 };

static int become_hacluster(void)
{
	const struct passwd *pw;

	if (geteuid() != 0)
		return 0; /* a developer's run: what the controller says to this user is reported */
	pw = getpwnam("hacluster");
	if (!pw) {
		log_line(LOG_ERR, "there is no user hacluster: nothing can be reported; "
				  "is Pacemaker installed?");
		return EXIT_SETUP;
	}
	if (setgroups(0, NULL) || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid)) {
		log_line(LOG_ERR, "the reporter cannot become hacluster: %s", strerror(errno));
		return EXIT_SETUP;
	}
	return 0;
}

int main(int argc, char **argv)
{
	pid_t keeper = getppid();
	int rc;

	log_init("taiki-heartbeat-reporter", LOG_INFO);
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts("taiki-heartbeat-reporter " TAIKI_VERSION);
		return 0;
	}
	if (argc > 1 || fcntl(REPORTER_FD, F_GETFD) < 0) {
		fputs("taiki-heartbeat-reporter is started by taiki-heartbeatd(8)\n", stderr);
		return EXIT_USAGE;
	}
	rc = become_hacluster();
	if (rc)
		return rc;
	rc = privilege_drop(NULL, 0);
	if (rc) {
		log_line(LOG_ERR, "rights cannot be dropped: %s", strerror(-rc));
		return EXIT_SETUP;
	}
	/* After the change of user, which clears it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return getppid() == keeper ? reporter_worker(REPORTER_FD) : 0;
}
