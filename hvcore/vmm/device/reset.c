// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ways a PC is reset without ACPI: the keyboard controller's output port
 * (0x64, command 0xfe) and the chipset's reset control register (0xcf9).
 *
 * There is no keyboard.  The controller's output buffer always reads as full:
 * a guest that drains it before it believes in a controller gives up at once,
 * where one that never answers would cost it seconds of time-outs.
 */
#include "../board_private.h"
#include "device.h"

enum {
	I8042_RESET = 0xfe, /* pulse output line 0, the CPU's reset */
	/* Unlocked, last write was a command, self test passed, output buffer full. */
	I8042_STATUS = 0x1d,
	CF9_SYSTEM = 0x02,
	CF9_GO = 0x04,
};

static uint8_t cf9;

static uint64_t i8042_data_read(void *dev, uint64_t off, unsigned size)
{
	return 0;
}

static void i8042_data_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
}

static uint64_t i8042_status_read(void *dev, uint64_t off, unsigned size)
{
	return I8042_STATUS;
}

static void i8042_command(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	if (value == I8042_RESET)
		board_request(BOARD_RESET, "guest-reset");
}

uint8_t reset_control_read(void)
{
	return cf9;
}

void reset_control_write(uint8_t value)
{
	/* The reset happens when the go bit rises. */
	if ((value & CF9_GO) && !(cf9 & CF9_GO))
		board_request(BOARD_RESET, "guest-reset");
	cf9 = value & (CF9_SYSTEM | 0x08);
}

static const struct region_ops data_ops = {
	.read = i8042_data_read,
	.write = i8042_data_write,
	.bytes = true,
};
static const struct region_ops command_ops = {
	.read = i8042_status_read,
	.write = i8042_command,
	.bytes = true,
};

static void reset_reset(struct device *d)
{
	cf9 = 0;
}

static struct device device = {.name = "reset", .reset = reset_reset};

int reset_create(void)
{
	int rc = board_add_io(0x60, 1, &data_ops, NULL, "i8042-data");

	if (!rc)
		rc = board_add_io(0x64, 1, &command_ops, NULL, "i8042-command");
	if (!rc)
		device_register(&device);
	return rc;
}
