// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is there a daemon, whose is it, and does it answer?  Without a fork, and
 * with a deadline.
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
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat/ask.h"
#include "hv/rundir.h"
#include "hvcore/lib/unix_connect.h"

#include "heartbeat.h"

enum {
	GROUPS_MAX = 8192,
	TERM_MS = 5000, /* of a stop, at most, before SIGKILL */
	/* A lock whose last holder dies tells nobody. */
	LOCK_TURN_MS = 10,
};

#define LOCK_FILE "/.heartbeatd.lock"
#define ADOPTED   "/.heartbeatd.adopted"
#define UNIT      "taiki-heartbeatd.service"

static int left(int64_t deadline)
{
	int64_t ms = deadline - ocf_now_ms();

	return ms < 0 ? 0 : ms > INT_MAX ? INT_MAX : (int)ms;
}

static void in_root(char path[PATH_MAX], const char *file)
{
	snprintf(path, PATH_MAX, "%s%s", hv_run_root(), file);
}

/* lock_held() - 1, 0, or -errno.  *@pid: what its holder wrote into it, 0 if nothing. */
static int lock_held(pid_t *pid)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[PATH_MAX], text[16] = "";
	int rc, fd;

	*pid = 0;
	in_root(path, LOCK_FILE);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	rc = fcntl(fd, F_OFD_GETLK, &fl) ? -errno : fl.l_type != F_UNLCK;
	if (rc == 1 && read(fd, text, sizeof(text) - 1) > 0)
		*pid = atoi(text);
	close(fd);
	return rc;
}

static int wait_for(int fd, short what, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = what};
	int n;

	while ((n = poll(&p, 1, left(deadline))) < 0 && errno == EINTR)
		;
	return n > 0 ? 0 : n < 0 ? -errno : -ETIMEDOUT;
}

/* converse() - A question is answered by one JSON document and the end.  0 or -errno. */
static int converse(int fd, int64_t deadline)
{
	static const char question[] = "status\n";
	char buf[65536], first = 0, last = 0;
	ssize_t n;

	if (send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL) != sizeof(question) - 1)
		return -EIO;
	for (;;) {
		int rc = wait_for(fd, POLLIN, deadline);

		if (rc)
			return rc;
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			break;
		first = first ? first : buf[0];
		last = buf[n - 1];
	}
	return n < 0 ? -errno : first == '{' && last == '\n' ? 0 : -EPROTO;
}

/* ask() - 0: it answered; else -errno.  *@pid: whose socket it is, also if it is silent. */
static int ask(pid_t *pid, int64_t deadline)
{
	char path[PATH_MAX];
	struct ucred who;
	socklen_t len = sizeof(who);
	int rc, fd;

	in_root(path, "/" ASK_SOCKET);
	fd = hv_unix_connect(path, deadline);
	if (fd < 0)
		return fd;
	if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
		*pid = who.pid;
	rc = converse(fd, deadline);
	close(fd);
	return rc;
}

/* run_by_systemd() - Whether @pid is in the control group of its unit. */
static bool run_by_systemd(pid_t pid)
{
	char path[64], groups[GROUPS_MAX];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	f = fopen(path, "re");
	if (f) {
		n = fread(groups, 1, sizeof(groups) - 1, f);
		fclose(f);
	}
	groups[n] = '\0';
	return strstr(groups, "/" UNIT "\n") || strstr(groups, "/" UNIT "/");
}

/* The mark lives in the run directory, so that it is gone after a boot. */
static bool is_adopted(void)
{
	char path[PATH_MAX];

	in_root(path, ADOPTED);
	return !access(path, F_OK);
}

int heartbeat_adopt(bool yes)
{
	char path[PATH_MAX];
	int fd;

	in_root(path, ADOPTED);
	if (!yes)
		return unlink(path) && errno != ENOENT ? -errno : 0;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

void heartbeat_look(struct heartbeat_view *v, int64_t deadline)
{
	pid_t written;
	int held = lock_held(&written);

	*v = (struct heartbeat_view){.adopted = is_adopted()};
	if (held <= 0) {
		v->presence = held ? HEARTBEAT_UNKNOWN : HEARTBEAT_ABSENT;
		v->error = held;
		return;
	}
	v->error = ask(&v->pid, deadline);
	v->presence = v->error ? HEARTBEAT_SILENT : HEARTBEAT_ANSWERS;
	if (!v->pid)
		v->pid = written;
	v->systemd = v->pid && run_by_systemd(v->pid);
}

/* is_daemon() - @pid has not become another program since it was told. */
static bool is_daemon(pid_t pid)
{
	char path[64], name[17] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, name, sizeof(name) - 1) < 0)
		name[0] = '\0';
	close(fd);
	return !strncmp(name, "taiki-heartbeatd", 15); /* as long as the kernel keeps it */
}

static int await_free_lock(int64_t deadline)
{
	pid_t pid;
	int held;

	while ((held = lock_held(&pid)) == 1 && left(deadline))
		poll(NULL, 0, LOCK_TURN_MS);
	return held == 1 ? -ETIMEDOUT : held;
}

int heartbeat_end(pid_t pid, int64_t deadline)
{
	int half = left(deadline) / 2, term = half < TERM_MS ? half : TERM_MS, rc;
	int fd = pid > 1 ? pidfd_open(pid, 0) : -1;

	/* Looked at after the descriptor is there: from here on it is one process. */
	if (fd >= 0 && is_daemon(pid)) {
		pidfd_send_signal(fd, SIGTERM, NULL, 0);
		rc = wait_for(fd, POLLIN, ocf_now_ms() + term);
		if (rc == -ETIMEDOUT) {
			pidfd_send_signal(fd, SIGKILL, NULL, 0);
			rc = wait_for(fd, POLLIN, deadline);
		}
		if (rc) {
			close(fd);
			return rc;
		}
	}
	if (fd >= 0)
		close(fd);
	return await_free_lock(deadline);
}
