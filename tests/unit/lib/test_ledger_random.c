// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold for the decisions of the ledger, whatever is in it: tried on
 * random ones.
 */
#include "util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/ledger.h"
#include "hvcore/lib/ledger_share.h"

#define MIB (1ULL << 20)
enum { NOW = 1000000, ROUNDS = 20000, MOST = 12 };

static uint64_t seed = 88172645463325252ULL;

static uint64_t below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return n ? seed % n : 0;
}

static struct hv_ledger_entry any_entry(const char *prefix, size_t i)
{
	struct hv_ledger_entry e = {.kind = below(4) ? HV_LEDGER_ACTIVE : HV_LEDGER_TWIN,
				    .priority = (unsigned)below(4),
				    .state = below(6) ? HV_LEDGER_RUNNING : HV_LEDGER_BOOKED};

	snprintf(e.name, sizeof(e.name), "%s%zu", prefix, i);
	e.full = (struct hv_room){(1 + below(1000)) << 20, 1 + below(300)};
	if (!below(4))
		e.full.memory += below(MIB); /* not a whole number of MiB */
	e.minimum = (struct hv_room){e.full.memory - below(e.full.memory),
				     e.full.cpu - below(e.full.cpu)};
	e.target = (struct hv_room){e.full.memory - below(e.full.memory - e.minimum.memory + 1),
				    e.full.cpu - below(e.full.cpu - e.minimum.cpu + 1)};
	e.now = e.target;
	if (!below(5))
		e.now.memory += below(100 * MIB); /* it shrinks */
	if (e.kind == HV_LEDGER_TWIN)
		e.now = e.target = (struct hv_room){e.full.memory / 4, 1};
	e.refused = below(10) ? 0 : NOW;
	e.guaranteed = below(e.full.cpu / 4 + 1);
	return e;
}

/* A ledger that fits its host, as it must at every moment. */
static void any_ledger(struct hv_ledger *l, struct hv_capacity *cap)
{
	struct hv_room held, target;

	l->n = below(MOST);
	for (size_t i = 0; i < l->n; i++)
		l->entry[i] = any_entry("d", i);
	*cap = (struct hv_capacity){.each = below(2) ? 0 : below(8) << 20, .guarantee = 100000};
	held = hv_ledger_held(cap, l, false);
	target = hv_ledger_held(cap, l, true);
	cap->room.memory = (held.memory > target.memory ? held.memory : target.memory) +
			   below(600 * MIB);
	cap->room.cpu = below(2) ? HV_CPU_UNLIMITED
				 : (held.cpu > target.cpu ? held.cpu : target.cpu) + below(200);
	cap->slack = below(32 * MIB);
}

static const struct hv_ledger_change *found(const struct hv_ledger_answer *a, const char *name)
{
	for (size_t i = 0; i < a->nchanges; i++)
		if (!strcmp(a->change[i].name, name))
			return &a->change[i];
	return NULL;
}

static void apply(struct hv_ledger *l, const struct hv_ledger_answer *a)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct hv_ledger_change *c = found(a, l->entry[i].name);

		if (c)
			l->entry[i].target = c->to;
	}
}

static void apply_now(struct hv_ledger *l, const struct hv_ledger_answer *a)
{
	apply(l, a);
	for (size_t i = 0; i < l->n; i++)
		if (found(a, l->entry[i].name))
			l->entry[i].now = l->entry[i].target;
}

static bool may_shrink(const struct hv_ledger_entry *e, const struct hv_ledger_entry *want)
{
	return e->kind == HV_LEDGER_ACTIVE && e->state != HV_LEDGER_BOOKED && !e->refused &&
	       e->priority <= want->priority;
}

/* Whoever is less important than somebody who shrank is at its minimum. */
static void check_order(const struct hv_capacity *cap, const struct hv_ledger *before,
			const struct hv_ledger *after, const struct hv_ledger_entry *want,
			const struct hv_ledger_answer *a)
{
	unsigned highest = 0;
	const struct hv_capacity none = {0};
	uint64_t cut, was = hv_ledger_held(&none, before, true).memory;

	for (size_t i = 0; i < after->n; i++)
		if (after->entry[i].target.memory < before->entry[i].target.memory &&
		    after->entry[i].priority > highest)
			highest = after->entry[i].priority;
	if (a->granted.memory < want->target.memory && want->priority > highest)
		highest = want->priority;
	for (size_t i = 0; i < after->n; i++) {
		const struct hv_ledger_entry *b = &before->entry[i], *e = &after->entry[i];
		uint64_t least = b->target.memory < b->minimum.memory ? b->target.memory
								      : b->minimum.memory;

		if (memcmp(&b->target, &e->target, sizeof(b->target))) {
			assert_true(may_shrink(b, want));
			assert_true(e->target.memory <= b->target.memory);
			assert_true(e->target.cpu <= b->target.cpu);
		}
		assert_true(e->target.memory >= least);
		assert_true(e->target.cpu >= b->target.cpu || e->target.cpu >= b->minimum.cpu);
		if (may_shrink(b, want) && e->priority < highest)
			assert_int_equal(e->target.memory, least);
	}
	cut = was - hv_ledger_held(&none, after, true).memory;
	cut += want->target.memory - a->granted.memory;
	/* No more than is needed, in whole MiB. */
	was = hv_ledger_held(cap, before, true).memory + cap->each + want->target.memory;
	assert_true(was > cap->room.memory ? cut < was - cap->room.memory + MIB : !cut);
}

