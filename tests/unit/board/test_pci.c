// SPDX-License-Identifier: GPL-2.0-or-later
/* Configuration space, BARs, MSI-X and interrupt lines, as a guest sees them. */
#include <errno.h>

#include "rig.h"

static uint64_t toy_value;

static uint64_t toy_read(void *dev, uint64_t off, unsigned size)
{
	return (uintptr_t)dev + off;
}

static void toy_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	toy_value = value;
}

static const struct region_ops toy_ops = {.read = toy_read, .write = toy_write};
static uint64_t moved_to;

static void toy_moved(struct pci_device *d, unsigned bar, uint64_t old, uint64_t now)
{
	moved_to = now;
}

static struct pci_device toy[9];

static int setup(void **state)
{
	rig_up(state);
	pic_create();
	ioapic_create();
	pci_create();
	rig_pic_init();
	for (unsigned i = 0; i < 9; i++) {
		toy[i] = (struct pci_device){
			.name = "toy",
			.vendor = 0x1af4,
			.device = 0x1042,
			.class_rev = 0x01800001,
			.bar[0] = {.size = 0x4000, .ops = &toy_ops, .moved = toy_moved},
			.msix_vectors = 3,
			.dev = (void *)0x1000,
		};
		assert_int_equal(pci_add(&toy[i]), 0);
	}
	return 0;
}

static void absent_slots_read_ones(void **state)
{
	assert_int_equal(pci_in(0, 0, 4), 0x00081b36);
	assert_int_equal(pci_in(1, 0, 4), 0x10421af4);
	assert_int_equal(pci_in(20, 0, 4), 0xffffffff);
	out32(0xcf8, 0x80010000); /* another bus */
	assert_int_equal(in32(0xcfc), 0xffffffff);
	out32(0xcf8, 1 << 11); /* not enabled */
	assert_int_equal(in32(0xcfc), 0xffffffff);
	assert_int_equal(pci_in(1, 2, 2), 0x1042);
	assert_int_equal(pci_in(1, 3, 1), 0x10);
}

static struct pci_device more[PCI_DEVICES_MAX];

static uint32_t function_in(unsigned slot, unsigned function, unsigned off, unsigned size)
{
	out32(0xcf8, 0x80000000u | slot << 11 | function << 8 | (off & 0xfc));
	return board_io_read(NULL, (uint16_t)(0xcfc + (off & 3)), size);
}

/* A full bus: every device answers at a place of its own, and no one too many is taken. */
static void slots_get_further_functions(void **state)
{
	unsigned n = 9;

	assert_int_equal(pci_in(1, 0x0e, 1), 0);
	for (; n < PCI_DEVICES_MAX - 1; n++) {
		more[n] = (struct pci_device){.name = "more",
					      .device = (uint16_t)n,
					      .bar[0] = {.size = 0x1000, .ops = &toy_ops}};
		assert_int_equal(pci_add(&more[n]), 0);
	}
	assert_int_equal(pci_add(&(struct pci_device){.name = "one too many"}), -ENOSPC);
	assert_int_equal(pci_in(0, 0x0e, 1), 0);
	for (unsigned slot = 1; slot < PCI_SLOTS; slot++) {
		assert_int_equal(pci_in(slot, 0x0e, 1), 0x80);
		for (unsigned f = 1; f < PCI_FUNCTIONS; f++) {
			assert_int_equal(function_in(slot, f, 2, 2), slot - 1 + f * 31);
			assert_int_equal(function_in(slot, f, 0x3d, 1), 1);
			assert_int_equal(function_in(slot, f, 0x3c, 1), pci_isa_irq(slot));
		}
	}
	assert_int_equal(function_in(0, 1, 0, 4), 0xffffffff); /* the bridge has one function */
	/* Functions of a slot share its line. */
	pci_intx(&more[31], true);
	pci_intx(&toy[0], true);
	assert_int_equal(more[31].slot, 1);
	assert_int_equal(rig_irq(), 0x30 + 10);
	pci_intx(&toy[0], false);
	assert_int_equal(rig_irq(), -1); /* in service */
	rig_pic_eoi(0x30 + 10);
	assert_int_equal(rig_irq(), 0x30 + 10); /* a level: the other holds it */
	pci_intx(&more[31], false);
	rig_pic_eoi(0x30 + 10);
	assert_int_equal(rig_irq(), -1);
}

