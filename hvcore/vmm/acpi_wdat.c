// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The watchdog action table (Microsoft's "Hardware Watchdog Timers Design
 * Specification", which ACPI reserves the name WDAT for): what to read and
 * write, at which port, to do what with the watchdog.
 */
#include <string.h>

#include "acpi.h"
#include "device/watchdog.h"

enum {
	BODY = 32, /* the watchdog header, between the table's own and its entries */
	ENTRY = 24,
	NO_PCI = 0xff,
	ENABLED = 0x01,
	STOPPED_IN_SLEEP = 0x80,
	IO_SPACE = 1,
	READ_VALUE = 0,
	READ_COUNTDOWN = 1,
	WRITE_VALUE = 2,
	WRITE_COUNTDOWN = 3,
};

static const struct {
	uint8_t action, instruction, bytes;
	uint16_t port;
	uint32_t value, mask;
} entries[] = {
	{0x01, WRITE_VALUE, 1, WDAT_FEED, 1, 1},               /* reset: count anew */
	{0x04, READ_COUNTDOWN, 4, WDAT_LEFT, 0, 0xffffffff},   /* current countdown */
	{0x05, READ_COUNTDOWN, 4, WDAT_COUNT, 0, 0xffffffff},  /* countdown period */
	{0x06, WRITE_COUNTDOWN, 4, WDAT_COUNT, 0, 0xffffffff}, /* set it */
	{0x08, READ_VALUE, 1, WDAT_CONTROL, 1, 1},             /* running? */
	{0x09, WRITE_VALUE, 1, WDAT_CONTROL, 1, 1},            /* set running */
	{0x0a, READ_VALUE, 1, WDAT_CONTROL, 0, 1},             /* stopped? */
	{0x0b, WRITE_VALUE, 1, WDAT_CONTROL, 0, 1},            /* set stopped */
	{0x10, READ_VALUE, 1, WDAT_REBOOT, 1, 1},              /* does it reboot? */
	{0x11, WRITE_VALUE, 1, WDAT_REBOOT, 1, 1},             /* set that it does */
	{0x20, READ_VALUE, 1, WDAT_STATUS, 1, 1},              /* has it bitten? */
	{0x21, WRITE_VALUE, 1, WDAT_STATUS, 1, 1},             /* forget that */
};

static void put(uint8_t *at, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(v >> 8 * i);
}

static void put_entry(uint8_t *at, size_t i)
{
	at[0] = entries[i].action;
	at[1] = entries[i].instruction;
	/* A generic address (ACPI 6.4 section 5.2.3.2). */
	at[4] = IO_SPACE;
	at[5] = (uint8_t)(8 * entries[i].bytes);
	at[7] = entries[i].bytes == 4 ? 3 : entries[i].bytes;
	put(at + 8, entries[i].port, 8);
	put(at + 16, entries[i].value, 4);
	put(at + 20, entries[i].mask, 4);
}

size_t acpi_wdat(uint8_t *out, size_t size)
{
	const size_t n = sizeof(entries) / sizeof(entries[0]), len = BODY + n * ENTRY;

	if (len > size)
		return len;
	memset(out, 0, len);
	put(out, BODY, 4);
	put(out + 4, NO_PCI, 2); /* not on PCI: segment, bus, device, function */
	out[6] = out[7] = out[8] = NO_PCI;
	put(out + 12, WDAT_PERIOD_MS, 4);
	put(out + 16, WDAT_COUNT_MAX, 4);
	put(out + 20, WDAT_COUNT_MIN, 4);
	out[24] = ENABLED | STOPPED_IN_SLEEP;
	put(out + 28, n, 4);
	for (size_t i = 0; i < n; i++)
		put_entry(out + BODY + i * ENTRY, i);
	return len;
}
