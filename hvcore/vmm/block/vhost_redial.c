/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server that was started anew listens at its path, and hv-domain in its jail reaches no path.  So a process of its own
 * keeps the right to connect, and no other (jail_dial()).  It reads single bytes from hv-domain, each of which
 * asks for one connection to the one path that it knows; holds nothing else of hv-domain's, neither locks nor guest
 * memory; and is killed with it.
 *
 *   hv-domain ── a byte ──► it, every <reconnect timeout=>: connects, and is let in (vhost_greet.h)
 *             ◄── what the server said, the connection beside it; or why it cannot be reached yet
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hvcore/lib/probe.h"
#include "hvcore/vmm/block/vhost.h"
#include "hvcore/vmm/board.h"
#include "hvcore/vmm/jail.h"
#include "hvcore/vmm/log.h"
#include "hvcore/vmm/ram.h"

enum { DIAL_MS = 5000, PARENT = 3 };

struct dialled {
	int rc; /* 0: the connection comes along */
	struct vhost_export export;
	char why[160];
};

/* ---- in that process ---- */

static int let_go(int sock)
{
	struct hv_error err;
	int null = open("/dev/null", O_RDWR);

	munmap(board.ram->base, RAM_HIGH_BASE + board.ram->high);
	for (int i = 0; i < PARENT; i++)
		dup2(null, i);
	dup2(sock, PARENT);
	close_range(PARENT + 1, ~0U, 0);
	prctl(PR_SET_NAME, "hv-vhost-redial");
	return jail_dial(&err);
}

static void say(const struct dialled *d, int fd)
{
	if (vhost_send(PARENT, 0, 0, d, sizeof(*d), &fd, fd >= 0))
		_exit(1);
}

/* connect_once() - False: not yet. */
static bool connect_once(const struct hv_disk *disk)
{
	struct dialled d = {0};
	struct hv_error err;
	int fd = vhost_dial(disk, hv_clock_ms() + DIAL_MS, &d.export, &err);

	d.rc = fd < 0 ? fd : 0;
	if (fd < 0)
		snprintf(d.why, sizeof(d.why), "%.150s", err.text);
	say(&d, fd);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void __attribute__((noreturn)) serve(const struct hv_disk *disk)
{
	struct pollfd p = {.fd = PARENT, .events = 0};
	char byte;

	for (;;) {
		if (recv(PARENT, &byte, 1, 0) != 1)
			_exit(0);
		do {
			/* nothing but the parent's end is waited for */
			if (poll(&p, 1, (int)disk->reconnect * 1000) > 0)
				_exit(0);
		} while (!connect_once(disk));
	}
}

/* ---- in hv-domain ---- */

static void answered(struct block_vhost *v, const struct dialled *d, int fd)
{
	if (!d->rc && fd >= 0 && !v->up) {
		vhost_came_back(v, fd, &d->export);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (d->rc && strncmp(v->why, d->why, sizeof(v->why)) != 0) {
		memcpy(v->why, d->why, sizeof(v->why));
		v->why[sizeof(v->why) - 1] = '\0';
		log_line(LOG_WARNING, "%s", v->why);
	}
}

static void ready(struct loop_fd *w, uint32_t events)
{
	struct block_vhost *v =
		(struct block_vhost *)((char *)w - offsetof(struct block_vhost, redial));
	char room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct vhost_header h;
	struct dialled d;
	struct iovec iov[] = {{&h, sizeof(h)}, {&d, sizeof(d)}};
	struct msghdr m = {.msg_iov = iov,
			   .msg_iovlen = 2,
			   .msg_control = room,
			   .msg_controllen = sizeof(room)};
	ssize_t n = recvmsg(w->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c;
	int fd = -1;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	if (n == (ssize_t)(sizeof(h) + sizeof(d))) {
		answered(v, &d, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	log_line(LOG_ERROR,
		 "disk %s: the process that would connect to %s again has ended: if the server "
		 "goes, it is not reached any more",
		 v->block->name, v->block->path);
	vhost_redial_end(v);
}

int vhost_redial_begin(struct block_vhost *v, const struct hv_disk *disk, struct hv_error *err)
{
	pid_t us = getpid(), pid;
	int sock[2], rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock))
		return hv_err(err, -errno, "disk %s: no sockets: %s", disk->target,
			      strerror(errno));
	pid = fork();
	if (!pid) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != us)
			_exit(1);
		if (let_go(sock[1]))
			_exit(1);
		serve(disk);
	}
	rc = pid < 0 ? -errno : 0;
	close(sock[1]);
	v->redial = (struct loop_fd){.fd = sock[0], .ready = ready};
	if (!rc)
		rc = loop_add(&v->redial, EPOLLIN);
	if (!rc)
		return 0;
	close(sock[0]);
	v->redial.fd = -1;
	return hv_err(err, rc, "disk %s: no process to connect again: %s", disk->target,
		      strerror(-rc));
}

void vhost_redial(struct block_vhost *v)
{
	if (send(v->redial.fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
		log_line(LOG_ERROR, "disk %s: cannot ask for a connection to %s: %s",
			 v->block->name, v->block->path, strerror(errno));
}

void vhost_redial_end(struct block_vhost *v)
{
	if (v->redial.fd < 0)
		return;
	loop_del(&v->redial);
	close(v->redial.fd);
	v->redial.fd = -1;
}
