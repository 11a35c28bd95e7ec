// SPDX-License-Identifier: GPL-2.0-or-later
/* What of control groups is arithmetic; the rest is tests/e2e/cgroup.bats. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "hvcore/lib/cgroup.h"

static void weights_keep_the_proportion_of_shares(void **state)
{
	static const struct {
		uint64_t shares;
		unsigned weight;
	} table[] = {
		{0, 1},      {2, 1},         {11, 1},         {512, 50},       {1024, 100},
		{2048, 200}, {102399, 9999}, {102400, 10000}, {262144, 10000}, {UINT64_MAX, 10000},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(hv_cgroup_weight(table[i].shares), table[i].weight);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_keep_the_proportion_of_shares),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
