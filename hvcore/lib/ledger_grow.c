// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Growing back: the reverse of a squeeze, the highest priority first.  Pure.
 */
#include "ledger_private.h"
#include "ledger_share.h"

enum { LEAST = 16 }; /* a step is at least so much of what was lost: 1/16 */

/* With somebody who waits (@wait), what shrinks is left to it. */
static bool may_grow(const struct hv_ledger_entry *e, uint64_t now_ms, bool wait)
{
	if (wait && (e->now.memory > e->target.memory || e->now.cpu > e->target.cpu))
		return false;
	return e->kind == HV_LEDGER_ACTIVE && e->state == HV_LEDGER_RUNNING &&
	       e->changed + HV_LEDGER_HOLD_MS <= now_ms;
}

/* Somebody waits until others have shrunk. */
static bool waited_for(const struct hv_ledger *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->entry[i].state == HV_LEDGER_BOOKED &&
		    (l->entry[i].target.memory > l->entry[i].now.memory ||
		     l->entry[i].target.cpu > l->entry[i].now.cpu))
			return true;
	return false;
}

/*
 * Give @room away in steps that are worth it: all of what one misses, or a good part of
 * what it had lost (@lost).  Whose step would be too small leaves it to the others, the
 * last one in order first.
 */
static void give(struct share *s, const uint64_t *lost, size_t n, uint64_t room, uint64_t grain)
{
	for (size_t last = n; last;) {
		share_take(s, n, room, grain);
		for (last = n; last; last--) {
			const struct share *x = &s[last - 1];

			if (x->took && x->took != x->has && x->took < lost[last - 1] / LEAST)
				break;
		}
		if (last)
			s[last - 1].has = 0;
	}
}

/* What is free when everybody has what it holds and what it is to get. */
static struct hv_room free_room(const struct hv_capacity *cap, const struct hv_ledger *l)
{
	struct hv_room used = {0};

	for (size_t i = 0; i < l->n; i++) {
		used.memory += ledger_max(l->entry[i].now.memory, l->entry[i].target.memory) +
			       cap->each;
		used.cpu += ledger_max(l->entry[i].now.cpu, l->entry[i].target.cpu);
	}
	return (struct hv_room){ledger_less(cap->room.memory, used.memory + cap->slack),
				ledger_less(cap->room.cpu, used.cpu)};
}

/* What @e would have, if what was told to shrink and is needed by nobody keeps what it still has. */
static struct hv_room settled(const struct hv_ledger_entry *e, bool wait)
{
	if (wait)
		return e->target;
	return (struct hv_room){
		ledger_min(ledger_max(e->now.memory, e->target.memory), e->full.memory),
		ledger_min(ledger_max(e->now.cpu, e->target.cpu), e->full.cpu)};
}

struct growth {
	struct share *memory, *cpu;
	uint64_t *lost_memory, *lost_cpu;
};

static void offer(struct growth *g, size_t i, const struct hv_ledger_entry *e)
{
	unsigned rank = HV_PRIORITY_MAX - (unsigned)ledger_min(e->priority, HV_PRIORITY_MAX);
	struct hv_room has = settled(e, false);

	g->memory[i] = (struct share){rank, e->full.memory - has.memory, 0};
	g->cpu[i] = (struct share){rank, e->full.cpu - has.cpu, 0};
	g->lost_memory[i] = e->full.memory - e->minimum.memory;
	g->lost_cpu[i] = e->full.cpu - e->minimum.cpu;
}

static int decide(const struct hv_capacity *cap, const struct hv_ledger *l, uint64_t now_ms,
		  struct growth *g, struct hv_ledger_answer *out)
{
	struct hv_room room = free_room(cap, l);
	bool wait = waited_for(l);
	int rc = 0;

	for (size_t i = 0; i < l->n; i++)
		if (may_grow(&l->entry[i], now_ms, wait))
			offer(g, i, &l->entry[i]);
	give(g->memory, g->lost_memory, l->n, room.memory, LEDGER_GRAIN);
	give(g->cpu, g->lost_cpu, l->n, room.cpu, 1);
	for (size_t i = 0; i < l->n && !rc; i++) {
		const struct hv_ledger_entry *e = &l->entry[i];
		struct hv_room to = settled(e, wait);

		to.memory += g->memory[i].took;
		to.cpu += g->cpu[i].took;
		if (may_grow(e, now_ms, wait) && memcmp(&to, &e->target, sizeof(to)))
			rc = ledger_change(out, e, &to);
	}
	return rc;
}

int hv_ledger_grow(const struct hv_capacity *cap, const struct hv_ledger *l, uint64_t now_ms,
		   struct hv_ledger_answer *out)
{
	struct growth g = {.memory = calloc(l->n + 1, sizeof(*g.memory)),
			   .cpu = calloc(l->n + 1, sizeof(*g.cpu)),
			   .lost_memory = calloc(l->n + 1, sizeof(*g.lost_memory)),
			   .lost_cpu = calloc(l->n + 1, sizeof(*g.lost_cpu))};
	int rc = g.memory && g.cpu && g.lost_memory && g.lost_cpu ? 0 : -ENOMEM;

	memset(out, 0, sizeof(*out));
	if (!rc)
		rc = decide(cap, l, now_ms, &g, out);
	if (rc)
		hv_ledger_answer_free(out);
	free(g.memory);
	free(g.cpu);
	free(g.lost_memory);
	free(g.lost_cpu);
	return rc;
}
