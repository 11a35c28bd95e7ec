// SPDX-License-Identifier: GPL-2.0-or-later
/* PIT, port 0x61, RTC and the ACPI timer: all from one clock that the test moves. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "rig.h"

#define MS 1000000ULL
#define S  1000000000ULL

static int setup(void **state)
{
	rig_up(state);
	pic_create();
	ioapic_create();
	pit_create();
	rtc_create(&rig.config);
	acpi_pm_create();
	rig_pic_init();
	return 0;
}

static void program(unsigned channel, unsigned mode, unsigned count)
{
	out8(0x43, channel << 6 | 0x30 | mode << 1);
	out8((uint16_t)(0x40 + channel), count & 0xff);
	out8((uint16_t)(0x40 + channel), count >> 8);
}

/* How often IRQ 0 comes in @ns, looked at every 100 us. */
static unsigned timer_ticks(uint64_t ns)
{
	unsigned n = 0;

	for (; ns; ns -= MS / 10) {
		rig_pass(MS / 10);
		while (rig_irq() == 0x30) {
			n++;
			rig_pic_eoi(0x30);
		}
	}
	return n;
}

static void periodic_modes_tick(void **state)
{
	program(0, 2, 11932); /* 100 Hz */
	assert_in_range(timer_ticks(S), 99, 100);
	program(0, 3, 11932);
	assert_in_range(timer_ticks(S), 99, 101);
}

static void one_shots_fire_once(void **state)
{
	program(0, 0, 1193);
	assert_int_equal(timer_ticks(10 * MS), 1);
	program(0, 4, 1193);
	assert_int_equal(timer_ticks(10 * MS), 1);
	program(0, 4, 1193);
	assert_int_equal(timer_ticks(10 * MS), 1);
}

/* The loop comes late: the edge is not lost, and it is one. */
static void late_one_shot_still_fires(void **state)
{
	program(0, 4, 1193);
	clock_set(&rig.clock, clock_now(&rig.clock) + 50 * MS);
	loop_run_timers();
	assert_int_equal(rig_irq(), 0x30);
	rig_pic_eoi(0x30);
	loop_run_timers();
	assert_int_equal(rig_irq(), -1);
}

enum { LOADS = 2000, HURRY = 0, HOLD, HELD, END };

/* Time flies while *@arg is HURRY. */
static void *hurry(void *arg)
{
	atomic_int *phase = arg;

	for (;;) {
		int hold = HOLD;

		switch (atomic_load(phase)) {
		case HURRY: clock_set(&rig.clock, clock_now(&rig.clock) + MS); break;
		case HOLD: atomic_compare_exchange_strong(phase, &hold, HELD); break;
		case HELD: sched_yield(); break;
		default: return NULL;
		}
	}
}

/*
 * Whoever loads the count is made to stand still until it has run out: its edge
 * is due all the same.  It was lost, and a guest without ACPI that had no other
 * timer slept for ever.
 */
static void a_count_that_runs_out_while_it_is_loaded_still_fires(void **state)
{
	atomic_int phase = HELD;
	unsigned fired = 0;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, hurry, &phase), 0);
	for (unsigned i = 0; i < LOADS; i++) {
		uint64_t before = clock_now(&rig.clock);

		atomic_store(&phase, HURRY);
		while (clock_now(&rig.clock) == before)
			sched_yield();
		program(0, 4, 2);
		atomic_store(&phase, HOLD);
		while (atomic_load(&phase) != HELD)
			sched_yield();
		clock_set(&rig.clock, clock_now(&rig.clock) + MS);
		loop_run_timers();
		if (rig_irq() == 0x30) {
			fired++;
			rig_pic_eoi(0x30);
		}
	}
	atomic_store(&phase, END);
	pthread_join(thread, NULL);
	assert_int_equal(fired, LOADS);
}

static void count_goes_down(void **state)
{
	unsigned v;

	program(2, 0, 0xffff);
	out8(0x61, 1);
	rig_pass(10 * MS); /* 11931 ticks */
	out8(0x43, 0x80);
	v = in8(0x42);
	v |= in8(0x42) << 8;
	assert_in_range(v, 0xffff - 11933, 0xffff - 11900);
}

static void gate_holds_the_speaker_channel(void **state)
{
	out8(0x61, 0);
	program(2, 0, 1193);
	rig_pass(10 * MS);
	assert_int_equal(in8(0x61) & 0x20, 0);
	out8(0x61, 1);
	rig_pass(MS / 2);
	assert_int_equal(in8(0x61) & 0x20, 0);
	rig_pass(MS);
	assert_int_equal(in8(0x61) & 0x20, 0x20);
}

static void read_back_tells_state(void **state)
{
	program(0, 2, 1000);
	out8(0x43, 0xe2); /* status of channel 0 */
	assert_int_equal(in8(0x40) & 0x3f, 0x34);
}

static unsigned cmos(unsigned reg)
{
	out8(0x70, reg);
	return in8(0x71);
}

static void cmos_put(unsigned reg, unsigned v)
{
	out8(0x70, reg);
	out8(0x71, v);
}

static void set_date(void)
{
	cmos_put(0x0b, 0x82);
	cmos_put(0x32, 0x20);
	cmos_put(9, 0x28);
	cmos_put(8, 0x02);
	cmos_put(7, 0x28);
	cmos_put(4, 0x23);
	cmos_put(2, 0x59);
	cmos_put(0, 0x58);
	cmos_put(0x0b, 0x02);
}

