// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is there a daemon, does it answer, and its end.  Without a fork, and with a deadline.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hv/daemon_control.h"
#include "hv/rundir.h"

#include "probe.h"
#include "unix_connect.h"

enum {
	TERM_MS = 5000,  /* at most, before SIGKILL */
	DYING_MS = 2000, /* at most, from its last byte to its lock's end */
	/* A lock whose last holder dies tells nobody. */
	LOCK_TURN_MS = 10,
	COMM_MAX = 15, /* as much of a process's name as the kernel keeps */
};

int hv_daemon_holder(const struct hv_daemon *d, pid_t *pid)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[PATH_MAX], text[16] = "";
	int rc, fd;

	*pid = 0;
	snprintf(path, sizeof(path), "%s/.%s.lock", hv_run_root(), d->name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	rc = fcntl(fd, F_OFD_GETLK, &fl) ? -errno : fl.l_type != F_UNLCK;
	if (rc == 1 && read(fd, text, sizeof(text) - 1) > 0)
		*pid = atoi(text);
	close(fd);
	return rc;
}

static int await_free_lock(const struct hv_daemon *d, int64_t deadline)
{
	pid_t pid;
	int held;

	while ((held = hv_daemon_holder(d, &pid)) == 1 && hv_left_ms(deadline))
		poll(NULL, 0, LOCK_TURN_MS);
	return held == 1 ? -ETIMEDOUT : held;
}

/* receive() - All of it, until the other side closes.  Bytes, or -errno. */
static ssize_t receive(int fd, char *buf, size_t size, int64_t deadline)
{
	size_t got = 0;

	for (;;) {
		int rc = hv_unix_wait(fd, POLLIN, deadline);
		ssize_t n = rc ? rc : recv(fd, buf + got, size - got, MSG_DONTWAIT);

		if (rc)
			return rc;
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return (ssize_t)got;
		got += (size_t)n;
		if (got == size)
			return -EMSGSIZE;
	}
}

static int converse(int fd, const char *question, int64_t deadline, char **answer)
{
	size_t len = strlen(question);
	char *buf = NULL;
	ssize_t n;

	if (send(fd, question, len, MSG_NOSIGNAL) != (ssize_t)len)
		return -EIO;
	buf = malloc(HV_DAEMON_ANSWER_MAX);
	if (!buf)
		return -ENOMEM;
	n = receive(fd, buf, HV_DAEMON_ANSWER_MAX - 1, deadline);
	if (n >= 0 && (n < 2 || buf[0] != '{' || buf[n - 1] != '\n'))
		n = -EPROTO;
	if (n > 0 && answer) {
		buf[n] = '\0';
		*answer = buf;
		return 0;
	}
	free(buf);
	return n < 0 ? (int)n : 0;
}

static int ask(const struct hv_daemon *d, const char *question, int64_t deadline, char **answer,
	       pid_t *pid)
{
	char path[PATH_MAX];
	struct ucred who;
	socklen_t len = sizeof(who);
	int rc, fd;

	snprintf(path, sizeof(path), "%s/.%s.sock", hv_run_root(), d->name);
	fd = hv_unix_connect(path, deadline);
	if (fd < 0)
		return fd;
	if (pid && !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
		*pid = who.pid;
	rc = converse(fd, question, deadline, answer);
	close(fd);
	return rc;
}

int hv_daemon_ask(const struct hv_daemon *d, const char *question, int64_t deadline, char **answer,
		  pid_t *pid)
{
	int rc = ask(d, question, deadline, answer, pid);
	int64_t dead = hv_clock_ms() + DYING_MS;

	if (!rc || rc == -ETIMEDOUT)
		return rc;
	/* One that is killed this moment closes its sockets first. */
	return await_free_lock(d, dead < deadline ? dead : deadline) ? rc : -ESRCH;
}

/* is_it() - @pid has not become another program since it was told. */
static bool is_it(const struct hv_daemon *d, pid_t pid)
{
	char path[64], name[COMM_MAX + 2] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, name, sizeof(name) - 1) < 0)
		name[0] = '\0';
	close(fd);
	name[strcspn(name, "\n")] = '\0';
	return !strncmp(name, d->program, COMM_MAX);
}

int hv_daemon_end(const struct hv_daemon *d, pid_t pid, int64_t deadline)
{
	int half = hv_left_ms(deadline) / 2, term = half < TERM_MS ? half : TERM_MS, rc;
	int fd = pid > 1 ? pidfd_open(pid, 0) : -1;

	/* Looked at after the descriptor is there: from here on it is one process. */
	if (fd >= 0 && is_it(d, pid)) {
		pidfd_send_signal(fd, SIGTERM, NULL, 0);
		rc = hv_unix_wait(fd, POLLIN, hv_clock_ms() + term);
		if (rc == -ETIMEDOUT) {
			pidfd_send_signal(fd, SIGKILL, NULL, 0);
			rc = hv_unix_wait(fd, POLLIN, deadline);
		}
		if (rc) {
			close(fd);
			return rc;
		}
	}
	if (fd >= 0)
		close(fd);
	return await_free_lock(d, deadline);
}
