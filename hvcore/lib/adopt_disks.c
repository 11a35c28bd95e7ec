// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opening the disks that only the active side may write.  A child does it: a
 * disk that hangs holds the child, which is killed, and then can no longer lock
 * anything; whoever handed over a descriptor has nothing left of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adopt.h"
#include "hv/image.h"
#include "probe.h"

struct opened {
	unsigned disk;
	int rc;               /* 0: its descriptor comes along */
	struct served served; /* what the server has said, if it is behind one */
	struct hv_error err;
};

union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static bool wanted(const struct hv_disk *d)
{
	return d->gated;
}

static void hand_over(int sock, const struct opened *o, int fd)
{
	union control control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)),
					  .cmsg_level = SOL_SOCKET,
					  .cmsg_type = SCM_RIGHTS}};
	struct iovec iov = {.iov_base = (void *)o, .iov_len = sizeof(*o)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
	}
	if (sendmsg(sock, &msg, MSG_NOSIGNAL) < 0)
		_exit(1);
}

/* Nothing of the caller's stays open here: who waits for its end must not wait for a disk. */
static void child(const struct hv_config *c, int sock, int64_t deadline)
{
	int null = open("/dev/null", O_RDWR);

	signal(SIGTERM, SIG_DFL);
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	dup2(sock, 3);
	close_range(4, ~0U, 0);
	for (unsigned i = 0; i < c->ndisks; i++) {
		struct opened o = {.disk = i};
		int fd;

		if (!wanted(&c->disk[i]))
			continue;
		fd = served_how(&c->disk[i]) != SERVED_NOT
			     ? served_dial(&c->disk[i], deadline, &o.served, &o.err)
			     : hv_image_open(&c->disk[i], &o.err);
		o.rc = fd < 0 ? fd : 0;
		hand_over(3, &o, fd);
		if (fd < 0)
			break;
		close(fd);
	}
	_exit(0);
}

/* The next answer; -ECHILD: there is none any more. */
static int receive(int sock, struct opened *o, int *fd, int64_t deadline)
{
	struct pollfd p = {.fd = sock, .events = POLLIN};
	struct iovec iov = {.iov_base = o, .iov_len = sizeof(*o)};
	union control control;
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *head;
	ssize_t n;
	int rc;

	*fd = -1;
	do
		rc = poll(&p, 1, hv_left_ms(deadline));
	while (rc < 0 && errno == EINTR);
	if (rc <= 0)
		return rc ? -errno : -ETIMEDOUT;
	n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	if (n != sizeof(*o))
		return n < 0 ? -errno : -ECHILD;
	head = CMSG_FIRSTHDR(&msg);
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(head), sizeof(*fd));
	return 0;
}

static int collect(const struct hv_config *c, int sock, int fds[HV_DISKS_MAX],
		   struct served served[HV_DISKS_MAX], int64_t deadline, struct hv_error *err)
{
	for (unsigned i = 0; i < c->ndisks; i++) {
		struct opened o = {0};
		int rc, fd;

		if (!wanted(&c->disk[i]))
			continue;
		rc = receive(sock, &o, &fd, deadline);
		if (rc == -ETIMEDOUT)
			return hv_err(err, rc, "disk %s: %s does not answer: it cannot be opened",
				      c->disk[i].target, c->disk[i].path);
		if (rc)
			return hv_err(err, rc, "disk %s: whoever was to open it is gone: %s",
				      c->disk[i].target, strerror(-rc));
		if (fd >= 0)
			fds[i] = fd;
		served[i] = o.served;
		if (o.rc)
			return hv_err(err, o.rc, "%s", o.err.text);
		if (o.disk != i || fd < 0)
			return hv_err(err, -EPROTO, "disk %s: its descriptor did not arrive",
				      c->disk[i].target);
	}
	return 0;
}

void adopt_close_disks(int fd[HV_DISKS_MAX])
{
	for (unsigned i = 0; i < HV_DISKS_MAX; i++) {
		if (fd[i] >= 0)
			close(fd[i]);
		fd[i] = -1;
	}
}

int adopt_open_disks(const struct hv_config *c, int fds[HV_DISKS_MAX],
		     struct served served[HV_DISKS_MAX], int64_t deadline, struct hv_error *err)
{
	unsigned n = 0;
	int sock[2], rc;
	pid_t pid;

	for (unsigned i = 0; i < HV_DISKS_MAX; i++)
		fds[i] = -1;
	for (unsigned i = 0; i < c->ndisks; i++)
		n += wanted(&c->disk[i]);
	if (!n)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock))
		return hv_err(err, -errno, "domain %s: no sockets: %s", c->name, strerror(errno));
	pid = fork();
	if (!pid)
		child(c, sock[1], deadline);
	rc = pid < 0 ? -errno : 0;
	close(sock[1]);
	if (pid < 0)
		hv_err(err, rc, "domain %s: no process: %s", c->name, strerror(-rc));
	else
		rc = collect(c, sock[0], fds, served, deadline, err);
	close(sock[0]);
	if (pid > 0) {
		/* After an answer to everything it is as good as gone; else it may never go. */
		if (rc)
			kill(pid, SIGKILL);
		waitpid(pid, NULL, rc == -ETIMEDOUT ? WNOHANG : 0);
	}
	if (rc)
		adopt_close_disks(fds);
	return rc;
}
