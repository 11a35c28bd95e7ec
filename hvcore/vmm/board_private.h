/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board as the machine sees it; devices use board.h only.
 */
#ifndef VMM_BOARD_PRIVATE_H
#define VMM_BOARD_PRIVATE_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

#include "board.h"
#include "engine/engine.h"

struct board_counters {
	uint64_t io_reads, io_writes, mmio_reads, mmio_writes, guest_faults;
};
extern struct board_counters board_counters; /* under the board lock */

extern const struct engine_board board_for_engine;
extern struct device *board_devices; /* in the order of registration */

/* Accesses as the engine makes them; they take the board lock. */
uint32_t board_io_read(void *opaque, uint16_t port, unsigned size);
void board_io_write(void *opaque, uint16_t port, unsigned size, uint32_t value);
uint64_t board_mmio_read(void *opaque, uint64_t gpa, unsigned size);
void board_mmio_write(void *opaque, uint64_t gpa, unsigned size, uint64_t value);

/* board_wait() - Wait on @cond with the board lock given up meanwhile; @until NULL: for ever.  0 or ETIMEDOUT. */
int board_wait(pthread_cond_t *cond, const struct timespec *until);

/* board_forget() - No regions, no devices: before setup, and between tests. */
void board_forget(void);

#endif
