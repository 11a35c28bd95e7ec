// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An entry as text.  The golden files are what another release has left in a run
 * directory: they must be read for ever, and what is damaged must never be.
 */
#include "util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/crc.h"
#include "hv/ledger.h"

#define MIB  (1ULL << 20)
#define DATA "tests/unit/lib/data/ledger/"

static const struct hv_ledger_entry active = {
	.kind = HV_LEDGER_ACTIVE,
	.priority = 10,
	.now = {512 * MIB, 150},
	.target = {384 * MIB, 100},
	.minimum = {256 * MIB, 50},
	.full = {1024 * MIB, 200},
	.guaranteed = 25,
	.shares = 1024,
	.shares_minimum = 32,
	.incarnation = "322baf42-0a4a-5495-b8e7-faf758da7333",
	.changed = 123456,
	.refused = 123000,
};
static const struct hv_ledger_entry twin = {
	.kind = HV_LEDGER_TWIN,
	.now = {96 * MIB, 20},
	.target = {96 * MIB, 20},
	.minimum = {256 * MIB, 100},
	.full = {256 * MIB, 100},
	.active_on = "node-a.example_1",
};

static void golden(void **state)
{
	static const struct {
		const char *file;
		const struct hv_ledger_entry *e;
	} files[] = {{DATA "active.1", &active}, {DATA "twin.1", &twin}};
	struct hv_ledger_entry e;
	char text[HV_LEDGER_TEXT], *file;
	size_t len;
	int n;

	for (size_t i = 0; i < 2; i++) {
		file = slurp(files[i].file, &len);
		n = hv_ledger_print(files[i].e, text, sizeof(text));
		assert_int_equal(n, len);
		assert_string_equal(text, file);
		assert_int_equal(hv_ledger_parse(file, len, &e, NULL), 0);
		assert_memory_equal(&e, files[i].e, sizeof(e));
		free(file);
	}
}

/* Cut anywhere, and any one byte changed: never believed. */
static void damaged(void **state)
{
	struct hv_ledger_entry e;
	char text[HV_LEDGER_TEXT];
	int n = hv_ledger_print(&active, text, sizeof(text)), rc;

	for (int cut = 0; cut < n; cut++)
		assert_int_not_equal(hv_ledger_parse(text, (size_t)cut, &e, NULL), 0);
	for (int i = 0; i < n; i++)
		for (int bit = 0; bit < 8; bit++) {
			text[i] ^= (char)(1 << bit);
			rc = hv_ledger_parse(text, (size_t)n, &e, NULL);
			text[i] ^= (char)(1 << bit);
			if (rc != -EINVAL && rc != -EPROTO)
				fail_msg("bit %d of byte %d changed: %d", bit, i, rc);
		}
	strcpy(text + n, "x");
	assert_int_equal(hv_ledger_parse(text, (size_t)n + 1, &e, NULL), -EINVAL);
}

/* The checksum is right, the rest is not. */
static int parse_with_crc(const char *body, struct hv_error *err)
{
	struct hv_ledger_entry e;
	char text[HV_LEDGER_TEXT + 512];
	int n = snprintf(text, sizeof(text), "%s", body);

	n += snprintf(text + n, sizeof(text) - (size_t)n, "crc %08x\n", hv_crc32(body, (size_t)n));
	return hv_ledger_parse(text, (size_t)n, &e, err);
}

#define BODY(version, priority, now, full, min, host)                                             \
	"taiki-ledger " version "\npriority " priority "\nkind active\nnow " now "\ntarget 5 5\n" \
	"minimum " min "\nfull " full "\nguaranteed 0\nshares 0 0\nactive-on " host               \
	"\nincarnation -\nchanged 0\nrefused 0\n"

static void contradicts(void **state)
{
	static const struct {
		const char *body, *said;
		int rc;
	} bad[] = {
		{BODY("1", "3", "9 9", "9 9", "1 1", "-"), "", 0},
		{BODY("2", "3", "9 9", "9 9", "1 1", "-"), "version 2, not 1", -EPROTO},
		{BODY("1x", "3", "9 9", "9 9", "1 1", "-"), "no version", -EINVAL},
		{BODY("1", "1001", "9 9", "9 9", "1 1", "-"), "no priority", -EINVAL},
		{BODY("1", "-1", "9 9", "9 9", "1 1", "-"), "no priority", -EINVAL},
		{BODY("1", "3", "9", "9 9", "1 1", "-"), "no now", -EINVAL},
		{BODY("1", "3", "9 9 9", "9 9", "1 1", "-"), "no now", -EINVAL},
		{BODY("1", "3", "09 9", "9 9", "1 1", "-"), "no now", -EINVAL},
		{BODY("1", "3", "99999999999999999999 9", "9 9", "1 1", "-"), "no now", -EINVAL},
		{BODY("1", "3", "1125899906842625 9", "9 9", "1 1", "-"), "no now", -EINVAL},
		{BODY("1", "3", "9 9", "4 9", "1 1", "-"), "contradict", -EINVAL},
		{BODY("1", "3", "9 9", "9 9", "10 1", "-"), "contradict", -EINVAL},
		{BODY("1", "3", "9 9", "9 9", "1 1", "a/b"), "no active-on", -EINVAL},
		{BODY("1", "3", "9 9", "9 9", "1 1", ""), "no active-on", -EINVAL},
		{BODY("1", "3", "9 9", "9 9", "1 1", "-x"), "no active-on", -EINVAL},
		{BODY("1", "3", "9 9", "9 9", "1 1", "-") "new 1\n", "more lines", -EINVAL},
		{"taiki-ledger 1\n", "no priority", -EINVAL},
	};
	struct hv_error err = {""};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse_with_crc(bad[i].body, &err), bad[i].rc);
		if (!strstr(err.text, bad[i].said))
			fail_msg("%zu: \"%s\" is not in \"%s\"", i, bad[i].said, err.text);
	}
}

