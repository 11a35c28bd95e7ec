// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Both models of watchdog, register by register, as their drivers use them,
 * and as a guest could misuse them.
 */
#include "rig.h"

#include <errno.h>
#include <string.h>

#include "hvcore/vmm/device/watchdog.h"

#define MS 1000000ULL
#define S  (1000 * MS)

enum { SLOT = 1, BAR = 0xc0000000, CONFIG = 0x60, LOCK = 0x68 };

static bool bitten(void)
{
	bool yes = rig.requests & 1 << BOARD_WATCHDOG;

	rig.requests = 0;
	return yes;
}

static void reset(void)
{
	for (struct device *d = board_devices; d; d = d->next)
		d->reset(d);
}

static int setup(void **state, enum hv_watchdog_model model)
{
	rig_up(state);
	pic_create();
	ioapic_create();
	pci_create();
	rig_pic_init();
	rig.config.watchdog = model;
	rig.config.watchdog_action = HV_WATCHDOG_INJECT_NMI;
	return watchdog_create(&rig.config);
}

/* --- WDAT --- */

static int setup_wdat(void **state)
{
	return setup(state, HV_WATCHDOG_WDAT);
}

static void wdat_bites_who_does_not_feed_it(void **state)
{
	out32(WDAT_COUNT, 50);
	assert_int_equal(in32(WDAT_COUNT), 50);
	out8(WDAT_CONTROL, 1);
	assert_int_equal(in8(WDAT_CONTROL), 1);
	for (int i = 0; i < 20; i++) {
		rig_pass(4900 * MS);
		out8(WDAT_FEED, 1);
	}
	assert_false(bitten());
	assert_int_equal(in32(WDAT_LEFT), 50);
	rig_pass(1 * S);
	assert_int_equal(in32(WDAT_LEFT), 40);
	rig_pass(3999 * MS);
	assert_false(bitten());
	rig_pass(1 * MS);
	assert_true(bitten());
	assert_int_equal(in8(WDAT_STATUS), 1);
	assert_int_equal(in8(WDAT_CONTROL), 0);
	rig_pass(100 * S);
	assert_false(bitten());
}

static void wdat_says_after_a_reset_that_it_was_the_cause(void **state)
{
	out32(WDAT_COUNT, 10);
	out8(WDAT_CONTROL, 1);
	rig_pass(1 * S);
	assert_true(bitten());
	reset();
	assert_int_equal(in8(WDAT_CONTROL), 0);
	assert_int_equal(in8(WDAT_STATUS), 1);
	out8(WDAT_STATUS, 1);
	assert_int_equal(in8(WDAT_STATUS), 0);
	reset();
	assert_int_equal(in8(WDAT_STATUS), 0);
}

static void wdat_stops_and_is_stopped_by_a_reset(void **state)
{
	out32(WDAT_COUNT, 10);
	out8(WDAT_FEED, 1); /* not running: nothing begins */
	rig_pass(10 * S);
	assert_false(bitten());
	out8(WDAT_CONTROL, 1);
	rig_pass(900 * MS);
	out8(WDAT_CONTROL, 0);
	rig_pass(10 * S);
	assert_false(bitten());
	assert_int_equal(in32(WDAT_LEFT), 0);
	out8(WDAT_CONTROL, 1);
	out8(WDAT_CONTROL, 1); /* "set running" again does not feed */
	reset();
	rig_pass(10000 * S);
	assert_false(bitten());
}

static void wdat_takes_counts_within_its_table_only(void **state)
{
	static const uint32_t bad[] = {0, 1, 65536, 0xffffffff};

	out32(WDAT_COUNT, 77);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		out32(WDAT_COUNT, bad[i]);
		assert_int_equal(in32(WDAT_COUNT), 77);
	}
	out8(WDAT_COUNT, 5);
	out16(WDAT_COUNT, 5);
	assert_int_equal(in32(WDAT_COUNT), 77);
	out32(WDAT_COUNT, 65535);
	assert_int_equal(in32(WDAT_COUNT), 65535);
	assert_int_equal(in16(WDAT_COUNT + 2), 0);
	assert_int_equal(in8(WDAT_COUNT), 0xff);
	out32(WDAT_LEFT, 1);
	out8(WDAT_REBOOT, 0);
	assert_int_equal(in8(WDAT_REBOOT), 1);
}

static void wdat_stands_still_with_the_clock(void **state)
{
	out32(WDAT_COUNT, 10);
	out8(WDAT_CONTROL, 1);
	rig_pass(500 * MS);
	/* However long the domain is paused: the clock does not move, and nothing is due. */
	loop_run_timers();
	assert_int_equal(in32(WDAT_LEFT), 5);
	rig_pass(499 * MS);
	assert_false(bitten());
	rig_pass(1 * MS);
	assert_true(bitten());
}

/* --- i6300esb --- */

