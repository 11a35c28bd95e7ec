/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many bytes of a resync or a verify may be on their way at once.  Pure.
 *
 * As many as the path holds, and a queue of some milliseconds, so that it never runs dry: what comes in per
 * second, times the shortest time that a request ever took and that queue's.  A path that can take
 * more lets the window grow, as what came in was limited by it; one that is slow has a short queue, which the
 * clients' writes stand in, too.  An administrator may have set a size, and a rate.
 */
#ifndef MIRROR_ENGINE_WINDOW_H
#define MIRROR_ENGINE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

enum {
	WINDOW_MIN = 1 << 20, /* bytes */
	WINDOW_FIRST = 4 << 20,
	WINDOW_MAX = 16 << 20,
	WINDOW_REQUESTS = 1024, /* small ones */
	WINDOW_QUEUE_MS = 20,
};

struct window {
	uint64_t bytes; /* allowed */
	uint64_t flying;
	uint32_t requests; /* flying */
	/* private from here on */
	uint64_t rate;        /* bytes/s that may be asked for; 0: any */
	int64_t budget;       /* of it */
	uint64_t filled;      /* when that was raised last */
	uint64_t queue;       /* ns */
	uint64_t shortest;    /* ns that a request took */
	uint64_t since, came; /* of what is being measured: from when on, bytes */
	uint64_t full;        /* flying had reached what was allowed */
	bool fixed;
};

/* What an administrator has set; 0: nothing. */
struct window_set {
	uint64_t bytes;    /* on their way, whatever is observed */
	uint64_t rate;     /* bytes/s that may be asked for */
	uint32_t queue_ms; /* in place of WINDOW_QUEUE_MS */
};

void window_begin(struct window *w, const struct window_set *set, uint64_t now);

/* window_open() - Whether one more request may go.  With a rate it is to be asked again after some ms. */
bool window_open(struct window *w, uint64_t now);

/* window_sent(), window_done() - A request of @bytes has gone at @now; it is over, having been sent at @sent. */
void window_sent(struct window *w, uint64_t bytes, uint64_t now);
void window_done(struct window *w, uint64_t bytes, uint64_t sent, uint64_t now);

#endif
