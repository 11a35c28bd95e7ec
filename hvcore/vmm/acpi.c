// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tables and their place in memory.  Not hardware-reduced: a guest in
 * software emulation needs the PIT and the PM timer to find its clock.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "acpi.h"
#include "board.h"
#include "device/device.h"
#include "ram.h"

enum {
	HEADER = 36,
	ALIGN = 64,
	RSDP_LEN = 36,
	FACS_LEN = 64,
	FADT_LEN = 276,
	DSDT_MAX = 16384,
	FADT_WBINVD = 1 << 0,
	FADT_C1 = 1 << 2,
	FADT_NO_SLEEP_BUTTON = 1 << 5,
	FADT_NO_RTC_WAKE = 1 << 6,
	FADT_RESET = 1 << 10,
	BOOT_LEGACY = 1 << 0,
	BOOT_NO_VGA = 1 << 2,
	MADT_PCAT = 1,
	CPU_ENABLED = 1,
	CPU_ONLINE_CAPABLE = 2,
	LEVEL_HIGH = 0x0d,
};

/* Tables grow from the front of a buffer that will stand at @base. */
struct tables {
	uint8_t *out;
	size_t size, len;
	uint64_t base;
	bool full;
};

static void put(uint8_t *at, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(v >> 8 * i);
}

static void checksum(uint8_t *table, size_t len, size_t at)
{
	uint8_t sum = 0;

	table[at] = 0;
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + table[i]);
	table[at] = (uint8_t)-sum;
}

/* @len zeroed bytes; a scratch place when there is no room, so that callers need not look. */
static uint8_t *take(struct tables *t, size_t len, uint64_t *addr)
{
	static uint8_t nowhere[DSDT_MAX];
	size_t at = (t->len + ALIGN - 1) & ~(size_t)(ALIGN - 1);

	if (len > t->size || at > t->size - len) {
		t->full = true;
		*addr = 0;
		return nowhere;
	}
	memset(t->out + at, 0, len);
	t->len = at + len;
	*addr = t->base + at;
	return t->out + at;
}

static void header(uint8_t *table, const char *signature, uint8_t revision, size_t len)
{
	memcpy(table, signature, 4);
	put(table + 4, len, 4);
	table[8] = revision;
	memcpy(table + 10, "TAIKI ", 6);
	memcpy(table + 16, "TAIKI   ", 8);
	put(table + 24, 1, 4);
	memcpy(table + 28, "TAIK", 4);
	put(table + 32, 1, 4);
}

/* A generic address (§5.2.3.2) in I/O space; @access: 1 byte, 2 word, 3 dword. */
static void io_address(uint8_t *at, uint64_t port, unsigned bits, unsigned access)
{
	at[0] = 1;
	at[1] = (uint8_t)bits;
	at[3] = (uint8_t)access;
	put(at + 4, port, 8);
}

static uint64_t make_facs(struct tables *t)
{
	uint64_t addr;
	uint8_t *f = take(t, FACS_LEN, &addr);

	memcpy(f, "FACS", 4);
	put(f + 4, FACS_LEN, 4);
	f[32] = 2; /* version */
	return addr;
}

static uint64_t make_dsdt(struct tables *t, const struct hv_config *c)
{
	size_t len = HEADER + acpi_dsdt(c, NULL, 0);
	uint64_t addr;
	uint8_t *d;

	if (len > DSDT_MAX) {
		t->full = true;
		return 0;
	}
	d = take(t, len, &addr);
	header(d, "DSDT", 2, len);
	acpi_dsdt(c, d + HEADER, len - HEADER);
	checksum(d, len, 9);
	return addr;
}

static uint64_t make_fadt(struct tables *t, uint64_t facs, uint64_t dsdt)
{
	uint64_t addr;
	uint8_t *f = take(t, FADT_LEN, &addr);

	header(f, "FACP", 6, FADT_LEN);
	put(f + 36, facs, 4);
	put(f + 40, dsdt, 4);
	f[45] = 4; /* preferred profile: enterprise server */
	put(f + 46, ACPI_SCI, 2);
	put(f + 48, ACPI_PM_BASE + 12, 4);
	f[52] = 0xa0;
	f[53] = 0xa1;
	put(f + 56, ACPI_PM_BASE, 4);
	put(f + 64, ACPI_PM_BASE + 4, 4);
	put(f + 76, ACPI_PM_BASE + 8, 4);
	f[88] = 4;              /* PM1 event block */
	f[89] = 2;              /* PM1 control block */
	f[91] = 4;              /* PM timer */
	put(f + 96, 0xffff, 2); /* no C2 */
	put(f + 98, 0xffff, 2); /* no C3 */
	f[108] = 0x32;          /* CMOS: century */
	put(f + 109, BOOT_LEGACY | BOOT_NO_VGA, 2);
	put(f + 112, FADT_WBINVD | FADT_C1 | FADT_NO_SLEEP_BUTTON | FADT_NO_RTC_WAKE | FADT_RESET,
	    4);
	io_address(f + 116, 0xcf9, 8, 1);
	f[128] = 0x06; /* what is written there: system reset, go */
	put(f + 132, facs, 8);
	put(f + 140, dsdt, 8);
	io_address(f + 148, ACPI_PM_BASE, 32, 2);
	io_address(f + 172, ACPI_PM_BASE + 4, 16, 2);
	io_address(f + 208, ACPI_PM_BASE + 8, 32, 3);
	checksum(f, FADT_LEN, 9);
	return addr;
}

