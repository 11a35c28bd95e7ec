/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A character device's host side: a Unix stream socket that clients connect
 * to, and, if wanted, a log file of bounded size.  Used by the UART, the virtio
 * console and its channels.
 *
 *   guest ──► chardev_write() ──► every client, and the log
 *   client ──► ops->receive() ──► guest      (all clients are merged)
 *
 * Two kinds.  A console (lossy) accepts everything: a client that does not
 * keep up is dropped, and with no client output goes to the log only; a new
 * client first gets what was said last.  A channel (lossless) accepts what fits into
 * its buffer and says ops->writable() when there is room again; with no client
 * it accepts nothing.
 *
 * Everything is called with the board lock held and never waits.  Output may come from
 * any thread; callbacks come from the loop thread, but connected(false), which comes
 * where a write finds that a client has gone.  The guest is never blocked.
 */
#ifndef VMM_CHARDEV_H
#define VMM_CHARDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/config.h"

enum {
	CHARDEV_CLIENTS_MAX = 8,
	CHARDEV_BUFFER = 65536,    /* bytes of output a client may lag behind */
	CHARDEV_LOG_MAX = 1 << 20, /* bytes of a log file; at the end its older half goes */
};

struct chardev;

struct chardev_ops {
	/* room() - How many bytes receive() would take now.  NULL: any amount. */
	size_t (*room)(void *dev);
	/* receive() - @len bytes from a client, never more than room() said. */
	void (*receive)(void *dev, const uint8_t *data, size_t len);
	/* connected() - The first client came (true), the last one left (false).  May be NULL. */
	void (*connected)(void *dev, bool yes);
	/* writable() - After a short chardev_write(): there is room again.  May be NULL. */
	void (*writable)(void *dev);
};

struct chardev_config {
	const char *socket; /* path; what a crash left there is replaced.  NULL: no clients */
	const char *log;    /* path of the log file, appended to.  NULL: none */
	bool lossless;      /* a channel: one client, flow control */
};

/* chardev_open() - Before rights are dropped, after loop_init().  0, or -errno with @err. */
int chardev_open(const struct chardev_config *cfg, const struct chardev_ops *ops, void *dev,
		 struct chardev **out, struct hv_error *err);

/* chardev_write() - Output; returns how many bytes were accepted (a console: all). */
size_t chardev_write(struct chardev *c, const void *data, size_t len);

/* chardev_accept_input() - room() has grown from 0: read from the clients again. */
void chardev_accept_input(struct chardev *c);

/* chardev_connected() - Whether a client is there. */
bool chardev_connected(const struct chardev *c);

/* chardev_moved_all() - The directory @from is called @to now: sockets in it have moved along. */
void chardev_moved_all(const char *from, const char *to);

/* chardev_close() - Send what can be sent, drop the clients, remove the socket.  NULL is nothing. */
void chardev_close(struct chardev *c);

/* chardev_close_all() - The same for each, at an ordered exit. */
void chardev_close_all(void);

#endif