static void bars_tell_their_size_and_are_mapped(void **state)
{
	uint32_t bar = pci_in(1, 0x10, 4);

	assert_in_range(bar, PCI_MMIO_BASE, PCI_MMIO_END);
	assert_int_equal(board_mmio_read(NULL, bar, 4), 0xffffffff); /* decoding is off */
	pci_out(1, 0x10, 4, 0xffffffff);
	assert_int_equal(pci_in(1, 0x10, 4), 0xffffc000);
	pci_out(1, 0x10, 4, bar);
	pci_out(1, 4, 2, 6);
	assert_int_equal(moved_to, bar);
	assert_int_equal(board_mmio_read(NULL, bar + 8, 4), 0x1008);
	board_mmio_write(NULL, bar, 4, 77);
	assert_int_equal(toy_value, 77);
}

static void bars_follow_the_guest(void **state)
{
	uint32_t bar = pci_in(1, 0x10, 4);

	pci_out(1, 4, 2, 2);
	pci_out(1, 0x10, 4, 0xd0000000);
	assert_int_equal(board_mmio_read(NULL, bar, 4), 0xffffffff);
	assert_int_equal(board_mmio_read(NULL, 0xd0000004, 4), 0x1004);
	/* Over RAM, over the IOAPIC, over another BAR: not there, and nothing else suffers. */
	pci_out(1, 0x10, 4, 0x00100000);
	assert_int_equal(moved_to, 0);
	pci_out(1, 0x10, 4, 0xfec00000);
	assert_int_equal(moved_to, 0);
	pci_out(2, 4, 2, 2);
	pci_out(1, 0x10, 4, pci_in(2, 0x10, 4));
	assert_int_equal(moved_to, 0);
	assert_int_equal(board_mmio_read(NULL, pci_in(2, 0x10, 4), 4), 0x1000);
	pci_out(1, 0x10, 4, 0xd0000000);
	assert_int_equal(moved_to, 0xd0000000);
}

static unsigned find_cap(unsigned slot, unsigned id)
{
	unsigned at = pci_in(slot, 0x34, 1), n = 0;

	while (at && pci_in(slot, at, 1) != id && n++ < 48)
		at = pci_in(slot, at + 1, 1);
	return at;
}

static uint64_t msix_on(unsigned ctrl)
{
	unsigned cap = find_cap(1, 0x11);

	assert_int_not_equal(cap, 0);
	assert_int_equal(pci_in(1, cap + 2, 2) & 0x7ff, 2);
	assert_int_equal(pci_in(1, cap + 4, 4) & 7, 1);
	pci_out(1, 4, 2, 6);
	pci_out(1, cap + 2, 2, ctrl);
	return pci_in(1, 0x14, 4);
}

static void msix_sends_what_the_table_says(void **state)
{
	uint64_t table = msix_on(0x8000);

	pci_msix_fire(&toy[0], 1);
	assert_int_equal(rig.msis, 0); /* masked from reset: pending */
	assert_int_equal(board_mmio_read(NULL, table + 2048, 4), 2);
	board_mmio_write(NULL, table + 16, 8, 0xfee01000);
	board_mmio_write(NULL, table + 24, 4, 0x55);
	board_mmio_write(NULL, table + 28, 4, 0);
	assert_int_equal(rig.msis, 1);
	assert_int_equal(rig.msi_addr, 0xfee01000);
	assert_int_equal(rig.msi_data, 0x55);
	assert_int_equal(board_mmio_read(NULL, table + 2048, 4), 0);
	pci_msix_fire(&toy[0], 1);
	assert_int_equal(rig.msis, 2);
	pci_msix_fire(&toy[0], 3); /* no such vector */
	assert_int_equal(rig.msis, 2);
}

