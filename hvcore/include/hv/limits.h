/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rate limits of a disk or an interface, by libvirt's and QEMU's words.
 *
 * A limit is an average in units a second (bytes, or requests), and a bucket
 * that holds what was not used: `burst` units, which may go out at once, or, if
 * there is a `max`, at no more than that rate.
 */
#ifndef HV_LIMITS_H
#define HV_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

struct hv_error;

/* Of an interface "read" is what the guest receives, and "write" what it sends. */
enum hv_limit {
	HV_BPS, /* bytes, both directions together */
	HV_BPS_RD,
	HV_BPS_WR,
	HV_IOPS, /* requests, or packets */
	HV_IOPS_RD,
	HV_IOPS_WR,
	HV_LIMITS,
};

struct hv_rate {
	uint64_t avg;   /* units a second; 0: no limit */
	uint64_t max;   /* units a second in a burst; 0: none is given */
	uint64_t burst; /* units; 0: a second's worth of max, else a tenth of a second's of avg */
};

struct hv_limits {
	struct hv_rate rate[HV_LIMITS];
	uint64_t iops_size; /* bytes: a longer request counts as several; 0: as one */
};

#define HV_RATE_MAX 1000000000000000ULL /* QEMU's THROTTLE_VALUE_MAX */

/* QMP's names of the limits: "bps", "bps_rd", ... */
extern const char *const hv_limit_name[HV_LIMITS];

/*
 * hv_limits_check() - Whether @l makes sense: a total or the two directions,
 * not both; no max or burst without an average; nothing above HV_RATE_MAX.
 * @what ("disk vda") begins the message.  0 or -EINVAL with @err.
 */
int hv_limits_check(const struct hv_limits *l, const char *what, struct hv_error *err);

/* hv_limits_any() - Whether anything is limited. */
bool hv_limits_any(const struct hv_limits *l);

/* hv_rate_burst() - What the bucket of @r holds, in units; @r->avg is not 0. */
uint64_t hv_rate_burst(const struct hv_rate *r);

#endif
