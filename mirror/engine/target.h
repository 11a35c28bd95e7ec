/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the target of a resync asks for: private to target.c, csum.c and thin.c.
 */
#ifndef MIRROR_ENGINE_TARGET_H
#define MIRROR_ENGINE_TARGET_H

#include "mirror/engine/private.h"

/* A range that was asked for; then its data on the way to the disk. */
struct rswrite {
	struct list link;
	struct volume *v;
	struct range range;
	struct disk_op op; /* buf NULL: no data has come, but perhaps `zeroes` */
	uint64_t sector;
	uint64_t at; /* loop time of the request */
	uint32_t bytes;
	bool locked; /* its range is, or waits to be */
	bool sent;   /* the request */
	bool thin;   /* as one that zeroes may answer */
	bool zeroes; /* they have */
	bool stale;  /* its resync is no more */
};

/* target_find() - What was asked for and not answered; NULL. */
struct rswrite *target_find(struct volume *v, uint64_t sector, uint32_t bytes);

/* target_take() - What @x asked for has come: it goes to disk when its range is ours. */
void target_take(struct rswrite *x);

/* target_over() - @x is answered: it is freed, and more is asked for. */
void target_over(struct rswrite *x);

/* thin_granule() - What is to be asked for at once where zeroes need not be sent, in bytes; 0: they have to be. */
uint32_t thin_granule(const struct volume *v);

/* csum_ask() - Ask for @x with the digest of what is here. */
void csum_ask(struct rswrite *x);

#endif
