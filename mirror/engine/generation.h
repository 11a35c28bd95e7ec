/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generation identifiers: what they say of two copies of a volume, and how they change.
 *
 *   current    names the data as it is while both have it
 *   bitmap     the generation since which the bitmap has recorded differences; 0: no peer is behind
 *   history    what the bitmap's was before, younger first
 *
 * A Primary that loses its peer begins a new generation.  Who has the peer's current as bitmap is
 * ahead by what the bitmap says; who has it in its history is ahead by an unknown amount.  Where
 * each has what the other has not, their histories have split.  Pure functions.
 */
#ifndef MIRROR_ENGINE_GENERATION_H
#define MIRROR_ENGINE_GENERATION_H

#include <stdbool.h>
#include <stdint.h>

#include "mirror/drbd/meta.h"
#include "mirror/drbd/state_word.h"

struct generation {
	uint64_t uuid[MD_UUIDS];
};

/* The outcomes of a comparison, as DRBD numbers them: above 0 we are the source. */
enum gen_result {
	GEN_SAME = 0,
	GEN_SOURCE_BITMAP = 1,
	GEN_SOURCE_FULL = 2,
	GEN_TARGET_BITMAP = -1,
	GEN_TARGET_FULL = -2,
	GEN_SPLIT = -100,       /* the common ancestor is known, what was written since is not */
	GEN_SPLIT_BITMAP = 100, /* each side knows what it wrote since */
	GEN_UNRELATED = -1000,
	GEN_TOO_OLD = -1001, /* the peer would decide otherwise: it does not know rule 41 */
};

/* One copy, as the handshake shows it. */
struct gen_side {
	struct generation gen;
	enum role role;
	bool crashed; /* it was a Primary when it stopped, and did not stop in order */
};

struct gen_compare {
	struct gen_side mine, peer; /* identifiers are corrected by some rules */
	bool tie_break;             /* ours is the side that resolves conflicts */
	bool knows_41;              /* both sides know rule 41 (WIRE_FF_WSAME) */
	/* the answer */
	enum gen_result result;
	unsigned rule;  /* DRBD's number, for the log and for comparing notes with the peer's */
	bool corrected; /* mine.gen was changed, and is to be made durable */
};

/*
 * gen_compare() - Fill in the answer.  The peer, which runs the same with the sides swapped, finds the
 * opposite.
 */
void gen_compare(struct gen_compare *c);

/* gen_equal() - Whether two identifiers name the same generation. */
bool gen_equal(uint64_t a, uint64_t b);

/*
 * gen_new() - A new generation begins; @random is its name, and what was current is what the peer
 * has.  For a Primary that goes on alone, before it tells anyone that a write is done; where
 * MD_BITMAP is not 0 that is recorded already, and it is called by force alone.
 */
void gen_new(struct generation *g, uint64_t random, enum role role);

/* gen_role() - Promoted or demoted. */
void gen_role(struct generation *g, enum role role);

/*
 * gen_sync_begin_source() - As the source of a resync: name what the target will be while it runs.
 * The identifier to send to the target.  @random is used where nothing can be derived.
 */
uint64_t gen_sync_begin_source(struct generation *g, uint64_t random);

/* gen_sync_begin_target() - As the target: @sync came from the source. */
void gen_sync_begin_target(struct generation *g, uint64_t sync);

/*
 * gen_sync_end_source(), gen_sync_end_target() - It is done; @peer: the source's, from the handshake.
 * Both sides are equal then.
 *
 * A source that is cut off when everything has been sent, but not all been confirmed, has to end
 * it so, too: the target may have all of it, and be promoted; had the source still the bitmap's
 * identifier, and wrote alone under the same current one, its writes would be lost to that
 * target's without a word.  Should the target lack something, it gets everything.  A target
 * makes its end durable before it confirms the last block, so that a source never ends first.
 */
void gen_sync_end_source(struct generation *g);
void gen_sync_end_target(struct generation *g, const struct generation *peer, enum role role);

#endif
