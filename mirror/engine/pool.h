/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buffers for data: aligned as O_DIRECT wants, of 4 KiB to 4 MiB.  What is given back is kept for the
 * next one, up to a limit.  Owned by the loop's thread.
 */
#ifndef MIRROR_ENGINE_POOL_H
#define MIRROR_ENGINE_POOL_H

#include <stddef.h>
#include <stdint.h>

enum {
	POOL_MIN_SHIFT = 12,
	POOL_MAX_SHIFT = 22,
	POOL_CLASSES = POOL_MAX_SHIFT - POOL_MIN_SHIFT + 1,
	POOL_KEEP = 8 << 20, /* bytes */
};

struct pool {
	struct pool_free {
		struct pool_free *next;
	} * class[POOL_CLASSES];
	size_t kept, used; /* bytes */
};

/* pool_get() - At least @len bytes (1 to 4 MiB), of any content; NULL. */
void *pool_get(struct pool *p, size_t len);

/* pool_put() - @len as it was asked for; @buf may be NULL. */
void pool_put(struct pool *p, void *buf, size_t len);

/* pool_drain() - Everything that is kept. */
void pool_drain(struct pool *p);

#endif
