/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How regularly something comes, for a phi-accrual failure detector (Hayashibara
 * et al., 2004): phi says how surprising a silence is, as minus the decimal
 * logarithm of the chance that the next sign comes later still.
 */
#ifndef HEARTBEAT_INTERVALS_H
#define HEARTBEAT_INTERVALS_H

#include <stdint.h>

enum { INTERVALS_MAX = 64, INTERVALS_FEW = 8 };

/* Zeroed: nothing is known. */
struct intervals {
	float ms[INTERVALS_MAX]; /* the last ones, a ring */
	unsigned n, next;
};

/* intervals_add() - Two signs were @ns apart. */
void intervals_add(struct intervals *i, int64_t ns);

/* intervals_phi() - Of a silence of @ns; 0 while fewer than INTERVALS_FEW are known. */
double intervals_phi(const struct intervals *i, int64_t ns);

/*
 * intervals_limit() - The silence at which phi reaches 8 (one in 10^8), ns; 0
 * while fewer than INTERVALS_FEW are known.
 */
int64_t intervals_limit(const struct intervals *i);

#endif