static uint8_t *madt_cpu(uint8_t *at, unsigned id, bool enabled)
{
	at[0] = 0; /* processor local APIC */
	at[1] = 8;
	at[2] = (uint8_t)id;
	at[3] = (uint8_t)id;
	put(at + 4, enabled ? CPU_ENABLED : CPU_ONLINE_CAPABLE, 4);
	return at + 8;
}

static uint8_t *madt_override(uint8_t *at, unsigned irq, unsigned gsi, unsigned flags)
{
	at[0] = 2; /* interrupt source override */
	at[1] = 10;
	at[3] = (uint8_t)irq;
	put(at + 4, gsi, 4);
	put(at + 8, flags, 2);
	return at + 10;
}

static uint64_t make_madt(struct tables *t, const struct hv_config *c)
{
	size_t len = HEADER + 8 + c->vcpus * 8 + 12 + 2 * 10 + 6;
	uint64_t addr;
	uint8_t *m = take(t, len, &addr), *at = m + HEADER + 8;

	header(m, "APIC", 4, len);
	put(m + 36, 0xfee00000, 4);
	put(m + 40, MADT_PCAT, 4);
	for (unsigned i = 0; i < c->vcpus; i++)
		at = madt_cpu(at, i, i < c->vcpus_current);
	at[0] = 1; /* IOAPIC */
	at[1] = 12;
	put(at + 4, IOAPIC_BASE, 4);
	at = madt_override(at + 12, 0, 2, 0);
	at = madt_override(at, ACPI_SCI, ACPI_SCI, LEVEL_HIGH);
	at[0] = 4; /* NMI: every processor's LINT1 */
	at[1] = 6;
	at[2] = 0xff;
	at[5] = 1;
	checksum(m, len, 9);
	return addr;
}

static uint64_t make_wdat(struct tables *t)
{
	size_t len = HEADER + acpi_wdat(NULL, 0);
	uint64_t addr;
	uint8_t *w = take(t, len, &addr);

	header(w, "WDAT", 1, len);
	acpi_wdat(w + HEADER, len - HEADER);
	checksum(w, len, 9);
	return addr;
}

static uint64_t make_xsdt(struct tables *t, const uint64_t *tables, unsigned n)
{
	size_t len = HEADER + n * 8;
	uint64_t addr;
	uint8_t *x = take(t, len, &addr);

	header(x, "XSDT", 1, len);
	for (unsigned i = 0; i < n; i++)
		put(x + HEADER + 8 * i, tables[i], 8);
	checksum(x, len, 9);
	return addr;
}

static void make_rsdp(uint8_t *r, uint64_t xsdt)
{
	memcpy(r, "RSD PTR ", 8);
	memcpy(r + 9, "TAIKI ", 6);
	r[15] = 2;
	put(r + 20, RSDP_LEN, 4);
	put(r + 24, xsdt, 8);
	checksum(r, 20, 8);
	checksum(r, RSDP_LEN, 32);
}

long acpi_build(const struct hv_config *c, uint64_t base, uint8_t *out, size_t size)
{
	struct tables t = {.out = out, .size = size, .base = base};
	uint64_t rsdp, dsdt, facs, list[3];
	unsigned n = 0;
	uint8_t *r = take(&t, RSDP_LEN, &rsdp);

	facs = make_facs(&t);
	dsdt = make_dsdt(&t, c);
	list[n++] = make_fadt(&t, facs, dsdt);
	list[n++] = make_madt(&t, c);
	if (c->watchdog == HV_WATCHDOG_WDAT)
		list[n++] = make_wdat(&t);
	make_rsdp(r, make_xsdt(&t, list, n));
	return t.full ? -ENOSPC : (long)t.len;
}

int acpi_load(const struct hv_config *c, uint64_t base, uint64_t end, uint64_t *rsdp,
	      struct hv_error *err)
{
	long len = acpi_build(c, base, board.ram->base + base, end - base);

	if (len < 0)
		return hv_err(err, (int)len, "ACPI tables: do not fit into %llu bytes",
			      (unsigned long long)(end - base));
	ram_written(board.ram, base, (uint64_t)len);
	*rsdp = base;
	return 0;
}