static int setup_esb(void **state)
{
	int rc = setup(state, HV_WATCHDOG_I6300ESB);

	pci_out(SLOT, 4, 2, 2);
	assert_int_equal(pci_in(SLOT, 0x10, 4), BAR);
	return rc;
}

static void raw(unsigned off, unsigned size, uint32_t value)
{
	board_mmio_write(NULL, BAR + off, size, value);
}

static uint32_t get(unsigned off, unsigned size)
{
	return (uint32_t)board_mmio_read(NULL, BAR + off, size);
}

/* One write behind the unlocking sequence. */
static void put(unsigned off, unsigned size, uint32_t value)
{
	raw(0x0c, 2, 0x80);
	raw(0x0c, 2, 0x86);
	raw(off, size, value);
}

/* What Linux does for a timeout of so many seconds: 512 ticks a second for each stage. */
static void esb_start(unsigned seconds)
{
	pci_out(SLOT, CONFIG, 2, 0x0003);
	put(0x00, 4, seconds << 9);
	put(0x04, 4, seconds << 9);
	put(0x0c, 2, 0x0100);
	pci_out(SLOT, LOCK, 1, 2);
}

static void esb_is_found(void **state)
{
	assert_int_equal(pci_in(SLOT, 0, 4), 0x25ab8086);
	assert_int_equal(pci_in(SLOT, LOCK, 1), 0);
	assert_int_equal(get(0x00, 4), 0xfffff);
	assert_int_equal(get(0x04, 4), 0xfffff);
	assert_int_equal(get(0x0c, 2), 0);
}

static void esb_bites_after_two_stages(void **state)
{
	esb_start(10);
	for (int i = 0; i < 20; i++) {
		rig_pass(9 * S);
		put(0x0c, 2, 0x0100);
	}
	assert_false(bitten());
	/* 2 * 5121 ticks of 33 MHz / 2^15: 10.17 s. */
	rig_pass(10160 * MS);
	assert_false(bitten());
	rig_pass(20 * MS);
	assert_true(bitten());
	assert_int_equal(get(0x0c, 2) & 0x200, 0x200);
	reset();
	pci_out(SLOT, 4, 2, 2);
	assert_int_equal(pci_in(SLOT, LOCK, 1), 0);
	assert_int_equal(get(0x0c, 2) & 0x200, 0x200); /* the cause of this boot */
	put(0x0c, 2, 0x0300);
	assert_int_equal(get(0x0c, 2), 0);
	rig_pass(10000 * S);
	assert_false(bitten());
}

static void esb_writes_need_the_sequence(void **state)
{
	static const uint16_t wrong[][2] = {{0x80, 0x80}, {0x86, 0x80}, {0x86, 0x86},
					    {0, 0x86},    {0x80, 0},    {0x81, 0x86}};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		raw(0x0c, 2, wrong[i][0]);
		raw(0x0c, 2, wrong[i][1]);
		raw(0x00, 4, 7);
		assert_int_equal(get(0x00, 4), 0xfffff);
		raw(0x04, 4, 0); /* ends whatever was begun */
	}
	raw(0x0c, 2, 0x80);
	raw(0x04, 4, 5); /* something else in between */
	raw(0x0c, 2, 0x86);
	raw(0x00, 4, 7);
	assert_int_equal(get(0x00, 4), 0xfffff);
	put(0x00, 4, 0xfff00007);
	assert_int_equal(get(0x00, 4), 7);
	raw(0x00, 4, 8); /* the sequence is used up */
	assert_int_equal(get(0x00, 4), 7);
	/* A feed without it is none. */
	esb_start(10);
	rig_pass(9 * S);
	raw(0x0c, 2, 0x0100);
	rig_pass(2 * S);
	assert_true(bitten());
}

static void esb_stops_unless_it_is_locked(void **state)
{
	esb_start(10);
	pci_out(SLOT, LOCK, 1, 0);
	rig_pass(100 * S);
	assert_false(bitten());
	esb_start(10);
	pci_out(SLOT, LOCK, 1, 3);
	pci_out(SLOT, LOCK, 1, 0);
	assert_int_equal(pci_in(SLOT, LOCK, 1), 3);
	rig_pass(11 * S);
	assert_true(bitten());
	reset();
	pci_out(SLOT, LOCK, 1, 2);
	assert_int_equal(pci_in(SLOT, LOCK, 1), 2);
	pci_out(SLOT, LOCK, 1, 0);
	assert_int_equal(pci_in(SLOT, LOCK, 1), 0);
}

static void esb_without_its_output_bites_nobody(void **state)
{
	esb_start(1);
	pci_out(SLOT, CONFIG, 2, 0x0023);
	rig_pass(100 * S);
	assert_false(bitten());
	assert_int_equal(get(0x0c, 2) & 0x200, 0x200);
}

static void esb_runs_free_for_ever(void **state)
{
	esb_start(1);
	pci_out(SLOT, LOCK, 1, 0);
	pci_out(SLOT, LOCK, 1, 6);
	rig_pass(100 * S);
	assert_false(bitten());
	assert_true(loop_next_deadline() != UINT64_MAX);
}

