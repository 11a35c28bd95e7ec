/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers: whether any order of what clients asked for explains what they were told.
 *
 * Each sector of a volume is a register of its own.  Every write has a value that no other has, so
 * that what a read has seen names the write.  A history is cut into rounds: a round begins with
 * known values, and ends when nobody writes any more, with every sector read once.
 *
 * A write that its client was not told of (or was told has failed) may have happened, or not, and
 * may happen until the round is over, but not later: what is left of a client that is gone is never
 * written behind its successor.
 *
 * Where every copy has lost its cache, what was not flushed may be lost, in any order; what a flush
 * covers is there, or something that was written later.
 */
#ifndef HISTORY_REGISTER_H
#define HISTORY_REGISTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum register_verb { REGISTER_READ, REGISTER_WRITE, REGISTER_FLUSH };

#define REGISTER_NEVER UINT64_MAX /* told: not at all, or of a failure */
#define REGISTER_TORN  UINT32_MAX /* a sector that holds what nobody has written as a whole */

struct register_op {
	enum register_verb verb;
	bool durable;          /* WRITE: on stable storage when it is told */
	uint32_t first, count; /* sectors */
	uint32_t value;        /* WRITE: its own, above 0 */
	const uint32_t *seen;  /* READ: a value a sector */
	uint64_t asked, told;  /* on one clock */
};

struct register_round {
	const struct register_op *op; /* in any order */
	size_t nops;
	const uint32_t *before, *after; /* a value a sector; @after was read when all was over */
	uint32_t sectors;
	uint64_t settled; /* when that reading began */
	bool caches_lost; /* of every copy, after the last operation */
};

/* register_check() - Prints a line a violation to @out; how many there were, or -1: no memory. */
long register_check(const struct register_round *r, FILE *out);

#endif
