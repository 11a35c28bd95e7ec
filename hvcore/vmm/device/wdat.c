// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The watchdog that ACPI's table WDAT describes: a countdown behind a few
 * ports (watchdog.h), for kernels whose one driver is wdat_wdt.
 */
#include <string.h>

#include "../board.h"
#include "../clock.h"
#include "../loop.h"
#include "device.h"
#include "watchdog.h"

enum { RUNNING = 1, BITTEN = 1 };
#define PERIOD_NS (WDAT_PERIOD_MS * 1000000ULL)

static struct {
	uint32_t count;
	bool running;
	bool bitten; /* outlives a reset */
	struct loop_timer timer;
} wdat;

static void feed(void)
{
	if (!wdat.running)
		return;
	loop_timer_arm(&wdat.timer, clock_now(board.clock) + wdat.count * PERIOD_NS);
	watchdog_started(wdat.count * PERIOD_NS);
}

static void stop(void)
{
	wdat.running = false;
	loop_timer_cancel(&wdat.timer);
	watchdog_stopped();
}

static void expired(struct loop_timer *t)
{
	stop();
	wdat.bitten = true;
	watchdog_bite();
}

static uint32_t left(void)
{
	uint64_t now = clock_now(board.clock);

	if (!wdat.running || wdat.timer.deadline <= now)
		return 0;
	return (uint32_t)((wdat.timer.deadline - now + PERIOD_NS - 1) / PERIOD_NS);
}

static uint64_t wdat_read(void *dev, uint64_t off, unsigned size)
{
	const uint32_t regs[] = {
		(uint32_t)(wdat.running << 8 | wdat.bitten << 16 | 1 << 24),
		wdat.count,
		left(),
	};

	return regs[off / 4] >> 8 * (off & 3);
}

static void wdat_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	switch (off + WDAT_BASE) {
	case WDAT_FEED:
		if (value & 1)
			feed();
		break;
	case WDAT_CONTROL:
		if ((value & RUNNING) && !wdat.running) {
			wdat.running = true;
			feed();
		} else if (!(value & RUNNING)) {
			stop();
		}
		break;
	case WDAT_STATUS:
		if (value & BITTEN)
			wdat.bitten = false;
		break;
	case WDAT_COUNT:
		if (value < WDAT_COUNT_MIN || value > WDAT_COUNT_MAX || size != 4) {
			guest_fault("wdat", "a count of %llu: the table says %d to %d",
				    (unsigned long long)value, WDAT_COUNT_MIN, WDAT_COUNT_MAX);
			break;
		}
		/* Counts from the next feed on. */
		wdat.count = (uint32_t)value;
		break;
	}
}

static const struct region_ops ops = {.read = wdat_read, .write = wdat_write};

static void wdat_reset(struct device *d)
{
	stop();
	wdat.count = WDAT_COUNT_MAX;
}

static struct device device = {.name = "wdat", .reset = wdat_reset};

int wdat_create(void)
{
	int rc = board_add_io(WDAT_BASE, WDAT_PORTS, &ops, NULL, "wdat");

	if (rc)
		return rc;
	memset(&wdat, 0, sizeof(wdat));
	wdat.timer.expired = expired;
	wdat_reset(&device);
	device_register(&device);
	return 0;
}
