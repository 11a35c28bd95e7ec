/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rate limits: pure, in nanoseconds that the caller brings.
 *
 * A bucket is one number, the time at which it would be full again if nothing
 * more were taken:
 *
 *            now                 full
 *   ──────────┼───────────────────┼──────────► time
 *             │◄── spent, as time ──►│            depth = burst / rate, as time
 *
 * Something may pass while less than the depth is spent, and then spends what it
 * is: so the last one may go below the ground, and what follows waits it out.  In
 * any time t no more passes than rate × t + burst + the last one's excess.
 */
#ifndef VMM_VIRTIO_THROTTLE_H
#define VMM_VIRTIO_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/limits.h"

enum throttle_way { THROTTLE_READ, THROTTLE_WRITE, THROTTLE_WAYS };

struct throttle_bucket {
	uint64_t rate;  /* units a second; 0: no bucket */
	uint64_t depth; /* ns */
	uint64_t full;  /* ns */
};

struct throttle {
	struct hv_limits limits;
	bool any; /* anything is limited */
	struct throttle_bucket avg[HV_LIMITS], max[HV_LIMITS];
};

/*
 * throttle_set() - Limits from now on; @l has been checked.  Debts are forgiven,
 * so that a new limit is in force at once; what a bucket holds is not refilled.
 */
void throttle_set(struct throttle *t, const struct hv_limits *l, uint64_t now);

/* throttle_wait() - When the next thing going @way may pass: @now, or later. */
uint64_t throttle_wait(const struct throttle *t, enum throttle_way way, uint64_t now);

/* throttle_take() - Something of @bytes has passed. */
void throttle_take(struct throttle *t, enum throttle_way way, uint64_t bytes, uint64_t now);

#endif
