// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the pool does about one place, and which of several places comes first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "resource-agents/poold/decide.h"

enum { NOW = 1000000, TIMEOUT = 60000, GRACE = 30000 };

static const struct pool_limits limits = {
	.boots = 1, .boot_timeout = TIMEOUT, .pause_grace = GRACE};

#define OURS_SINCE(t) .wanted = true, .presence = HV_PRESENT, .ours = true, .since = (t)
#define OURS          OURS_SINCE(NOW - 1)

static const struct {
	const char *what;
	struct pool_place p;
	enum pool_do does;
	bool failed, ready;
	int64_t wake;
} cases[] = {
	{"missing", {.wanted = true}, POOL_LAUNCH, .wake = POOL_NEVER},
	{"missing, a dead directory there", {.wanted = true, .remains = true}, POOL_LAUNCH},
	{"not wanted, not there", {.presence = HV_ABSENT}, POOL_WAIT, .wake = POOL_NEVER},
	{"not wanted, a dead directory there", {.remains = true}, POOL_CLEAN},
	{"its domain runs here",
	 {.wanted = true, .domain = POOL_HERE},
	 POOL_WAIT,
	 .wake = POOL_NEVER},
	{"its domain runs here, what an adopter left is there",
	 {.wanted = true, .domain = POOL_HERE, .remains = true},
	 POOL_CLEAN},
	{"its domain is being started",
	 {.wanted = true, .domain = POOL_STARTING},
	 POOL_WAIT,
	 .wake = NOW + 500},
	{"failed a moment ago",
	 {.wanted = true, .not_before = NOW + 7},
	 POOL_WAIT,
	 .wake = NOW + 7},
	{"failed long enough ago", {.wanted = true, .not_before = NOW}, POOL_LAUNCH},

	{"found", {OURS}, POOL_WAIT, .wake = NOW - 1 + TIMEOUT},
	{"booting", {OURS, .guest = POOL_BOOTING}, POOL_WAIT, .wake = NOW - 1 + TIMEOUT},
	{"ready", {OURS, .guest = POOL_READY}, POOL_WAIT, .ready = true, .wake = POOL_NEVER},
	{"ready for days",
	 {OURS_SINCE(-400000000), .guest = POOL_READY},
	 POOL_WAIT,
	 .ready = true,
	 .wake = POOL_NEVER},
	{"paused", {OURS, .guest = POOL_PAUSED}, POOL_WAIT, .wake = NOW - 1 + GRACE},
	{"found, and never answering", {OURS_SINCE(NOW - TIMEOUT)}, POOL_KILL, .failed = true},
	{"booting for too long",
	 {OURS_SINCE(NOW - TIMEOUT), .guest = POOL_BOOTING},
	 POOL_KILL,
	 .failed = true},
	{"paused for too long",
	 {OURS_SINCE(NOW - GRACE), .guest = POOL_PAUSED},
	 POOL_KILL,
	 .failed = true},
	{"lost", {OURS, .guest = POOL_LOST}, POOL_KILL, .failed = true},
	{"lost, and its domain starts here: who starts it decides",
	 {OURS, .guest = POOL_LOST, .domain = POOL_STARTING},
	 POOL_WAIT,
	 .wake = NOW + 500},
	{"ready, of an old definition", {OURS, .guest = POOL_READY, .stale = true}, POOL_KILL},
	{"ready, beside its domain", {OURS, .guest = POOL_READY, .domain = POOL_HERE}, POOL_KILL},
	{"ready, its domain starts here: it is still there for it",
	 {OURS, .guest = POOL_READY, .domain = POOL_STARTING},
	 POOL_WAIT,
	 .ready = true,
	 .wake = NOW + 500},
	{"ready, not wanted any more",
	 {.presence = HV_PRESENT, .ours = true, .guest = POOL_READY},
	 POOL_KILL},
	{"ready, being adopted",
	 {OURS, .guest = POOL_READY, .claimed = true},
	 POOL_WAIT,
	 .wake = NOW + 500},
	{"lost while it is adopted: its adopter's",
	 {OURS, .guest = POOL_LOST, .claimed = true},
	 POOL_WAIT,
	 .wake = NOW + 500},
	{"not wanted, being adopted: its adopter's",
	 {.presence = HV_PRESENT, .claimed = true},
	 POOL_WAIT,
	 .wake = NOW + 500},
	{"half adopted by one that is gone",
	 {.wanted = true, .presence = HV_PRESENT, .guest = POOL_READY},
	 POOL_KILL},
	{"half adopted by one that is gone, its domain starts again",
	 {.wanted = true, .presence = HV_PRESENT, .domain = POOL_STARTING},
	 POOL_WAIT,
	 .wake = NOW + 500},
	{"a kill failed a moment ago",
	 {OURS, .guest = POOL_LOST, .not_before = NOW + 9},
	 POOL_WAIT,
	 .wake = NOW + 9},
	{"whether it runs cannot be told",
	 {.wanted = true, .presence = HV_UNKNOWN},
	 POOL_WAIT,
	 .wake = NOW + 500},
	{"not wanted, and whether it runs cannot be told",
	 {.presence = HV_UNKNOWN, .remains = true},
	 POOL_WAIT,
	 .wake = NOW + 500},
	{"a step is under way",
	 {OURS, .busy = true, .guest = POOL_LOST},
	 POOL_WAIT,
	 .wake = POOL_NEVER},
	{"a step is under way at one that was ready",
	 {OURS, .busy = true, .guest = POOL_READY},
	 POOL_WAIT,
	 .wake = POOL_NEVER},
};

