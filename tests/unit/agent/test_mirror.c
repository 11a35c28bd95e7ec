// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is to be promoted, and what the parameters that say so mean. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "resource-agents/mirror.h"

static void scores(void **state)
{
	static const struct {
		struct mirror_state s;
		int score;
	} row[] = {
		{{"Secondary", "Connected", "UpToDate", "UpToDate"}, 10000},
		{{"Primary", "Connected", "UpToDate", "UpToDate"}, 10000},
		{{"Secondary", "SyncSource", "UpToDate", "Inconsistent"}, 10000},
		{{"Primary", "WFConnection", "UpToDate", "DUnknown"}, 10000},
		{{"Secondary", "WFConnection", "UpToDate", "Outdated"}, 10000},
		{{"Secondary", "WFConnection", "UpToDate", "DUnknown"}, 1000},
		{{"Secondary", "StandAlone", "UpToDate", "DUnknown"}, 1000},
		{{"Secondary", "WFConnection", "Consistent", "DUnknown"}, 0},
		{{"Secondary", "WFConnection", "Outdated", "DUnknown"}, MIRROR_NO_SCORE},
		{{"Secondary", "SyncTarget", "Inconsistent", "UpToDate"}, MIRROR_NO_SCORE},
		{{"Secondary", "WFBitMapT", "Outdated", "UpToDate"}, MIRROR_NO_SCORE},
		{{"Secondary", "Connected", "Inconsistent", "Inconsistent"}, MIRROR_NO_SCORE},
		{{"Primary", "Connected", "Diskless", "UpToDate"}, MIRROR_NO_SCORE},
		{{"", "", "", ""}, MIRROR_NO_SCORE},
		{{NULL, NULL, NULL, NULL}, MIRROR_NO_SCORE},
	};
	static const int given[MIRROR_SCORES] = {0, 1000, 10000};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (mirror_score(&row[i].s, given) != row[i].score)
			fail_msg("row %zu: %d", i, mirror_score(&row[i].s, given));
}

static void scores_as_text(void **state)
{
	static const char *const bad[] = {
		"",      "1",      "1 2",   "1 2 3 4",     "1 2 -3",
		"a 2 3", "1 2 3x", "1,2,3", "1 2 1000001", "1 2 99999999999999999999"};
	int n[MIRROR_SCORES];

	assert_int_equal(mirror_scores("5  10 15 ", n), 0);
	assert_int_equal(n[MIRROR_CONSISTENT], 5);
	assert_int_equal(n[MIRROR_LONE], 10);
	assert_int_equal(n[MIRROR_GOOD], 15);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!mirror_scores(bad[i], n))
			fail_msg("'%s' was taken", bad[i]);
}

static void both_ends(void **state)
{
	static const struct {
		const char *text, *node, *local, *peer;
		int rc;
	} row[] = {
		{"a=10.0.0.1:7789 b=10.0.0.2:7789", "a", "10.0.0.1:7789", "10.0.0.2:7789", 0},
		{"a=10.0.0.1:7789 b=10.0.0.2:7789", "b", "10.0.0.2:7789", "10.0.0.1:7789", 0},
		{"a=10.0.0.1:7789,b=10.0.0.2:7789", "b", "10.0.0.2:7789", "10.0.0.1:7789", 0},
		{" a=[::1]:1\t b=[::2]:2 \n", "b", "[::2]:2", "[::1]:1", 0},
		{"a=10.0.0.1:7789 b=10.0.0.2:7789", "c", NULL, NULL, 1},
		{"a=10.0.0.1:7789 ab=10.0.0.2:7789", "ab", "10.0.0.2:7789", "10.0.0.1:7789", 0},
		{"a=10.0.0.1:7789", "a", NULL, NULL, -EINVAL},
		{"a=1:1 b=1:2 c=1:3", "a", NULL, NULL, -EINVAL},
		{"a=1:1 a=1:2", "a", NULL, NULL, -EINVAL},
		{"a=1:1 b=1:1", "a", NULL, NULL, -EINVAL},
		{"a= b=1:1", "a", NULL, NULL, -EINVAL},
		{"a b", "a", NULL, NULL, -EINVAL},
		{"a=10.0.0.1 b=10.0.0.2", "a", NULL, NULL, -EINVAL},
		{"a=10.0.0.1: b=10.0.0.2:", "a", NULL, NULL, -EINVAL},
		{"", "a", NULL, NULL, -EINVAL},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char local[MIRROR_ENDPOINT] = "", peer[MIRROR_ENDPOINT] = "";
		int rc = mirror_hosts(row[i].text, row[i].node, local, peer);

		if (rc != row[i].rc)
			fail_msg("row %zu: %d", i, rc);
		if (!rc) {
			assert_string_equal(local, row[i].local);
			assert_string_equal(peer, row[i].peer);
		}
	}
}

static void an_end_that_is_too_long(void **state)
{
	char local[MIRROR_ENDPOINT], peer[MIRROR_ENDPOINT], text[256] = "a=";

	memset(text + 2, '1', MIRROR_ENDPOINT - 2);
	strcat(text, ":7 b=1:1");
	assert_int_equal(mirror_hosts(text, "a", local, peer), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scores),
		cmocka_unit_test(scores_as_text),
		cmocka_unit_test(both_ends),
		cmocka_unit_test(an_end_that_is_too_long),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
