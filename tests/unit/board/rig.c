// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "rig.h"

struct rig rig;

static void rig_extint(struct engine *e, bool level)
{
	rig.extint = level;
}

static int rig_msi(struct engine *e, uint64_t addr, uint32_t data)
{
	rig.msis++;
	rig.msi_addr = addr;
	rig.msi_data = data;
	return rig.msi_refused ? -1 : 0;
}

static void rig_route(struct engine *e, unsigned pin, uint64_t addr, uint32_t data, bool level)
{
	rig.route_addr[pin] = addr;
}

static const struct engine_ops ops = {
	.name = "rig",
	.extint = rig_extint,
	.msi = rig_msi,
	.ioapic_route = rig_route,
};

void board_request(enum board_request what, const char *cause)
{
	rig.requests |= 1u << what;
}

int rig_up(void **state)
{
	memset(&rig, 0, sizeof(rig));
	clock_init(&rig.clock, true);
	hv_config_init(&rig.config);
	board_forget();
	pci_forget();
	board.clock = &rig.clock;
	board.engine_ops = &ops;
	board.config = &rig.config;
	return loop_init(&rig.clock);
}

int rig_down(void **state)
{
	loop_fini();
	hv_config_free(&rig.config);
	return 0;
}

uint32_t in8(uint16_t port)
{
	return board_io_read(NULL, port, 1);
}

uint32_t in16(uint16_t port)
{
	return board_io_read(NULL, port, 2);
}

uint32_t in32(uint16_t port)
{
	return board_io_read(NULL, port, 4);
}

void out8(uint16_t port, uint32_t v)
{
	board_io_write(NULL, port, 1, v);
}

void out16(uint16_t port, uint32_t v)
{
	board_io_write(NULL, port, 2, v);
}

void out32(uint16_t port, uint32_t v)
{
	board_io_write(NULL, port, 4, v);
}

void rig_pass(uint64_t ns)
{
	uint64_t end = clock_now(&rig.clock) + ns;

	while (loop_next_deadline() <= end) {
		uint64_t next = loop_next_deadline();

		if (next > clock_now(&rig.clock))
			clock_set(&rig.clock, next);
		loop_run_timers();
	}
	clock_set(&rig.clock, end);
}

int rig_irq(void)
{
	return rig.extint ? pic_ack() : -1;
}

void rig_pic_init(void)
{
	out8(0x20, 0x11);
	out8(0x21, 0x30);
	out8(0x21, 0x04);
	out8(0x21, 0x01);
	out8(0xa0, 0x11);
	out8(0xa1, 0x38);
	out8(0xa1, 0x02);
	out8(0xa1, 0x01);
	out8(0x21, 0x00);
	out8(0xa1, 0x00);
}

void rig_pic_eoi(int vector)
{
	if (vector >= 0x38)
		out8(0xa0, 0x20);
	out8(0x20, 0x20);
}

uint32_t pci_in(unsigned slot, unsigned off, unsigned size)
{
	out32(0xcf8, 0x80000000u | slot << 11 | (off & 0xfc));
	return board_io_read(NULL, (uint16_t)(0xcfc + (off & 3)), size);
}

void pci_out(unsigned slot, unsigned off, unsigned size, uint32_t v)
{
	out32(0xcf8, 0x80000000u | slot << 11 | (off & 0xfc));
	board_io_write(NULL, (uint16_t)(0xcfc + (off & 3)), size, v);
}
