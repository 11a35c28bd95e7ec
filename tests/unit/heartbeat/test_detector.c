// SPDX-License-Identifier: GPL-2.0-or-later
/* What single pieces of evidence, vetoes and timeouts amount to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "heartbeat/detector.h"

#define T0 (1000 * S_NS)

static const struct hv_heartbeat settings = {
	.beats = true,
	.timeout = 1000,
	.interval = 200,
	.boot_grace = 60000,
	.io_window = 3000,
	.io_grace = 80000,
	.min_uptime = 0,
	.max_resets = 3,
	.reset_window = 3600,
};

/* A guest that has beaten @n times, each 200 ms; returns the time of the last. */
static int64_t beaten(struct detector *d, unsigned n)
{
	struct beat b = {.kind = BEAT_BEAT, .role = "none"};
	int64_t now = T0;

	detector_init(d, &settings, T0, T0);
	detector_saw_run(d, RUN_RUNNING, T0);
	detector_saw_hypervisor(d, T0);
	for (unsigned i = 0; i < n; i++) {
		now += 200 * MS_NS;
		b.seq++;
		detector_saw_beat(d, &b, now);
		detector_saw_hypervisor(d, now);
	}
	return now;
}

static enum hb_state judged(struct detector *d, int64_t now)
{
	struct hb_finding f;

	/* What these tests are not about: the hypervisor answers. */
	if (d->hypervisor.seen)
		detector_saw_hypervisor(d, now);
	detector_step(d, now, &f);
	assert_true(f.look > now);
	return d->state;
}

#define assert_judged(d, now, want, why)                                                         \
	do {                                                                                     \
		assert_int_equal(judged(d, now), want);                                          \
		assert_string_equal(verdict_reason_name((d)->reason), verdict_reason_name(why)); \
	} while (0)

static void test_beats(void **state)
{
	struct detector d;
	int64_t t = beaten(&d, 20);

	assert_judged(&d, t, HB_ALIVE, WHY_BEATS);
	assert_judged(&d, t + 300 * MS_NS, HB_ALIVE, WHY_BEATS);
	assert_judged(&d, t + 600 * MS_NS, HB_SUSPECT, WHY_LATE_BEATS); /* phi, or half */
	assert_judged(&d, t + 999 * MS_NS, HB_SUSPECT, WHY_LATE_BEATS);
	assert_judged(&d, t + 1000 * MS_NS, HB_FAILED, WHY_NO_BEATS);
	/* It comes back by itself. */
	detector_saw_beat(&d, &(struct beat){.kind = BEAT_BEAT, .seq = 21}, t + 1500 * MS_NS);
	assert_judged(&d, t + 1500 * MS_NS, HB_ALIVE, WHY_BEATS);
}

static void test_few_beats(void **state)
{
	struct detector d;
	int64_t t = beaten(&d, 1); /* too few for phi: half the timeout */

	assert_judged(&d, t + 499 * MS_NS, HB_ALIVE, WHY_BEATS);
	assert_judged(&d, t + 501 * MS_NS, HB_SUSPECT, WHY_LATE_BEATS);
	assert_judged(&d, t + 1001 * MS_NS, HB_FAILED, WHY_NO_BEATS);
}

static void test_vetoes(void **state)
{
	static const struct {
		enum hb_run run;
		enum hb_state want;
		enum hb_reason why;
	} cases[] = {
		{RUN_PAUSED, HB_UNKNOWN, WHY_PAUSED},
		{RUN_MIGRATING, HB_UNKNOWN, WHY_MIGRATING},
		{RUN_SAVING, HB_UNKNOWN, WHY_SAVING},
		{RUN_PRELAUNCH, HB_UNKNOWN, WHY_NOT_STARTED},
		{RUN_OFF, HB_UNKNOWN, WHY_POWERED_OFF},
		{RUN_IO_ERROR, HB_SUSPECT, WHY_IO_ERROR_GRACE},
		{RUN_WATCHDOG, HB_FAILED, WHY_WATCHDOG},
		{RUN_PANICKED, HB_FAILED, WHY_PANICKED},
		{RUN_ERROR, HB_FAILED, WHY_INTERNAL_ERROR},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct detector d;
		int64_t t = beaten(&d, 20);

		detector_saw_run(&d, cases[i].run, t);
		assert_judged(&d, t + 3600 * S_NS * (cases[i].run != RUN_IO_ERROR), cases[i].want,
			      cases[i].why);
	}
}