static void admits(void **state)
{
	static struct hv_ledger_entry space[MOST], copy[MOST];
	struct hv_ledger l = {space, 0}, after = {copy, 0};
	unsigned verdicts[3] = {0};
	struct hv_capacity cap;

	for (int round = 0; round < ROUNDS; round++) {
		struct hv_ledger_entry want = any_entry("w", 0);
		struct hv_ledger_answer a, smaller;
		struct hv_room sum;
		uint64_t before;

		any_ledger(&l, &cap);
		if (l.n && !below(4)) /* an adoption, or a start of what is there */
			memcpy(want.name, l.entry[below(l.n)].name, sizeof(want.name));
		want.kind = HV_LEDGER_ACTIVE;
		want.target = want.full;
		assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
		verdicts[a.verdict]++;
		/* Monotone: what fits, fits if it asks for less. */
		if (a.verdict != HV_LEDGER_NO) {
			struct hv_ledger_entry less = want;

			less.full.memory -= below(less.full.memory - less.minimum.memory + 1);
			less.target = less.full;
			assert_int_equal(hv_ledger_admit(&cap, &l, &less, NOW, &smaller), 0);
			assert_int_not_equal(smaller.verdict, HV_LEDGER_NO);
			if (a.verdict == HV_LEDGER_YES)
				assert_int_equal(smaller.verdict, HV_LEDGER_YES);
			hv_ledger_answer_free(&smaller);
		}
		after.n = 0;
		before = 0;
		for (size_t i = 0; i < l.n; i++)
			if (strcmp(l.entry[i].name, want.name))
				copy[after.n++] = l.entry[i];
			else
				before = l.entry[i].now.memory;
		if (a.verdict == HV_LEDGER_NO) {
			/* No is no: with every squeeze it would still not fit. */
			uint64_t least = want.minimum.memory + cap.each, cpu = want.minimum.cpu;

			for (size_t i = 0; i < after.n; i++) {
				const struct hv_ledger_entry *e = &copy[i];
				bool can = may_shrink(e, &want);

				least += cap.each + (can && e->minimum.memory < e->target.memory
							     ? e->minimum.memory
							     : e->target.memory);
				cpu += can && e->minimum.cpu < e->target.cpu ? e->minimum.cpu
									     : e->target.cpu;
			}
			assert_true(least > cap.room.memory || cpu > cap.room.cpu);
			assert_int_equal(a.nchanges, 0);
			continue;
		}
		{
			struct hv_ledger_entry kept[MOST];
			struct hv_ledger others = {kept, after.n};

			memcpy(kept, copy, after.n * sizeof(kept[0]));
			apply(&after, &a);
			check_order(&cap, &others, &after, &want, &a);
		}
		/* Never over the host's room, in what is planned and in what is held. */
		sum = hv_ledger_held(&cap, &after, true);
		assert_true(sum.memory + a.granted.memory + cap.each <= cap.room.memory);
		assert_true(sum.cpu + a.granted.cpu <= cap.room.cpu);
		sum = hv_ledger_held(&cap, &after, false);
		if (a.at_once.memory > before)
			assert_true(sum.memory + a.at_once.memory + cap.each <= cap.room.memory);
		assert_true(a.granted.memory >= want.minimum.memory);
		assert_true(a.granted.cpu >= want.minimum.cpu);
		if (a.verdict == HV_LEDGER_YES) {
			assert_int_equal(a.nchanges, 0);
			assert_memory_equal(&a.granted, &want.target, sizeof(a.granted));
			assert_true(a.at_once.memory >= a.granted.memory);
		}
		hv_ledger_answer_free(&a);
	}
	/* The rounds were about something. */
	for (int v = 0; v < 3; v++)
		assert_true(verdicts[v] > ROUNDS / 20);
}

