// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pins: what is written down of them, and where each thread goes.  That nobody
 * else is on a dedicated CPU is tests/lab/resources.bats.
 */
#include "util.h"

#include <string.h>

#include "hv/cpuset.h"
#include "hvcore/lib/config_edit.h"
#include "hvcore/lib/pins.h"

static struct pins p, q;
static char text[PINS_TEXT];

static const char *set(const cpu_set_t *s)
{
	static char out[HV_CPUSET_TEXT];

	hv_cpuset_print(s, out);
	return out;
}

static void written_and_read(void **state)
{
	struct hv_config c;
	cpu_set_t all;

	sample(&c);
	pins_of(&c, &p);
	pins_print(&p, text);
	assert_string_equal(text, "vcpu 0 2\nvcpu 3 3,5\nemulator 0-1\n");
	pins_parse(text, &q);
	assert_memory_equal(&p, &q, sizeof(p));
	pins_all(&p, &all);
	assert_string_equal(set(&all), "0-3,5");
	hv_config_unpin(&c);
	pins_of(&c, &p);
	pins_print(&p, text);
	assert_string_equal(text, "");
	hv_config_free(&c);
}

static void damaged(void **state)
{
	static const char *const bad[] = {
		"",         "vcpu",       "vcpu 64 1", "vcpu -1 1",   "vcpu 0 1024", "vcpu 0",
		"emulator", "emulator x", "\n\n",      "vcpu 0 1,\n", "cpu 0 1",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cpu_set_t all;

		pins_parse(bad[i], &p);
		pins_all(&p, &all);
		if (CPU_COUNT(&all))
			fail_msg("\"%s\"", bad[i]);
	}
	pins_parse("nonsense\nvcpu 1 7\n", &p);
	assert_string_equal(set(&p.on[1]), "7");
}

static void threads(void **state)
{
	static const struct {
		const char *comm;
		unsigned thread;
	} row[] = {
		{"vcpu0\n", 0},
		{"vcpu63", 63},
		{"vcpu64", PINS_EMULATOR},
		{"vcpu", PINS_EMULATOR},
		{"vcpu1x", PINS_EMULATOR},
		{"hv-domain\n", PINS_EMULATOR},
		{"", PINS_EMULATOR},
		{"vcpu-1", PINS_EMULATOR},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (pins_thread(row[i].comm) != row[i].thread)
			fail_msg("\"%s\" is %u", row[i].comm, pins_thread(row[i].comm));
}

static void where(void **state)
{
	cpu_set_t shared, to;

	pins_parse("vcpu 0 2\nvcpu 1 3\n", &p);
	hv_cpuset_parse("0-1", &shared);
	pins_where(&p, 0, &shared, &to);
	assert_string_equal(set(&to), "2");
	pins_where(&p, 2, &shared, &to);
	assert_string_equal(set(&to), "0-1");
	pins_where(&p, PINS_EMULATOR, &shared, &to);
	assert_string_equal(set(&to), "0-1");
	CPU_ZERO(&shared);
	pins_where(&p, PINS_EMULATOR, &shared, &to);
	assert_string_equal(set(&to), "2-3");
	pins_parse("vcpu 0 2\nemulator 5\n", &p);
	pins_where(&p, PINS_EMULATOR, &shared, &to);
	assert_string_equal(set(&to), "5");
}

static void edited(void **state)
{
	struct hv_config a, b;

	sample(&a);
	hv_config_init(&b);
	assert_int_equal(hv_config_pin_as(&b, &a), 0);
	assert_int_equal(b.npins, 2);
	assert_int_equal(hv_config_pin(&b, 3, "7"), 0);
	assert_int_equal(hv_config_pin(&b, 1, "6"), 0);
	assert_int_equal(hv_config_pin(&b, 0, NULL), 0);
	assert_int_equal(hv_config_pin(&b, 2, NULL), 0);
	pins_of(&b, &p);
	pins_print(&p, text);
	assert_string_equal(text, "vcpu 1 6\nvcpu 3 7\nemulator 0-1\n");
	hv_config_free(&a);
	hv_config_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_and_read), cmocka_unit_test(damaged),
		cmocka_unit_test(threads),          cmocka_unit_test(where),
		cmocka_unit_test(edited),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
