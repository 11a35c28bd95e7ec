// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bytes of messages, and the descriptors beside them.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mirror/export/vhost_private.h"

enum { MESSAGES_MAX = 64 /* of a turn: others are served in between */ };

int vhost_say(int sock, const uint8_t head[VHOST_HEADER], const void *data, size_t len, int fd)
{
	struct iovec v[] = {{(void *)head, VHOST_HEADER}, {(void *)data, len}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = len ? 2 : 1};
	char room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {0};
	ssize_t n;

	if (fd >= 0) {
		m.msg_control = room;
		m.msg_controllen = sizeof(room);
		*CMSG_FIRSTHDR(&m) = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
						      .cmsg_type = SCM_RIGHTS,
						      .cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &fd, sizeof(fd));
	}
	/* what does not fit waits for somebody who reads nothing of all that came before */
	n = sendmsg(sock, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	return n == (ssize_t)(VHOST_HEADER + len) ? 0 : n < 0 ? -errno : -EIO;
}

void vhost_close_fds(struct vhost_front *f)
{
	for (unsigned i = 0; i < f->nfds; i++)
		if (f->fd[i] >= 0)
			close(f->fd[i]);
	f->nfds = 0;
}

/* ---- in ---- */

/* keep_fds() - 0 or -EPROTO: there are more than a message may have. */
static int keep_fds(struct vhost_front *f, struct msghdr *m)
{
	int r = m->msg_flags & MSG_CTRUNC ? -EPROTO : 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (f->nfds < VHOST_FDS_MAX) {
				f->fd[f->nfds++] = fd;
			} else {
				close(fd);
				r = -EPROTO;
			}
		}
	}
	return r;
}

/* get() - Up to @len bytes.  How many; 0: later; -errno. */
static ssize_t get(struct vhost_front *f, void *buf, size_t len)
{
	char room[CMSG_SPACE(VHOST_FDS_MAX * sizeof(int))] __attribute__((aligned(8)));
	struct iovec v = {buf, len};
	struct msghdr m = {.msg_iov = &v,
			   .msg_iovlen = 1,
			   .msg_control = room,
			   .msg_controllen = sizeof(room)};
	ssize_t n = recvmsg(f->watch.fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!n)
		return -ECONNRESET;
	return keep_fds(f, &m) ? -EPROTO : n;
}

/* finish() - The message is taken; the next one may come. */
static int finish(struct vhost_front *f)
{
	const char *why = NULL;
	int r = vhost_take(f, &why);
	uint8_t head[VHOST_HEADER];
	uint64_t answer = r ? 1 : 0;

	if (!why && r == -EPIPE)
		why = "it does not read its answers";
	if (!why && vhost_wants_reply(&f->header) && !f->kind->answer &&
	    f->protocol & 1U << VHOST_PF_REPLY_ACK) {
		vhost_answer(head, f->header.request, sizeof(answer));
		if (vhost_say(f->watch.fd, head, &answer, sizeof(answer), -1))
			why = "it does not read its answers";
	}
	if (why) {
		vhost_drop(f, why);
		return -EPROTO;
	}
	vhost_close_fds(f);
	f->kind = NULL;
	f->got = 0;
	f->waits = false;
	return 0;
}

/* step() - Some bytes more.  1: go on; 0: later; -errno. */
static int step(struct vhost_front *f)
{
	ssize_t n;

	if (!f->kind) {
		n = get(f, f->head + f->got, VHOST_HEADER - f->got);
		if (n <= 0)
			return (int)n;
		f->got += (uint32_t)n;
		if (f->got < VHOST_HEADER)
			return 1;
		if (vhost_header(f->head, &f->header, &f->kind))
			return -EPROTO;
		f->got = 0;
	}
	if (f->got < f->header.size) {
		n = get(f, f->payload + f->got, f->header.size - f->got);
		if (n <= 0)
			return (int)n;
		f->got += (uint32_t)n;
		if (f->got < f->header.size)
			return 1;
	}
	if (f->nfds > f->kind->fds_max)
		return -EPROTO;
	f->waits = f->kind->idle && f->jobs;
	if (!f->waits)
		return finish(f) ? 0 : 1;
	loop_watch(f->vhost->loop, &f->watch, 0);
	return 0;
}

void vhost_read(struct vhost_front *f)
{
	int r = 1;

	if (f->waits) {
		/* all that is watched for then is that it is gone */
		vhost_drop(f, NULL);
		return;
	}
	for (int i = 0; i < MESSAGES_MAX && r > 0 && !f->ending && !f->waits; i++)
		r = step(f);
	if (r < 0)
		vhost_drop(f, r == -EPROTO ? "that is no message of the protocol" : NULL);
	else if (!f->ending && !f->waits)
		vhost_queues_look(f);
}

void vhost_idle(struct vhost_front *f)
{
	if (!f->waits || f->jobs || finish(f))
		return;
	loop_watch(f->vhost->loop, &f->watch, EPOLLIN);
	vhost_queues_look(f);
}
