// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The keeper of the reporter's worker.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hvcore/lib/beside.h"

#include "log.h"
#include "privilege.h"
#include "reporter.h"

enum { RESPAWN_MS = 200 }; /* a worker that ends at once is not made anew more often */

/* die_with() - Be killed when @parent ends, also if it has ended already. */
static void die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
}

static pid_t make_worker(int fd, const char *program)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (dup2(fd, REPORTER_FD) == REPORTER_FD && !fcntl(REPORTER_FD, F_SETFD, 0))
		execl(program, program, (char *)NULL);
	log_line(LOG_ERR, "%s: cannot be run: %s; nothing can be reported", program,
		 strerror(errno));
	_exit(127);
}

static void keep(int fd)
{
	static const int needs[] = {CAP_SETUID_, CAP_SETGID_}; /* to make workers hacluster */
	char program[4096];
	int status;

	hv_beside(program, sizeof(program), "TAIKI_HEARTBEAT_REPORTER", "taiki-heartbeat-reporter",
		  "/usr/libexec/taiki/taiki-heartbeat-reporter");
	prctl(PR_SET_NAME, "hb-keeper");
	privilege_drop(needs, 2);
	for (;;) {
		pid_t pid = make_worker(fd, program);

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
