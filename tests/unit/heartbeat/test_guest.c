// SPDX-License-Identifier: GPL-2.0-or-later
/* taiki-guest's own decisions: what an option means, and what runs of the health command do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "heartbeat/guest/guest.h"

static void test_health(void **state)
{
	/* Runs: o(k), f(ailed), t(imeout).  After each: what is said; upper case: it is news. */
	static const struct {
		unsigned limit;
		const char *runs, *said;
		unsigned failures;
	} cases[] = {
		{1, "offto", "OFfTO", 3},
		{2, "offfo", "OoFfO", 3},
		{2, "fo", "nO", 1},
		{2, "ff", "nF", 2},
		{2, "ofofofof",
		 "Ooooooo"
		 "o",
		 4},
		{3, "ooftfftfo", "OoooFfTFO", 6},
		{3, "tt", "nn", 2},
		{1000, "ofttft", "Oooooo", 5},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct health h = {.limit = cases[i].limit};

		for (size_t k = 0; cases[i].runs[k]; k++) {
			static const char letters[] = "noft", news[] = "NOFT";
			enum beat_health result =
				(enum beat_health)(strchr(letters, cases[i].runs[k]) - letters);
			bool new = health_note(&h, result);

			assert_int_equal((new ? news : letters)[h.said], cases[i].said[k]);
		}
		assert_int_equal(h.failures, cases[i].failures);
	}
}

