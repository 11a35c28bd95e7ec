// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One child, one line of output, one deadline.  Only a start that needs to
 * know asks; a monitor never does.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fencing_enabled.h"
#include "ocf.h"

extern char **environ;

/* read_line() - What the child writes until it closes @fd, at most @size - 1 bytes. */
static int read_line(int fd, char *out, size_t size, int64_t until)
{
	size_t len = 0;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = until - ocf_now_ms();
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (n == 0)
			return -ETIMEDOUT;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n < 0)
			continue;
		ssize_t got = read(fd, out + len, size - 1 - len);
		if (got <= 0)
			break;
		len += got;
	}
	out[len] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return 0;
}

static int spawn(int out, pid_t *pid)
{
	static const char *const argv[] = {
		"crm_attribute", "--type",  "crm_config", "--name", "stonith-enabled",
		"--query",       "--quiet", "--default",  "true",   NULL};
	posix_spawn_file_actions_t a;
	int rc;

	if (posix_spawn_file_actions_init(&a))
		return -ENOMEM;
	posix_spawn_file_actions_addopen(&a, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&a, out, 1);
	rc = posix_spawnp(pid, argv[0], &a, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&a);
	return -rc;
}

static bool is_false(const char *v)
{
	static const char *const no[] = {"0", "false", "no", "off", "n"};

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (!strcasecmp(v, no[i]))
			return true;
	return false;
}

int fencing_enabled(int timeout_ms, struct hv_error *err)
{
	int64_t until = ocf_now_ms() + timeout_ms;
	int pipefd[2], rc, status = 0;
	char line[64] = "";
	pid_t pid;

	if (pipe2(pipefd, O_CLOEXEC))
		return hv_err(err, -errno, "pipe: %s", strerror(errno));
	rc = spawn(pipefd[1], &pid);
	close(pipefd[1]);
	if (rc) {
		close(pipefd[0]);
		return hv_err(err, rc, "crm_attribute cannot be run: %s; is Pacemaker installed?",
			      strerror(-rc));
	}
	rc = read_line(pipefd[0], line, sizeof(line), until);
	close(pipefd[0]);
	if (rc)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (rc)
		return hv_err(err, rc, "crm_attribute does not answer: %s", strerror(-rc));
	if (!WIFEXITED(status) || WEXITSTATUS(status) || !line[0])
		return hv_err(
			err, -ENOTCONN,
			"no cluster answers on this host; outside of one, assume_fencing=true "
			"says that you see to it");
	return !is_false(line);
}
