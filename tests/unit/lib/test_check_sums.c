// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sums of `hv check cluster`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "hvcore/cli/check_sums.h"

static const struct check_times good = {
	.token = 3000,
	.consensus = 3600,
	.stonith_timeout = 60000,
	.device_timeout = 60000,
	.stop = 90000,
	.guest = 180000,
};

static enum check_verdict verdict(const struct check_times *t, const char *name)
{
	struct check_sum c[CHECK_SUMS_MAX];
	size_t n = check_sums(t, c);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(c[i].name, name))
			return c[i].verdict;
	return (enum check_verdict) - 1;
}

static void test_sums(void **state)
{
	static const char dead[] = "guest stonith-timeout, dead host";
	static const char stuck[] = "guest stonith-timeout, stuck process";
	struct check_times t;

#define WITH(change, name, is) \
	t = good;              \
	change;                \
	assert_int_equal((int)verdict(&t, name), is)
	WITH(, dead, CHECK_FITS);
	WITH(, stuck, CHECK_FITS);
	WITH(, "consensus", CHECK_FITS);
	WITH(, "stonith-timeout", CHECK_FITS);
	WITH(, "stonith-watchdog-timeout", -1);
	WITH(t.guest = 0, dead, CHECK_UNKNOWN);
	WITH(t.guest = 66600, dead, CHECK_FITS);
	WITH(t.guest = 66599, dead, CHECK_WRONG);
	WITH(t.guest = 155000, stuck, CHECK_FITS);
	WITH(t.guest = 154999, stuck, CHECK_WRONG);
	WITH(t.stop = 0, stuck, -1);
	WITH(t.device_delay = 120000, dead, CHECK_WRONG);
	WITH(t.consensus = 3599, "consensus", CHECK_WRONG);
	WITH(t.stonith_timeout = 30000, "stonith-timeout", CHECK_WRONG);
	WITH((t.sbd_watchdog = 5000, t.stonith_watchdog = 10000), "stonith-watchdog-timeout",
	     CHECK_FITS);
	WITH((t.sbd_watchdog = 5000, t.stonith_watchdog = 9000), "stonith-watchdog-timeout",
	     CHECK_WRONG);
	WITH((t.sbd_watchdog = 5000, t.stonith_watchdog = -1), "stonith-watchdog-timeout", -1);
	/* A watchdog that is slower than the devices decides. */
	WITH((t.sbd_watchdog = 100000, t.stonith_watchdog = -1), dead, CHECK_WRONG);
#undef WITH
}

static void test_intervals(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{"30", 30000},   {"30s", 30000},   {"500ms", 500}, {"2min", 120000},
		{"1h", 3600000}, {" 5 sec", 5000}, {"0", 0},       {"", -1},
		{"-1", -1},      {"x", -1},        {"5x", -1},     {"99999999999s", -1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(check_interval(cases[i].text), cases[i].ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_intervals),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
