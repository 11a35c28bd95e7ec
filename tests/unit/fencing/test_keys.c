// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of keys: what it takes, what it refuses, and what stays in use when it changes.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "fencing/door_keys.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define KEY1     "000102030405060708090a0b0c0d0e0f"
#define KEY2     "F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF" KEY1

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int n;             /* keys; -1: refused */
		const char *wrong; /* and with that in the message */
	} cases[] = {
		{"", 0},
		{"\n \n\t\r\n", 0},
		{"# nothing\n  # more\n", 0},
		{"db1 " KEY1, 1},
		{"db1 " KEY1 "\n", 1},
		{"db1\t" KEY1 "\r\ndb2 " KEY2 " group=sales # hers\n", 2},
		{"db1", -1, "line 1: there is no key"},
		{"\ndb1 0011", -1, "line 2: the key is not 32 to 128"},
		{"db1 " KEY1 "0", -1, "line 1: the key is not 32 to 128"},
		{"db1 " KEY2 KEY2 "00", -1, "line 1: the key is not 32 to 128"},
		{"db1 000102030405060708090a0b0c0d0e0g", -1, "line 1: the key is not hexadecimal"},
		{"../db1 " KEY1, -1, "line 1: an identity or group"},
		{"db1 " KEY1 " group=", -1, "line 1: an identity or group"},
		{"db1 " KEY1 " group=a/b", -1, "line 1: an identity or group"},
		{"db1 " KEY1 " grp=a", -1, "line 1: behind the key"},
		{"db1 " KEY1 "\ndb1 " KEY2, -1, "line 2: the identity stands there twice"},
		{"db1 " KEY1 "\n\xff\xfe " KEY1, -1, "line 2: an identity or group"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = strdup(cases[i].text), err[256] = "";
		struct door_key *key;
		size_t n;
		int rc = door_keys_parse(text, strlen(text), &key, &n, err, sizeof(err));

		assert_int_equal(rc, cases[i].n < 0 ? -EINVAL : 0);
		assert_int_equal(n, cases[i].n < 0 ? 0 : cases[i].n);
		if (cases[i].wrong)
			assert_non_null(strstr(err, cases[i].wrong));
		/* A key never stands in a message. */
		assert_null(strstr(err, "0001"));
		door_keys_wipe(key, n);
		free(text);
	}
}

static void test_parse_limits(void **state)
{
	char *text = calloc(DOOR_KEYS_MAX + 1, 64), *at = text, err[256];
	struct door_key *key;
	size_t n;

	for (unsigned i = 0; i < DOOR_KEYS_MAX; i++)
		at += sprintf(at, "d%u " KEY1 "\n", i);
	char *copy = strdup(text);
	assert_int_equal(door_keys_parse(copy, strlen(copy), &key, &n, err, sizeof(err)), 0);
	assert_int_equal(n, DOOR_KEYS_MAX);
	door_keys_wipe(key, n);
	free(copy);
	sprintf(at, "more " KEY1 "\n");
	assert_int_equal(door_keys_parse(text, strlen(text), &key, &n, err, sizeof(err)), -EINVAL);
	free(text);
	char nul[] = "db1 " KEY1 "\n\0x";
	assert_int_equal(door_keys_parse(nul, sizeof(nul) - 1, &key, &n, err, sizeof(err)),
			 -EINVAL);
}

static void put(const char *path, const char *text, mode_t mode)
{
	char fresh[4200];
	int fd;

	/* As an editor does it: a new file in its place. */
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	fd = open(fresh, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	assert_int_equal(rename(fresh, path), 0);
}

static void test_file(void **state)
{
	struct door_keys t = {0};
	char dir[] = "/tmp/keys.XXXXXX";
	const struct door_key *k;
	unsigned generation;

	assert_non_null(mkdtemp(dir));
	snprintf(t.path, sizeof(t.path), "%s/keys", dir);
	assert_int_equal(door_keys_refresh(&t), 1);
	assert_non_null(strstr(t.problem, "No such file"));
	assert_int_equal(door_keys_refresh(&t), 0);

	put(t.path, "db1 " KEY1 "\nher " KEY2 " group=sales\n", 0600);
	assert_int_equal(door_keys_refresh(&t), 1);
	assert_string_equal(t.problem, "");
	k = door_keys_find(&t, "db1");
	assert_non_null(k);
	assert_int_equal(k->len, 16);
	assert_int_equal(k->secret[15], 15);
	assert_string_equal(k->group, "");
	k = door_keys_find(&t, "her");
	assert_non_null(k);
	assert_int_equal(k->len, 32);
	assert_int_equal(k->secret[0], 0xf0);
	assert_string_equal(k->group, "sales");
	assert_null(door_keys_find(&t, "db"));
	generation = t.generation;
	assert_int_equal(door_keys_refresh(&t), 0);
	assert_int_equal(t.generation, generation);

	/* Malformed: what was there stays, and nobody is thrown out. */
	put(t.path, "db1 " KEY1 "\nher\n", 0600);
	assert_int_equal(door_keys_refresh(&t), 1);
	assert_non_null(strstr(t.problem, "line 2"));
	assert_non_null(door_keys_find(&t, "her"));
	assert_int_equal(t.generation, generation);

	/* Readable by others: nothing in it is a secret any more. */
	put(t.path, "db1 " KEY1 "\n", 0640);
	assert_int_equal(door_keys_refresh(&t), 1);
	assert_non_null(strstr(t.problem, "chmod 0600"));
	assert_null(door_keys_find(&t, "db1"));
	assert_int_equal(chmod(t.path, 0600), 0);
	assert_int_equal(door_keys_refresh(&t), 1);
	assert_non_null(door_keys_find(&t, "db1"));
	assert_true(t.generation > generation);

	if (geteuid() == 0) {
		assert_int_equal(chown(t.path, 12345, 0), 0);
		assert_int_equal(door_keys_refresh(&t), 1);
		assert_non_null(strstr(t.problem, "chown root"));
		assert_null(door_keys_find(&t, "db1"));
	}
	unlink(t.path);
	assert_int_equal(mkfifo(t.path, 0600), 0);
	assert_int_equal(door_keys_refresh(&t), 1);
	assert_non_null(strstr(t.problem, "not a regular file"));
	unlink(t.path);
	assert_int_equal(door_keys_refresh(&t), 1);
	door_keys_free(&t);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_limits),
		cmocka_unit_test(test_file),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
