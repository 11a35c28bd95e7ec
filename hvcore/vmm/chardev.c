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

#include "chardev_private.h"
#include "moved.h"

enum { GATHER_NS = 500000 };

static struct chardev *all;

bool chardev_connected(const struct chardev *c)
{
	return c->nclients > 0;
}

const uint8_t *chardev_piece(const struct chardev *c, uint64_t from, size_t *len)
{
	size_t at = from % CHARDEV_BUFFER;

	*len = (size_t)(c->total - from);
	if (*len > CHARDEV_BUFFER - at)
		*len = CHARDEV_BUFFER - at;
	return c->ring + at;
}

static void to_log(struct chardev *c)
{
	while (c->logged < c->total) {
		size_t len;
		const uint8_t *at = chardev_piece(c, c->logged, &len);

		logfile_write(&c->log, at, len);
		c->logged += len;
	}
}

void chardev_flush(struct chardev *c)
{
	to_log(c);
	for (size_t i = 0; i < client_max(c); i++)
		if (c->client[i].w.fd >= 0)
			client_send(&c->client[i]);
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
	chardev_flush(c);
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
	chardev_flush(c);
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
			client_send(k);
		if (k->w.fd >= 0 && c->total + len - k->sent > CHARDEV_BUFFER)
			client_drop(k, "it does not read");
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
		rc = c->path ? clients_listen(c, err) : hv_err(err, -ENOMEM, "out of memory");
	}
	if (rc)
		chardev_close(c);
	else
		*out = c;
	return rc;
}

void chardev_moved_all(const char *from, const char *to)
{
	for (struct chardev *c = all; c; c = c->next)
		c->path = path_moved(c->path, from, to);
}

void chardev_close(struct chardev *c)
{
	struct chardev **at = &all;

	if (!c)
		return;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	chardev_flush(c);
	loop_host_timer_cancel(&c->gather);
	clients_close(c);
	logfile_close(&c->log);
	free(c->path);
	free(c);
}

void chardev_close_all(void)
{
	while (all)
		chardev_close(all);
}