static void msix_function_mask_holds_all(void **state)
{
	uint64_t table = msix_on(0xc000);
	unsigned cap = find_cap(1, 0x11);

	board_mmio_write(NULL, table + 12, 4, 0);
	pci_msix_fire(&toy[0], 0);
	assert_int_equal(rig.msis, 0);
	pci_out(1, cap + 2, 2, 0x8000);
	assert_int_equal(rig.msis, 1);
}

static void refused_message_is_the_guests_fault(void **state)
{
	uint64_t table = msix_on(0x8000);
	uint64_t before = board_counters.guest_faults;

	rig.msi_refused = true;
	board_mmio_write(NULL, table + 12, 4, 0);
	pci_msix_fire(&toy[0], 0);
	assert_int_equal(board_counters.guest_faults, before + 1);
}

static void intx_lines_are_shared(void **state)
{
	/* Slots 1 and 9 have the same line: ISA 10 for the PIC. */
	pci_intx(&toy[0], true);
	pci_intx(&toy[8], true);
	assert_int_equal(rig_irq(), 0x30 + (int)pci_isa_irq(1));
	pci_intx(&toy[0], false);
	rig_pic_eoi(0x3a);
	assert_int_equal(rig_irq(), 0x3a);
	pci_intx(&toy[8], false);
	rig_pic_eoi(0x3a);
	assert_int_equal(rig_irq(), -1);
	assert_int_equal(pci_in(1, 6, 2) & 8, 0);
}

static void command_and_msix_silence_intx(void **state)
{
	pci_out(1, 4, 2, 0x400);
	pci_intx(&toy[0], true);
	assert_int_equal(rig_irq(), -1);
	assert_int_equal(pci_in(1, 6, 2) & 8, 8); /* status shows it all the same */
	pci_out(1, 4, 2, 0);
	assert_int_equal(rig_irq(), 0x3a);
	msix_on(0x8000);
	assert_false(pic_ack() == 0x3a);
}

static void reset_puts_everything_back(void **state)
{
	uint32_t bar = pci_in(1, 0x10, 4);
	uint64_t table = msix_on(0x8000);

	board_mmio_write(NULL, table, 8, 0xfee01000);
	board_mmio_write(NULL, table + 12, 4, 0);
	pci_out(1, 0x10, 4, 0xd0000000);
	pci_intx(&toy[0], true);
	pci_reset(&toy[0]);
	assert_int_equal(pci_in(1, 0x10, 4), bar);
	assert_int_equal(pci_in(1, 4, 2), 0);
	assert_false(pci_msix_enabled(&toy[0]));
	assert_int_equal(toy[0].msix[0].addr, 0);
	assert_int_equal(toy[0].msix[0].ctrl, 1);
	assert_int_equal(rig_irq(), -1);
}

static unsigned window_on(unsigned slot)
{
	static const uint8_t body[18] = {20, 5};
	unsigned at = pci_add_cap(&toy[slot - 1], 9, body, 20);

	pci_window(&toy[slot - 1], at);
	return at;
}

static void window_set(unsigned slot, unsigned at, unsigned bar, uint32_t off, uint32_t len)
{
	pci_out(slot, at + 4, 1, bar);
	pci_out(slot, at + 8, 4, off);
	pci_out(slot, at + 12, 4, len);
}

