/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The run threads: each is parked, or inside the engine.  Functions are
 * called with the board lock held where they do not say otherwise.
 */
#ifndef VMM_THREADS_H
#define VMM_THREADS_H

#include <stdbool.h>

#include "hv/config.h"

/* threads_start() - Create them; each enters its jail and parks.  Without the lock.  0 or -errno. */
int threads_start(unsigned n, struct hv_error *err);

/* threads_ready() - Wait until all are jailed and parked.  0 or -errno. */
int threads_ready(struct hv_error *err);

/* threads_go() - Let them run. */
void threads_go(void);

/* threads_hold() - They are to park: kick them, do not wait.  Any thread. */
void threads_hold(void);

/*
 * threads_park() - The same, and wait until none is in the engine, giving the
 * board lock up meanwhile.  0, or -ETIMEDOUT after MACHINE_PARK_MS.
 */
int threads_park(void);

/* threads_end() - Park and join them.  Without the board lock. */
void threads_end(void);

/* threads_failed() - Why the engine could not go on; NULL if it could. */
const char *threads_failed(void);

/* threads_id() - The kernel's id of thread @n. */
int threads_id(unsigned n);

#endif
