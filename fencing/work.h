/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ending incarnations, which waits, in threads beside the main loop.
 */
#ifndef TAIKI_FENCE_WORK_H
#define TAIKI_FENCE_WORK_H

#include <stdbool.h>

#include "fencing/order.h"

struct qb_loop;

struct work_kill {
	char name[ORDER_NAME];
	char incarnation[ORDER_UUID];
	uint8_t id[ORDER_ID]; /* the caller's */
	int timeout_ms;
	/* Told: */
	int rc; /* 0 proven, or -errno with @text */
	bool ran;
	char text[ORDER_TEXT];
};

enum { WORK_MAX = 64 }; /* threads at once */

/* work_open() - @done is called on the loop for each that was started. */
int work_open(struct qb_loop *loop, void (*done)(const struct work_kill *k));

/* work_start() - Begin; @k is copied.  0, or -EAGAIN: too many at once, -ENOMEM. */
int work_start(const struct work_kill *k);

#endif