static void grows(void **state)
{
	static struct hv_ledger_entry space[MOST];
	struct hv_ledger l = {space, 0};
	struct hv_capacity cap;
	unsigned moved = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct hv_ledger_answer a, again;
		struct hv_room held;

		any_ledger(&l, &cap);
		held = hv_ledger_held(&cap, &l, false);
		assert_int_equal(hv_ledger_grow(&cap, &l, NOW, &a), 0);
		for (size_t i = 0; i < l.n; i++) {
			struct hv_ledger_entry *e = &l.entry[i];
			const struct hv_ledger_change *c = found(&a, e->name);

			if (!c)
				continue;
			moved++;
			assert_int_equal(e->kind, HV_LEDGER_ACTIVE);
			assert_int_equal(e->state, HV_LEDGER_RUNNING);
			assert_true(c->to.memory >= e->target.memory && c->to.cpu >= e->target.cpu);
			assert_true(c->to.memory <= e->full.memory && c->to.cpu <= e->full.cpu);
			e->target = c->to;
			if (e->now.memory < c->to.memory)
				e->now.memory = c->to.memory;
			if (e->now.cpu < c->to.cpu)
				e->now.cpu = c->to.cpu;
		}
		if (a.nchanges && hv_ledger_held(&cap, &l, false).memory > held.memory)
			assert_true(hv_ledger_held(&cap, &l, false).memory + cap.slack <=
				    cap.room.memory);
		assert_true(hv_ledger_held(&cap, &l, false).cpu <= cap.room.cpu);
		hv_ledger_answer_free(&a);
		/* It settles: each step goes up, so there is an end, and it comes soon. */
		for (size_t i = 0; i < l.n; i++)
			if (l.entry[i].kind == HV_LEDGER_ACTIVE)
				l.entry[i].now = l.entry[i].target;
		for (int i = 0;; i++) {
			assert_int_equal(hv_ledger_grow(&cap, &l, NOW, &again), 0);
			if (!again.nchanges)
				break;
			for (size_t c = 0; c < again.nchanges; c++)
				assert_true(again.change[c].to.memory >
						    again.change[c].from.memory ||
					    again.change[c].to.cpu > again.change[c].from.cpu);
			apply_now(&l, &again);
			hv_ledger_answer_free(&again);
			assert_true(i < MOST);
		}
	}
	assert_true(moved > ROUNDS / 2);
}

/* Whom a squeeze moved does not move again while nothing else changes. */
static void does_not_flap(void **state)
{
	static struct hv_ledger_entry space[MOST];
	struct hv_ledger l = {space, 0};
	struct hv_capacity cap;
	unsigned squeezed = 0;

	for (int round = 0; round < ROUNDS / 4; round++) {
		struct hv_ledger_entry want = any_entry("w", 0);
		struct hv_ledger_answer a;

		any_ledger(&l, &cap);
		for (size_t i = 0; i < l.n; i++)
			l.entry[i].now = l.entry[i].target;
		want.kind = HV_LEDGER_ACTIVE;
		want.target = want.full;
		if (l.n == MOST)
			continue;
		assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
		if (a.verdict != HV_LEDGER_SQUEEZE || !a.nchanges)
			continue;
		squeezed++;
		apply(&l, &a);
		for (size_t i = 0; i < l.n; i++) {
			l.entry[i].now = l.entry[i].target;
			l.entry[i].changed = found(&a, l.entry[i].name) ? NOW : 0;
		}
		want.now = want.target = a.granted;
		want.state = HV_LEDGER_RUNNING;
		l.entry[l.n++] = want;
		hv_ledger_answer_free(&a);
		/* At once: nothing of what was squeezed. */
		assert_int_equal(hv_ledger_grow(&cap, &l, NOW, &a), 0);
		for (size_t i = 0; i < a.nchanges; i++)
			for (size_t j = 0; j < l.n; j++)
				if (!strcmp(l.entry[j].name, a.change[i].name))
					assert_int_not_equal(l.entry[j].changed, NOW);
		hv_ledger_answer_free(&a);
		/* Later: the host is as full as before, so nobody gets memory back. */
		assert_int_equal(hv_ledger_grow(&cap, &l, NOW + HV_LEDGER_HOLD_MS, &a), 0);
		for (size_t i = 0; i < a.nchanges; i++)
			assert_true(a.change[i].to.memory - a.change[i].from.memory <
				    MIB + cap.room.memory - hv_ledger_held(&cap, &l, true).memory);
		hv_ledger_answer_free(&a);
	}
	assert_true(squeezed > 100);
}

static void shares(void **state)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct share s[8];
		uint64_t all = 0, need, left, took = 0, grain = 1 + below(50);
		size_t n = below(9);

		for (size_t i = 0; i < n; i++) {
			s[i] = (struct share){(unsigned)below(3), below(3) ? below(1000) : 0, 99};
			all += s[i].has;
		}
		need = below(all * 5 / 4 + 2);
		left = share_take(s, n, need, grain);
		for (size_t i = 0; i < n; i++) {
			assert_true(s[i].took <= s[i].has);
			took += s[i].took;
			for (size_t j = 0; j < n; j++) {
				if (s[j].rank < s[i].rank && s[i].took)
					assert_int_equal(s[j].took, s[j].has);
				/* In proportion, but for rounding. */
				if (s[j].rank == s[i].rank && s[i].has && s[j].has)
					assert_true(llabs((long long)(s[i].took * s[j].has) -
							  (long long)(s[j].took * s[i].has)) <=
						    (long long)(grain * 9 * (s[i].has + s[j].has)));
			}
		}
		assert_int_equal(took + left, need);
		assert_true(!left || took == all);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares),
		cmocka_unit_test(admits),
		cmocka_unit_test(grows),
		cmocka_unit_test(does_not_flap),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ledger_random", tests, NULL, NULL);
}
