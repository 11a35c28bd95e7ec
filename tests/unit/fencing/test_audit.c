// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The audit log: its lines as they are, whoever wrote what is in them, and a full disk.
 */
#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>
#include <cmocka.h>

#include "fencing/audit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct fence_request asked = {
	.id = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff},
	.op = FENCE_OP_OFF,
	.timeout_ms = 20000,
	.target = "db2",
};

static void test_golden_lines(void **state)
{
	static const struct {
		struct audit_line line;
		const char *want;
	} cases[] = {
		{{AUDIT_OUTCOME, "channel", "domain db1 (channel)", &asked, FENCE_DONE, "5f6a",
		  "off", 41250},
		 "{\"time\": \"2026-01-31T12:00:00.000042Z\", \"event\": \"outcome\", "
		 "\"door\": \"channel\", \"who\": \"domain db1 (channel)\", \"op\": \"off\", "
		 "\"target\": \"db2\", \"id\": \"000102030405060708090a0b0c0d0eff\", "
		 "\"incarnation\": \"5f6a\", \"result\": \"done\", \"text\": \"off\", "
		 "\"us\": 41250}\n"},
		{{AUDIT_REQUEST, "tls", "db1 (tls, 10.0.0.7)", &asked, -1, NULL, NULL, -1},
		 "{\"time\": \"2026-01-31T12:00:00.000042Z\", \"event\": \"request\", "
		 "\"door\": \"tls\", \"who\": \"db1 (tls, 10.0.0.7)\", \"op\": \"off\", "
		 "\"target\": \"db2\", \"id\": \"000102030405060708090a0b0c0d0eff\"}\n"},
		{{AUDIT_REFUSED, "tls", "(tls, ::1)", NULL, -1, NULL, "no \"key\"", -1, 7},
		 "{\"time\": \"2026-01-31T12:00:00.000042Z\", \"event\": \"refused\", "
		 "\"door\": \"tls\", \"who\": \"(tls, ::1)\", \"text\": \"no \\\"key\\\"\", "
		 "\"untold\": 7}\n"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *line = audit_format(&cases[i].line, INT64_C(1769860800000042));

		assert_string_equal(line, cases[i].want);
		free(line);
	}
}

/* Whatever a guest calls its target, it stays one line of ASCII that is JSON. */
static void test_hostile_strings(void **state)
{
	static const char *const texts[] = {
		"a\nb",     "\x1b[2J", "\xff\xfe\x80", "\"},{\"event\":\"outcome\"", "\\",
		"\x7f\x01", "é",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct fence_request r = asked;
		struct audit_line l = {AUDIT_REFUSED,   "tls",    texts[i], &r,
				       FENCE_MALFORMED, texts[i], texts[i], -1};
		char *line;
		json_t *o;

		snprintf(r.target, sizeof(r.target), "%s", texts[i]);
		line = audit_format(&l, 0);
		assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
		for (const char *p = line; p[1]; p++)
			assert_in_range((unsigned char)*p, ' ', '~');
		o = json_loads(line, 0, NULL);
		assert_non_null(o);
		assert_string_equal(json_string_value(json_object_get(o, "event")), "refused");
		json_decref(o);
		free(line);
	}
}

static void test_clean(void **state)
{
	char out[8];

	assert_string_equal(audit_clean(out, sizeof(out), "abc"), "abc");
	assert_string_equal(audit_clean(out, sizeof(out), "a\nb"), "a\\x0ab");
	assert_string_equal(audit_clean(out, sizeof(out), "abcdefghij"), "abcdefg");
	assert_string_equal(audit_clean(out, sizeof(out), "abcd\nfgh"), "abcd");
	assert_string_equal(audit_clean(out, sizeof(out), "\\"), "\\x5c");
}

static void write_one(const char *text)
{
	audit_write(&(struct audit_line){AUDIT_OUTCOME, "channel", "domain db1 (channel)", &asked,
					 FENCE_DONE, NULL, text, 1});
}

/* read_all() - The file's lines, checked to be JSON each; their texts one behind the other. */
static void read_all(const char *path, char *texts, size_t size)
{
	FILE *f = fopen(path, "r");
	char line[4096];

	assert_non_null(f);
	texts[0] = '\0';
	while (fgets(line, sizeof(line), f)) {
		json_t *o = json_loads(line, 0, NULL);
		const char *text = o ? json_string_value(json_object_get(o, "text")) : "TORN";

		snprintf(texts + strlen(texts), size - strlen(texts), "%s,", text);
		json_decref(o);
	}
	fclose(f);
}

static void test_file(void **state)
{
	char dir[] = "/tmp/audit.XXXXXX", path[64], moved[80], texts[256];
	struct stat st;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a/b/fence.log", dir);
	snprintf(moved, sizeof(moved), "%s.1", path);
	assert_int_equal(audit_open(path), 0);
	write_one("one");
	assert_int_equal(rename(path, moved), 0);
	write_one("two");
	write_one("three");
	assert_int_equal(unlink(path), 0);
	write_one("three and a half");
	audit_close();
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	read_all(moved, texts, sizeof(texts));
	assert_string_equal(texts, "one,");
	read_all(path, texts, sizeof(texts));
	assert_string_equal(texts, "three and a half,");
	/* The environment moves it. */
	setenv("TAIKI_FENCE_LOG", moved, 1);
	assert_int_equal(audit_open(NULL), 0);
	write_one("four");
	audit_close();
	read_all(moved, texts, sizeof(texts));
	assert_string_equal(texts, "one,four,");
	unsetenv("TAIKI_FENCE_LOG");
	unlink(path);
	unlink(moved);
}

/* A file that may not grow is as a disk that is full: lines are cut in the middle, then refused. */
static void test_full_disk(void **state)
{
	char dir[] = "/tmp/audit.XXXXXX", path[64], texts[256];
	struct rlimit before, small;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/fence.log", dir);
	assert_int_equal(audit_open(path), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	write_one("one");
	small = before;
	small.rlim_cur = 300;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	write_one("cut");
	write_one("refused");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	write_one("two");
	write_one("three");
	audit_close();
	read_all(path, texts, sizeof(texts));
	assert_string_equal(texts, "one,TORN,two,three,");
	unlink(path);
	rmdir(dir);
}

static void test_no_file(void **state)
{
	char long_path[5000];

	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(audit_open(long_path), -ENAMETOOLONG);
	assert_int_equal(audit_open("/proc/nowhere/fence.log"), -ENOENT);
	write_one("to the system's log");
	audit_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_lines), cmocka_unit_test(test_hostile_strings),
		cmocka_unit_test(test_clean),        cmocka_unit_test(test_file),
		cmocka_unit_test(test_full_disk),    cmocka_unit_test(test_no_file),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
