// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hvcore/lib/unix_connect.h"

#include "link.h"

enum {
	RETRY_MS = 50, /* the first; each further one waits twice as long, */
	RETRY_MAX_MS = 2000,
	READ_MAX = 16384, /* of one connection in one turn of the loop */
};

static void connect_now(void *data);

static void later(struct link *l)
{
	unsigned ms = l->tries < 6 ? RETRY_MS << l->tries : RETRY_MAX_MS;

	if (!l->wanted || l->timer)
		return;
	l->tries++;
	qb_loop_timer_add(l->loop, QB_LOOP_MED, ms * 1000000ULL, l, connect_now, &l->timer);
}

static void end(struct link *l)
{
	if (l->fd < 0)
		return;
	qb_loop_poll_del(l->loop, l->fd);
	close(l->fd);
	l->fd = -1;
	l->broken = false;
}

static int32_t ready(int32_t fd, int32_t events, void *data)
{
	struct link *l = data;
	char buf[READ_MAX];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n > 0) {
		l->tries = 0;
		l->ops->bytes(l->owner, buf, (size_t)n);
	}
	if (l->fd < 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)) || (n > 0 && !l->broken))
		return 0;
	end(l);
	l->ops->down(l->owner);
	later(l);
	return 0;
}

static void connect_now(void *data)
{
	struct link *l = data;

	l->timer = 0;
	if (l->fd >= 0)
		return;
	l->fd = hv_unix_connect(l->path, 0); /* a deadline that is past: once, without waiting */
	l->ours = l->fd == -EMFILE || l->fd == -ENFILE || l->fd == -ENOMEM || l->fd == -ENOBUFS;
	if (l->fd < 0 || qb_loop_poll_add(l->loop, QB_LOOP_HIGH, l->fd, POLLIN, l, ready)) {
		if (l->fd >= 0)
			close(l->fd);
		l->fd = -1;
		later(l);
		return;
	}
	l->connects++;
	l->ops->up(l->owner);
	if (l->broken)
		ready(l->fd, 0, l);
}

void link_init(struct link *l, qb_loop_t *loop, const char *path, const struct link_ops *ops,
	       void *owner)
{
	*l = (struct link){.ops = ops, .owner = owner, .loop = loop, .fd = -1};
	snprintf(l->path, sizeof(l->path), "%s", path);
}

void link_open(struct link *l)
{
	l->wanted = true;
	if (l->fd >= 0)
		return;
	if (l->timer)
		qb_loop_timer_del(l->loop, l->timer);
	connect_now(l);
}

void link_close(struct link *l)
{
	l->wanted = false;
	if (l->timer)
		qb_loop_timer_del(l->loop, l->timer);
	l->timer = 0;
	l->tries = 0;
	end(l);
}

int link_send(struct link *l, const void *data, size_t len)
{
	ssize_t n;

	if (l->fd < 0)
		return -ENOTCONN;
	n = send(l->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n == (ssize_t)len)
		return 0;
	/* Half a message is worse than none: the reader would never find its end. */
	if (n > 0 || (errno != EAGAIN && errno != EINTR))
		link_drop(l);
	return n < 0 ? -errno : -EAGAIN;
}

void link_poll(struct link *l)
{
	if (l->fd >= 0)
		ready(l->fd, 0, l);
}

void link_drop(struct link *l)
{
	if (l->fd < 0)
		return;
	/* Ended by ready(), which a peer that is shut down makes the loop call. */
	l->broken = true;
	shutdown(l->fd, SHUT_RDWR);
}