static void test_after_a_pause(void **state)
{
	struct detector d;
	int64_t t = beaten(&d, 20) + 100 * S_NS;

	detector_saw_run(&d, RUN_PAUSED, t - 99 * S_NS);
	assert_judged(&d, t, HB_UNKNOWN, WHY_PAUSED);
	detector_saw_run(&d, RUN_RUNNING, t);
	assert_judged(&d, t, HB_ALIVE, WHY_BEATS); /* all of the timeout begins anew */
	assert_judged(&d, t + 999 * MS_NS, HB_SUSPECT, WHY_LATE_BEATS);
	assert_judged(&d, t + 1000 * MS_NS, HB_FAILED, WHY_NO_BEATS);
}

static void test_io_error_grace(void **state)
{
	struct detector d;
	int64_t t = beaten(&d, 20);

	detector_saw_run(&d, RUN_IO_ERROR, t);
	assert_judged(&d, t + 79 * S_NS, HB_SUSPECT, WHY_IO_ERROR_GRACE);
	assert_judged(&d, t + 80 * S_NS, HB_FAILED, WHY_IO_ERROR);
}

static void test_intent(void **state)
{
	struct detector d;
	int64_t t = beaten(&d, 20);

	detector_saw_intent(&d, true, t);
	assert_judged(&d, t + 30 * S_NS, HB_UNKNOWN, WHY_INTENT);
	detector_saw_intent(&d, false, t + 30 * S_NS);
	assert_judged(&d, t + 30 * S_NS + 500 * MS_NS, HB_SUSPECT, WHY_LATE_BEATS);
	assert_judged(&d, t + 32 * S_NS, HB_FAILED, WHY_NO_BEATS);
}

static void test_io_speaks_for_it(void **state)
{
	struct hb_sample s = {.has_io = true, .has_turns = true};
	struct detector d;
	int64_t t = beaten(&d, 20);

	detector_saw_sample(&d, &s, t);
	s.io = 5;
	detector_saw_sample(&d, &s, t + 800 * MS_NS);
	assert_judged(&d, t + 1100 * MS_NS, HB_SUSPECT, WHY_DOES_IO);
	assert_judged(&d, t + 3799 * MS_NS, HB_SUSPECT, WHY_DOES_IO);
	assert_judged(&d, t + 3800 * MS_NS, HB_FAILED, WHY_NO_BEATS);
}

static void test_boot(void **state)
{
	struct detector d;
	int64_t t = beaten(&d, 0);

	assert_judged(&d, t + 59 * S_NS, HB_UNKNOWN, WHY_BOOTING);
	assert_judged(&d, t + 60 * S_NS, HB_FAILED, WHY_NEVER_BEAT);
	detector_saw_reset(&d, t + 61 * S_NS);
	assert_judged(&d, t + 100 * S_NS, HB_UNKNOWN, WHY_BOOTING);
	detector_saw_beat(&d, &(struct beat){.kind = BEAT_BEAT, .seq = 1}, t + 101 * S_NS);
	assert_judged(&d, t + 101 * S_NS, HB_ALIVE, WHY_BEATS);
	/* The first beat ends the grace. */
	assert_judged(&d, t + 103 * S_NS, HB_FAILED, WHY_NO_BEATS);
}

static void test_goodbye(void **state)
{
	struct detector d;
	int64_t t = beaten(&d, 20);

	detector_saw_beat(&d, &(struct beat){.kind = BEAT_BYE, .seq = 21}, t);
	assert_judged(&d, t + 3600 * S_NS, HB_UNKNOWN, WHY_GOODBYE);
	detector_saw_beat(&d, &(struct beat){.kind = BEAT_BEAT, .seq = 1}, t + 3600 * S_NS);
	assert_judged(&d, t + 3600 * S_NS, HB_ALIVE, WHY_BEATS);
	assert_judged(&d, t + 3602 * S_NS, HB_FAILED, WHY_NO_BEATS);
}

