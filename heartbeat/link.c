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

	if (!l->wanted || timer_is_set(&l->timer))
		return;
	l->tries++;
	timer_set(&l->timer, ms * 1000000LL, l, connect_now);
}

static void end(struct link *l)
{
	if (l->fd < 0)
		return;
	poller_del(&l->entry);
	close(l->fd);
	l->fd = -1;
	l->broken = false;
}

static void ready(void *data)
{
	struct link *l = data;
	char buf[READ_MAX];
	ssize_t n = recv(l->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n > 0) {
		l->tries = 0;
		l->ops->bytes(l->owner, buf, (size_t)n);
	}
	if (l->fd < 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)) || (n > 0 && !l->broken))
		return;
	end(l);
	l->ops->down(l->owner);
	later(l);
}

static void connect_now(void *data)
{
	struct link *l = data;

	if (l->fd >= 0)
		return;
	l->fd = hv_unix_connect(l->path, 0); /* a deadline that is past: once, without waiting */
	l->ours = l->fd == -EMFILE || l->fd == -ENFILE || l->fd == -ENOMEM || l->fd == -ENOBUFS;
	l->entry =
		(struct poller_entry){.fd = l->fd, .ready = ready, .data = l, .lazy = l->ops->lazy};
	if (l->fd < 0 || poller_add(&l->entry)) {
		if (l->fd >= 0)
			close(l->fd);
		l->fd = -1;
		later(l);
		return;
	}
	l->connects++;
	l->ops->up(l->owner);
	if (l->broken)
		ready(l);
}

void link_init(struct link *l, const char *path, const struct link_ops *ops, void *owner)
{
	*l = (struct link){.ops = ops, .owner = owner, .fd = -1};
	snprintf(l->path, sizeof(l->path), "%s", path);
}

void link_open(struct link *l)
{
	l->wanted = true;
	if (l->fd >= 0)
		return;
	timer_clear(&l->timer);
	l->tries = 0; /* whoever asks has a reason */
	connect_now(l);
}

void link_close(struct link *l)
{
	l->wanted = false;
	timer_clear(&l->timer);
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
		ready(l);
}

void link_drop(struct link *l)
{
	if (l->fd < 0)
		return;
	/* Ended by ready(), which a peer that is shut down makes the loop call. */
	l->broken = true;
	shutdown(l->fd, SHUT_RDWR);
}
