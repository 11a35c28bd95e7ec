// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is told, and what else a failed verdict leads to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "heartbeat/act.h"
#include "heartbeat/report.h"

#define A "d10ad136-6ecc-4cac-b42a-721ccbf6ed7f"
#define B "f14889b0-6b58-4c85-ba90-665885b9bdff"
#define S INT64_C(1000000000)

static void test_report(void **state)
{
	static const struct {
		struct report_view v;
		enum report_step want;
	} cases[] = {
		{{.judged = A, .incarnation = A, .resource = "web", .was_owned = true},
		 REPORT_SEND},
		/* Another start runs, or it was stopped: nothing to recover. */
		{{.judged = A, .incarnation = B, .resource = "web", .was_owned = true},
		 REPORT_OUTRUN},
		{{.judged = A, .incarnation = B, .resource = "web", .intended = true},
		 REPORT_OUTRUN},
		{{.judged = A, .resource = "web", .was_owned = true}, REPORT_OUTRUN},
		{{.judged = A, .incarnation = A, .was_owned = true}, REPORT_OUTRUN},
		/* The agent is at it, or somebody starts or kills it now. */
		{{.judged = A, .incarnation = A, .resource = "web", .intended = true},
		 REPORT_INTENDED},
		{{.judged = A, .incarnation = A, .resource = "web", .starting = true},
		 REPORT_LATER},
		{{.judged = A, .resource = "web", .starting = true}, REPORT_LATER},
		{{.judged = A, .incarnation = A, .resource = "web", .recovered = true},
		 REPORT_RECOVERED},
		{{.judged = A, .incarnation = A, .resource = "web", .reported = true},
		 REPORT_REPEATED},
		{{.judged = A, .incarnation = A}, REPORT_NOBODY},
		{{.judged = A, .incarnation = A, .resource = ""}, REPORT_NOBODY},
		{{.judged = A, .incarnation = A, .resource = "web", .notify_only = true},
		 REPORT_NOTIFIED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(report_decide(&cases[i].v), cases[i].want);
	for (int s = 0; s < REPORT_STEPS; s++)
		assert_non_null(report_step_text((enum report_step)s));
}

static void test_backoff(void **state)
{
	int64_t last = 0;

	for (unsigned n = 1; n < 100; n++) {
		int64_t ns = report_backoff(n);

		assert_true(ns >= last && ns > 0 && ns <= 2 * S);
		last = ns;
	}
	assert_true(report_backoff(1) <= S / 20);
}

static const struct hv_heartbeat reset = {
	.action = HV_HEARTBEAT_RESET,
	.min_uptime = 120000,
	.max_resets = 3,
	.reset_window = 3600,
};

static void test_act_by_setting(void **state)
{
	struct hv_heartbeat h = reset;
	struct state s = {0};

	for (int why = 0; why < WHYS; why++) {
		h.action = HV_HEARTBEAT_NOTIFY;
		assert_int_equal(act_decide(&h, (enum hb_reason)why, &s, 0), ACT_NOTIFY);
		h.action = HV_HEARTBEAT_RECOVER;
		assert_int_equal(act_decide(&h, (enum hb_reason)why, &s, 0), ACT_TELL);
	}
}

static void test_act_reset_where_it_helps(void **state)
{
	static const enum hb_reason helps[] = {WHY_NO_BEATS, WHY_NO_BEATS_RUNS, WHY_NEVER_BEAT,
					       WHY_NO_AGENT, WHY_PANICKED,      WHY_WATCHDOG,
					       WHY_HEALTH};
	static const enum hb_reason not [] = {WHY_PROCESS_GONE,   WHY_HYPERVISOR, WHY_VCPU,
					      WHY_INTERNAL_ERROR, WHY_IO_ERROR,   WHY_RESET_STORM};
	struct state s = {0};

	for (size_t i = 0; i < sizeof(helps) / sizeof(helps[0]); i++)
		assert_int_equal(act_decide(&reset, helps[i], &s, 0), ACT_RESET);
	for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++)
		assert_int_equal(act_decide(&reset, not [i], &s, 0), ACT_TELL);
}

static void test_act_limits(void **state)
{
	struct hv_heartbeat h = reset;
	struct state s = {0};
	int64_t now = 10000 * S;

	state_note_reset(&s, now - 119 * S);
	assert_int_equal(act_decide(&h, WHY_NO_BEATS, &s, now), ACT_HAND_OVER); /* min_uptime */
	assert_int_equal(act_decide(&h, WHY_NO_BEATS, &s, now + S), ACT_RESET);
	state_note_reset(&s, now + S);
	state_note_reset(&s, now + 200 * S);
	assert_int_equal(act_resets(&h, &s, now + 400 * S), 3);
	assert_int_equal(act_decide(&h, WHY_NO_BEATS, &s, now + 400 * S), ACT_HAND_OVER);
	/* The first has left the window. */
	assert_int_equal(act_decide(&h, WHY_NO_BEATS, &s, now + 3481 * S), ACT_RESET);
	h.max_resets = 0;
	s.nresets = 0;
	assert_int_equal(act_decide(&h, WHY_NO_BEATS, &s, now), ACT_HAND_OVER);
	/* More than are remembered: what is not known is not assumed to be few. */
	h.max_resets = 1000;
	for (int i = 0; i < STATE_RESETS_MAX; i++)
		state_note_reset(&s, now);
	assert_int_equal(act_decide(&h, WHY_NO_BEATS, &s, now + 200 * S), ACT_HAND_OVER);
	for (int a = 0; a < ACTS; a++)
		assert_non_null(act_text((enum act)a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_act_by_setting),
		cmocka_unit_test(test_act_reset_where_it_helps),
		cmocka_unit_test(test_act_limits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
