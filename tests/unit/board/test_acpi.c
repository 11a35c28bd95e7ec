// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ACPI tables: found from the RSDP as a guest finds them, every checksum
 * added up, and the whole DSDT and the others read by ACPICA's iasl.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "hvcore/vmm/acpi.h"
#include "hvcore/vmm/device/watchdog.h"

enum { SIZE = 0x20000 };
#define BASE 0xe0000ULL

static uint8_t mem[SIZE];

static uint64_t le(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

static uint8_t sum(const uint8_t *p, size_t n)
{
	uint8_t s = 0;

	while (n--)
		s = (uint8_t)(s + *p++);
	return s;
}

static const uint8_t *at(uint64_t gpa)
{
	assert_in_range(gpa, BASE, BASE + SIZE - 36);
	return mem + (gpa - BASE);
}

/* A table by its signature, through RSDP and XSDT, its checksum right. */
static const uint8_t *table(const char *signature)
{
	const uint8_t *x = at(le(mem + 24, 8));
	size_t n = (le(x + 4, 4) - 36) / 8;

	assert_memory_equal(mem, "RSD PTR ", 8);
	assert_int_equal(sum(mem, 20), 0);
	assert_int_equal(sum(mem, 36), 0);
	assert_memory_equal(x, "XSDT", 4);
	assert_int_equal(sum(x, le(x + 4, 4)), 0);
	for (size_t i = 0; i < n; i++) {
		const uint8_t *t = at(le(x + 36 + 8 * i, 8));

		assert_int_equal(sum(t, le(t + 4, 4)), 0);
		if (!memcmp(t, signature, 4))
			return t;
	}
	fail_msg("no %s", signature);
	return NULL;
}

static void build_with(unsigned vcpus, unsigned current, bool panic, enum hv_watchdog_model dog)
{
	struct hv_config c;

	hv_config_init(&c);
	c.vcpus = vcpus;
	c.vcpus_current = current;
	c.panic = panic;
	c.watchdog = dog;
	memset(mem, 0xaa, sizeof(mem));
	assert_true(acpi_build(&c, BASE, mem, sizeof(mem)) > 0);
	hv_config_free(&c);
}

static void build(unsigned vcpus, unsigned current, bool panic)
{
	build_with(vcpus, current, panic, HV_WATCHDOG_NONE);
}

static void fadt_points_to_dsdt_and_ports(void **state)
{
	const uint8_t *f, *d;

	build(1, 1, true);
	f = table("FACP");
	d = at(le(f + 140, 8));
	assert_int_equal(le(f + 40, 4), le(f + 140, 8));
	assert_memory_equal(d, "DSDT", 4);
	assert_int_equal(sum(d, le(d + 4, 4)), 0);
	assert_memory_equal(at(le(f + 36, 4)), "FACS", 4);
	assert_int_equal(le(f + 46, 2), 9);
	assert_int_equal(le(f + 56, 4), 0x600);
	assert_int_equal(le(f + 112, 4) & 1 << 20, 0); /* not hardware-reduced */
	assert_int_equal(le(f + 112, 4) & 1 << 4, 0);  /* the power button is fixed hardware */
}

static void madt_has_every_vcpu(void **state)
{
	const uint8_t *m, *p;
	unsigned enabled = 0, capable = 0, ioapics = 0, overrides = 0;

	build(64, 3, false);
	m = table("APIC");
	for (p = m + 44; p < m + le(m + 4, 4); p += p[1]) {
		assert_true(p[1] >= 2);
		enabled += p[0] == 0 && le(p + 4, 4) == 1;
		capable += p[0] == 0 && le(p + 4, 4) == 2;
		ioapics += p[0] == 1 && le(p + 4, 4) == 0xfec00000;
		overrides += p[0] == 2 && p[3] == 0 && le(p + 4, 4) == 2;
	}
	assert_ptr_equal(p, m + le(m + 4, 4));
	assert_int_equal(enabled, 3);
	assert_int_equal(capable, 61);
	assert_int_equal(ioapics, 1);
	assert_int_equal(overrides, 1);
}

/* What Linux's driver cannot do without, at the ports of the device, each of them once. */
static void wdat_has_the_actions(void **state)
{
	static const uint8_t needed[] = {0x01, 0x05, 0x06, 0x08, 0x09, 0x0a, 0x0b, 0x20, 0x21};
	const uint8_t *w, *e;

	build_with(1, 1, false, HV_WATCHDOG_WDAT);
	w = table("WDAT");
	assert_int_equal(le(w + 36, 4), 32);
	assert_int_equal(le(w + 48, 4), 100); /* ms a period */
	assert_int_equal(w[60] & 1, 1);       /* enabled */
	assert_int_equal(le(w + 64, 4) * 24 + 68, le(w + 4, 4));
	for (size_t i = 0; i < sizeof(needed); i++) {
		unsigned n = 0;

		for (e = w + 68; e < w + le(w + 4, 4); e += 24) {
			n += e[0] == needed[i];
			assert_int_equal(e[4], 1); /* in I/O space */
			assert_in_range(le(e + 8, 8), WDAT_BASE, WDAT_BASE + WDAT_PORTS - 1);
		}
		assert_int_equal(n, 1);
	}
	build(1, 1, false);
	assert_int_equal(le(at(le(mem + 24, 8)) + 4, 4), 36 + 2 * 8); /* none without one */
}

static void too_little_room_is_said(void **state)
{
	struct hv_config c;
	long need;

	hv_config_init(&c);
	c.vcpus = c.vcpus_current = 1;
	c.watchdog = HV_WATCHDOG_WDAT;
	need = acpi_build(&c, BASE, mem, sizeof(mem));
	assert_true(need > 0);
	for (long n = 36; n < need; n += 13) {
		uint8_t *small = malloc((size_t)n);

		assert_int_equal(acpi_build(&c, BASE, small, (size_t)n), -ENOSPC);
		free(small);
	}
	hv_config_free(&c);
}

static char dir[] = "/tmp/test_acpi.XXXXXX";

static void store(const char *name, const uint8_t *t)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.dat", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(t, 1, le(t + 4, 4), f), le(t + 4, 4));
	fclose(f);
}

/* A shell command in the directory. */
static void shell(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && %s", dir, command);
	if (system(line))
		fail_msg("%s", line);
}

/* Disassembled without an error, compiled again without one, and the code is the same. */
static void iasl_reads_them(void **state)
{
	const uint8_t *f;

	assert_non_null(mkdtemp(dir));
	build_with(4, 4, true, HV_WATCHDOG_WDAT);
	f = table("FACP");
	store("facp", f);
	store("apic", table("APIC"));
	store("wdat", table("WDAT"));
	store("dsdt", at(le(f + 140, 8)));
	shell("iasl -d facp.dat apic.dat wdat.dat dsdt.dat >d.log 2>&1");
	shell("! grep -iE 'error|invalid|incorrect|bad checksum' d.log *.dsl");
	shell("iasl -ve dsdt.dsl >c.log 2>&1 && grep -q '0 Errors' c.log");
	shell("iasl facp.dsl apic.dsl wdat.dsl >>c.log 2>&1");
	shell("grep -q '_S5' dsdt.dsl && grep -q QEMU0001 dsdt.dsl");
	shell("rm -rf $PWD");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fadt_points_to_dsdt_and_ports),
		cmocka_unit_test(madt_has_every_vcpu),
		cmocka_unit_test(wdat_has_the_actions),
		cmocka_unit_test(too_little_room_is_said),
		cmocka_unit_test(iasl_reads_them),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
