// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hv/command.h"
#include "probe.h"

extern char **environ;

static int input_fd(const struct hv_command *cmd)
{
	size_t done = 0;
	int fd;

	if (!cmd->input)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	fd = memfd_create("input", MFD_CLOEXEC);
	while (fd >= 0 && done < cmd->input_len) {
		ssize_t n = write(fd, cmd->input + done, cmd->input_len - done);

		if (n < 0) {
			close(fd);
			return -1;
		}
		done += (size_t)n;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

static int start(const struct hv_command *cmd, int in, int out, pid_t *pid)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t none, defaults;
	int rc;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGTERM);
	if (posix_spawn_file_actions_init(&fa))
		return -ENOMEM;
	if (posix_spawnattr_init(&attr)) {
		posix_spawn_file_actions_destroy(&fa);
		return -ENOMEM;
	}
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_adddup2(&fa, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&fa, out, STDOUT_FILENO);
	if (!cmd->keep_stderr)
		posix_spawn_file_actions_addopen(&fa, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	rc = posix_spawnp(pid, cmd->argv[0], &fa, &attr, (char *const *)cmd->argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	return -rc;
}

/* Reads to the end of @fd, or as far as the deadline and the limit allow. */
static int drain(int fd, int64_t deadline, char **text, size_t *len)
{
	size_t room = 0;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;
		int rc = poll(&p, 1, hv_left_ms(deadline));

		if (rc < 0 && errno == EINTR)
			continue;
		if (rc <= 0)
			return rc ? -errno : -ETIMEDOUT;
		if (room - *len < 4096) {
			char *more = realloc(*text, room ? (room *= 2) : (room = 16384));

			if (!more)
				return -ENOMEM;
			*text = more;
		}
		n = read(fd, *text + *len, room - *len - 1);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n)
			return 0;
		*len += n > 0 ? (size_t)n : 0;
		if (*len > HV_COMMAND_OUTPUT_MAX)
			return -EFBIG;
	}
}

/* A program may close its output and live on; the deadline holds for both. */
static int reap(pid_t pid, int64_t deadline, int *status)
{
	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid)
			return 0;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (!hv_left_ms(deadline))
			return -ETIMEDOUT;
		usleep(1000);
	}
}

int hv_command(const struct hv_command *cmd, char **out, size_t *len, struct hv_error *err)
{
	int64_t deadline = hv_clock_ms() + cmd->timeout_ms;
	int p[2] = {-1, -1}, in, rc, status = 0;
	char *text = NULL;
	size_t n = 0;
	pid_t pid;

	in = input_fd(cmd);
	if (in < 0 || pipe2(p, O_CLOEXEC)) {
		rc = -errno;
		goto out;
	}
	rc = start(cmd, in, p[1], &pid);
	close(p[1]);
	p[1] = -1;
	if (rc)
		goto out;
	rc = drain(p[0], deadline, &text, &n);
	if (!rc)
		rc = reap(pid, deadline, &status);
	if (rc) {
		kill(pid, SIGKILL);
		reap(pid, hv_clock_ms() + 1000, &status);
	} else {
		rc = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
out:
	if (in >= 0)
		close(in);
	if (p[0] >= 0)
		close(p[0]);
	if (p[1] >= 0)
		close(p[1]);
	if (rc < 0)
		hv_err(err, rc, "%s: %s", cmd->argv[0],
		       rc == -ETIMEDOUT ? "did not answer in time, and was killed" : strerror(-rc));
	if (text)
		text[n] = '\0';
	if (out && !text && rc >= 0)
		text = strdup("");
	if (out)
		*out = text;
	else
		free(text);
	if (len)
		*len = n;
	return rc;
}
