/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two halves of a character device share: chardev.c (output) and chardev_client.c. */
#ifndef VMM_CHARDEV_PRIVATE_H
#define VMM_CHARDEV_PRIVATE_H

#include "chardev.h"
#include "logfile.h"
#include "loop.h"

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

/* client_max() - How many clients there may be at once. */
static inline size_t client_max(const struct chardev *c)
{
	return c->lossless ? 1 : CHARDEV_CLIENTS_MAX;
}

/* chardev_piece() - What lies at @from of the stream, in one piece; *len is cut where the ring wraps. */
const uint8_t *chardev_piece(const struct chardev *c, uint64_t from, size_t *len);
/* chardev_flush() - To the log and the clients, as far as they take it. */
void chardev_flush(struct chardev *c);

/* client_send() - What it has not got yet, as far as it takes it. */
void client_send(struct client *k);
/* client_drop() - Close it; @why (NULL: it went) is said in the log. */
void client_drop(struct client *k, const char *why);
/* clients_listen() - On c->path.  0 or -errno with @err. */
int clients_listen(struct chardev *c, struct hv_error *err);
/* clients_close() - Drop all and the socket. */
void clients_close(struct chardev *c);

#endif
