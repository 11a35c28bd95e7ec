// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starting a daemon where systemd does not: in a session and a control group of
 * its own, so that what happens to Pacemaker does not happen to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hv/daemon.h"
#include "hv/daemon_control.h"

#include "beside.h"
#include "cgroup.h"
#include "probe.h"

enum { EXIT_NO_EXEC = 127, ENV_MAX = 64 };

extern char **environ;

/* ready_socket() - Where it will say READY=1; *@name: for its environment. */
static int ready_socket(char name[32])
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	socklen_t len = offsetof(struct sockaddr_un, sun_path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/* Without a name the kernel makes one, in the abstract namespace. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, len))
		goto fail;
	len = sizeof(sa);
	if (getsockname(fd, (struct sockaddr *)&sa, &len))
		goto fail;
	snprintf(name, 32, "@%.*s", (int)(len - offsetof(struct sockaddr_un, sun_path) - 1),
		 sa.sun_path + 1);
	return fd;
fail:
	if (fd >= 0)
		close(fd);
	return -1;
}

/* What it takes over: paths, and where to say that it is ready. */
static void make_environment(char *env[ENV_MAX], char notify[64], const char *name)
{
	static const char *const kept[] = {"TAIKI_",
					   "PATH=", "CIB_file=", "ASAN_OPTIONS=", "UBSAN_OPTIONS="};
	size_t n = 0;

	for (char **e = environ; *e && n < ENV_MAX - 2; e++)
		for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
			if (!strncmp(*e, kept[i], strlen(kept[i])))
				env[n++] = *e;
	snprintf(notify, 64, "NOTIFY_SOCKET=%s", name);
	env[n++] = notify;
	env[n] = NULL;
}

static void adjust_oom(const struct hv_daemon *d)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	dprintf(fd, "%d", d->oom_score);
	close(fd);
}

__attribute__((noreturn)) static void child(const struct hv_daemon *d, const char *program, int log,
					    char **env)
{
	const struct hv_config group = {.name = (char *)d->group};
	char copy[4096];
	char *argv[HV_DAEMON_ARGUMENTS_MAX + 2] = {copy};
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	setsid();
	hv_signals_fresh();
	umask(022);
	hv_cgroup_join(&group, log);
	adjust_oom(d);
	log = fcntl(log, F_DUPFD_CLOEXEC, 16);
	null = fcntl(null, F_DUPFD_CLOEXEC, 16);
	dup2(null, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	close_range(3, ~0U, 0);
	snprintf(copy, sizeof(copy), "%s", program);
	for (int i = 0; d->arguments && d->arguments[i] && i < HV_DAEMON_ARGUMENTS_MAX; i++)
		argv[i + 1] = (char *)d->arguments[i];
	if (!chdir("/"))
		execve(program, argv, env);
	_exit(EXIT_NO_EXEC);
}

/* await_ready() - 1: it says so; 0: it has ended, *@status; -ETIMEDOUT, -errno. */
static int await_ready(int notify, int pidfd, pid_t pid, int *status, int64_t deadline)
{
	struct pollfd p[2] = {{.fd = notify, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};

	for (;;) {
		int left = hv_left_ms(deadline);
		char text[256];
		ssize_t n;

		if (!left)
			return -ETIMEDOUT;
		if (poll(p, 2, left) < 0 && errno != EINTR)
			return -errno;
		n = recv(notify, text, sizeof(text) - 1, MSG_DONTWAIT);
		text[n > 0 ? n : 0] = '\0';
		if (n > 0 && strstr(text, "READY=1"))
			return 1;
		if (waitpid(pid, status, WNOHANG) == pid)
			return 0;
	}
}

static int ended(const char *program, const char *logfile, int status, struct hv_error *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_EXEC)
		return hv_err(err, -ENOEXEC, "%s cannot be executed", program);
	if (WIFEXITED(status) && WEXITSTATUS(status) == HV_DAEMON_RUNS)
		return hv_err(err, -EEXIST, "%s: there is another one", program);
	return hv_err(err, -EIO, "%s ended with %s %d at its start; see %s", program,
		      WIFSIGNALED(status) ? "signal" : "status",
		      WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), logfile);
}

static int await(pid_t pid, int notify, const char *program, const char *logfile, int64_t deadline,
		 struct hv_error *err)
{
	int pidfd = pidfd_open(pid, 0), status = 0, rc;

	rc = pidfd < 0 ? -errno : await_ready(notify, pidfd, pid, &status, deadline);
	if (pidfd >= 0)
		close(pidfd);
	if (rc == 1)
		return 0;
	if (!rc)
		return ended(program, logfile, status, err);
	kill(pid, SIGKILL);
	return hv_err(err, rc, "%s was not ready in time (%s) and was killed; see %s", program,
		      strerror(-rc), logfile);
}

int hv_daemon_spawn(const struct hv_daemon *d, const char *logfile, int64_t deadline,
		    struct hv_error *err)
{
	char program[4096], name[32], notify[64], *env[ENV_MAX];
	int log, ready, rc;
	pid_t pid;

	hv_beside(program, sizeof(program), d->variable, d->program, d->path);
	if (access(program, X_OK))
		return hv_err(err, -ENOEXEC, "%s: %s; is Taiki installed?", program,
			      strerror(errno));
	log = open(logfile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (log < 0)
		return hv_err(err, -EACCES, "logfile %s cannot be opened: %s", logfile,
			      strerror(errno));
	ready = ready_socket(name);
	if (ready < 0) {
		rc = hv_err(err, -errno, "no socket to wait on: %s", strerror(errno));
		close(log);
		return rc;
	}
	make_environment(env, notify, name);
	pid = fork();
	if (!pid)
		child(d, program, log, env);
	close(log);
	rc = pid < 0 ? hv_err(err, -errno, "no process for %s: %s", program, strerror(errno))
		     : await(pid, ready, program, logfile, deadline, err);
	close(ready);
	return rc;
}
