/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges of the volume that something is going on in.  Of two that overlap, the one that came later
 * waits until the earlier one is over: two writes of a block reach both disks in one order, and
 * a resync never carries what a write has just replaced.  Pure; owned by the loop's thread.
 */
#ifndef MIRROR_ENGINE_INTERVAL_H
#define MIRROR_ENGINE_INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "mirror/engine/list.h"

enum {
	INTERVAL_BUCKET_SECTORS = 2048, /* 1 MiB */
	INTERVAL_BUCKETS = 1024,
	INTERVAL_NODES = 2, /* so many buckets a range may touch; one that touches more is "wide" */
};

struct interval {
	uint64_t sector, end; /* sectors; the end is not in it */
	bool shared;          /* a read: those wait for no other read */
	uint64_t order;       /* private from here on */
	uint32_t blockers;
	bool wide;
	struct interval_node {
		struct list link;
		struct interval *of;
	} node[INTERVAL_NODES];
	struct list ready; /* for whoever collects them */
};

struct intervals {
	struct list bucket[INTERVAL_BUCKETS];
	struct list wide;
	uint64_t order;
	uint32_t count;
};

void intervals_init(struct intervals *s);

/* interval_add() - @i (sector, end and shared are filled in).  Whether it may go on at once; else it waits. */
bool interval_add(struct intervals *s, struct interval *i);

/*
 * interval_remove() - @i is over, or has given up waiting.  Those that may go on now are appended to
 * @ready, oldest first, by their `ready` link.
 */
void interval_remove(struct intervals *s, struct interval *i, struct list *ready);

/* interval_busy() - Whether anything is going on, or waits, in the range. */
bool interval_busy(const struct intervals *s, uint64_t sector, uint64_t end);

#endif
