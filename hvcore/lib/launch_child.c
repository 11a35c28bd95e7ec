// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "hv/daemon.h"
#include "hv/rundir.h"
#include "launch_child.h"

enum { CONFIG_FD = 3, STATUS_FD = 4, BOOKING_FD = 5, ENV_MAX = 64, ABORT_MS = 2000 };

extern char **environ;

/* A domain outlives whoever started it: it takes over paths and nothing else. */
static void clean_environment(char *env[ENV_MAX])
{
	static const char *const kept[] = {
		"TAIKI_", "PATH=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS="};
	size_t n = 0;

	for (char **e = environ; *e && n < ENV_MAX - 1; e++)
		for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
			if (!strncmp(*e, kept[i], strlen(kept[i]))) {
				env[n++] = *e;
				break;
			}
	env[n] = NULL;
}

static void put_fds(int config, int status, int booking, int null, int log)
{
	/* Above every target first, so that none is overwritten before its turn. */
	config = fcntl(config, F_DUPFD_CLOEXEC, 16);
	status = fcntl(status, F_DUPFD_CLOEXEC, 16);
	if (booking)
		booking = fcntl(booking, F_DUPFD_CLOEXEC, 16);
	log = fcntl(log, F_DUPFD_CLOEXEC, 16);
	null = fcntl(null, F_DUPFD_CLOEXEC, 16);
	dup2(null, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	dup2(config, CONFIG_FD);
	dup2(status, STATUS_FD);
	if (booking)
		dup2(booking, BOOKING_FD);
	close_range(booking ? BOOKING_FD + 1 : BOOKING_FD, ~0U, 0);
}

static void become(const struct hv_launch *l, const char *binary, int config, int status, int null,
		   int log)
{
	char config_arg[16], status_arg[16], booking_arg[16], *env[ENV_MAX];
	const char *argv[11], **a = argv;
	int e;

	umask(027);
	if (chdir("/"))
		dprintf(status, "error: /: %s\n", strerror(errno));
	hv_signals_fresh();
	hv_cgroup_join(l->config, log);
	clean_environment(env);
	snprintf(config_arg, sizeof(config_arg), "%d", CONFIG_FD);
	snprintf(status_arg, sizeof(status_arg), "%d", STATUS_FD);
	*a++ = "hv-domain";
	*a++ = "--config-fd";
	*a++ = config_arg;
	*a++ = "--status-fd";
	*a++ = status_arg;
	if (l->booking) {
		snprintf(booking_arg, sizeof(booking_arg), "%d", BOOKING_FD);
		*a++ = "--booking-fd";
		*a++ = booking_arg;
	}
	if (l->paused)
		*a++ = "--paused";
	*a++ = l->config->name;
	*a = NULL;
	put_fds(config, status, l->booking, null, log);
	execve(binary, (char *const *)argv, env);
	e = errno;
	dprintf(STATUS_FD, "error: domain %s: %s cannot be run: %s\n", l->config->name, binary,
		strerror(e));
	_exit(127);
}

int hv_launch_child(const struct hv_launch *l, const char *binary, int config, int status,
		    struct hv_child *child, struct hv_error *err)
{
	int tell[2] = {-1, -1}, null = -1, log = -1, rc = 0;
	char path[4096];
	pid_t middle;

	*child = (struct hv_child){0};
	if (hv_run_path(path, sizeof(path), l->config->name, "log"))
		return hv_err(err, -ENAMETOOLONG, "domain %s: the run directory's path is too long",
			      l->config->name);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (null < 0 || log < 0 || pipe2(tell, O_CLOEXEC)) {
		rc = hv_err(err, -errno, "%s: cannot be opened: %s", log < 0 ? path : "/dev/null",
			    strerror(errno));
		goto out;
	}
	middle = fork();
	if (middle == 0) {
		struct hv_child c = {.session = setsid()};

		c.pid = fork();
		if (c.pid == 0)
			become(l, binary, config, status, null, log);
		_exit(c.pid > 0 && write(tell[1], &c, sizeof(c)) == sizeof(c) ? 0 : 1);
	}
	close(tell[1]);
	tell[1] = -1; /* so that a middle that dies is an end of file */
	if (middle < 0 || waitpid(middle, NULL, 0) != middle ||
	    read(tell[0], child, sizeof(*child)) != sizeof(*child))
		rc = hv_err(err, -EAGAIN, "domain %s: no process could be made for it",
			    l->config->name);
out:
	if (null >= 0)
		close(null);
	if (log >= 0)
		close(log);
	if (tell[0] >= 0)
		close(tell[0]);
	if (tell[1] >= 0)
		close(tell[1]);
	return rc;
}

void hv_launch_abort(const struct hv_child *child)
{
	int fd = pidfd_open(child->pid, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};

	if (fd < 0)
		return;
	if (getsid(child->pid) == child->session) {
		pidfd_send_signal(fd, SIGKILL, NULL, 0);
		poll(&p, 1, ABORT_MS);
	}
	close(fd);
}
