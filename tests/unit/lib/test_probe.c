// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asking in a child, and running programs: nothing that hangs, dies or talks
 * without end may do so to the caller.
 */
#include "util.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/command.h"
#include "hvcore/lib/probe.h"

enum { LONG_MS = 20000, SHORT_MS = 100 };

static int ask_double(const void *arg, void *answer)
{
	*(long *)answer = 2 * *(const long *)arg;
	return 0;
}

static int ask_errno(const void *arg, void *answer)
{
	return -EXDEV;
}

static int ask_hang(const void *arg, void *answer)
{
	while (pause())
		;
	return 0;
}

static int ask_crash(const void *arg, void *answer)
{
	raise(SIGKILL);
	return 0;
}

static void probes(void **state)
{
	long in = 21, out = 0;
	char none;

	assert_int_equal(hv_probe(ask_double, &in, &out, sizeof(out), LONG_MS), 0);
	assert_int_equal(out, 42);
	assert_int_equal(hv_probe(ask_errno, NULL, &none, 0, LONG_MS), -EXDEV);
	assert_int_equal(hv_probe(ask_hang, NULL, &none, 0, SHORT_MS), -ETIMEDOUT);
	assert_int_equal(hv_probe(ask_hang, NULL, &none, 0, 0), -ETIMEDOUT);
	assert_int_equal(hv_probe(ask_crash, NULL, &none, 0, LONG_MS), -ECHILD);
}

static int run(const char *script, const char *input, int timeout_ms, char **out, size_t *len)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	struct hv_command cmd = {.argv = argv,
				 .input = input,
				 .input_len = input ? strlen(input) : 0,
				 .timeout_ms = timeout_ms};

	return hv_command(&cmd, out, len, NULL);
}

static void commands(void **state)
{
	char *out;
	size_t n;

	assert_int_equal(run("echo a; echo b >&2; exit 7", NULL, LONG_MS, &out, &n), 7);
	assert_string_equal(out, "a\n");
	assert_int_equal(n, 2);
	free(out);
	assert_int_equal(run("tr a-z A-Z", "hello", LONG_MS, &out, NULL), 0);
	assert_string_equal(out, "HELLO");
	free(out);
	assert_int_equal(run("cat", NULL, LONG_MS, &out, NULL),
			 0); /* /dev/null, not our terminal */
	assert_string_equal(out, "");
	free(out);
	assert_int_equal(run("kill -9 $$", NULL, LONG_MS, &out, NULL), 128 + SIGKILL);
	free(out);
	assert_int_equal(run("printf x; exit 3", NULL, LONG_MS, NULL, NULL), 3);
}

static void commands_that_hang(void **state)
{
	char *out = NULL;

	assert_int_equal(run("echo a; exec sleep 100", NULL, SHORT_MS, &out, NULL), -ETIMEDOUT);
	free(out);
	/* Its output ended, itself not. */
	assert_int_equal(run("exec >&- 2>&-; exec sleep 100", NULL, SHORT_MS, &out, NULL),
			 -ETIMEDOUT);
	free(out);
	assert_int_equal(run("exec cat /dev/zero", NULL, LONG_MS, &out, NULL), -EFBIG);
	free(out);
}

static void commands_not_there(void **state)
{
	const char *argv[] = {"/no/such/program", NULL};
	struct hv_command cmd = {.argv = argv, .timeout_ms = LONG_MS};
	struct hv_error err = {""};
	char *out = NULL;

	assert_int_equal(hv_command(&cmd, &out, NULL, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/no/such/program"));
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probes),
		cmocka_unit_test(commands),
		cmocka_unit_test(commands_that_hang),
		cmocka_unit_test(commands_not_there),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
