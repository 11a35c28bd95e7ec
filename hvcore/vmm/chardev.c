// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Output goes through one ring.  `total` counts every byte ever written; each
 * client has the count it has been sent, so that the ring holds for each what
 * lies between.  After a silence the first byte goes out at once; what follows is
 * gathered for a moment and written by the loop thread: a guest that prints
 * byte by byte costs no system call a byte, and none waits for the first.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chardev.h"
#include "listen.h"
#include "log.h"
#include "logfile.h"
#include "loop.h"

enum {
	GATHER_NS = 500000,
	DEAF_NS = 1000000000,
	BACKLOG = 16384, /* bytes of what was said last that a new client of a console gets */
};

struct client {
	struct loop_fd w; /* fd -1: free */
	struct chardev *owner;
	uint64_t sent;
	bool want_out; /* EPOLLOUT is being watched */
	bool reading;  /* EPOLLIN is */
	bool eof;      /* it has said all it will, and may still listen */
};

struct chardev {
	const struct chardev_ops *ops;
	void *dev;
	bool lossless;
	bool blocked; /* a write was cut short: ops->writable() is owed */
	char *path;
	struct loop_fd listener;
	struct client client[CHARDEV_CLIENTS_MAX];
	unsigned nclients;
	struct logfile log;
	uint64_t logged;
	struct loop_timer gather;
	uint64_t silence;       /* host time until when output is gathered */
	struct loop_timer deaf; /* armed: accept() failed, and is tried again later */
	uint64_t total;
	struct chardev *next;
	uint8_t ring[CHARDEV_BUFFER];
};

static struct chardev *all;

static size_t client_max(const struct chardev *c)
{
	return c->lossless ? 1 : CHARDEV_CLIENTS_MAX;
}

bool chardev_connected(const struct chardev *c)
{
	return c->nclients > 0;
}

/* What lies at @from of the stream, in one piece; *len is cut where the ring wraps. */
static const uint8_t *piece(const struct chardev *c, uint64_t from, size_t *len)
{
	size_t at = from % CHARDEV_BUFFER;

	*len = (size_t)(c->total - from);
	if (*len > CHARDEV_BUFFER - at)
		*len = CHARDEV_BUFFER - at;
	return c->ring + at;
}

static size_t room_of(const struct chardev *c)
{
	return c->ops->room ? c->ops->room(c->dev) : CHARDEV_BUFFER;
}

static void watch(struct client *k)
{
	loop_mod(&k->w,
		 (k->reading ? (uint32_t)EPOLLIN : 0) | (k->want_out ? (uint32_t)EPOLLOUT : 0));
}

static void drop(struct client *k, const char *why)
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

/* Send what the client has not got yet, as far as it takes it. */
static void send_to(struct client *k)
{
	struct chardev *c = k->owner;
	bool want_out = false;

	while (k->sent < c->total) {
		size_t len;
		const uint8_t *at = piece(c, k->sent, &len);
		ssize_t n = send(k->w.fd, at, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			want_out = true;
			break;
		}
		if (n < 0) {
			drop(k, NULL);
			return;
		}
		k->sent += (uint64_t)n;
	}
	if (want_out != k->want_out) {
		k->want_out = want_out;
		watch(k);
	}
}

static void to_log(struct chardev *c)
{
	while (c->logged < c->total) {
		size_t len;
		const uint8_t *at = piece(c, c->logged, &len);

		logfile_write(&c->log, at, len);
		c->logged += len;
	}
}

static void flush(struct chardev *c)
{
	to_log(c);
	for (size_t i = 0; i < client_max(c); i++)
		if (c->client[i].w.fd >= 0)
			send_to(&c->client[i]);
	if (c->blocked && c->nclients && c->total - c->client[0].sent < CHARDEV_BUFFER) {
		c->blocked = false;
		if (c->ops->writable)
			c->ops->writable(c->dev);
	}
}

static void gathered(struct loop_timer *t)
{
	struct chardev *c = (struct chardev *)((char *)t - offsetof(struct chardev, gather));

	c->silence = loop_host_now() + GATHER_NS;
	flush(c);
}

/*
 * put_out() - See that what was appended gets out.  A channel's always waits for the
 * loop thread, which its device's callbacks are promised to.
 */
static void put_out(struct chardev *c)
{
	uint64_t now = loop_host_now();

	if (c->gather.slot || (!c->nclients && c->log.fd < 0))
		return;
	if (c->lossless || now < c->silence) {
		loop_host_timer_arm(&c->gather, now + GATHER_NS);
		return;
	}
	c->silence = now + GATHER_NS;
	flush(c);
}

