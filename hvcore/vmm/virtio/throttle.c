/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hvcore/vmm/virtio/throttle.h"

#define SECOND_NS 1000000000ULL
/* 292 years: an end to what can be owed, far from the end of the numbers. */
#define TIME_MAX (UINT64_MAX / 4)

/* A tenth of a second: how far a burst may run ahead of its maximum. */
enum { MAX_DEPTH_NS = 100 * 1000 * 1000 };

/* How long @units take at @rate; rounded up, so that no rate is passed. */
static uint64_t time_of(uint64_t units, uint64_t rate)
{
	unsigned __int128 t = ((unsigned __int128)units * SECOND_NS + rate - 1) / rate;

	return t < TIME_MAX ? (uint64_t)t : TIME_MAX;
}

static void bucket_set(struct throttle_bucket *b, uint64_t rate, uint64_t depth, uint64_t now)
{
	uint64_t full = b->rate && b->full > now ? b->full : now;

	b->rate = rate;
	b->depth = depth;
	b->full = full < now + depth ? full : now + depth;
}

void throttle_set(struct throttle *t, const struct hv_limits *l, uint64_t now)
{
	t->limits = *l;
	t->any = hv_limits_any(l);
	for (unsigned i = 0; i < HV_LIMITS; i++) {
		const struct hv_rate *r = &l->rate[i];

		bucket_set(&t->avg[i], r->avg, r->avg ? time_of(hv_rate_burst(r), r->avg) : 0, now);
		bucket_set(&t->max[i], r->max, MAX_DEPTH_NS, now);
	}
}

static uint64_t bucket_wait(const struct throttle_bucket *b, uint64_t now)
{
	/* A nanosecond's worth is something. */
	return b->rate && b->full >= now + b->depth ? b->full - b->depth + 1 : now;
}

static void bucket_take(struct throttle_bucket *b, uint64_t units, uint64_t now)
{
	uint64_t cost;

	if (!b->rate)
		return;
	cost = time_of(units, b->rate);
	b->full = (b->full > now ? b->full : now) + cost;
	if (b->full > now + TIME_MAX)
		b->full = now + TIME_MAX;
}

/* The limits that something going @way is under: the total's and its own, of bytes and of requests. */
static void of_way(enum throttle_way way, enum hv_limit which[4])
{
	which[0] = HV_BPS;
	which[1] = way == THROTTLE_READ ? HV_BPS_RD : HV_BPS_WR;
	which[2] = HV_IOPS;
	which[3] = way == THROTTLE_READ ? HV_IOPS_RD : HV_IOPS_WR;
}

uint64_t throttle_wait(const struct throttle *t, enum throttle_way way, uint64_t now)
{
	enum hv_limit which[4];
	uint64_t until = now;

	if (!t->any)
		return now;
	of_way(way, which);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t avg = bucket_wait(&t->avg[which[i]], now);
		uint64_t max = bucket_wait(&t->max[which[i]], now);

		until = avg > until ? avg : until;
		until = max > until ? max : until;
	}
	return until;
}

void throttle_take(struct throttle *t, enum throttle_way way, uint64_t bytes, uint64_t now)
{
	uint64_t size = t->limits.iops_size;
	uint64_t ops = size && bytes > size ? (bytes + size - 1) / size : 1;
	enum hv_limit which[4];

	of_way(way, which);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t units = i < 2 ? bytes : ops;

		bucket_take(&t->avg[which[i]], units, now);
		bucket_take(&t->max[which[i]], units, now);
	}
}
