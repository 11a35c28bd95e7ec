// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "hv/role.h"
#include "resource-agents/domain.h"

static struct domain_view view(enum hv_presence presence, int qmp, const char *status)
{
	struct domain_view v = {.presence = presence, .qmp = qmp};

	snprintf(v.status, sizeof(v.status), "%s", status);
	return v;
}

static void test_judge(void **state)
{
	static const struct {
		enum hv_presence presence;
		int qmp;
		const char *status;
		enum ocf_rc rc;
		enum domain_stop stop;
	} cases[] = {
		{HV_ABSENT, 0, "", OCF_NOT_RUNNING, STOP_DONE},
		/* What it said before it went counts no more. */
		{HV_ABSENT, -ECONNREFUSED, "running", OCF_NOT_RUNNING, STOP_DONE},
		/* Not being able to tell is neither "running" nor "stopped". */
		{HV_UNKNOWN, 0, "", OCF_ERR_GENERIC, STOP_KILL},
		{HV_UNKNOWN, 0, "running", OCF_ERR_GENERIC, STOP_KILL},
		{HV_PRESENT, -ETIMEDOUT, "", OCF_ERR_GENERIC, STOP_KILL},
		{HV_PRESENT, -ECONNREFUSED, "running", OCF_ERR_GENERIC, STOP_KILL},
		{HV_PRESENT, 0, "running", OCF_SUCCESS, STOP_ORDERED},
		{HV_PRESENT, 0, "paused", OCF_DEGRADED, STOP_RESUME},
		{HV_PRESENT, 0, "prelaunch", OCF_DEGRADED, STOP_KILL},
		{HV_PRESENT, 0, "shutdown", OCF_ERR_GENERIC, STOP_KILL},
		{HV_PRESENT, 0, "guest-panicked", OCF_ERR_GENERIC, STOP_KILL},
		{HV_PRESENT, 0, "internal-error", OCF_ERR_GENERIC, STOP_KILL},
		{HV_PRESENT, 0, "io-error", OCF_ERR_GENERIC, STOP_KILL},
		{HV_PRESENT, 0, "watchdog", OCF_ERR_GENERIC, STOP_KILL},
		{HV_PRESENT, 0, "", OCF_ERR_GENERIC, STOP_KILL},
		{HV_PRESENT, 0, "a-state-of-tomorrow", OCF_ERR_GENERIC, STOP_KILL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct domain_view v = view(cases[i].presence, cases[i].qmp, cases[i].status);
		struct domain_verdict got = domain_judge(&v);

		assert_int_equal(got.rc, cases[i].rc);
		assert_int_equal(got.stop, cases[i].stop);
		assert_non_null(got.what);
	}
}

/* Paused on an I/O error it is degraded for its grace, then failed; a disk that hangs is shown. */
static void test_storage(void **state)
{
	static const struct {
		const char *status;
		int64_t io_error_ms, io_grace_ms, owing_ms;
		enum ocf_rc rc;
		enum domain_stop stop;
	} cases[] = {
		{"io-error", 1, 80000, 0, OCF_DEGRADED, STOP_KILL},
		{"io-error", 79999, 80000, 0, OCF_DEGRADED, STOP_KILL},
		{"io-error", 80000, 80000, 0, OCF_ERR_GENERIC, STOP_KILL},
		{"io-error", 1, 0, 0, OCF_ERR_GENERIC, STOP_KILL},
		/* A try that hangs makes it no better. */
		{"io-error", 80000, 80000, 90000, OCF_ERR_GENERIC, STOP_KILL},
		{"running", 0, 0, 29999, OCF_SUCCESS, STOP_ORDERED},
		{"running", 0, 0, 30000, OCF_DEGRADED, STOP_ORDERED},
		{"guest-panicked", 0, 0, 30000, OCF_ERR_GENERIC, STOP_KILL},
		{"paused", 0, 0, 30000, OCF_DEGRADED, STOP_RESUME},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct domain_view v = view(HV_PRESENT, 0, cases[i].status);

		v.io_error_ms = cases[i].io_error_ms;
		v.io_grace_ms = cases[i].io_grace_ms;
		v.owing_ms = cases[i].owing_ms;
		assert_int_equal(domain_judge(&v).rc, cases[i].rc);
		assert_int_equal(domain_judge(&v).stop, cases[i].stop);
	}
}

/* A guest that does not do what it was told is shown, and neither recovered nor stopped otherwise. */
static void test_role(void **state)
{
	enum { PATIENCE = 120000 };
	struct hv_role told = {.kind = HV_ROLE_ROLE, .seq = 3, .role = HV_ROLE_ACTIVE},
		       hello = {.kind = HV_ROLE_HELLO, .role = HV_ROLE_NONE},
		       done = {.kind = HV_ROLE_DONE, .seq = 3, .role = HV_ROLE_ACTIVE};
	char kept[HV_ROLE_LINE_MAX], first[HV_ROLE_LINE_MAX], well[HV_ROLE_LINE_MAX],
		again[HV_ROLE_LINE_MAX], earlier[HV_ROLE_LINE_MAX], badly[HV_ROLE_LINE_MAX];
	struct domain_view v = view(HV_PRESENT, 0, "running");

	hv_role_format(kept, &told);
	hv_role_format(first, &hello);
	hv_role_format(well, &done);
	done.status = 1;
	hv_role_format(badly, &done);
	done.seq = 2;
	hv_role_format(earlier, &done);
	hello.seq = 3;
	hv_role_format(again, &hello);

	const struct {
		const char *kept, *last;
		int64_t told_ms, patience_ms;
		enum domain_role is;
	} cases[] = {
		{kept, first, PATIENCE - 1, PATIENCE, ROLE_FINE},
		{kept, first, PATIENCE, PATIENCE, ROLE_UNTAKEN},
		{kept, first, INT64_MAX, 0, ROLE_FINE},
		{kept, first, INT64_MAX, -1, ROLE_FINE},
		{kept, well, INT64_MAX, PATIENCE, ROLE_FINE},
		{kept, again, INT64_MAX, PATIENCE, ROLE_FINE},
		{kept, badly, 0, 0, ROLE_FAILED},
		{kept, earlier, 0, PATIENCE, ROLE_FINE},
		{kept, earlier, PATIENCE, PATIENCE, ROLE_UNTAKEN},
		{kept, "TR1 done", PATIENCE, PATIENCE, ROLE_UNTAKEN},
		{kept, NULL, INT64_MAX, PATIENCE, ROLE_FINE},
		{"TR1 role", first, INT64_MAX, PATIENCE, ROLE_FINE},
		{NULL, first, INT64_MAX, PATIENCE, ROLE_FINE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		v.role = domain_role(cases[i].kept, cases[i].last, cases[i].told_ms,
				     cases[i].patience_ms);
		assert_int_equal(v.role, cases[i].is);
		assert_int_equal(domain_judge(&v).rc,
				 v.role == ROLE_FINE ? OCF_SUCCESS : OCF_DEGRADED);
		assert_int_equal(domain_judge(&v).stop, STOP_ORDERED);
	}
	v = view(HV_PRESENT, 0, "guest-panicked");
	v.role = ROLE_UNTAKEN;
	assert_int_equal(domain_judge(&v).rc, OCF_ERR_GENERIC);
}

/* A stop of what heartbeat has found failed is a kill; what a monitor says stays as it is. */
static void test_a_failed_guest_is_not_asked(void **state)
{
	static const char *const states[] = {"running", "paused", "prelaunch", "io-error"};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct domain_view v = view(HV_PRESENT, 0, states[i]);
		enum ocf_rc before = domain_judge(&v).rc;

		v.failed = true;
		assert_int_equal(domain_judge(&v).stop, STOP_KILL);
		assert_int_equal(domain_judge(&v).rc, before);
	}
	struct domain_view gone = view(HV_ABSENT, 0, "");

	gone.failed = true;
	assert_int_equal(domain_judge(&gone).stop, STOP_DONE);
}

/* Whatever is not plain running is never reported as healthy. */
static void test_only_running_is_healthy(void **state)
{
	static const char *const states[] = {
		"paused",     "prelaunch", "shutdown",  "guest-panicked", "internal-error",
		"io-error",   "watchdog",  "inmigrate", "postmigrate",    "finish-migrate",
		"restore-vm", "save-vm",   "suspended", "debug",          "colo",
		"RUNNING",    "running ",  "",
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct domain_view v = view(HV_PRESENT, 0, states[i]);

		assert_int_not_equal(domain_judge(&v).rc, OCF_SUCCESS);
		assert_int_not_equal(domain_judge(&v).rc, OCF_NOT_RUNNING);
	}
}

static void test_time_for_the_kill(void **state)
{
	static const struct {
		int timeout, wanted, ordered;
	} cases[] = {
		{90000, 0, 75000},     {90000, -1, 75000},      {90000, 30000, 30000},
		{90000, 89000, 75000}, {90000, 1000000, 75000}, {20000, 0, 16000},
		{10000, 0, 7000},      {4000, 0, 2000},         {600000, 0, 585000},
		{100, 0, 50},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(domain_ordered_ms(cases[i].timeout, cases[i].wanted),
				 cases[i].ordered);
}

static void test_launch_errors(void **state)
{
	static const struct {
		int rc;
		enum ocf_rc want;
	} cases[] = {
		{0, OCF_SUCCESS},
		{-ENOENT, OCF_ERR_INSTALLED},
		{-EACCES, OCF_ERR_PERM},
		{-EBUSY, OCF_ERR_GENERIC},
		{-ETIMEDOUT, OCF_ERR_GENERIC},
		{-ENOMEM, OCF_ERR_GENERIC},
		/* Never "wrong on every host": only what the cluster holds can be that. */
		{-EINVAL, OCF_ERR_GENERIC},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(domain_launch_rc(cases[i].rc), cases[i].want);
}

static void test_whose_domain(void **state)
{
	static const struct {
		const char *resource;
		enum hv_presence presence;
		enum domain_owner owner;
	} cases[] = {
		{"vm", HV_PRESENT, OWNER_US},     {"vm", HV_ABSENT, OWNER_US},
		{"vm", HV_UNKNOWN, OWNER_US},     {"vm2", HV_PRESENT, OWNER_OTHER},
		{"", HV_PRESENT, OWNER_OTHER},    {NULL, HV_PRESENT, OWNER_UNSAID},
		{NULL, HV_UNKNOWN, OWNER_UNSAID}, {NULL, HV_ABSENT, OWNER_OTHER},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct domain_seen s = {"web", cases[i].resource, cases[i].presence};

		assert_int_equal(domain_owner(&s, "vm"), cases[i].owner);
	}
}

static void test_times(void **state)
{
	assert_int_equal(ocf_parse_ms("90"), 90000);
	assert_int_equal(ocf_parse_ms("90s"), 90000);
	assert_int_equal(ocf_parse_ms("1500ms"), 1500);
	assert_int_equal(ocf_parse_ms("2m"), 120000);
	assert_int_equal(ocf_parse_ms("2min"), 120000);
	assert_int_equal(ocf_parse_ms("1h"), 3600000);
	assert_int_equal(ocf_parse_ms("0"), 0);
	assert_int_equal(ocf_parse_ms(""), -1);
	assert_int_equal(ocf_parse_ms("-1"), -1);
	assert_int_equal(ocf_parse_ms("soon"), -1);
	assert_int_equal(ocf_parse_ms("9s later"), -1);
	assert_int_equal(ocf_parse_ms("99999999999h"), -1);
	assert_int_equal(ocf_parse_ms("999999999"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_storage),
		cmocka_unit_test(test_role),
		cmocka_unit_test(test_a_failed_guest_is_not_asked),
		cmocka_unit_test(test_only_running_is_healthy),
		cmocka_unit_test(test_time_for_the_kill),
		cmocka_unit_test(test_launch_errors),
		cmocka_unit_test(test_whose_domain),
		cmocka_unit_test(test_times),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
