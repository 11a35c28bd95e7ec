// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>

#include "mirror/engine/generation.h"

/* What a source adds to its bitmap identifier to name a resync. */
#define SYNC_STEP (UINT64_C(1) << 48)

static uint64_t plain(uint64_t uuid)
{
	return uuid & ~UINT64_C(1);
}

bool gen_equal(uint64_t a, uint64_t b)
{
	return plain(a) == plain(b);
}

static bool just_created(const struct gen_side *s)
{
	return plain(s->gen.uuid[MD_CURRENT]) == MD_UUID_JUST_CREATED;
}

static bool none(const struct gen_side *s)
{
	return just_created(s) || !plain(s->gen.uuid[MD_CURRENT]);
}

static bool in_history(uint64_t uuid, const struct gen_side *s)
{
	return gen_equal(uuid, s->gen.uuid[MD_HISTORY1]) ||
	       gen_equal(uuid, s->gen.uuid[MD_HISTORY2]);
}

static bool same_current(const struct gen_side *a, const struct gen_side *b)
{
	return gen_equal(a->gen.uuid[MD_CURRENT], b->gen.uuid[MD_CURRENT]);
}

/* The low bit counts here, as it does in the kernel: both sides have to come to the same end. */
static bool has_bitmap(const struct gen_side *s)
{
	return s->gen.uuid[MD_BITMAP];
}

/* Conditions of the rules, seen by @a; for the mirror image of a rule the sides are swapped. */
typedef bool condition(const struct gen_side *a, const struct gen_side *b);

static bool both_created(const struct gen_side *a, const struct gen_side *b)
{
	return just_created(a) && just_created(b);
}

static bool only_a_created(const struct gen_side *a, const struct gen_side *b)
{
	return none(a) && !just_created(b);
}

static bool only_b_created(const struct gen_side *a, const struct gen_side *b)
{
	return !just_created(a) && none(b);
}

/* @a was the source of a resync whose end it missed: the target has already moved everything on. */
static bool a_missed_end(const struct gen_side *a, const struct gen_side *b)
{
	return same_current(a, b) && has_bitmap(a) && !has_bitmap(b) &&
	       gen_equal(a->gen.uuid[MD_BITMAP], b->gen.uuid[MD_HISTORY1]) &&
	       gen_equal(a->gen.uuid[MD_HISTORY1], b->gen.uuid[MD_HISTORY2]);
}

/* @a began a new generation or a resync, and @b knows nothing of it. */
static bool a_has_bitmap(const struct gen_side *a, const struct gen_side *b)
{
	return same_current(a, b) && has_bitmap(a) && !has_bitmap(b);
}

static bool same(const struct gen_side *a, const struct gen_side *b)
{
	return same_current(a, b);
}

static bool a_is_behind(const struct gen_side *a, const struct gen_side *b)
{
	return gen_equal(a->gen.uuid[MD_CURRENT], b->gen.uuid[MD_BITMAP]);
}

/* @b was the source of a resync, and @a has never got the identifier of it. */
static bool a_missed_sync_uuid(const struct gen_side *a, const struct gen_side *b)
{
	return gen_equal(a->gen.uuid[MD_CURRENT], b->gen.uuid[MD_HISTORY1]) &&
	       gen_equal(b->gen.uuid[MD_HISTORY1] + SYNC_STEP, b->gen.uuid[MD_BITMAP]);
}

static bool a_is_far_behind(const struct gen_side *a, const struct gen_side *b)
{
	return in_history(a->gen.uuid[MD_CURRENT], b);
}

static bool same_bitmap(const struct gen_side *a, const struct gen_side *b)
{
	return plain(a->gen.uuid[MD_BITMAP]) &&
	       gen_equal(a->gen.uuid[MD_BITMAP], b->gen.uuid[MD_BITMAP]);
}

/* Histories that are both short have their emptiness in common: the kernel's rule, which has to be ours. */
static bool common_history(const struct gen_side *a, const struct gen_side *b)
{
	return in_history(a->gen.uuid[MD_HISTORY1], b) || in_history(a->gen.uuid[MD_HISTORY2], b);
}

static bool always(const struct gen_side *a, const struct gen_side *b)
{
	return true;
}

/* Move @g's bitmap identifier into its history. */
static void rotate(struct generation *g)
{
	if (!g->uuid[MD_BITMAP])
		return;
	g->uuid[MD_HISTORY2] = g->uuid[MD_HISTORY1];
	g->uuid[MD_HISTORY1] = g->uuid[MD_BITMAP];
	g->uuid[MD_BITMAP] = 0;
}

/* Undo what the beginning of a resync did to its source. */
static void unrotate(struct generation *g)
{
	g->uuid[MD_BITMAP] = g->uuid[MD_HISTORY1];
	g->uuid[MD_HISTORY1] = g->uuid[MD_HISTORY2];
}

