// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The judgement over registers: histories written out by hand, each with what must be found in it, and
 * random ones, for which the answer is found by trying every order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "register.h"

enum { OPS = 8, SETTLED = 100 };

/* One sector, which holds 1 at first; a read sees @value. */
struct event {
	enum register_verb verb;
	uint32_t value;
	uint64_t asked, told;
	bool durable;
};

struct scene {
	const char *name;
	struct event e[OPS]; /* up to the first that was never asked */
	uint32_t after;
	bool caches_lost;
	bool bad;
};

#define W(value_, asked_, told_)                      \
	{                                             \
		REGISTER_WRITE, value_, asked_, told_ \
	}
#define FUA(value_, asked_, told_)                          \
	{                                                   \
		REGISTER_WRITE, value_, asked_, told_, true \
	}
#define R(value_, asked_, told_)                     \
	{                                            \
		REGISTER_READ, value_, asked_, told_ \
	}
#define F(asked_, told_)                         \
	{                                        \
		REGISTER_FLUSH, 0, asked_, told_ \
	}
#define UNTOLD REGISTER_NEVER

static const struct scene scenes[] = {
	{"nothing was done, nothing has changed", {}, 1},
	{"nothing was done, and it has changed", {}, 2, .bad = true},
	{"a write, and it is there", {W(2, 1, 2)}, 2},
	{"a write that was done is lost", {W(2, 1, 2)}, 1, .bad = true},
	{"a write that nobody was told of happened", {W(2, 1, UNTOLD)}, 2},
	{"a write that nobody was told of did not happen", {W(2, 1, UNTOLD)}, 1},
	{"it was seen, so it has happened, and is lost",
	 {W(2, 1, UNTOLD), R(2, 3, 4)},
	 1,
	 .bad = true},
	{"it happens late", {W(2, 1, UNTOLD), R(1, 3, 4), R(2, 5, 6)}, 2},
	{"it happens, and does not happen, and happens",
	 {W(2, 1, UNTOLD), R(2, 3, 4), R(1, 5, 6)},
	 2,
	 .bad = true},
	{"two writes at once: the first counts", {W(2, 1, 5), W(3, 2, 6)}, 2},
	{"two writes at once: the second counts", {W(2, 1, 5), W(3, 2, 6)}, 3},
	{"two writes at once, and neither counts", {W(2, 1, 5), W(3, 2, 6)}, 1, .bad = true},
	{"two writes, one after the other; the first comes back",
	 {W(2, 1, 2), W(3, 3, 4)},
	 2,
	 .bad = true},
	{"two readers see two orders",
	 {W(2, 1, 9), W(3, 1, 9), R(2, 10, 11), R(3, 12, 13), R(2, 14, 15)},
	 3,
	 .bad = true},
	{"a read during a write sees the old, then the new",
	 {W(2, 1, 9), R(1, 2, 3), R(2, 4, 5)},
	 2},
	{"a read during a write sees the new, then the old",
	 {W(2, 1, 9), R(2, 2, 3), R(1, 4, 5)},
	 2,
	 .bad = true},
	{"a stale read", {W(2, 1, 2), R(1, 3, 4)}, 2, .bad = true},
	{"a read of what is asked for later", {R(2, 1, 2), W(2, 3, 4)}, 2, .bad = true},
	{"a read of what nobody has written", {R(7, 1, 2)}, 1, .bad = true},
	{"half a write", {W(2, 1, UNTOLD)}, REGISTER_TORN, .bad = true},
	{"the answer to a read was never heard", {R(7, 1, UNTOLD)}, 1},
	{"caches lost: what was not flushed is lost", {W(2, 1, 2)}, 1, true},
	{"caches lost: what was not flushed is there", {W(2, 1, 2)}, 2, true},
	{"caches lost: what was flushed is there", {W(2, 1, 2), F(3, 4)}, 2, true},
	{"caches lost, and what was flushed with them", {W(2, 1, 2), F(3, 4)}, 1, true, true},
	{"caches lost: the flush began before the write was done", {W(2, 1, 4), F(3, 5)}, 1, true},
	{"caches lost: the flush never ended", {W(2, 1, 2), F(3, UNTOLD)}, 1, true},
	{"caches lost: what was written through is lost", {FUA(2, 1, 2)}, 1, true, true},
	{"caches lost: an older one that is not flushed comes back",
	 {W(2, 1, 2), W(3, 3, 4)},
	 2,
	 true},
	{"caches lost: one older than what is flushed comes back",
	 {W(2, 1, 2), W(3, 3, 4), F(5, 6)},
	 2,
	 true,
	 true},
	{"caches lost: one newer than what is flushed is there",
	 {W(2, 1, 2), F(3, 4), W(3, 5, 6)},
	 3,
	 true},
	{"caches lost: two at once, flushed; either is there",
	 {W(2, 1, 3), W(3, 2, 4), F(5, 6)},
	 2,
	 true},
	{"caches lost, and before that a stale read", {W(2, 1, 2), R(1, 3, 4)}, 1, true, true},
	{"caches lost: there is what nobody has written", {W(2, 1, 2)}, 9, true, true},
};