static void test_lines(void **state)
{
	static const struct {
		const char *line, *why; /* NULL: understood */
	} cases[] = {
		{"", NULL},
		{"  \t\n", NULL},
		{"# port = x", NULL},
		{"port=/dev/vport0p1", NULL},
		{"  health-command\t=  test -e /x && [ a = b ] # all of it \r\n", NULL},
		{"interval = 50ms", NULL},
		{"interval = 60s", NULL},
		{"interval = 60", NULL},
		{"interval = 49ms", "is out of range"},
		{"interval = 61", "is out of range"},
		{"interval = 99999999999999999999", "is out of range"},
		{"interval = 4294968", "is out of range"},
		{"interval = ", "is not a number"},
		{"interval = -1", "is not a number"},
		{"interval = 1m", "is not a time: a number, and s or ms"},
		{"interval = 1 s", "is not a time: a number, and s or ms"},
		{"health-failures = 3", NULL},
		{"health-failures = 0", "is out of range"},
		{"health-failures = 3s", "is not a number"},
		{"realtime = yes", NULL},
		{"realtime = true", "is neither yes nor no"},
		{"role-dir = relative", "is not an absolute path"},
		{"health-command = ", "is empty"},
		{"health-command", "has no '='"},
		{"healthcommand = x", "is not an option"},
		{"= x", "is not an option"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options o = {0};
		const char *why = NULL;
		char line[128];

		strcpy(line, cases[i].line);
		assert_int_equal(options_line(&o, line, &why), !cases[i].why);
		if (cases[i].why)
			assert_string_equal(why, cases[i].why);
		free((char *)o.port);
		free((char *)o.health_command);
	}
}

static void test_values(void **state)
{
	char command[] = "health-command = a=b  c \n", interval[] = "health-interval = 250ms";
	char timeout[] = "health-timeout=7", lock[] = "lock-memory = no";
	struct options o = {.lock_memory = true};
	const char *why;

	assert_true(options_line(&o, command, &why) && options_line(&o, interval, &why) &&
		    options_line(&o, timeout, &why) && options_line(&o, lock, &why));
	assert_string_equal(o.health_command, "a=b  c");
	assert_int_equal(o.health_interval, 250);
	assert_int_equal(o.health_timeout, 7000);
	assert_false(o.lock_memory);
	free((char *)o.health_command);
}

/* The command line wins over the file, whatever the order; defaults fill the rest. */
static void test_command_line(void **state)
{
	char path[] = "/tmp/guest-conf.XXXXXX", config[64];
	const char *argv[] = {"taiki-guest", "--interval=200ms", "--config", path, NULL};
	const char *missing[] = {"taiki-guest", "--config=/nowhere/at-all", NULL};
	const char *bad[] = {"taiki-guest", "--config", path, "--interval=2m", NULL};
	const char *extra[] = {"taiki-guest", "--config", path, "more", NULL};
	struct options o;
	FILE *f = fdopen(mkstemp(path), "w");

	assert_non_null(f);
	snprintf(config, sizeof(config), "interval = 5s\nhealth-failures = 9\n");
	fputs(config, f);
	fclose(f);
	assert_int_equal(options_get(&o, 4, (char **)argv), -1);
	assert_int_equal(o.interval, 200);
	assert_int_equal(o.health_failures, 9);
	assert_int_equal(o.health_timeout, 5000);
	assert_string_equal(o.role_dir, "/etc/taiki/role.d");
	assert_null(o.port);
	assert_int_equal(options_get(&o, 2, (char **)missing), 1);
	assert_int_equal(options_get(&o, 4, (char **)bad), 2);
	assert_int_equal(options_get(&o, 4, (char **)extra), 2);
	f = fopen(path, "w");
	fputs("interval = 1s\nintervall = 1s\n", f);
	fclose(f);
	assert_int_equal(options_get(&o, 4, (char **)argv), 1);
	unlink(path);
}

static bool has(char *const *env, const char *entry)
{
	for (; *env; env++) {
		if (!strcmp(*env, entry))
			return true;
	}
	return false;
}

/* What a role brings is in a script's environment, and nothing of an earlier role. */
static void test_environment(void **state)
{
	struct hv_role many = {HV_ROLE_ROLE, 3, "active"}, none = {.role = "standby"};
	char value[HV_ROLE_VALUE_MAX + 1] = "", key[] = "a", entry[300];
	char *const *env;

	memset(value, 'v', HV_ROLE_VALUE_MAX);
	assert_int_equal(hv_role_add(&many, "address-2", "10.0.0.5/24"), 0);
	for (; many.pairs < HV_ROLE_PAIRS_MAX; ++*key)
		assert_int_equal(hv_role_add(&many, key, value), 0);
	setenv("TAIKI_ROLE_OLD", "x", 1);
	setenv("TAIKI_OTHER", "y", 1);
	env = role_environment(&many);
	assert_true(has(env, "TAIKI_ROLE=active"));
	assert_true(has(env, "TAIKI_ROLE_SEQ=3"));
	assert_true(has(env, "TAIKI_ROLE_ADDRESS_2=10.0.0.5/24"));
	snprintf(entry, sizeof(entry), "TAIKI_ROLE_O=%s", value);
	assert_true(has(env, entry));
	assert_true(has(env, "TAIKI_OTHER=y"));
	assert_false(has(env, "TAIKI_ROLE_OLD=x"));
	env = role_environment(&none);
	assert_true(has(env, "TAIKI_ROLE=standby"));
	for (; *env; env++)
		assert_int_not_equal(strncmp(*env, "TAIKI_ROLE_", 11), 0);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* A role outlives taiki-guest, not the boot; what is in its way is no role. */
static void test_keep(void **state)
{
	char dir[] = "/tmp/keep.XXXXXX", path[64], text[256];
	struct roles was = {.current = "active", .seq = 7, .sum = 0x89abcdef}, is = {0};
	FILE *f;

	assert_non_null(mkdtemp(dir));
	was.run_dir = is.run_dir = dir;
	snprintf(path, sizeof(path), "%s/role", dir);
	keep_load(&is);
	assert_string_equal(is.current, "none");
	keep_save(&was);
	keep_load(&is);
	assert_string_equal(is.current, "active");
	assert_int_equal(is.seq, 7);
	assert_int_equal(is.sum, 0x89abcdef);
	f = fopen(path, "r");
	assert_non_null(fgets(text, sizeof(text), f));
	assert_string_equal(text, "active\n");
	fclose(f);

	write_file(path, "active\n7 89abcdef 01234567-89ab-cdef-0123-456789abcdef\n");
	keep_load(&is);
	assert_string_equal(is.current, "none");
	assert_int_equal(is.seq, 0);
	write_file(path, "active"); /* as an earlier version had it */
	keep_load(&is);
	assert_string_equal(is.current, "active");
	assert_int_equal(is.seq, 0);
	for (const char *const *bad = (const char *const[]){"", "\n", "active\n", "active\n7\n",
							    "Active", "../x\n7 0 x\n", NULL};
	     *bad; bad++) {
		write_file(path, *bad);
		keep_load(&is);
		assert_string_equal(is.current, "none");
		assert_int_equal(is.seq, 0);
	}
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_health),      cmocka_unit_test(test_lines),
		cmocka_unit_test(test_values),      cmocka_unit_test(test_command_line),
		cmocka_unit_test(test_environment), cmocka_unit_test(test_keep),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
