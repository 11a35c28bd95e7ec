// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Test guests end the domain with a byte written to port 0xf4: it is logged,
 * and the guest is off, as after S5.  Public test suites use the same port.
 */
#include "../log.h"
#include "device.h"

static uint64_t debug_read(void *dev, uint64_t off, unsigned size)
{
	return 0;
}

static void debug_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	log_line(LOG_NOTICE, "debug exit: %llu", (unsigned long long)value);
	board_request(BOARD_POWEROFF, "guest-shutdown");
}

static const struct region_ops ops = {.read = debug_read, .write = debug_write};

int debug_exit_create(void)
{
	return board_add_io(0xf4, 4, &ops, NULL, "debug-exit");
}
