/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host cluster as taiki-fenced sees it: messages in one order (libcpg), and quorum
 * (libquorum).  Both run on the main loop.  When Corosync goes away it is told once, and
 * connected to again when it is back.
 */
#ifndef TAIKI_FENCE_CLUSTER_H
#define TAIKI_FENCE_CLUSTER_H

#include "fencing/sync.h"

struct qb_loop;

struct cluster_ops {
	/* up() - Connected as node @me, called @name; view() follows. */
	void (*up)(uint32_t me, const char *name);
	/* down() - Corosync has gone, or cluster_rejoin() was called. */
	void (*down)(void);
	void (*view)(const struct sync_member *m, size_t n, bool joined);
	void (*deliver)(uint32_t from, const uint8_t *bytes, size_t len);
	/*
	 * quorum() - @lost: the partition is not quorate.  @settled: it is, and that was said of
	 * the ring in which the newest view was; only then may anything be done.
	 */
	void (*quorum)(bool lost, bool settled);
};

/* cluster_open() - 0 or -errno; connecting goes on by itself. */
int cluster_open(struct qb_loop *loop, const char *group, const struct cluster_ops *ops);
void cluster_close(void);

/* cluster_rejoin() - Leave and join again, as if Corosync had gone; soon, not at once. */
void cluster_rejoin(void);

/* cluster_send() - Multicast, later if the cluster is busy.  0, -ENOTCONN, -ENOMEM. */
int cluster_send(const uint8_t *bytes, size_t len);

#endif
