// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the activity log says when its writer is gone.
 */
#include <errno.h>
#include <stdlib.h>

#include "mirror/drbd/meta.h"

enum { SLOTS = 65536 };

/* A readable transaction of the log. */
struct found {
	uint32_t transaction;
	uint32_t block;
};

/* Transaction numbers wrap; those in one log are close together. */
static int by_age(const void *a, const void *b)
{
	int32_t d = (int32_t)(((const struct found *)a)->transaction -
			      ((const struct found *)b)->transaction);

	return d < 0 ? -1 : d > 0;
}

static void fill(uint32_t *slots, const struct md_al *t)
{
	for (uint32_t i = 0; i < MD_AL_CONTEXT; i++) {
		uint32_t slot = t->context_first + i;

		if (slot >= t->context_size)
			break;
		slots[slot] = t->context[i];
	}
	for (unsigned i = 0; i < t->updates; i++)
		if (t->slot[i] < t->context_size)
			slots[t->slot[i]] = t->extent[i];
}

static int mark(const uint32_t *slots, uint8_t *hot, uint32_t extents)
{
	int n = 0;

	for (uint32_t i = 0; i < SLOTS; i++) {
		if (slots[i] < extents && !hot[slots[i]]) {
			hot[slots[i]] = 1;
			n++;
		}
	}
	return n;
}

int md_al_replay(const uint8_t *log, uint32_t blocks, uint8_t *hot, uint32_t extents)
{
	struct found *found = calloc(blocks ? blocks : 1, sizeof(*found));
	uint32_t *slots = malloc(SLOTS * sizeof(*slots));
	struct md_al *t = malloc(sizeof(*t));
	uint32_t n = 0, readable = 0;
	int r = -ENOMEM;

	if (!found || !slots || !t)
		goto out;
	for (uint32_t i = 0; i < SLOTS; i++)
		slots[i] = MD_AL_FREE;
	for (uint32_t i = 0; i < blocks; i++) {
		if (md_al_decode(log + (size_t)i * MD_BLOCK, t))
			continue;
		readable++;
		if (!t->initialised)
			found[n++] = (struct found){t->transaction, i};
	}
	r = -EPROTO;
	if (!readable)
		goto out;
	qsort(found, n, sizeof(*found), by_age);
	for (uint32_t i = 0; i < n; i++) {
		md_al_decode(log + (size_t)found[i].block * MD_BLOCK, t);
		fill(slots, t);
	}
	r = mark(slots, hot, extents);
out:
	free(t);
	free(slots);
	free(found);
	return r;
}
