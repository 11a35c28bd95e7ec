/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection to one of a domain's Unix sockets that is made, kept and made
 * anew on the loop: nothing here ever waits.
 */
#ifndef HEARTBEAT_LINK_H
#define HEARTBEAT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "poller.h"
#include "timer.h"

struct link;

struct link_ops {
	bool lazy;                                                /* see poller.h */
	void (*up)(void *owner);                                  /* just connected */
	void (*bytes)(void *owner, const char *data, size_t len); /* the next bytes */
	void (*down)(void *owner);                                /* the connection has ended */
};

/* Zeroed: not initialised, and .ops is NULL. */
struct link {
	const struct link_ops *ops;
	void *owner;
	char path[512];
	int fd; /* -1: not connected */
	struct poller_entry entry;
	bool wanted, broken;
	unsigned tries; /* in a row that failed */
	bool ours;      /* the last one failed because of this process or host, not of the peer */
	struct hb_timer timer;
	uint64_t connects;
};

/* link_init() - @path is copied; nothing is connected yet. */
void link_init(struct link *l, const char *path, const struct link_ops *ops, void *owner);

/* link_open() - Connect now, and again, first soon and then less often, whenever it has ended, until link_close(). */
void link_open(struct link *l);
/* link_close() - Neither .down nor anything else is called any more. */
void link_close(struct link *l);

/* link_poll() - Read what has come and not been read yet; never waits. */
void link_poll(struct link *l);

/* link_send() - All of it or nothing; a peer that takes too little is dropped.  0 or -errno. */
int link_send(struct link *l, const void *data, size_t len);

/* link_drop() - The peer talks nonsense: end the connection, try again later.  From .bytes too. */
void link_drop(struct link *l);

#endif
