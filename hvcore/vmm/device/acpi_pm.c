// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ACPI's fixed hardware (ACPI 6.4 §4.8), at ACPI_PM_BASE:
 *
 *   +0  PM1 status    bit 0 timer, 5 global lock, 8 power button, 15 wake
 *   +2  PM1 enable    the same bits
 *   +4  PM1 control   bit 0 SCI enable, 10..12 sleep type, 13 sleep enable
 *   +8  PM timer      24 bits at 3.579545 MHz
 *   +12 SMI command   0xa0 takes ACPI over, 0xa1 gives it back
 *
 * The SCI is level-triggered: high while an enabled status bit is set.
 */
#include <string.h>

#include "../board_private.h"
#include "../clock.h"
#include "../loop.h"
#include "device.h"

#define PM_HZ 3579545ULL
#define NS    1000000000ULL

enum {
	TIMER = 0x0001,
	GLOBAL = 0x0020,
	BUTTON = 0x0100,
	RTC = 0x0400, /* can be enabled; nothing wakes by it */
	WAKE = 0x8000,
	CONTROL_SCI = 0x0001,
	CONTROL_SLEEP = 0x2000,
	TIMER_HALF = 1 << 23, /* the status bit is set when bit 23 changes */
	CMD_ENABLE = 0xa0,
	CMD_DISABLE = 0xa1,
};

static struct {
	uint16_t status, enable, control;
	struct loop_timer carry;
} pm;

static uint64_t ticks(void)
{
	return (uint64_t)((unsigned __int128)clock_now(board.clock) * PM_HZ / NS);
}

static void update(void)
{
	irq_set(ACPI_SCI, (pm.status & pm.enable) && (pm.control & CONTROL_SCI));
}

static void arm_carry(void)
{
	uint64_t next = (ticks() / TIMER_HALF + 1) * TIMER_HALF;

	if (pm.enable & TIMER)
		loop_timer_arm(&pm.carry,
			       (uint64_t)(((unsigned __int128)next * NS + PM_HZ - 1) / PM_HZ));
	else
		loop_timer_cancel(&pm.carry);
}

static void carried(struct loop_timer *t)
{
	pm.status |= TIMER;
	update();
	arm_carry();
}

void acpi_pm_power_button(void)
{
	pm.status |= BUTTON;
	update();
}

bool acpi_pm_enabled(void)
{
	return (pm.control & CONTROL_SCI) && (pm.enable & BUTTON);
}

static void write_control(uint16_t v)
{
	if ((v & CONTROL_SLEEP) && (v >> 10 & 7) == ACPI_S5_TYPE)
		board_request(BOARD_POWEROFF, "guest-shutdown");
	pm.control = v & (CONTROL_SCI | 0x1c02);
	update();
}

/* The registers as a 16-bit array; bytes are parts of it. */
static uint64_t pm_read(void *dev, uint64_t off, unsigned size)
{
	const uint16_t regs[] = {pm.status, pm.enable, pm.control, 0};
	uint32_t t = (uint32_t)ticks() & 0xffffff;

	if (off >= 12)
		return 0;
	if (off >= 8)
		return t >> 8 * (off & 3);
	if (size == 4)
		return regs[off / 2] | (uint32_t)regs[off / 2 + 1] << 16;
	return regs[off / 2] >> 8 * (off & 1);
}

static void write_word(unsigned reg, uint16_t v, uint16_t mask)
{
	switch (reg) {
	case 0: pm.status &= (uint16_t) ~(v & mask); break; /* write 1 to clear */
	case 1:
		pm.enable = (uint16_t)(((pm.enable & ~mask) | (v & mask)) &
				       (TIMER | GLOBAL | BUTTON | RTC));
		arm_carry();
		break;
	case 2: write_control((uint16_t)((pm.control & ~mask) | (v & mask))); break;
	}
	update();
}

static void pm_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	if (off == 12 && value == CMD_ENABLE)
		pm.control |= CONTROL_SCI;
	if (off == 12 && value == CMD_DISABLE)
		pm.control &= (uint16_t)~CONTROL_SCI;
	if (off >= 8) {
		update();
		return;
	}
	if (size == 1) {
		write_word((unsigned)off / 2, (uint16_t)(value << 8 * (off & 1)),
			   (uint16_t)(0xff << 8 * (off & 1)));
		return;
	}
	write_word((unsigned)off / 2, (uint16_t)value, 0xffff);
	if (size == 4)
		write_word((unsigned)off / 2 + 1, (uint16_t)(value >> 16), 0xffff);
}

static const struct region_ops ops = {.read = pm_read, .write = pm_write};

static void pm_reset(struct device *d)
{
	pm.status = pm.enable = pm.control = 0;
	loop_timer_cancel(&pm.carry);
	update();
}

static struct device device = {.name = "acpi-pm", .reset = pm_reset};

int acpi_pm_create(void)
{
	int rc = board_add_io(ACPI_PM_BASE, 16, &ops, NULL, "acpi-pm");

	if (!rc) {
		memset(&pm, 0, sizeof(pm));
		pm.carry.expired = carried;
		pm_reset(&device);
		device_register(&device);
	}
	return rc;
}