static long judge(const struct scene *s)
{
	FILE *null = fopen("/dev/null", "we");
	struct register_op op[OPS] = {};
	uint32_t before = 1;
	struct register_round r = {.op = op,
				   .before = &before,
				   .after = &s->after,
				   .sectors = 1,
				   .settled = SETTLED,
				   .caches_lost = s->caches_lost};
	long n;

	for (; r.nops < OPS && s->e[r.nops].asked; r.nops++) {
		const struct event *e = &s->e[r.nops];

		op[r.nops] = (struct register_op){.verb = e->verb,
						  .durable = e->durable,
						  .count = 1,
						  .value = e->value,
						  .seen = &e->value,
						  .asked = e->asked,
						  .told = e->told};
	}
	n = register_check(&r, null);
	fclose(null);
	return n;
}

static void by_hand(void **state)
{
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		if ((judge(&scenes[i]) != 0) == scenes[i].bad)
			continue;
		fail_msg("%s: %s", scenes[i].name,
			 scenes[i].bad ? "not found" : "found fault with");
	}
}

/* ---- every order ---- */

/* explain() - Whether an order of those not in @used goes on from @value.  The last read is an event, too. */
static bool explain(const struct event *e, size_t n, unsigned used, uint32_t value)
{
	bool all = true;

	for (size_t i = 0; i < n; i++) {
		bool first = true, must = e[i].told != UNTOLD;

		if (used & 1U << i)
			continue;
		all &= !must;
		for (size_t k = 0; k < n; k++)
			if (!(used & 1U << k) && e[k].told < e[i].asked)
				first = false;
		if (!first || (e[i].verb == REGISTER_READ && e[i].value != value))
			continue;
		if (explain(e, n, used | 1U << i, e[i].value))
			return true;
	}
	return all;
}

static uint64_t rnd(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static struct scene random_scene(uint64_t *seed)
{
	size_t n = rnd(seed) % (OPS - 1) + 1;
	struct scene s = {.after = (uint32_t)(rnd(seed) % 4 + 1)};
	uint32_t writes = 1;

	for (size_t i = 0; i < n; i++) {
		struct event *e = &s.e[i];

		e->asked = rnd(seed) % 20 * 2 + 2;
		/* odd: no end is a beginning, since the order of those would not be known */
		e->told = e->asked + rnd(seed) % 6 * 2 + 1;
		e->verb = rnd(seed) % 2 ? REGISTER_WRITE : REGISTER_READ;
		if (e->verb == REGISTER_WRITE) {
			e->value = ++writes;
			if (rnd(seed) % 4 == 0)
				e->told = UNTOLD;
		} else {
			e->value = (uint32_t)(rnd(seed) % 4 + 1);
		}
	}
	return s;
}

static void against_every_order(void **state)
{
	uint64_t seed = 88172645463325252U;
	unsigned good = 0, bad = 0;

	for (int i = 0; i < 60000; i++) {
		struct scene s = random_scene(&seed);
		struct event e[OPS + 1];
		size_t n = 0;
		bool explained;

		while (n < OPS && s.e[n].asked) {
			e[n] = s.e[n];
			/* what was not told may happen until the round is over */
			n++;
		}
		e[n++] = (struct event){REGISTER_READ, s.after, SETTLED, SETTLED + 1};
		explained = explain(e, n, 0, 1);
		assert_int_equal(judge(&s) == 0, explained);
		*(explained ? &good : &bad) += 1;
	}
	assert_true(good > 2000 && bad > 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(against_every_order),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("history-register", tests, NULL, NULL);
}
