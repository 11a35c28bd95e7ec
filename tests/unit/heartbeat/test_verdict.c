// SPDX-License-Identifier: GPL-2.0-or-later
/* The state machine is total, and what must hold of it whatever is changed in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "heartbeat/verdict.h"

static void test_total(void **state)
{
	for (int from = HB_UNKNOWN; from < HB_STATES; from++) {
		assert_non_null(verdict_state_name((enum hb_state)from));
		for (int sign = 0; sign < SIGNS; sign++) {
			enum hb_state to = verdict_next((enum hb_state)from, (enum hb_sign)sign);

			assert_in_range(to, HB_UNKNOWN, HB_STATES - 1);
		}
	}
}

static void test_signs(void **state)
{
	for (int from = HB_UNKNOWN; from < HB_STATES; from++) {
		enum hb_state s = (enum hb_state)from;

		assert_int_equal(verdict_next(s, SIGN_GONE), HB_FAILED);
		assert_int_equal(verdict_next(s, SIGN_SAID), HB_FAILED);
		assert_int_equal(verdict_next(s, SIGN_SILENT), HB_FAILED);
		assert_int_equal(verdict_next(s, SIGN_LIFE), HB_ALIVE);
		assert_int_equal(verdict_next(s, SIGN_GRACE), HB_UNKNOWN);
		/* No excuse makes a failure of what was none. */
		if (s == HB_FAILED)
			continue;
		assert_int_equal(verdict_next(s, SIGN_ORDERED), HB_UNKNOWN);
		assert_int_equal(verdict_next(s, SIGN_NOTHING), HB_UNKNOWN);
		assert_int_equal(verdict_next(s, SIGN_EXCUSED), HB_SUSPECT);
		assert_int_equal(verdict_next(s, SIGN_LATE), HB_SUSPECT);
	}
}

static void test_failed_holds(void **state)
{
	static const enum hb_sign clears_nothing[] = {SIGN_ORDERED, SIGN_EXCUSED, SIGN_LATE,
						      SIGN_NOTHING};

	for (size_t i = 0; i < sizeof(clears_nothing) / sizeof(clears_nothing[0]); i++)
		assert_int_equal(verdict_next(HB_FAILED, clears_nothing[i]), HB_FAILED);
}

static void test_reasons(void **state)
{
	unsigned of_sign[SIGNS] = {0};

	for (int r = 0; r < WHYS; r++) {
		const char *name = verdict_reason_name((enum hb_reason)r);

		assert_non_null(name);
		assert_non_null(verdict_reason_text((enum hb_reason)r));
		of_sign[verdict_reason_sign((enum hb_reason)r)]++;
		for (int other = 0; other < r; other++)
			assert_string_not_equal(name, verdict_reason_name((enum hb_reason)other));
	}
	for (int s = 0; s < SIGNS; s++)
		assert_true(of_sign[s] > 0);
	assert_int_equal(WHY_NOTHING_YET, 0); /* the detector's "nothing was said" */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_total),
		cmocka_unit_test(test_signs),
		cmocka_unit_test(test_failed_holds),
		cmocka_unit_test(test_reasons),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
