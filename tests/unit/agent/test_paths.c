// SPDX-License-Identifier: GPL-2.0-or-later
/* Which paths count: at once when first seen, after a while when they have failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "resource-agents/path_publish.h"

enum { HOLD = 1000 };

/* What one path does, a look after the other, and whether it counts then. */
static void one_path(void **state)
{
	static const struct {
		const char *what;
		int64_t at;
		bool works;
		uint64_t failures;
		bool counts;
	} row[] = {
		{"first seen", 5000, true, 0, true},
		{"still works", 6000, true, 0, true},
		{"fails", 7000, false, 1, false},
		{"works again", 8000, true, 1, false},
		{"for too short", 8999, true, 1, false},
		{"for long enough", 9000, true, 1, true},
		{"failed and came back between two looks", 10000, true, 2, false},
		{"again", 10500, true, 3, false},
		{"for too short since the last", 11000, true, 3, false},
		{"for long enough since the last", 11500, true, 3, true},
		{"the clock is that of another boot", 100, true, 3, false},
		{"its counter begins anew", 200, true, 0, false},
	};
	struct path_record r = {.told = {PATH_NOT_TOLD, PATH_NOT_TOLD}};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct path_seen s = {"eth0", row[i].works, row[i].failures};
		bool counts;
		unsigned up = path_hold(&r, &s, 1, row[i].at, HOLD, &counts);

		/* A record that went through a file says the same. */
		char *text = path_record_print(&r);

		path_record_parse(&r, text);
		free(text);
		if (counts != row[i].counts || up != counts)
			fail_msg("%s: counts %d", row[i].what, counts);
	}
}

static void a_clock_that_went_back(void **state)
{
	struct path_record r = {.n = 1, .path = {{"eth0", 1, 90000}}};
	struct path_seen s = {"eth0", true, 1};
	bool counts;

	/* What came back at a time that is still to come has come back now. */
	assert_int_equal(path_hold(&r, &s, 1, 100, HOLD, &counts), 0);
	assert_int_equal(path_hold(&r, &s, 1, 1100, HOLD, &counts), 1);
}

static void one_that_is_gone_is_forgotten(void **state)
{
	struct path_record r = {.n = 0};
	struct path_seen both[] = {{"eth0", true, 0}, {"eth1", false, 0}}, one = {"eth1", true, 0};
	bool counts[2];

	assert_int_equal(path_hold(&r, both, 2, 1, HOLD, counts), 1);
	assert_int_equal(path_hold(&r, both, 1, 2, HOLD, counts), 1);
	assert_int_equal(r.n, 1);
	assert_int_equal(path_hold(&r, &one, 1, 3, HOLD, counts), 1);
}

static void no_hold_counts_at_once(void **state)
{
	struct path_record r = {.n = 1, .path = {{"eth0", 0, PATH_NOT_SINCE}}};
	struct path_seen s = {"eth0", true, 7};
	bool counts;

	assert_int_equal(path_hold(&r, &s, 1, 50, 0, &counts), 1);
}

static void more_than_there_is_room_for(void **state)
{
	static struct path_seen seen[PATHS_MAX + 2];
	static char id[PATHS_MAX + 2][16];
	static bool counts[PATHS_MAX + 2];
	static struct path_record r, again;
	char longest[PATH_ID + 1], *text;

	for (unsigned i = 0; i < PATHS_MAX + 2; i++) {
		snprintf(id[i], sizeof(id[i]), "p%u", i);
		seen[i] = (struct path_seen){id[i], true, UINT64_MAX - i};
	}
	memset(longest, 'x', PATH_ID);
	longest[PATH_ID] = '\0';
	seen[0].id = longest;
	assert_int_equal(path_hold(&r, seen, PATHS_MAX + 2, 1, HOLD, counts), PATHS_MAX);
	assert_false(counts[0]);
	assert_false(counts[PATHS_MAX + 1]);
	r.told = (struct path_told){3, 4};
	text = path_record_print(&r);
	path_record_parse(&again, text);
	free(text);
	assert_memory_equal(&r, &again, sizeof(r));
}

static void what_cannot_be_read(void **state)
{
	static const char *const text[] = {
		"",
		"told 1",
		"told 1 2 3\n",
		"told 1 2", /* not to its end */
		"path eth0 0\n",
		"path eth0 0 -2\n",
		"path eth0 0 0 0\n",
		"path eth0 0 5",
		"path eth0 x 5\n",
		"path eth0xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx 0 0\n",
		"\n\n\n",
	};
	struct path_record r;

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		path_record_parse(&r, text[i]);
		if (r.n || r.told.up != PATH_NOT_TOLD || r.told.wanted != PATH_NOT_TOLD)
			fail_msg("\"%s\" was taken", text[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_path),
		cmocka_unit_test(a_clock_that_went_back),
		cmocka_unit_test(one_that_is_gone_is_forgotten),
		cmocka_unit_test(no_hold_counts_at_once),
		cmocka_unit_test(more_than_there_is_room_for),
		cmocka_unit_test(what_cannot_be_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
