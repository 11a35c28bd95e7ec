/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a door lets in, decided from the request, the time and what the client asked
 * before.  Nothing here reads a clock: @now_ms is CLOCK_MONOTONIC in milliseconds.
 */
#ifndef TAIKI_FENCE_DOOR_POLICY_H
#define TAIKI_FENCE_DOOR_POLICY_H

#include "fencing/message.h"

enum { POLICY_TIMEOUT_MIN_MS = 100, POLICY_TIMEOUT_MAX_MS = 60 * 60 * 1000 };

/* policy_changes_power() - Whether @op does something: off, on, reboot. */
bool policy_changes_power(unsigned op);

/* policy_malformed() - What is wrong with @r, for a person; NULL: nothing. */
const char *policy_malformed(const struct fence_request *r);

/* So many at once, and then one each interval. */
struct policy_limit {
	unsigned burst;
	unsigned interval_ms;
};

/* Zeroed: nothing was taken yet. */
struct policy_bucket {
	int64_t full_at; /* when all of the burst may be taken again; in the past: it is full */
};

/* policy_take() - Take one; false: none is left now. */
bool policy_take(struct policy_bucket *b, const struct policy_limit *l, int64_t now_ms);

/* What each client may do. */
extern const struct policy_limit policy_messages; /* of any kind, repeated ones too */
extern const struct policy_limit policy_power;    /* off, on and reboot asked anew */
extern const struct policy_limit policy_refusals; /* lines in the audit log about refusals */
/* What each address may do before it has shown a key. */
extern const struct policy_limit policy_handshakes;

#endif
