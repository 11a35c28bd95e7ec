// SPDX-License-Identifier: GPL-2.0-or-later
/* Whoever is connected to a character device's socket: coming, sending, going. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chardev_private.h"
#include "listen.h"
#include "log.h"

enum {
	DEAF_NS = 1000000000,
	WAITING_MAX = 8, /* to be accepted */
	BACKLOG = 16384, /* bytes of what was said last that a new client of a console gets */
};

static size_t room_of(const struct chardev *c)
{
	return c->ops->room ? c->ops->room(c->dev) : CHARDEV_BUFFER;
}

static void watch(struct client *k)
{
	loop_mod(&k->w,
		 (k->reading ? (uint32_t)EPOLLIN : 0) | (k->want_out ? (uint32_t)EPOLLOUT : 0));
}

void client_drop(struct client *k, const char *why)
{
	struct chardev *c = k->owner;

	if (why)
		log_line(LOG_NOTICE, "%s: a client was dropped: %s", c->path, why);
	loop_del(&k->w);
	close(k->w.fd);
	k->w.fd = -1;
	c->nclients--;
	if (c->nclients)
		return;
	if (c->lossless && c->blocked) {
		c->blocked = false;
		if (c->ops->writable)
			c->ops->writable(c->dev);
	}
	if (c->ops->connected)
		c->ops->connected(c->dev, false);
}

void client_send(struct client *k)
{
	struct chardev *c = k->owner;
	bool want_out = false;

	while (k->sent < c->total) {
		size_t len;
		const uint8_t *at = chardev_piece(c, k->sent, &len);
		ssize_t n = send(k->w.fd, at, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			want_out = true;
			break;
		}
		if (n < 0) {
			client_drop(k, NULL);
			return;
		}
		k->sent += (uint64_t)n;
	}
	if (want_out != k->want_out) {
		k->want_out = want_out;
		watch(k);
	}
}

/* Read as long as the device takes it; then wait for chardev_accept_input(). */
static void receive(struct client *k)
{
	struct chardev *c = k->owner;
	uint8_t buf[4096];

	for (unsigned turns = 0; turns < 16; turns++) {
		size_t room = room_of(c);
		ssize_t n;

		if (!room) {
			k->reading = false;
			watch(k);
			return;
		}
		n = recv(k->w.fd, buf, room < sizeof(buf) ? room : sizeof(buf), MSG_DONTWAIT);
		if (n > 0) {
			c->ops->receive(c->dev, buf, (size_t)n);
			continue;
		}
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			client_drop(k, NULL);
			return;
		}
		/* Closed one way only, perhaps: if both, EPOLLHUP comes next. */
		k->eof = true;
		k->reading = false;
		watch(k);
		return;
	}
}

void chardev_accept_input(struct chardev *c)
{
	for (size_t i = 0; i < client_max(c); i++) {
		struct client *k = &c->client[i];

		if (k->w.fd >= 0 && !k->reading && !k->eof) {
			k->reading = true;
			watch(k);
		}
	}
}

static void client_ready(struct loop_fd *w, uint32_t events)
{
	struct client *k = (struct client *)((char *)w - offsetof(struct client, w));
	struct chardev *c = k->owner;

	/* A run thread may have dropped it between epoll's answer and now. */
	if (w->fd < 0)
		return;
	if (events & EPOLLIN && k->reading)
		receive(k);
	else if (events & (EPOLLHUP | EPOLLERR))
		client_drop(k, NULL);
	if (k->w.fd >= 0 && events & EPOLLOUT)
		chardev_flush(c);
}

static void adopt(struct chardev *c, struct client *k, int fd)
{
	uint64_t kept = c->total < BACKLOG ? c->total : BACKLOG;

	k->owner = c;
	k->w.fd = fd;
	k->w.ready = client_ready;
	k->sent = c->lossless ? c->total : c->total - kept;
	k->want_out = false;
	k->reading = true;
	k->eof = false;
	if (loop_add(&k->w, EPOLLIN)) {
		close(fd);
		k->w.fd = -1;
		return;
	}
	if (c->nclients++ == 0 && c->ops->connected)
		c->ops->connected(c->dev, true);
	client_send(k);
}

static void listen_again(struct loop_timer *t)
{
	struct chardev *c = (struct chardev *)((char *)t - offsetof(struct chardev, deaf));

	loop_mod(&c->listener, EPOLLIN);
}

/* gone() - Both ways, and the loop has not come by yet. */
static bool gone(const struct client *k)
{
	struct pollfd p = {.fd = k->w.fd};

	return poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLERR);
}

static struct client *free_client(struct chardev *c)
{
	for (size_t i = 0; i < client_max(c); i++)
		if (c->client[i].w.fd < 0)
			return &c->client[i];
	/* epoll may tell of who comes before it tells of who went. */
	for (size_t i = 0; i < client_max(c); i++) {
		struct client *k = &c->client[i];

		if (!gone(k))
			continue;
		if (k->reading)
			receive(k);
		if (k->w.fd >= 0)
			client_drop(k, NULL);
		return k;
	}
	return NULL;
}

static void listener_ready(struct loop_fd *w, uint32_t events)
{
	struct chardev *c = (struct chardev *)((char *)w - offsetof(struct chardev, listener));
	int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *k;

	if (fd < 0) {
		/* Without descriptors it would be ready again at once, for ever. */
		if (errno != EAGAIN && errno != EINTR && !loop_mod(w, 0))
			loop_host_timer_arm(&c->deaf, loop_host_now() + DEAF_NS);
		return;
	}
	k = free_client(c);
	if (k)
		adopt(c, k, fd);
	else
		close(fd); /* as many as there may be are here */
}

int clients_listen(struct chardev *c, struct hv_error *err)
{
	int rc, fd = unix_listen(c->path, WAITING_MAX, err);

	if (fd < 0)
		return fd;
	c->deaf.expired = listen_again;
	c->listener = (struct loop_fd){.fd = fd, .ready = listener_ready};
	rc = loop_add(&c->listener, EPOLLIN);
	return rc ? hv_err(err, rc, "%s: cannot be watched: %s", c->path, strerror(-rc)) : 0;
}

void clients_close(struct chardev *c)
{
	loop_host_timer_cancel(&c->deaf);
	for (size_t i = 0; i < CHARDEV_CLIENTS_MAX; i++) {
		if (c->client[i].w.fd < 0)
			continue;
		loop_del(&c->client[i].w);
		close(c->client[i].w.fd);
	}
	if (c->listener.fd >= 0) {
		loop_del(&c->listener);
		close(c->listener.fd);
		unlink(c->path); /* refused in the jail: then the next start replaces it */
	}
}
