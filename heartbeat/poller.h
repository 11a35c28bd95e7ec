/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The descriptors of domains: an epoll set of our own, which is one descriptor
 * to libqb's loop.  libqb walks through all it has at every turn, and with three
 * for each of 80 domains that was most of the daemon's CPU time.
 *
 * Urgent entries are read at once.  What comes often and says nothing new each
 * time, beats, is lazy: the first wakes the loop, and what comes in the next
 * POLLER_LAZY_MS is read together.
 */
#ifndef HEARTBEAT_POLLER_H
#define HEARTBEAT_POLLER_H

#include <qb/qbloop.h>
#include <stdbool.h>

/* The owner's, and in its place as long as it is in the set. */
struct poller_entry {
	int fd;
	void (*ready)(void *data); /* .fd can be read, or has ended */
	void *data;
	bool lazy;
};

enum { POLLER_LAZY_MS = 20 };

/* poller_start() - 0 or -errno. */
int poller_start(qb_loop_t *loop);

/* poller_add() - 0 or -errno. */
int poller_add(struct poller_entry *e);

/* poller_del() - Before .fd is closed.  .ready is not called any more, whatever is known already. */
void poller_del(struct poller_entry *e);

#endif
