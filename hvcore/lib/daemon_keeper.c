// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hv/daemon.h"

#include "daemon_parts.h"

enum { RESPAWN_MS = 200 }; /* a worker that ends at once is not made anew more often */

void hv_die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
}

static pid_t make_worker(const struct hv_keeper *k, int fd)
{
	pid_t keeper = getpid(), pid = fork();

	if (pid == 0)
		_exit(k->worker(fd, keeper));
	return pid;
}

__attribute__((noreturn)) static void keep(const struct hv_keeper *k, int fd)
{
	static const int needs[] = {CAP_SETUID, CAP_SETGID}; /* to make workers somebody else */
	int status;

	prctl(PR_SET_NAME, k->name);
	hv_privilege_drop(needs, sizeof(needs) / sizeof(needs[0]));
	for (;;) {
		pid_t pid = make_worker(k, fd);

		if (pid > 0 && waitpid(pid, &status, 0) == pid) {
			if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
				_exit(0); /* the daemon has closed its end */
			hv_log_line(LOG_WARNING, "the %s ended (%s %d); another one is made",
				    k->what, WIFSIGNALED(status) ? "signal" : "status",
				    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		}
		poll(NULL, 0, RESPAWN_MS);
	}
}

int hv_keeper_start(const struct hv_keeper *k)
{
	pid_t daemon = getpid(), pid;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		hv_die_with(daemon);
		keep(k, pair[1]);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return -errno;
	}
	return pair[0];
}