static void hands_move_over_a_leap_day(void **state)
{
	set_date();
	assert_int_equal(cmos(0), 0x58);
	rig_pass(3 * S);
	assert_int_equal(cmos(0), 0x01);
	assert_int_equal(cmos(4), 0x00);
	assert_int_equal(cmos(7), 0x29);
	assert_int_equal(cmos(8), 0x02);
	assert_int_equal(cmos(6), 3); /* 29 February 2028 is a Tuesday */
	cmos_put(0x0b, 0x06);         /* binary */
	assert_int_equal(cmos(9), 28);
}

/* time() may be a tick behind. */
static time_t host_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

/* A virtual clock begins at a fixed date, or no run could be repeated; others at the host's. */
static void hands_start_where_the_clock_says(void **state)
{
	struct tm tm;
	time_t before = host_time();

	cmos_put(0x0b, 0x06);
	assert_int_equal(cmos(9), 26);
	assert_int_equal(cmos(8), 1);
	assert_int_equal(cmos(7), 1);
	rig.clock.virtual = false;
	board_forget();
	rtc_create(&rig.config);
	cmos_put(0x0b, 0x86); /* hold them */
	memset(&tm, 0, sizeof(tm));
	tm.tm_year = (int)cmos(9) + 100;
	tm.tm_mon = (int)cmos(8) - 1;
	tm.tm_mday = (int)cmos(7);
	tm.tm_hour = (int)cmos(4);
	tm.tm_min = (int)cmos(2);
	tm.tm_sec = (int)cmos(0);
	assert_in_range(timegm(&tm), before, host_time());
}

static void alarm_comes_at_its_second(void **state)
{
	set_date();
	cmos_put(1, 0x00);
	cmos_put(3, 0x00);
	cmos_put(5, 0x00);
	cmos_put(0x0b, 0x22);
	rig_pass(1500 * MS);
	assert_int_equal(rig_irq(), -1);
	rig_pass(S);
	assert_int_equal(rig_irq(), 0x38);
	assert_int_equal(cmos(0x0c) & 0xa0, 0xa0);
	assert_int_equal(cmos(0x0c), 0);
	rig_pic_eoi(0x38);
	rig_pass(5 * S);
	assert_int_equal(rig_irq(), -1);
}

static void periodic_interrupt_has_its_rate(void **state)
{
	unsigned n = 0;

	cmos_put(0x0a, 0x2a); /* 64 Hz */
	cmos_put(0x0b, 0x42);
	for (unsigned i = 0; i < 1000; i++) {
		rig_pass(MS);
		if (rig_irq() == 0x38) {
			n++;
			assert_int_equal(cmos(0x0c) & 0xc0, 0xc0);
			rig_pic_eoi(0x38);
		}
	}
	assert_in_range(n, 63, 64);
}

static void impossible_dates_do_no_harm(void **state)
{
	for (unsigned v = 0; v < 256; v += 15)
		for (unsigned reg = 0; reg < 10; reg++) {
			cmos_put(reg, v);
			cmos_put(0x32, v);
			assert_in_range(cmos(8), 1, 0x12);
		}
}

static void pm_timer_runs_at_its_rate(void **state)
{
	uint32_t a = in32(ACPI_PM_BASE + 8), b;

	rig_pass(S);
	b = in32(ACPI_PM_BASE + 8);
	assert_in_range((b - a) & 0xffffff, 3579544, 3579546);
}

static void power_button_is_an_sci(void **state)
{
	acpi_pm_power_button();
	assert_int_equal(rig_irq(), -1); /* not enabled: nobody listens */
	assert_false(acpi_pm_enabled());
	out8(ACPI_PM_BASE + 12, 0xa0);
	out16(ACPI_PM_BASE + 2, 0x0100);
	assert_true(acpi_pm_enabled());
	assert_int_equal(rig_irq(), 0x39);
	assert_int_equal(in16(ACPI_PM_BASE) & 0x0100, 0x0100);
	out16(ACPI_PM_BASE, 0x0100);
	assert_int_equal(in16(ACPI_PM_BASE), 0);
	rig_pic_eoi(0x39);
	assert_int_equal(rig_irq(), -1);
}

static void only_s5_powers_off(void **state)
{
	out16(ACPI_PM_BASE + 4, 1 << 13 | 1 << 10);
	assert_int_equal(rig.requests, 0);
	out16(ACPI_PM_BASE + 4, 1 << 13 | ACPI_S5_TYPE << 10);
	assert_int_equal(rig.requests, 1u << BOARD_POWEROFF);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, rig_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(periodic_modes_tick),
		T(one_shots_fire_once),
		T(late_one_shot_still_fires),
		T(a_count_that_runs_out_while_it_is_loaded_still_fires),
		T(count_goes_down),
		T(gate_holds_the_speaker_channel),
		T(read_back_tells_state),
		T(hands_move_over_a_leap_day),
		T(hands_start_where_the_clock_says),
		T(alarm_comes_at_its_second),
		T(periodic_interrupt_has_its_rate),
		T(impossible_dates_do_no_harm),
		T(pm_timer_runs_at_its_rate),
		T(power_button_is_an_sci),
		T(only_s5_powers_off),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