static void test_blind_and_starved(void **state)
{
	struct hb_sample s = {.vcpus = 1};
	struct detector d;
	int64_t t = beaten(&d, 20);

	/* Stopped for 5 s: the guest's silence is only what was looked at. */
	detector_was_blind(&d, 5 * S_NS);
	assert_judged(&d, t + 5 * S_NS + 400 * MS_NS, HB_SUSPECT, WHY_LATE_BEATS);
	assert_judged(&d, t + 5 * S_NS + 1000 * MS_NS, HB_FAILED, WHY_NO_BEATS);

	/* Half of the time without a CPU: twice the time. */
	t = beaten(&d, 20);
	detector_saw_sample(&d, &s, t);
	s.waited = 500 * MS_NS;
	s.vcpu[0].cpu = 500 * MS_NS;
	detector_saw_sample(&d, &s, t + 1000 * MS_NS);
	assert_judged(&d, t + 1000 * MS_NS, HB_SUSPECT, WHY_LATE_BEATS);
	s.waited = 1000 * MS_NS;
	s.vcpu[0].cpu = 1000 * MS_NS;
	detector_saw_sample(&d, &s, t + 2000 * MS_NS);
	assert_judged(&d, t + 2000 * MS_NS, HB_FAILED, WHY_NO_BEATS);

	/* Blind and starved in the same seconds: they are owed once. */
	t = beaten(&d, 20);
	detector_was_blind(&d, 5 * S_NS);
	detector_was_starved(&d, 5 * S_NS);
	assert_judged(&d, t + 6 * S_NS, HB_FAILED, WHY_NO_BEATS);
}

static void test_runs_but_does_not_beat(void **state)
{
	struct hb_sample s = {.vcpus = 1};
	struct detector d;
	int64_t t = beaten(&d, 19);

	s.vcpu[0].cpu = 1;
	detector_saw_sample(&d, &s, t);
	detector_saw_beat(&d, &(struct beat){.kind = BEAT_BEAT, .seq = 20}, t);
	s.vcpu[0].cpu = 900 * MS_NS;
	detector_saw_sample(&d, &s, t + 999 * MS_NS);
	assert_judged(&d, t + 1000 * MS_NS, HB_FAILED, WHY_NO_BEATS_RUNS);
}

static void test_vcpus(void **state)
{
	struct hb_sample s = {.vcpus = 2, .tells_stuck = true};
	struct hv_heartbeat h = settings;
	struct detector d;
	int64_t t = T0;

	h.beats = false;
	detector_init(&d, &h, t, t);
	detector_saw_run(&d, RUN_RUNNING, t);
	detector_saw_hypervisor(&d, t);
	/* They move in turns, and one waits: that is life. */
	for (unsigned i = 0; i < 100; i++, t += 600 * MS_NS) {
		s.vcpu[i % 2].work++;
		detector_saw_sample(&d, &s, t);
		assert_int_not_equal(judged(&d, t), HB_FAILED);
	}
	s.vcpu[0].halted = true;
	for (unsigned i = 0; i < 100; i++, t += 600 * MS_NS) {
		s.vcpu[1].work++;
		detector_saw_sample(&d, &s, t);
		assert_judged(&d, t, HB_ALIVE, WHY_LIVES);
	}
	/* One that is not halted stands still. */
	detector_saw_sample(&d, &s, t + 200 * MS_NS);
	assert_judged(&d, t + 1000 * MS_NS, HB_FAILED, WHY_VCPU);
	/* Where nobody can tell it from an idle one, it is not accused. */
	s.tells_stuck = false;
	detector_init(&d, &h, t, t);
	detector_saw_run(&d, RUN_RUNNING, t);
	detector_saw_hypervisor(&d, t);
	detector_saw_sample(&d, &s, t);
	detector_saw_sample(&d, &s, t + 100 * S_NS);
	assert_judged(&d, t + 100 * S_NS, HB_ALIVE, WHY_LIVES);
}

static void test_hypervisor(void **state)
{
	struct hb_finding f;
	struct detector d;
	int64_t t = beaten(&d, 20);

	/* Paused or not: who answers nothing is not there. */
	detector_saw_run(&d, RUN_PAUSED, t);
	detector_step(&d, t + 999 * MS_NS, &f);
	assert_int_equal(d.state, HB_UNKNOWN);
	detector_step(&d, t + 1000 * MS_NS, &f);
	assert_int_equal(d.state, HB_FAILED);
	assert_int_equal(d.reason, WHY_HYPERVISOR);

	/* Before its first answer it has a minute. */
	detector_init(&d, &settings, T0, T0);
	detector_step(&d, T0 + 59 * S_NS, &f);
	assert_int_equal(d.state, HB_UNKNOWN);
	detector_step(&d, T0 + 60 * S_NS, &f);
	assert_int_equal(d.reason, WHY_HYPERVISOR);
}

