// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The keeper of the reporter's worker.
 */
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "privilege.h"
#include "reporter.h"

enum { RESPAWN_MS = 200 }; /* a worker that ends at once is not made anew more often */

/* Pacemaker's user may fail resources; it is all the worker needs to be. */
static void become_hacluster(void)
{
	const struct passwd *pw;

	if (geteuid() != 0)
		return; /* a developer's run: what the controller says to this user is reported */
	pw = getpwnam("hacluster");
	if (!pw) {
		log_line(LOG_ERR, "there is no user hacluster: nothing can be reported; "
				  "is Pacemaker installed?");
		_exit(1);
	}
	if (setgroups(0, NULL) || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid)) {
		log_line(LOG_ERR, "the reporter cannot become hacluster: %s", strerror(errno));
		_exit(1);
	}
}

/* die_with() - Be killed when @parent ends, also if it has ended already. */
static void die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
}

static pid_t make_worker(int fd)
{
	pid_t keeper = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_NAME, "hb-reporter");
	become_hacluster();
	privilege_drop(NULL, 0);
	die_with(keeper); /* after setuid, which clears it */
	_exit(reporter_worker(fd));
}

static void keep(int fd)
{
	static const int needs[] = {CAP_SETUID_, CAP_SETGID_}; /* to make workers hacluster */
	int status;

	prctl(PR_SET_NAME, "hb-keeper");
	privilege_drop(needs, 2);
	for (;;) {
		pid_t pid = make_worker(fd);

		if (pid > 0 && waitpid(pid, &status, 0) == pid) {
			if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
				_exit(0); /* the daemon has closed its end */
			log_line(LOG_WARNING, "the reporter ended (%s %d); another one is made",
				 WIFSIGNALED(status) ? "signal" : "status",
				 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		}
		poll(NULL, 0, RESPAWN_MS);
	}
}

int reporter_start(void)
{
	pid_t daemon = getpid(), pid;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		die_with(daemon);
		keep(pair[1]);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return -errno;
	}
	return pair[0];
}