static void esb_warns_by_interrupt_if_asked(void **state)
{
	int vector;

	esb_start(10);
	rig_pass(6 * S);
	assert_int_equal(rig_irq(), -1); /* 3: nothing */
	put(0x0c, 2, 0x0100);
	raw(0x08, 4, 1);
	pci_out(SLOT, CONFIG, 2, 0);
	rig_pass(6 * S);
	assert_int_equal(get(0x08, 4), 1);
	vector = rig_irq();
	assert_true(vector >= 0x30);
	raw(0x08, 4, 1);
	assert_int_equal(get(0x08, 4), 0);
	rig_pic_eoi(vector);
	assert_int_equal(rig_irq(), -1);
	put(0x0c, 2, 0x0100); /* the warning was heard */
	rig_pass(9 * S);
	assert_false(bitten());
}

static void esb_has_a_fast_clock(void **state)
{
	pci_out(SLOT, CONFIG, 2, 0x0007);
	put(0x00, 4, 0xfffff);
	put(0x04, 4, 0xfffff);
	pci_out(SLOT, LOCK, 1, 2);
	/* 2 * 2^20 ticks of 33 MHz / 2^5: 2.03 s. */
	rig_pass(2030 * MS);
	assert_false(bitten());
	rig_pass(10 * MS);
	assert_true(bitten());
}

/* Counts of nothing, and writes of every size to every place, end in a bite at most. */
static void esb_survives_nonsense(void **state)
{
	static const unsigned sizes[] = {1, 2, 4, 8};
	uint32_t r = 1;

	put(0x00, 4, 0);
	put(0x04, 4, 0);
	pci_out(SLOT, LOCK, 1, 2);
	rig_pass(1 * S);
	assert_true(bitten());
	for (int i = 0; i < 20000; i++) {
		r = r * 1664525 + 1013904223;
		if (r & 0x100)
			raw(0x0c, 2, r & 0x200 ? 0x80 : 0x86);
		else if (r & 0x400)
			raw(r >> 28, sizes[r >> 20 & 3], r);
		else
			pci_out(SLOT, 0x60 + (r >> 28), 1, r);
		get(r >> 28, sizes[r >> 24 & 3]);
		if (!(i % 100))
			rig_pass(r % 1000 * MS);
	}
}

/* --- both --- */

static json_int_t query(const char *key)
{
	json_t *q = watchdog_query();
	json_t *v = json_object_get(q, key);
	json_int_t n = json_is_boolean(v) ? json_is_true(v) : json_integer_value(v);

	json_decref(q);
	return n;
}

static void it_is_told(void **state)
{
	struct hv_error err;
	json_t *q;

	assert_int_equal(query("running"), 0);
	out32(WDAT_COUNT, 100);
	out8(WDAT_CONTROL, 1);
	rig_pass(4 * S);
	assert_int_equal(query("running"), 1);
	assert_int_equal(query("timeout-ms"), 10000);
	assert_int_equal(query("left-ms"), 6000);
	rig_pass(6 * S);
	assert_int_equal(query("running"), 0);
	assert_int_equal(query("left-ms"), 0);
	assert_int_equal(query("bites"), 1);
	assert_int_equal(watchdog_action(), HV_WATCHDOG_INJECT_NMI);
	assert_int_equal(watchdog_set_action("pause", &err), 0);
	assert_int_equal(watchdog_action(), HV_WATCHDOG_PAUSE);
	assert_int_equal(watchdog_set_action("dump", &err), -EINVAL);
	assert_int_equal(watchdog_action(), HV_WATCHDOG_PAUSE);
	rig.config.watchdog = HV_WATCHDOG_NONE;
	assert_int_equal(watchdog_create(&rig.config), 0);
	q = watchdog_query();
	assert_true(json_is_null(q));
	json_decref(q);
}

#define WDAT(f) cmocka_unit_test_setup_teardown(f, setup_wdat, rig_down)
#define ESB(f)  cmocka_unit_test_setup_teardown(f, setup_esb, rig_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WDAT(wdat_bites_who_does_not_feed_it),
		WDAT(wdat_says_after_a_reset_that_it_was_the_cause),
		WDAT(wdat_stops_and_is_stopped_by_a_reset),
		WDAT(wdat_takes_counts_within_its_table_only),
		WDAT(wdat_stands_still_with_the_clock),
		ESB(esb_is_found),
		ESB(esb_bites_after_two_stages),
		ESB(esb_writes_need_the_sequence),
		ESB(esb_stops_unless_it_is_locked),
		ESB(esb_without_its_output_bites_nobody),
		ESB(esb_runs_free_for_ever),
		ESB(esb_warns_by_interrupt_if_asked),
		ESB(esb_has_a_fast_clock),
		ESB(esb_survives_nonsense),
		WDAT(it_is_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
