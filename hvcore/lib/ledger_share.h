/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HV_LIB_LEDGER_SHARE_H
#define HV_LIB_LEDGER_SHARE_H

#include <stddef.h>
#include <stdint.h>

/* One that something can be taken from, or given to. */
struct share {
	unsigned rank; /* the lowest is first */
	uint64_t has;  /* so much of it */
	uint64_t took; /* set by share_take() */
};

/*
 * share_take() - Take @need from @n shares: those of the lowest rank first, within one rank in
 * proportion to what each has, in multiples of @grain where that leaves nothing over.
 * Returns what could not be taken; never more than @need is.
 */
uint64_t share_take(struct share *s, size_t n, uint64_t need, uint64_t grain);

#endif
