// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "mirror/engine/handshake.h"

static const char *const texts[] = {
	[MEET_NOTHING] = "both have the same data",
	[MEET_SOURCE] = "the peer is brought up to date from here",
	[MEET_TARGET] = "this disk is brought up to date from the peer",
	[MEET_SPLIT_BRAIN] = "split brain: both have written what the other has not",
	[MEET_UNRELATED] = "the disks have never been one volume",
	[MEET_PRIMARY_WOULD_LOSE] = "a Primary would lose its data to the peer's",
	[MEET_SOURCE_INCONSISTENT] = "the disk to copy from is Inconsistent",
	[MEET_TOO_OLD] = "the peer is too old to decide this",
};

const char *meeting_text(enum meeting m)
{
	return texts[m];
}

/* A disk that is none, or in the middle of a resync, has nothing to say about direction. */
static int by_disk(const struct handshake *h, int result)
{
	bool mine = h->my_disk > DISK_INCONSISTENT, peers = h->peer_disk > DISK_INCONSISTENT;
	bool full = result == GEN_SPLIT || abs(result) == 2;

	if (mine == peers)
		return result;
	return (mine ? 1 : -1) * (full ? 2 : 1);
}

/* What the administrator said about a split brain: it counts if said of one side alone. */
static int by_hand(const struct handshake *h, int result)
{
	int way = h->my_discard ? -1 : 1;

	if (abs(result) != GEN_SPLIT_BITMAP || h->my_discard == h->peer_discard)
		return result;
	/* without a common record of the differences everything is copied */
	return result == GEN_SPLIT ? 2 * way : way;
}

static bool primary_would_lose(enum role role, enum disk disk, bool attaches)
{
	return role == ROLE_PRIMARY && disk >= DISK_CONSISTENT && !attaches;
}

static enum meeting refusal(const struct handshake *h, int result)
{
	if (result == GEN_TOO_OLD)
		return MEET_TOO_OLD;
	if (result == GEN_UNRELATED)
		return MEET_UNRELATED;
	if (abs(result) == GEN_SPLIT_BITMAP)
		return MEET_SPLIT_BRAIN;
	if ((result > 0 ? h->my_disk : h->peer_disk) <= DISK_INCONSISTENT && result)
		return MEET_SOURCE_INCONSISTENT;
	if (result < 0 && primary_would_lose(h->compare.mine.role, h->my_disk, h->i_attach))
		return MEET_PRIMARY_WOULD_LOSE;
	if (result > 0 && primary_would_lose(h->compare.peer.role, h->peer_disk, h->peer_attaches))
		return MEET_PRIMARY_WOULD_LOSE;
	/* and the other way round, what was attached to a Primary does not replace what it has served */
	if ((result > 0 && h->i_attach && h->compare.mine.role == ROLE_PRIMARY) ||
	    (result < 0 && h->peer_attaches && h->compare.peer.role == ROLE_PRIMARY))
		return MEET_PRIMARY_WOULD_LOSE;
	return MEET_NOTHING;
}

struct meeting_of handshake(struct handshake *h)
{
	struct meeting_of m = {MEET_NOTHING};
	int result;

	gen_compare(&h->compare);
	result = h->compare.result;
	if (result != GEN_TOO_OLD && result != GEN_UNRELATED)
		result = by_disk(h, result);
	m.manual = by_hand(h, result) != result;
	result = by_hand(h, result);
	m.what = refusal(h, result);
	if (m.what != MEET_NOTHING || !result)
		return m;
	m.what = result > 0 ? MEET_SOURCE : MEET_TARGET;
	m.full = abs(result) == 2;
	return m;
}
