// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sets of CPUs as text, and which rate limits make sense.
 */
#include "util.h"

#include <errno.h>
#include <string.h>

#include "hv/cpuset.h"
#include "hv/limits_json.h"

static const struct {
	const char *text, *set; /* NULL: refused */
} sets[] = {
	{"0", "0"},          {"3-5,1", "1,3-5"},
	{"0-3,^2", "0-1,3"}, {"1,1,0-1", "0-1"},
	{"1023", "1023"},    {"0-1023", "0-1023"},
	{"", NULL},          {"1024", NULL},
	{"0-1024", NULL},    {"99999999999999999999", NULL},
	{"2-1", NULL},       {"1,", NULL},
	{",1", NULL},        {"1-", NULL},
	{"-1", NULL},        {"^1", NULL}, /* nothing is left */
	{"1,^1", NULL},      {"^", NULL},
	{"0 1", NULL},       {" 0", NULL},
	{"a", NULL},         {"0-1-2", NULL},
};

static void cpusets(void **state)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		char text[HV_CPUSET_TEXT];
		cpu_set_t set;
		int rc = hv_cpuset_parse(sets[i].text, &set);

		if (rc != (sets[i].set ? 0 : -EINVAL))
			fail_msg("\"%s\": %d", sets[i].text, rc);
		if (rc)
			continue;
		hv_cpuset_print(&set, text);
		assert_string_equal(text, sets[i].set);
	}
}

/* As long as a set can be as text, and back. */
static void longest_cpuset(void **state)
{
	char text[HV_CPUSET_TEXT];
	cpu_set_t set, back;

	CPU_ZERO(&set);
	for (unsigned i = 1; i < CPU_SETSIZE; i += 2)
		CPU_SET(i, &set);
	hv_cpuset_print(&set, text);
	assert_int_equal(hv_cpuset_parse(text, &back), 0);
	assert_true(CPU_EQUAL(&set, &back));
	CPU_ZERO(&set);
	hv_cpuset_print(&set, text);
	assert_string_equal(text, "");
}

static const struct {
	struct hv_limits l;
	const char *says; /* NULL: good */
} limits[] = {
	{{.rate[HV_BPS].avg = 1, .rate[HV_IOPS_RD].avg = 1}, NULL},
	{{.rate[HV_BPS] = {1, 2, 3}}, NULL},
	{{.rate[HV_BPS] = {1, 1, 0}}, NULL},
	{{.rate[HV_BPS].avg = HV_RATE_MAX}, NULL},
	{{.rate[HV_IOPS_WR].avg = 1, .iops_size = 512}, NULL},
	{{.rate[HV_BPS].avg = HV_RATE_MAX + 1}, "bps and its burst can be up to"},
	{{.rate[HV_IOPS_WR] = {1, 0, HV_RATE_MAX + 1}}, "iops_wr and its burst"},
	{{.rate[HV_BPS] = {0, 1, 0}}, "needs bps itself"},
	{{.rate[HV_BPS] = {0, 0, 1}}, "needs bps itself"},
	{{.rate[HV_BPS] = {2, 1, 0}}, "below bps itself"},
	{{.rate[HV_BPS].avg = 1, .rate[HV_BPS_WR].avg = 1}, "or bps_rd and bps_wr"},
	{{.rate[HV_IOPS].avg = 1, .rate[HV_IOPS_RD].avg = 1}, "or iops_rd and iops_wr"},
	{{.rate[HV_BPS].avg = 1, .iops_size = 512}, "iops_size needs"},
};

static void which_limits(void **state)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct hv_error err = {""};
		int rc = hv_limits_check(&limits[i].l, "disk vda", &err);

		if (rc != (limits[i].says ? -EINVAL : 0))
			fail_msg("row %zu: %d %s", i, rc, err.text);
		if (limits[i].says && !strstr(err.text, limits[i].says))
			fail_msg("row %zu: %s", i, err.text);
	}
}

static void bursts(void **state)
{
	assert_int_equal(hv_rate_burst(&(struct hv_rate){.avg = 1000}), 100);
	assert_int_equal(hv_rate_burst(&(struct hv_rate){.avg = 1}), 1);
	assert_int_equal(hv_rate_burst(&(struct hv_rate){.avg = 1000, .max = 5000}), 5000);
	assert_int_equal(hv_rate_burst(&(struct hv_rate){.avg = 10, .max = 50, .burst = 7}), 7);
}

/* To JSON and back, by either's words; and single ones by name, as hv set has them. */
static void json(void **state)
{
	static const enum hv_limit_words words[] = {HV_WORDS_DISK, HV_WORDS_NIC};

	for (size_t i = 0; i < 2; i++) {
		struct hv_limits l = {.iops_size = words[i] == HV_WORDS_DISK ? 4096 : 0}, back;
		json_t *o = json_object();

		l.rate[HV_BPS_RD] = (struct hv_rate){1000, 5000, 15000};
		l.rate[HV_IOPS_WR].avg = 7;
		hv_limits_to_json(&l, words[i], o);
		assert_int_equal(hv_limits_from_json(&back, words[i], o, NULL), 0);
		assert_memory_equal(&l, &back, sizeof(l));
		json_decref(o);
	}
}

static void by_name(void **state)
{
	struct hv_limits l = {0};

	assert_int_equal(hv_limits_set(&l, HV_WORDS_DISK, "bps", 10), 0);
	assert_int_equal(hv_limits_set(&l, HV_WORDS_DISK, "bps-max", 20), 0);
	assert_int_equal(hv_limits_set(&l, HV_WORDS_DISK, "bps_max-length", 3), 0);
	assert_int_equal(l.rate[HV_BPS].burst, 60);
	assert_int_equal(hv_limits_set(&l, HV_WORDS_DISK, "bps", 0), 0);
	assert_false(hv_limits_any(&l));
	assert_int_equal(l.rate[HV_BPS].max, 0);
	assert_int_equal(hv_limits_set(&l, HV_WORDS_NIC, "rx_bps", 5), 0);
	assert_int_equal(l.rate[HV_BPS_RD].avg, 5);
	assert_int_equal(hv_limits_set(&l, HV_WORDS_NIC, "bps", 5), -ENOENT);
	assert_int_equal(hv_limits_set(&l, HV_WORDS_NIC, "rx-bps-", 5), -ENOENT);
	assert_int_equal(hv_limits_set(&l, HV_WORDS_DISK, "", 5), -ENOENT);
	/* More seconds than can be counted are refused, not wrapped. */
	assert_int_equal(hv_limits_set(&l, HV_WORDS_DISK, "iops", 5), 0);
	assert_int_equal(hv_limits_set(&l, HV_WORDS_DISK, "iops_max", HV_RATE_MAX), 0);
	assert_int_equal(hv_limits_set(&l, HV_WORDS_DISK, "iops_max_length", UINT64_MAX), 0);
	assert_int_equal(hv_limits_check(&l, "disk vda", NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpusets),      cmocka_unit_test(longest_cpuset),
		cmocka_unit_test(which_limits), cmocka_unit_test(bursts),
		cmocka_unit_test(json),         cmocka_unit_test(by_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
