/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which engine is chosen, why, and what the cache of the measurement is believed. */
#include "hvcore/vmm/engine/engine.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hvcore/vmm/engine/calibrate.h"

const struct engine_ops engine_kvm = {.name = "kvm"};
const struct engine_ops engine_soft = {.name = "soft"};

/* What the measurement says, and how often it was asked. */
static int64_t rate;
static unsigned measured;

int64_t kvm_calibrate(void)
{
	measured++;
	return rate;
}

static char dir[] = "/tmp/choose.XXXXXX", cache[64], why[200];
static struct hv_error err;

static int setup(void **state)
{
	strcpy(dir, "/tmp/choose.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(cache, sizeof(cache), "%s/kvm-calibration", dir);
	measured = 0;
	return 0;
}

static int teardown(void **state)
{
	unlink(cache);
	return rmdir(dir); /* fails if anything else was left in it */
}

static const char *chosen(const char *where)
{
	const struct engine_ops *ops = engine_choose(HV_ENGINE_AUTO, where, why, &err);

	assert_non_null(ops);
	return ops->name;
}

static void write_cache(const char *text)
{
	FILE *f = fopen(cache, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void test_fast_is_kvm(void **state)
{
	rate = ENGINE_KVM_MIN_RATE;
	assert_string_equal(chosen(NULL), "kvm");
	assert_non_null(strstr(why, "20.0 million"));
	rate = ENGINE_KVM_MIN_RATE - 1;
	assert_string_equal(chosen(NULL), "soft");
	assert_non_null(strstr(why, "20.0 million"));
	rate = 1200000;
	assert_string_equal(chosen(NULL), "soft");
	assert_non_null(strstr(why, "1.2 million"));
}

static void test_broken_is_soft(void **state)
{
	rate = -ENOENT;
	assert_string_equal(chosen(dir), "soft");
	assert_non_null(strstr(why, "no /dev/kvm"));
	rate = -ETIMEDOUT;
	assert_string_equal(chosen(dir), "soft");
	assert_non_null(strstr(why, "timed out"));
	/* A failure is not remembered. */
	assert_int_not_equal(access(cache, F_OK), 0);
	assert_int_equal(measured, 2);
}

static void test_measured_once_a_boot(void **state)
{
	rate = 900000000;
	assert_string_equal(chosen(dir), "kvm");
	rate = 1;
	assert_string_equal(chosen(dir), "kvm");
	assert_non_null(strstr(why, "900.0 million"));
	assert_int_equal(measured, 1);
}

static void test_another_boot_measures_again(void **state)
{
	rate = 1000;
	write_cache("00000000-0000-4000-8000-000000000000 900000000\n");
	assert_string_equal(chosen(dir), "soft");
	assert_int_equal(measured, 1);
	assert_string_equal(chosen(dir), "soft");
	assert_int_equal(measured, 1);
}

static void test_damaged_cache_measures_again(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"900000000\n",
		"x y\n",
		"%s",
		"%s 900000000",
		"%s 900000000 \n",
		"%s 9000x\n",
		"%s9 900000000\n",
		"\x01\x02\xff",
	};
	char id[64] = "", text[128];
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "r");

	assert_non_null(f);
	assert_non_null(fgets(id, sizeof(id), f));
	fclose(f);
	id[strcspn(id, "\n")] = '\0';
	rate = 1000;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *at = strstr(bad[i], "%s");

		snprintf(text, sizeof(text), "%s%s", at ? id : "", at ? at + 2 : bad[i]);
		write_cache(text);
		assert_string_equal(chosen(dir), "soft");
		assert_int_equal(measured, i + 1);
	}
}

static void test_unwritable_cache_is_nobodys_error(void **state)
{
	rate = 1000;
	assert_string_equal(chosen("/nonexistent/directory"), "soft");
	assert_string_equal(chosen("/nonexistent/directory"), "soft");
	assert_int_equal(measured, 2);
}

static void test_asked_for(void **state)
{
	const struct engine_ops *ops = engine_choose(HV_ENGINE_SOFT, dir, why, &err);

	assert_ptr_equal(ops, &engine_soft);
	ops = engine_choose(HV_ENGINE_KVM, dir, why, &err);
	if (access("/dev/kvm", R_OK | W_OK)) {
		assert_null(ops);
		assert_non_null(strstr(err.text, "/dev/kvm"));
	} else {
		assert_ptr_equal(ops, &engine_kvm);
	}
	assert_int_equal(measured, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fast_is_kvm),
		TEST(test_broken_is_soft),
		TEST(test_measured_once_a_boot),
		TEST(test_another_boot_measures_again),
		TEST(test_damaged_cache_measures_again),
		TEST(test_unwritable_cache_is_nobodys_error),
		TEST(test_asked_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
