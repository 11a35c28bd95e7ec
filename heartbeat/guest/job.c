// SPDX-License-Identifier: GPL-2.0-or-later
/* A child that has a process group of its own and a time to end in. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "heartbeat/guest/guest.h"

int timer_open(void)
{
	return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
}

static struct timespec of_ms(unsigned ms)
{
	return (struct timespec){ms / 1000, ms % 1000 * 1000000L};
}

void timer_set(int timer, unsigned first, unsigned every)
{
	struct itimerspec t = {of_ms(every), of_ms(first)};

	timerfd_settime(timer, 0, &t, NULL);
}

/* What a child starts with: no signals blocked or ignored, nothing to read. */
static int spawn(pid_t *pid, const char *const argv[], char *const env[])
{
	posix_spawnattr_t attr;
	posix_spawn_file_actions_t files;
	sigset_t none, all;
	int rc = posix_spawnattr_init(&attr);

	if (rc)
		return rc;
	rc = posix_spawn_file_actions_init(&files);
	if (rc) {
		posix_spawnattr_destroy(&attr);
		return rc;
	}
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETPGROUP);
	rc = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	if (!rc)
		rc = posix_spawn(pid, argv[0], &files, &attr, (char *const *)argv, env);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return rc;
}

int job_start(struct job *j, const char *const argv[], char *const env[], unsigned timeout)
{
	pid_t pid;
	int rc = spawn(&pid, argv, env);

	if (rc)
		return -rc;
	j->pid = pid;
	j->late = false;
	timer_set(j->timer, timeout, 0);
	return 0;
}

bool job_expired(struct job *j)
{
	uint64_t times;

	if (read(j->timer, &times, sizeof(times)) < 0 || !j->pid || j->late)
		return false;
	j->late = true;
	/* It is not reaped yet, so the group's number is still its own. */
	kill(-j->pid, SIGKILL);
	return true;
}

bool job_ended(struct job *j, int *status)
{
	if (!j->pid || waitpid(j->pid, status, WNOHANG) != j->pid)
		return false;
	timer_set(j->timer, 0, 0);
	j->pid = 0;
	return true;
}

void job_kill(struct job *j)
{
	if (j->pid)
		kill(-j->pid, SIGKILL);
}
