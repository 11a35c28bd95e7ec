// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which entries of the fencing history prove the end of a host.  Times in seconds; the
 * host left at 1000 of this host's uptime, which is EPOCH + 1000 of the clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fencing/confirm.h"

#define S     1000000000ll
#define EPOCH 1760000000ll

enum { LEFT = 1000, DETECTION = 3 };

static const struct confirm_rule rule = {.kinds = CONFIRM_POWER | CONFIRM_MANUAL,
					 .detection_ns = DETECTION * S};

static struct confirm_entry entry(int64_t completed, int64_t learned, bool live)
{
	struct confirm_entry e = {.target = "node2",
				  .action = "off",
				  .delegate = "node1",
				  .done = true,
				  .live = live,
				  .completed_ns = completed * S,
				  .learned_ns = learned * S,
				  .real_ns = (EPOCH + learned) * S};

	return e;
}

static bool counts(const struct confirm_entry *e)
{
	return !confirm_counts(e, &rule, "node2", LEFT * S);
}

static void test_times(void **state)
{
	static const struct {
		const char *what;
		int64_t completed, learned;
		bool live, counts;
	} cases[] = {
		{"after it left", EPOCH + 1005, 1005, true, true},
		{"before the others noticed", EPOCH + 998, 998, true, true},
		{"long before it left: it lived on", EPOCH + 900, 900, true, false},
		{"an old one, found later", EPOCH + 900, 1010, false, false},
		{"an old one, told of again", EPOCH + 900, 1010, true, false},
		{"a new one, found later", EPOCH + 1004, 1200, false, true},
		{"in the future: a clock is wrong", EPOCH + 2000, 1010, true, false},
		{"a bit in the future: clocks differ", EPOCH + 1010, 1010, true, true},
		{"uptime of some host, heard just now", 77, 1005, true, true},
		{"uptime of some host, found", 1005, 1010, false, false},
		{"uptime, heard long before it left", 900, 900, true, false},
		{"at the very bound", EPOCH + LEFT - DETECTION, LEFT - DETECTION, true, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct confirm_entry e = entry(cases[i].completed, cases[i].learned, cases[i].live);

		if (counts(&e) != cases[i].counts)
			fail_msg("%s", cases[i].what);
	}
}

static void test_what_it_is(void **state)
{
	struct confirm_entry e;

#define WITH(change, result)                 \
	e = entry(EPOCH + 1005, 1005, true); \
	change;                              \
	assert_int_equal(counts(&e), result)
	WITH(strcpy(e.action, "reboot"), true);
	WITH(strcpy(e.action, "on"), false);
	WITH(strcpy(e.action, "monitor"), false);
	WITH(strcpy(e.target, "node3"), false);
	WITH(strcpy(e.target, "NODE2"), true);
	WITH(e.done = false, false);
	WITH(strcpy(e.delegate, "a human"), true);
	WITH(strcpy(e.delegate, ""), false);
	WITH(strcpy(e.delegate, "node2"), false);
	WITH(e.fabric = true, false);
#undef WITH
}

static void test_settings(void **state)
{
	struct confirm_entry e = entry(EPOCH + 1005, 1005, true);
	struct confirm_rule r = rule;

	assert_int_equal(confirm_parse("power,manual,watchdog"),
			 CONFIRM_POWER | CONFIRM_MANUAL | CONFIRM_WATCHDOG);
	assert_int_equal(confirm_parse(" fabric , power "), CONFIRM_FABRIC | CONFIRM_POWER);
	assert_int_equal(confirm_parse("power,guess"), 0);
	assert_int_equal(confirm_parse(""), 0);
	r.kinds = CONFIRM_WATCHDOG;
	assert_non_null(confirm_counts(&e, &r, "node2", LEFT * S));
	e.delegate[0] = '\0';
	assert_null(confirm_counts(&e, &r, "node2", LEFT * S));
	assert_int_equal(confirm_kind(&e), CONFIRM_WATCHDOG);
	strcpy(e.delegate, "node1");
	e.fabric = true;
	r.kinds = CONFIRM_FABRIC;
	assert_null(confirm_counts(&e, &r, "node2", LEFT * S));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_what_it_is),
		cmocka_unit_test(test_settings),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
