// SPDX-License-Identifier: GPL-2.0-or-later
#include <limits.h>

#include "ledger_share.h"

/* The next rank from @from on that has something, and how much; UINT_MAX: none. */
static unsigned next_rank(const struct share *s, size_t n, unsigned from, uint64_t *has)
{
	unsigned rank = UINT_MAX;

	*has = 0;
	for (size_t i = 0; i < n; i++)
		if (s[i].has && s[i].rank >= from && s[i].rank < rank)
			rank = s[i].rank;
	for (size_t i = 0; i < n; i++)
		if (s[i].rank == rank)
			*has += s[i].has;
	return rank;
}

/* @need of @all that one rank has; less than all. */
static void proportion(struct share *s, size_t n, unsigned rank, uint64_t all, uint64_t need,
		       uint64_t grain)
{
	uint64_t left = need;

	for (size_t i = 0; i < n; i++) {
		if (s[i].rank != rank)
			continue;
		s[i].took = (uint64_t)((unsigned __int128)need * s[i].has / all);
		s[i].took -= s[i].took % grain;
		left -= s[i].took;
	}
	/* What rounding has left over: less than a grain from each, so this ends soon. */
	for (size_t i = 0; i < n && left; i++) {
		uint64_t more = s[i].has - s[i].took;

		if (s[i].rank != rank)
			continue;
		more = more < left ? more : left;
		s[i].took += more;
		left -= more;
	}
}

uint64_t share_take(struct share *s, size_t n, uint64_t need, uint64_t grain)
{
	unsigned rank = 0;
	uint64_t has;

	for (size_t i = 0; i < n; i++)
		s[i].took = 0;
	while (need && (rank = next_rank(s, n, rank, &has)) != UINT_MAX) {
		if (has > need) {
			proportion(s, n, rank, has, need, grain);
			return 0;
		}
		for (size_t i = 0; i < n; i++)
			if (s[i].rank == rank)
				s[i].took = s[i].has;
		need -= has;
		rank++;
	}
	return need;
}
