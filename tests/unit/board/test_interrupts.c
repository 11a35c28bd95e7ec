// SPDX-License-Identifier: GPL-2.0-or-later
/* The 8259 pair and the IOAPIC. */
#include "rig.h"

static int setup(void **state)
{
	rig_up(state);
	pic_create();
	ioapic_create();
	rig_pic_init();
	return 0;
}

static void edge_is_latched_once(void **state)
{
	irq_set(4, true);
	assert_int_equal(rig_irq(), 0x34);
	assert_int_equal(rig_irq(), -1);
	rig_pic_eoi(0x34);
	assert_int_equal(rig_irq(), -1); /* still high, but no new edge */
	irq_set(4, false);
	irq_set(4, true);
	assert_int_equal(rig_irq(), 0x34);
}

static void priority_blocks_what_is_lower(void **state)
{
	irq_set(4, true);
	irq_set(1, true);
	assert_int_equal(rig_irq(), 0x31);
	assert_int_equal(rig_irq(), -1); /* 4 waits for 1's EOI */
	irq_set(0, true);
	assert_int_equal(rig_irq(), 0x30); /* 0 interrupts 1's handler */
	rig_pic_eoi(0x30);
	rig_pic_eoi(0x31);
	assert_int_equal(rig_irq(), 0x34);
}

static void second_chip_cascades(void **state)
{
	irq_set(8, true);
	assert_int_equal(rig_irq(), 0x38);
	irq_set(14, true);
	assert_int_equal(rig_irq(), -1);
	rig_pic_eoi(0x38);
	assert_int_equal(rig_irq(), 0x3e);
	rig_pic_eoi(0x3e);
	assert_int_equal(rig_irq(), -1);
}

static void level_comes_again_until_it_falls(void **state)
{
	irq_set(11, true); /* level-triggered from power-on (ELCR) */
	assert_int_equal(rig_irq(), 0x3b);
	rig_pic_eoi(0x3b);
	assert_int_equal(rig_irq(), 0x3b);
	irq_set(11, false);
	rig_pic_eoi(0x3b);
	assert_int_equal(rig_irq(), -1);
}

static void mask_holds_back(void **state)
{
	out8(0x21, 0x10);
	irq_set(4, true);
	assert_int_equal(rig_irq(), -1);
	out8(0x21, 0x00);
	assert_int_equal(rig_irq(), 0x34);
}

static void withdrawn_line_is_spurious(void **state)
{
	irq_set(3, true);
	assert_true(rig.extint);
	irq_set(3, false);
	assert_false(rig.extint);
	assert_int_equal(pic_ack(), 0x37); /* the processor had already begun */
	out8(0x20, 0x0b);
	assert_int_equal(in8(0x20), 0); /* and nothing is in service */
}

static void specific_eoi_and_rotation(void **state)
{
	irq_set(3, true);
	assert_int_equal(rig_irq(), 0x33);
	out8(0x20, 0xe3); /* rotate on specific EOI 3: 4 is now the highest */
	irq_set(0, true);
	irq_set(4, true);
	assert_int_equal(rig_irq(), 0x34);
}

static void auto_eoi_leaves_nothing_in_service(void **state)
{
	out8(0x20, 0x11);
	out8(0x21, 0x30);
	out8(0x21, 0x04);
	out8(0x21, 0x03);
	out8(0x21, 0x00);
	irq_set(4, false);
	irq_set(4, true);
	assert_int_equal(rig_irq(), 0x34);
	out8(0x20, 0x0b);
	assert_int_equal(in8(0x20), 0);
}

static void poll_acknowledges(void **state)
{
	irq_set(5, true);
	out8(0x20, 0x0c);
	assert_int_equal(in8(0x20), 0x85);
	out8(0x20, 0x0b);
	assert_int_equal(in8(0x20), 0x20);
}

static void rte(unsigned pin, uint64_t v)
{
	board_mmio_write(NULL, IOAPIC_BASE, 4, 0x10 + 2 * pin);
	board_mmio_write(NULL, IOAPIC_BASE + 0x10, 4, (uint32_t)v);
	board_mmio_write(NULL, IOAPIC_BASE, 4, 0x11 + 2 * pin);
	board_mmio_write(NULL, IOAPIC_BASE + 0x10, 4, v >> 32);
}

static uint32_t rte_low(unsigned pin)
{
	board_mmio_write(NULL, IOAPIC_BASE, 4, 0x10 + 2 * pin);
	return (uint32_t)board_mmio_read(NULL, IOAPIC_BASE + 0x10, 4);
}

static void ioapic_edge_sends_a_message(void **state)
{
	rte(4, 0x0300000000000041ULL);
	irq_set(4, true);
	assert_int_equal(rig.msis, 1);
	assert_int_equal(rig.msi_addr, 0xfee03000);
	assert_int_equal(rig.msi_data & 0xff, 0x41);
	irq_set(4, true);
	assert_int_equal(rig.msis, 1);
}

static void ioapic_level_waits_for_the_eoi(void **state)
{
	rte(17, 0x8051);
	irq_set(17, true);
	assert_int_equal(rig.msis, 1);
	assert_int_equal(rte_low(17) & 0x4000, 0x4000);
	irq_set(17, false);
	irq_set(17, true);
	assert_int_equal(rig.msis, 1);
	ioapic_eoi(0x52); /* somebody else's */
	assert_int_equal(rig.msis, 1);
	ioapic_eoi(0x51); /* still high: again */
	assert_int_equal(rig.msis, 2);
	irq_set(17, false);
	ioapic_eoi(0x51);
	assert_int_equal(rig.msis, 2);
	assert_int_equal(rte_low(17) & 0x4000, 0);
}

static void ioapic_mask_holds_a_level(void **state)
{
	rte(18, 0x18061);
	irq_set(18, true);
	assert_int_equal(rig.msis, 0);
	assert_int_equal(rig.route_addr[18], 0);
	rte(18, 0x8061);
	assert_int_equal(rig.msis, 1);
	assert_int_not_equal(rig.route_addr[18], 0);
}

static void timer_is_pin_two(void **state)
{
	rte(2, 0x30);
	irq_set(0, true);
	assert_int_equal(rig.msis, 1);
}

static void ioapic_says_what_it_is(void **state)
{
	board_mmio_write(NULL, IOAPIC_BASE, 4, 1);
	assert_int_equal(board_mmio_read(NULL, IOAPIC_BASE + 0x10, 4), 0x170020);
	board_mmio_write(NULL, IOAPIC_BASE, 4, 0xff); /* no such register */
	board_mmio_write(NULL, IOAPIC_BASE + 0x10, 4, ~0u);
	assert_int_equal(board_mmio_read(NULL, IOAPIC_BASE + 0x10, 4), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, rig_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(edge_is_latched_once),
		T(priority_blocks_what_is_lower),
		T(second_chip_cascades),
		T(level_comes_again_until_it_falls),
		T(mask_holds_back),
		T(withdrawn_line_is_spurious),
		T(specific_eoi_and_rotation),
		T(auto_eoi_leaves_nothing_in_service),
		T(poll_acknowledges),
		T(ioapic_edge_sends_a_message),
		T(ioapic_level_waits_for_the_eoi),
		T(ioapic_mask_holds_a_level),
		T(timer_is_pin_two),
		T(ioapic_says_what_it_is),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