static void one_place(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t wake;
		struct pool_step s = pool_decide(&cases[i].p, 1, &limits, NOW, &wake);

		if (s.what != cases[i].does || s.failed != cases[i].failed ||
		    pool_ready(&cases[i].p) != cases[i].ready ||
		    (s.what == POOL_WAIT && wake != cases[i].wake))
			fail_msg("%s: does %d (%s), failed %d, ready %d, wake %lld", cases[i].what,
				 s.what, s.why, s.failed, pool_ready(&cases[i].p),
				 (long long)(wake - NOW));
		assert_string_not_equal(s.why, "");
	}
}

/* places: letters, one each: m missing, s missing spare, b booting, l being launched, r ready, x lost. */
static unsigned places(const char *text, struct pool_place *p)
{
	unsigned n = 0;

	for (; *text; text++, n++) {
		p[n] = (struct pool_place){.wanted = true, .spare = *text == 's' || *text == 'S'};
		if (strchr("brx", *text)) {
			p[n].presence = HV_PRESENT;
			p[n].ours = true;
			p[n].since = NOW;
			p[n].guest = *text == 'b'   ? POOL_BOOTING
				     : *text == 'r' ? POOL_READY
						    : POOL_LOST;
		}
		p[n].busy = p[n].launching = *text == 'l';
	}
	return n;
}

static void which_comes_first(void **state)
{
	static const struct {
		const char *places;
		unsigned boots;
		enum pool_do does;
		unsigned at;
	} table[] = {
		{"mm", 1, POOL_LAUNCH, 0},   {"rmm", 1, POOL_LAUNCH, 1}, {"bm", 1, POOL_WAIT, 0},
		{"bm", 2, POOL_LAUNCH, 1},   {"lm", 1, POOL_WAIT, 0},    {"lm", 2, POOL_LAUNCH, 1},
		{"lbm", 2, POOL_WAIT, 0},    {"ssm", 1, POOL_LAUNCH, 2}, {"ss", 1, POOL_LAUNCH, 0},
		{"rbx", 1, POOL_KILL, 2},    {"mx", 1, POOL_KILL, 1},    {"xm", 1, POOL_KILL, 0},
		{"rrr", 1, POOL_WAIT, 0},    {"", 1, POOL_WAIT, 0},      {"mb", 1, POOL_WAIT, 0},
		{"rrrs", 1, POOL_LAUNCH, 3},
	};
	struct pool_place p[8];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct pool_limits l = limits;
		unsigned n = places(table[i].places, p);
		struct pool_step s;
		int64_t wake;

		l.boots = table[i].boots;
		s = pool_decide(p, n, &l, NOW, &wake);
		if (s.what != table[i].does || (s.what != POOL_WAIT && s.at != table[i].at))
			fail_msg("\"%s\", %u at a time: does %d at %u (%s)", table[i].places,
				 table[i].boots, s.what, s.at, s.why);
	}
}

static void says_what_a_place_waits_for(void **state)
{
	static const struct {
		struct pool_place p;
		const char *why;
	} table[] = {
		{{OURS, .guest = POOL_UNSEEN}, "it boots"},
		{{OURS, .guest = POOL_BOOTING}, "it boots"},
		{{OURS, .guest = POOL_PAUSED}, "it is paused"},
		{{OURS, .guest = POOL_READY}, "it is ready"},
		{{.wanted = true}, "it is missing"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_string_equal(pool_judge(&table[i].p, &limits, NOW).why, table[i].why);
}

static void the_earliest_wake_counts(void **state)
{
	struct pool_place p[] = {
		{OURS, .guest = POOL_READY},
		{.wanted = true, .not_before = NOW + 40},
		{.wanted = true, .not_before = NOW + 30},
		{OURS, .guest = POOL_BOOTING},
	};
	int64_t wake;

	assert_int_equal(pool_decide(p, 4, &limits, NOW, &wake).what, POOL_WAIT);
	assert_int_equal(wake, NOW + 30);
}

static void failing_places_are_tried_ever_more_seldom(void **state)
{
	assert_int_equal(pool_backoff(0), 0);
	for (unsigned n = 1; n < 40; n++) {
		assert_true(pool_backoff(n) > 0);
		assert_true(pool_backoff(n + 1) >= pool_backoff(n));
		assert_true(pool_backoff(n) <= 300000);
	}
	assert_int_equal(pool_backoff(4000000000U), 300000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_place),
		cmocka_unit_test(which_comes_first),
		cmocka_unit_test(says_what_a_place_waits_for),
		cmocka_unit_test(the_earliest_wake_counts),
		cmocka_unit_test(failing_places_are_tried_ever_more_seldom),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("the pool's decisions", tests, NULL, NULL);
}