static void append(struct chardev *c, const uint8_t *data, size_t len)
{
	while (len) {
		size_t at = c->total % CHARDEV_BUFFER, n = CHARDEV_BUFFER - at;

		if (n > len)
			n = len;
		memcpy(c->ring + at, data, n);
		c->total += n;
		data += n;
		len -= n;
	}
}

/*
 * A console's ring is about to be overwritten: the log and the clients must
 * have it by then.  Sending never waits; who has not taken it in time has lost bytes and goes.
 */
static void make_room(struct chardev *c, size_t len)
{
	if (c->total + len - c->logged > CHARDEV_BUFFER)
		to_log(c);
	for (size_t i = 0; i < client_max(c); i++) {
		struct client *k = &c->client[i];

		if (k->w.fd >= 0 && c->total + len - k->sent > CHARDEV_BUFFER)
			send_to(k);
		if (k->w.fd >= 0 && c->total + len - k->sent > CHARDEV_BUFFER)
			drop(k, "it does not read");
	}
}

size_t chardev_write(struct chardev *c, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t done = 0;

	if (c->lossless) {
		size_t room = c->nclients ? CHARDEV_BUFFER - (size_t)(c->total - c->client[0].sent)
					  : 0;

		if (len > room) {
			len = room;
			c->blocked = c->nclients > 0;
		}
	}
	while (done < len) {
		size_t n = len - done > CHARDEV_BUFFER / 2 ? CHARDEV_BUFFER / 2 : len - done;

		make_room(c, n);
		append(c, p + done, n);
		done += n;
	}
	if (len)
		put_out(c);
	return len;
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
			drop(k, NULL);
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
		drop(k, NULL);
	if (k->w.fd >= 0 && events & EPOLLOUT)
		flush(c);
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
	send_to(k);
}

static void listen_again(struct loop_timer *t)
{
	struct chardev *c = (struct chardev *)((char *)t - offsetof(struct chardev, deaf));

	loop_mod(&c->listener, EPOLLIN);
}

static void listener_ready(struct loop_fd *w, uint32_t events)
{
	struct chardev *c = (struct chardev *)((char *)w - offsetof(struct chardev, listener));
	int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		/* Without descriptors it would be ready again at once, for ever. */
		if (errno != EAGAIN && errno != EINTR && !loop_mod(w, 0))
			loop_host_timer_arm(&c->deaf, loop_host_now() + DEAF_NS);
		return;
	}
	for (size_t i = 0; i < client_max(c); i++) {
		if (c->client[i].w.fd >= 0)
			continue;
		adopt(c, &c->client[i], fd);
		return;
	}
	close(fd); /* as many as there may be are here */
}

static int listen_on(struct chardev *c, struct hv_error *err)
{
	int rc, fd = unix_listen(c->path, err);

	if (fd < 0)
		return fd;
	c->listener = (struct loop_fd){.fd = fd, .ready = listener_ready};
	rc = loop_add(&c->listener, EPOLLIN);
	return rc ? hv_err(err, rc, "%s: cannot be watched: %s", c->path, strerror(-rc)) : 0;
}

int chardev_open(const struct chardev_config *cfg, const struct chardev_ops *ops, void *dev,
		 struct chardev **out, struct hv_error *err)
{
	struct chardev *c = calloc(1, sizeof(*c));
	int rc = 0;

	*out = NULL;
	if (!c)
		return hv_err(err, -ENOMEM, "character device: out of memory");
	c->ops = ops;
	c->dev = dev;
	c->lossless = cfg->lossless;
	c->log.fd = c->listener.fd = -1;
	c->gather.expired = gathered;
	c->deaf.expired = listen_again;
	for (size_t i = 0; i < CHARDEV_CLIENTS_MAX; i++)
		c->client[i].w.fd = -1;
	c->next = all;
	all = c;
	if (cfg->log) {
		rc = logfile_open(&c->log, cfg->log, CHARDEV_LOG_MAX);
		if (rc)
			hv_err(err, rc, "%s: cannot be opened as a log: %s", cfg->log,
			       strerror(-rc));
	}
	if (!rc && cfg->socket) {
		c->path = strdup(cfg->socket);
		rc = c->path ? listen_on(c, err) : hv_err(err, -ENOMEM, "out of memory");
	}
	if (rc)
		chardev_close(c);
	else
		*out = c;
	return rc;
}

void chardev_close(struct chardev *c)
{
	struct chardev **at = &all;

	if (!c)
		return;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	flush(c);
	loop_host_timer_cancel(&c->gather);
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
	logfile_close(&c->log);
	free(c->path);
	free(c);
}

void chardev_close_all(void)
{
	while (all)
		chardev_close(all);
}
