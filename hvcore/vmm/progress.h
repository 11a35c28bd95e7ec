/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The domain's progress page (hv/progress.h), from the writer's side.
 *
 * Each word has one writer at a time: those of vCPUs the engine's run thread,
 * all others whoever holds the board lock.  So an update is a load and a store,
 * never a locked instruction, and nothing here makes a system call.  Where there is no
 * page (tests), nothing happens.
 */
#ifndef VMM_PROGRESS_H
#define VMM_PROGRESS_H

#include "hv/progress.h"

#include "board.h"

/*
 * progress_create() - Make RUN/NAME/progress for this start and hang it into the
 * board; before rights are dropped.  0, or -errno with @err.
 */
int progress_create(const struct hv_config *c, const char *incarnation, struct hv_error *err);

/* progress_adopt() - The page goes on under the incarnation @incarnation. */
void progress_adopt(const char *incarnation);

/* progress_state() - The machine's state has changed. */
void progress_state(enum hv_progress_state state);

static inline void progress_put(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static inline void progress_resets(uint64_t n)
{
	if (board.progress)
		progress_put(&board.progress->resets, n);
}

static inline void progress_console(uint64_t bytes)
{
	if (board.progress)
		progress_put(&board.progress->console, board.progress->console + bytes);
}

static inline void progress_disk(unsigned n, uint64_t done, uint64_t errors, uint64_t in_flight)
{
	if (!board.progress || n >= HV_DISKS_MAX)
		return;
	progress_put(&board.progress->disk[n].done, done);
	progress_put(&board.progress->disk[n].errors, errors);
	progress_put(&board.progress->disk[n].in_flight, in_flight);
}

static inline void progress_nic(unsigned n, uint64_t rx, uint64_t tx)
{
	if (!board.progress || n >= HV_NICS_MAX)
		return;
	progress_put(&board.progress->nic[n].rx, rx);
	progress_put(&board.progress->nic[n].tx, tx);
}

/* progress_turn() - The loop has come round, at guest time @clock. */
static inline void progress_turn(uint64_t clock)
{
	if (!board.progress)
		return;
	progress_put(&board.progress->turns, board.progress->turns + 1);
	progress_put(&board.progress->clock, clock);
}

#endif