static void test_agent(void **state)
{
	struct hv_heartbeat h = settings;
	struct detector d;
	int64_t t = T0;

	h.beats = false;
	h.agent_timeout = 4000;
	detector_init(&d, &h, t, t);
	detector_saw_run(&d, RUN_RUNNING, t);
	detector_saw_hypervisor(&d, t);
	assert_judged(&d, t + 30 * S_NS, HB_UNKNOWN, WHY_BOOTING);
	detector_saw_agent(&d, t + 31 * S_NS);
	assert_judged(&d, t + 32 * S_NS, HB_ALIVE, WHY_AGENT);
	assert_judged(&d, t + 34 * S_NS, HB_SUSPECT, WHY_LATE_AGENT);
	assert_judged(&d, t + 35 * S_NS, HB_FAILED, WHY_NO_AGENT);
}

static void test_health(void **state)
{
	struct beat b = {.kind = BEAT_BEAT, .seq = 21, .health = BEAT_HEALTH_TIMEOUT};
	struct detector d;
	int64_t t = beaten(&d, 20);

	for (int i = 0; i < 6; i++, b.seq++) {
		detector_saw_beat(&d, &b, t + i * 200 * MS_NS);
		judged(&d, t + i * 200 * MS_NS);
		assert_int_equal(d.state, i < 5 ? HB_SUSPECT : HB_FAILED);
	}
	assert_int_equal(d.reason, WHY_HEALTH);
	b.health = BEAT_HEALTH_OK;
	detector_saw_beat(&d, &b, t + 2 * S_NS);
	assert_judged(&d, t + 2 * S_NS, HB_ALIVE, WHY_BEATS);
	/* "failed" was counted out by the guest itself. */
	b.health = BEAT_HEALTH_FAILED;
	b.seq++;
	detector_saw_beat(&d, &b, t + 2200 * MS_NS);
	assert_judged(&d, t + 2200 * MS_NS, HB_FAILED, WHY_HEALTH);
}

static void test_said_and_gone(void **state)
{
	struct detector d;
	int64_t t = beaten(&d, 20);

	detector_saw_said(&d, WHY_PANICKED);
	assert_judged(&d, t, HB_FAILED, WHY_PANICKED);
	detector_saw_reset(&d, t);
	assert_judged(&d, t, HB_UNKNOWN, WHY_BOOTING);
	detector_saw_intent(&d, true, t); /* that is the reporter's to weigh */
	detector_saw_gone(&d);
	assert_judged(&d, t, HB_FAILED, WHY_PROCESS_GONE);
}

static void test_guest_says_what_it_may_not(void **state)
{
	struct detector d;
	int64_t t = beaten(&d, 20);

	detector_saw_beat(&d, &(struct beat){.kind = BEAT_SET, .interval = 60000}, t + 990 * MS_NS);
	detector_saw_beat(&d, &(struct beat){.kind = BEAT_ROLE, .role = "x"}, t + 990 * MS_NS);
	assert_judged(&d, t + 1000 * MS_NS, HB_FAILED, WHY_NO_BEATS);
}

static void test_phi(void **state)
{
	struct intervals i = {0};
	double last = 0;

	assert_true(intervals_phi(&i, 100 * S_NS) == 0);
	assert_true(intervals_limit(&i) == 0);
	for (int k = 0; k < 200; k++)
		intervals_add(&i, (190 + k % 3 * 10) * MS_NS);
	assert_int_equal(i.n, INTERVALS_MAX);
	for (int ms = 0; ms < 3000; ms += 50) {
		double phi = intervals_phi(&i, ms * MS_NS);

		assert_true(phi >= last && phi <= 99);
		last = phi;
	}
	assert_true(intervals_phi(&i, 200 * MS_NS) < 1);
	assert_true(intervals_phi(&i, intervals_limit(&i)) > 7.9);
	assert_true(intervals_phi(&i, intervals_limit(&i)) < 8.1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beats),
		cmocka_unit_test(test_few_beats),
		cmocka_unit_test(test_vetoes),
		cmocka_unit_test(test_after_a_pause),
		cmocka_unit_test(test_io_error_grace),
		cmocka_unit_test(test_intent),
		cmocka_unit_test(test_io_speaks_for_it),
		cmocka_unit_test(test_boot),
		cmocka_unit_test(test_goodbye),
		cmocka_unit_test(test_blind_and_starved),
		cmocka_unit_test(test_runs_but_does_not_beat),
		cmocka_unit_test(test_vcpus),
		cmocka_unit_test(test_hypervisor),
		cmocka_unit_test(test_agent),
		cmocka_unit_test(test_health),
		cmocka_unit_test(test_said_and_gone),
		cmocka_unit_test(test_guest_says_what_it_may_not),
		cmocka_unit_test(test_phi),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
