// SPDX-License-Identifier: GPL-2.0-or-later
#include "mirror/engine/pace.h"

#define MS UINT64_C(1000000)

enum {
	LOOK_MS = 5,
	LOOK_FREE_MS = 20,
	IDLE_MS = 200,       /* without a request: there are no clients */
	FIRST_QUIET_MS = 50, /* so that a first rate without it is known */
	QUIET_MAX_MS = 2000,
	MEMORY_MS = 2000,    /* after which a round counts next to nothing */
	REQUESTS_MIN = 8,    /* fewer tell nothing */
	SPARSE_MS = 500,     /* who asks for so little in that time is not held up by it */
	REQUEST_COST = 4096, /* what a request costs beside its bytes */
};

#define SPARSE_SHARE 0.5

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

void pace_begin(struct pace *p, uint64_t min_rate, const struct pace_seen *s)
{
	*p = (struct pace){.min_rate = min_rate,
			   .phase = PACE_FREE,
			   .last = *s,
			   .since = s->now,
			   .share = PACE_LOSS};
}

bool pace_open(const struct pace *p)
{
	return p->phase == PACE_FREE || p->phase == PACE_WORK;
}

static void enter(struct pace *p, enum pace_phase phase, uint64_t now)
{
	p->phase = phase;
	p->since = now;
}

/* account() - What was done since the last look counts for the phase that it was done in. */
static void account(struct pace *p, const struct pace_seen *s)
{
	struct pace_sum *sum = p->phase == PACE_QUIET ? &p->alone : &p->with;
	uint64_t requests = s->requests - p->last.requests, ns = s->now - p->last.now;

	sum->time += seconds(ns);
	sum->requests += (double)requests;
	sum->work += (double)(requests * REQUEST_COST + s->bytes - p->last.bytes);
	sum->moved += (double)(s->moved - p->last.moved);
	if (p->phase == PACE_WORK || p->phase == PACE_DRAIN)
		p->worked += ns;
	if (requests || s->in_flight)
		p->client = s->now;
	p->last = *s;
}

static void fade(struct pace_sum *s, double by)
{
	s->time *= by;
	s->requests *= by;
	s->work *= by;
	s->moved *= by;
}

/* fair() - The share that loses clients PACE_LOSS. */
static double fair(const struct pace *p)
{
	double alone, lost;

	if (p->alone.requests < REQUESTS_MIN)
		return p->alone.time < seconds(SPARSE_MS * MS) ? p->share : SPARSE_SHARE;
	if (p->with.time <= 0)
		return PACE_LOSS;
	alone = p->alone.work / p->alone.time;
	lost = 1 - p->with.work / p->with.time / alone;
	return lost > PACE_LOSS ? PACE_LOSS / lost : 1;
}

/* decide() - A round is over. */
static void decide(struct pace *p, uint64_t round)
{
	double by = 1 - (double)round / (double)(MEMORY_MS * MS), share = fair(p);

	/* what it moves in its turns says what share its least rate takes */
	if (p->with.moved > 0) {
		double least = (double)p->min_rate / (p->with.moved / p->with.time);

		share = share < least ? least : share;
	}
	p->share = share > PACE_MAX ? PACE_MAX : share;
	fade(&p->with, by > 0 ? by : 0);
	fade(&p->alone, by > 0 ? by : 0);
}

static uint64_t work_ns(const struct pace *p)
{
	return (uint64_t)((20 + 80 * p->share) * (double)MS);
}

static uint64_t quiet_ns(const struct pace *p)
{
	uint64_t ns = (uint64_t)((double)p->worked * (1 - p->share) / p->share);

	if (!p->worked)
		return FIRST_QUIET_MS * MS;
	return ns < QUIET_MAX_MS * MS ? ns : QUIET_MAX_MS * MS;
}

static void step(struct pace *p, const struct pace_seen *s)
{
	uint64_t gone = s->now - p->since;

	switch (p->phase) {
	case PACE_FREE:
		if (p->client != s->now || !p->min_rate)
			return;
		p->with = p->alone = (struct pace_sum){0};
		p->share = PACE_LOSS;
		p->worked = 0;
		enter(p, PACE_QUIET, s->now);
		break;
	case PACE_WORK:
		if (gone >= work_ns(p))
			enter(p, PACE_DRAIN, s->now);
		break;
	case PACE_DRAIN:
		if (!s->outstanding)
			enter(p, PACE_QUIET, s->now);
		break;
	case PACE_QUIET:
		if (gone < quiet_ns(p))
			return;
		decide(p, p->worked + gone);
		p->worked = 0;
		enter(p, PACE_WORK, s->now);
		break;
	}
}

uint64_t pace_look(struct pace *p, const struct pace_seen *s)
{
	account(p, s);
	if (p->phase != PACE_FREE && s->now - p->client > IDLE_MS * MS)
		enter(p, PACE_FREE, s->now);
	else
		step(p, s);
	return (p->phase == PACE_FREE ? LOOK_FREE_MS : LOOK_MS) * MS;
}
