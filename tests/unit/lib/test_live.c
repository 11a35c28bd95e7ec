// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "key=value" as a change of a configuration: what hv set and the agent take.
 */
#include "util.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "hv/live.h"

static struct hv_config c;

static int setup(void **state)
{
	sample(&c);
	return 0;
}

static int teardown(void **state)
{
	hv_config_free(&c);
	return 0;
}

static void good(const char *setting, unsigned aspect)
{
	struct hv_error err = {""};
	unsigned what = 0;

	if (hv_live_change(&c, setting, &what, &err) || what != aspect)
		fail_msg("%s: %x %s", setting, what, err.text);
}

static void changes(void **state)
{
	struct hv_error err = {""};

	good("memory=512", HV_LIVE_MEMORY);
	assert_int_equal(c.current_memory, 512 << 20);
	good("memory=1GiB", HV_LIVE_MEMORY);
	assert_int_equal(c.current_memory, 1 << 30);
	good("shares=2", HV_LIVE_CPU);
	good("quota=20000", HV_LIVE_CPU);
	assert_int_equal(c.cputune.quota, 20000);
	good("quota=-1", HV_LIVE_CPU);
	assert_int_equal(c.cputune.quota, -1);
	good("period=10000", HV_LIVE_CPU);
	good("vcpus=4", HV_LIVE_VCPUS);
	assert_int_equal(c.vcpus_current, 4);
	good("cpus=7", HV_LIVE_PINS);
	assert_int_equal(c.npins, 4);
	good("pin.2=8-9", HV_LIVE_PINS);
	good("pin.1=none", HV_LIVE_PINS);
	assert_int_equal(c.npins, 3);
	good("emulatorpin=none", HV_LIVE_PINS);
	assert_null(c.emulatorpin);
	good("cpus=none", HV_LIVE_PINS);
	assert_int_equal(c.npins, 0);
	good("vda.bps=0", HV_LIVE_LIMITS);
	assert_int_equal(c.disk[0].limits.rate[HV_BPS].max, 0);
	good("vda.bps_rd=10M", HV_LIVE_LIMITS);
	assert_int_equal(c.disk[0].limits.rate[HV_BPS_RD].avg, 10 << 20);
	good("vdb.iops-max=5", HV_LIVE_LIMITS);
	good("vdb.iops=5", HV_LIVE_LIMITS);
	good("net1.tx-bps=1k", HV_LIVE_LIMITS);
	assert_int_equal(c.nic[1].limits.rate[HV_BPS_WR].avg, 1024);
	if (hv_config_check(&c, &err))
		fail_msg("%s", err.text);
}

static const struct {
	const char *setting, *says;
} bad[] = {
	{"", "give memory=SIZE"},
	{"memory", "give memory=SIZE"},
	{"=1", "give memory=SIZE"},
	{"colour=red", "give memory=SIZE"},
	{"memory=", "not an amount"},
	{"memory=-1", "not an amount"},
	{"memory=0", "up to 2048 MiB"},
	{"memory=2049", "up to 2048 MiB"},
	{"memory=1parsec", "not a unit"},
	{"memory=99999999999999999999", "not an amount"},
	{"memory=9223372036854775807GiB", "up to 2048 MiB"},
	{"shares=0", "not a number"},
	{"shares=1x", "not a number"},
	{"shares=-1", "not a number"},
	{"period=-1", "not a number"},
	{"quota=-2", "or -1"},
	{"vcpus=0", "1 to 4"},
	{"vcpus=5", "1 to 4"},
	{"cpus=", "no set of CPUs"},
	{"cpus=1024", "no set of CPUs"},
	{"pin.4=1", "processors 0 to 3"},
	{"pin.=1", "processors 0 to 3"},
	{"pin.x=1", "processors 0 to 3"},
	{"vdz.bps=1", "no disk and no interface vdz"},
	{"net2.rx-bps=1", "no disk and no interface net2"},
	{"vda.rx-bps=1", "no limit of a disk"},
	{"net0.bps=1", "no limit of an interface"},
	{"vda.=1", "no limit of a disk"},
	{"vda.bps=", "not a number"},
	{"vda.bps=1X", "no unit"},
	{"vda.bps=1Mi", "no unit"},
	{"vda.bps=9223372036854775807K", "no unit"},
};

/* Refused, and nothing is changed by it. */
static void refused(void **state)
{
	char *before = hv_config_to_json(&c), *after;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct hv_error err = {""};
		unsigned what = 0;
		int rc = hv_live_change(&c, bad[i].setting, &what, &err);

		if (rc != -EINVAL || what || !strstr(err.text, bad[i].says))
			fail_msg("%s: %d %x %s", bad[i].setting, rc, what, err.text);
	}
	after = hv_config_to_json(&c);
	assert_string_equal(before, after);
	free(before);
	free(after);
	c.balloon = false;
	assert_int_equal(hv_live_change(&c, "memory=512", &(unsigned){0}, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(changes, setup, teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