static void too_large(void **state)
{
	struct hv_ledger_entry e = active;
	char text[HV_LEDGER_TEXT];
	int n = hv_ledger_print(&e, text, sizeof(text));

	assert_int_equal(hv_ledger_print(&e, text, (size_t)n + 1), n);
	assert_int_equal(hv_ledger_print(&e, text, (size_t)n), -EMSGSIZE);
	assert_int_equal(hv_ledger_print(&e, text, 10), -EMSGSIZE);
	/* The longest one there can be has room. */
	memset(e.active_on, 'h', sizeof(e.active_on) - 1);
	e.now.memory = e.full.memory = e.target.memory = 1ULL << 50;
	assert_true(hv_ledger_print(&e, text, sizeof(text)) > 0);
}

static void of_a_configuration(void **state)
{
	struct hv_ledger_entry e;
	struct hv_config c;

	hv_config_init(&c);
	c.memory = 512 * MIB;
	c.current_memory = 256 * MIB;
	c.vcpus = 4;
	c.vcpus_current = 2;
	hv_ledger_entry(&c, HV_LEDGER_ACTIVE, &e);
	assert_int_equal(e.full.memory, 512 * MIB); /* without a balloon it can take all of it */
	assert_int_equal(e.full.cpu, 200);
	assert_memory_equal(&e.now, &e.full, sizeof(e.now));
	assert_memory_equal(&e.target, &e.full, sizeof(e.now));
	assert_memory_equal(&e.minimum, &e.full, sizeof(e.now)); /* not to be squeezed, unasked */
	c.balloon = true;
	c.cputune.quota = 25000; /* of each processor, in the default period of 100 ms */
	c.cputune.shares = 512;
	hv_ledger_entry(&c, HV_LEDGER_ACTIVE, &e);
	assert_int_equal(e.full.memory, 256 * MIB);
	assert_int_equal(e.full.cpu, 50);
	assert_int_equal(e.shares, 512);
	c.cputune.period = 1000000;
	c.cputune.quota = 1000;
	hv_ledger_entry(&c, HV_LEDGER_ACTIVE, &e);
	assert_int_equal(e.full.cpu, 1); /* rounded up: nobody takes nothing */
	c.cputune.quota = 5000000;
	hv_ledger_entry(&c, HV_LEDGER_ACTIVE, &e);
	assert_int_equal(e.full.cpu, 200); /* a processor cannot run more than all the time */
	c.cputune.quota = -1;
	hv_ledger_entry(&c, HV_LEDGER_ACTIVE, &e);
	assert_int_equal(e.full.cpu, 200);
	/* What it can be squeezed to; never more than it has. */
	c.priority = 7;
	c.minimum = (struct hv_minimum){.memory = 64 * MIB, .shares = 32, .quota = 200000};
	hv_ledger_entry(&c, HV_LEDGER_ACTIVE, &e);
	assert_int_equal(e.priority, 7);
	assert_int_equal(e.minimum.memory, 64 * MIB);
	assert_int_equal(e.minimum.cpu, 40);
	assert_int_equal(e.shares_minimum, 32);
	c.minimum.memory = 300 * MIB;
	hv_ledger_entry(&c, HV_LEDGER_ACTIVE, &e);
	assert_int_equal(e.minimum.memory, 256 * MIB);
	/* A twin waits with less, and is full when it is adopted. */
	c.standby = (struct hv_standby){.wanted = true, .memory = 96 * MIB, .quota = 100000};
	hv_ledger_entry(&c, HV_LEDGER_TWIN, &e);
	assert_int_equal(e.now.memory, 96 * MIB);
	assert_int_equal(e.now.cpu, 20);
	assert_memory_equal(&e.now, &e.target, sizeof(e.now));
	assert_int_equal(e.full.memory, 256 * MIB);
	assert_int_equal(e.full.cpu, 200);
	hv_ledger_entry(&c, HV_LEDGER_ACTIVE, &e);
	assert_int_equal(e.now.memory, 256 * MIB);
	/* CPUs of its own are guaranteed. */
	assert_int_equal(e.guaranteed, 0);
	c.npins = 2;
	c.pin[0] = (struct hv_pin){0, strdup("1")};
	c.pin[1] = (struct hv_pin){1, strdup("1")};
	hv_ledger_entry(&c, HV_LEDGER_ACTIVE, &e);
	assert_int_equal(e.guaranteed, 100);
	hv_config_free(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(damaged),
		cmocka_unit_test(contradicts),
		cmocka_unit_test(too_large),
		cmocka_unit_test(of_a_configuration),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ledger_text", tests, NULL, NULL);
}