/* virtio 1.2 §4.1.4.9: before any BAR is mapped. */
static void window_reaches_the_bars(void **state)
{
	unsigned at = window_on(2);

	assert_int_equal(pci_in(2, at + 16, 4), 0); /* not set up: the field as it was written */
	window_set(2, at, 0, 0x234, 4);
	assert_int_equal(pci_in(2, at + 16, 4), 0x1234);
	window_set(2, at, 0, 0x3ffe, 2);
	assert_int_equal(pci_in(2, at + 16, 2), 0x4ffe);
	pci_out(2, at + 16, 4, 0xabcd1234);
	assert_int_equal(toy_value, 0x1234); /* as wide as it was said to be */
	window_set(2, at, 0, 0, 1);
	pci_out(2, at + 16, 1, 0x77);
	assert_int_equal(toy_value, 0x77);
	/* BAR 1 is the MSI-X table. */
	window_set(2, at, 1, 8, 4);
	pci_out(2, at + 16, 4, 0x4041);
	assert_int_equal(toy[1].msix[0].data, 0x4041);
	assert_int_equal(pci_in(2, at + 16, 4), 0x4041);
	/* Other fields are read without touching the BAR. */
	assert_int_equal(pci_in(2, at + 8, 4), 8);
	assert_int_equal(pci_in(2, at + 3, 1), 5);
	pci_reset(&toy[1]);
	assert_int_equal(pci_in(2, at + 12, 4), 0);
	assert_int_equal(pci_in(2, at + 2, 1), 20);
}

static void window_set_wrongly_does_nothing(void **state)
{
	static const struct {
		unsigned bar;
		uint32_t off, len;
	} wrong[] = {
		{0, 0x4000, 1},     {0, 0x3ffe, 4},      {0, 2, 4}, {0, 0, 0},
		{0, 0, 3},          {0, 0, 8},           {2, 0, 4}, {6, 0, 4},
		{255, 0, 4},        {1, 4096, 4},        {0, 1, 2}, {0, ~0u, 1},
		{0, 0xfffffffc, 4}, {0, 0, 0x80000004u},
	};
	unsigned at = window_on(2);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		window_set(2, at, 0, 0, 4);
		pci_out(2, at + 16, 4, 1);
		window_set(2, at, wrong[i].bar, wrong[i].off, wrong[i].len);
		pci_out(2, at + 16, 4, 99);
		assert_int_equal(toy_value, 1);
		assert_int_equal(pci_in(2, at + 16, 4), 99);
	}
}

static void reset_control_register_resets(void **state)
{
	out8(0xcf9, 0x02);
	assert_int_equal(rig.requests, 0);
	out8(0xcf9, 0x06);
	assert_int_equal(rig.requests, 1u << BOARD_RESET);
}

static void keyboard_controller_resets(void **state)
{
	reset_create();
	assert_int_equal(in8(0x64) & 2, 0); /* ready for a command */
	out8(0x64, 0xfe);
	assert_int_equal(rig.requests, 1u << BOARD_RESET);
}

static void pvpanic_is_at_both_places(void **state)
{
	unsigned slot = 10;

	assert_int_equal(pvpanic_create(), 0);
	assert_int_equal(pci_in(slot, 0, 4), 0x00111b36);
	assert_int_equal(in8(PVPANIC_PORT), 3);
	out8(PVPANIC_PORT, 4); /* unknown */
	assert_int_equal(rig.requests, 0);
	pci_out(slot, 4, 2, 2);
	board_mmio_write(NULL, pci_in(slot, 0x10, 4), 1, 1);
	assert_int_equal(rig.requests, 1u << BOARD_PANIC);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, rig_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(slots_get_further_functions),         T(absent_slots_read_ones),
		T(bars_tell_their_size_and_are_mapped), T(bars_follow_the_guest),
		T(msix_sends_what_the_table_says),      T(msix_function_mask_holds_all),
		T(refused_message_is_the_guests_fault), T(intx_lines_are_shared),
		T(command_and_msix_silence_intx),       T(window_reaches_the_bars),
		T(window_set_wrongly_does_nothing),     T(reset_puts_everything_back),
		T(reset_control_register_resets),       T(keyboard_controller_resets),
		T(pvpanic_is_at_both_places),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
