/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The activity log in memory: which extents (4 MiB) may be written just now.
 *
 *   cold ──want──► coming ──transaction durable──► hot ──least recently used──► cold
 *
 * A write to a hot extent costs no metadata write.  A write to a cold one waits for the transaction
 * that makes it hot; while one transaction is on its way the next is gathered, up to 64 changes.
 * An extent goes cold only while nobody holds it, and its bits have to be on disk before
 * that.  Pure: the caller does the I/O.  Owned by the loop's thread.
 */
#ifndef MIRROR_ENGINE_ACTLOG_H
#define MIRROR_ENGINE_ACTLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "mirror/drbd/meta.h"
#include "mirror/engine/list.h"

struct actlog_slot;

struct actlog {
	uint32_t slots;
	uint32_t transaction;   /* number of the next one */
	uint32_t context_first; /* what it will repeat */
	bool flying;            /* one is on its way */
	uint32_t changes;       /* gathered for the next one */
	struct actlog_slot *slot;
	uint32_t *hash, buckets; /* extent → slot chains */
	struct list lru;         /* hot and not held, least recently used first */
	struct list coming;      /* slots whose change is gathered */
	struct list going;       /* slots whose change is on its way */
	uint64_t transactions, starved;
};

enum actlog_answer {
	ACTLOG_HOT,     /* held: actlog_put() it */
	ACTLOG_WAIT,    /* is in a transaction, or gathered: ask again when one was committed */
	ACTLOG_STARVED, /* every slot is held: ask again when one was put or committed */
};

/* actlog_init() - For @slots (MD_AL_EXTENTS_MIN.._MAX) extents.  0 or -ENOMEM. */
int actlog_init(struct actlog *a, uint32_t slots);
void actlog_free(struct actlog *a);

/*
 * actlog_get() - Hold all of the extents @first..@last (no more than MD_AL_EXTENTS_MIN / 2), or
 * none of them.
 */
enum actlog_answer actlog_get(struct actlog *a, uint32_t first, uint32_t last);

/* actlog_put() - Give them back. */
void actlog_put(struct actlog *a, uint32_t first, uint32_t last);

/*
 * actlog_begin() - Whether a transaction is to be written now: it is then put into @t, and the extents
 * that go cold by it into @cold, @ncold of them.  Their bits are to be on disk before @t is.
 */
bool actlog_begin(struct actlog *a, struct md_al *t, uint32_t cold[MD_AL_UPDATES], unsigned *ncold);

/* actlog_commit() - It is durable: what came with it is hot. */
void actlog_commit(struct actlog *a);

/* actlog_is_hot() - Whether @extent is in the log that is on disk. */
bool actlog_is_hot(const struct actlog *a, uint32_t extent);

#endif
