/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asking a file system something from a child, so that a dead disk holds the
 * child and not the caller.
 */
#ifndef HV_LIB_PROBE_H
#define HV_LIB_PROBE_H

#include <stddef.h>
#include <stdint.h>

/* hv_clock_ms() - CLOCK_MONOTONIC in milliseconds, for deadlines. */
int64_t hv_clock_ms(void);

/* hv_left_ms() - Milliseconds until @deadline (hv_clock_ms()), 0 once it is past. */
int hv_left_ms(int64_t deadline);

/*
 * hv_probe() - Run @ask in a child within @timeout_ms.  @ask gets @arg and a
 * buffer of @size bytes whose contents come back in @answer; it must call
 * nothing that takes a lock another thread may hold.  Returns what @ask
 * returned (0 or -errno), -ETIMEDOUT (the child is killed, and left to init if
 * it cannot die), or -errno where there is no child to be had.
 */
int hv_probe(int (*ask)(const void *arg, void *answer), const void *arg, void *answer, size_t size,
	     int timeout_ms);

#endif