/* Corrections: of the side that was the source. */
enum fix { FIX_NOTHING, FIX_ROTATE, FIX_UNROTATE };
enum who { MINE, PEERS };

/* In order; the first whose condition holds decides.  `swap`: the condition is asked with the sides swapped. */
static const struct {
	unsigned rule;
	condition *holds;
	bool swap;
	enum gen_result result;
	enum fix fix;
	enum who whose;
} rules[] = {
	{10, both_created, false, GEN_SAME},
	{20, only_a_created, false, GEN_TARGET_FULL},
	{30, only_b_created, false, GEN_SOURCE_FULL},
	{34, a_missed_end, false, GEN_SOURCE_BITMAP, FIX_ROTATE, MINE},
	{36, a_has_bitmap, false, GEN_SOURCE_BITMAP},
	{35, a_missed_end, true, GEN_TARGET_BITMAP, FIX_ROTATE, PEERS},
	{37, a_has_bitmap, true, GEN_TARGET_BITMAP},
	{40, same, false, GEN_SAME}, /* and see after_crash() */
	{50, a_is_behind, false, GEN_TARGET_BITMAP},
	{51, a_missed_sync_uuid, false, GEN_TARGET_BITMAP, FIX_UNROTATE, PEERS},
	{60, a_is_far_behind, false, GEN_TARGET_FULL},
	{70, a_is_behind, true, GEN_SOURCE_BITMAP},
	{71, a_missed_sync_uuid, true, GEN_SOURCE_BITMAP, FIX_UNROTATE, MINE},
	{80, a_is_far_behind, true, GEN_SOURCE_FULL},
	{90, same_bitmap, false, GEN_SPLIT_BITMAP},
	{100, common_history, false, GEN_SPLIT},
	{100, always, false, GEN_UNRELATED},
};

/*
 * The same generation, but a Primary stopped within it: it may have written what the other has not.
 * Where one is Primary now, its data is what is in use.
 */
static void after_crash(struct gen_compare *c)
{
	bool mine = c->mine.crashed, peers = c->peer.crashed;
	bool primary = c->mine.role == ROLE_PRIMARY, peer_primary = c->peer.role == ROLE_PRIMARY;

	if (!mine && !peers)
		return;
	if (primary || peer_primary) {
		c->rule = 41;
		if (!c->knows_41)
			c->result = GEN_TOO_OLD;
		else if (primary && peer_primary)
			c->result = GEN_SPLIT;
		else
			c->result = primary ? GEN_SOURCE_BITMAP : GEN_TARGET_BITMAP;
		return;
	}
	if (mine && peers)
		c->result = c->tie_break ? GEN_TARGET_BITMAP : GEN_SOURCE_BITMAP;
	else
		c->result = mine ? GEN_SOURCE_BITMAP : GEN_TARGET_BITMAP;
}

static void correct(struct gen_compare *c, enum fix fix, enum who whose)
{
	struct generation *g = whose == MINE ? &c->mine.gen : &c->peer.gen;

	if (fix == FIX_NOTHING)
		return;
	if (fix == FIX_ROTATE)
		rotate(g);
	else
		unrotate(g);
	c->corrected = whose == MINE;
}

void gen_compare(struct gen_compare *c)
{
	const struct gen_side *a = &c->mine, *b = &c->peer;
	size_t i = 0;

	while (!(rules[i].swap ? rules[i].holds(b, a) : rules[i].holds(a, b)))
		i++;
	c->rule = rules[i].rule;
	c->result = rules[i].result;
	c->corrected = false;
	correct(c, rules[i].fix, rules[i].whose);
	if (c->rule == 40)
		after_crash(c);
}

void gen_role(struct generation *g, enum role role)
{
	g->uuid[MD_CURRENT] = plain(g->uuid[MD_CURRENT]) | (role == ROLE_PRIMARY);
}

void gen_new(struct generation *g, uint64_t random, enum role role)
{
	g->uuid[MD_BITMAP] = g->uuid[MD_CURRENT];
	g->uuid[MD_CURRENT] = random;
	gen_role(g, role);
}

uint64_t gen_sync_begin_source(struct generation *g, uint64_t random)
{
	uint64_t old = g->uuid[MD_BITMAP], sync;

	sync = plain(old) && plain(old) != MD_UUID_JUST_CREATED ? old + SYNC_STEP : random;
	rotate(g);
	g->uuid[MD_BITMAP] = sync;
	return sync;
}

void gen_sync_begin_target(struct generation *g, uint64_t sync)
{
	g->uuid[MD_CURRENT] = plain(sync);
	g->uuid[MD_BITMAP] = 0;
}

void gen_sync_end_source(struct generation *g)
{
	rotate(g);
}

void gen_sync_end_target(struct generation *g, const struct generation *peer, enum role role)
{
	uint64_t sync = g->uuid[MD_CURRENT];

	*g = *peer;
	rotate(g);
	g->uuid[MD_BITMAP] = sync;
	rotate(g);
	gen_role(g, role);
}
