// SPDX-License-Identifier: GPL-2.0-or-later
/* What outlives the daemon: written, read back, and refused when it is not whole. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>

#include "heartbeat/state.h"

static const struct state full = {
	.incarnation = "d10ad136-6ecc-4cac-b42a-721ccbf6ed7f",
	.boot = 81234000000,
	.beaten = true,
	.reported = true,
	.reset = {1, 22, 333},
	.nresets = 3,
};

static void assert_same(const struct state *a, const struct state *b)
{
	assert_string_equal(a->incarnation, b->incarnation);
	assert_int_equal(a->boot, b->boot);
	assert_int_equal(a->beaten, b->beaten);
	assert_int_equal(a->goodbye, b->goodbye);
	assert_int_equal(a->reported, b->reported);
	assert_int_equal(a->nresets, b->nresets);
	for (unsigned i = 0; i < a->nresets; i++)
		assert_int_equal(a->reset[i], b->reset[i]);
}

static void test_round_trip(void **state)
{
	char text[STATE_TEXT_MAX];
	struct state most = full, s;

	assert_int_equal(state_parse(text, state_format(text, &full), &s), 0);
	assert_same(&s, &full);
	most.goodbye = true;
	most.nresets = 0;
	for (int i = 0; i < STATE_RESETS_MAX; i++)
		state_note_reset(&most, 99999999999999990 + i);
	assert_int_equal(state_parse(text, state_format(text, &most), &s), 0);
	assert_same(&s, &most);
}

static void test_oldest_reset_makes_room(void **state)
{
	struct state s = {0};

	for (int i = 1; i <= STATE_RESETS_MAX + 5; i++)
		state_note_reset(&s, i);
	assert_int_equal(s.nresets, STATE_RESETS_MAX);
	assert_int_equal(s.reset[0], 6);
	assert_int_equal(s.reset[STATE_RESETS_MAX - 1], STATE_RESETS_MAX + 5);
}

/* Cut anywhere, or with any bit turned, it is refused and nothing is taken over. */
static void test_damage(void **state)
{
	char text[STATE_TEXT_MAX], bad[STATE_TEXT_MAX];
	size_t len = state_format(text, &full);
	const struct state untouched = {.incarnation = "untouched"};
	struct state s = untouched;

	for (size_t n = 0; n < len; n++)
		assert_int_not_equal(state_parse(text, n, &s), 0);
	for (size_t n = 0; n < len * 8; n++) {
		memcpy(bad, text, len);
		bad[n / 8] = (char)(bad[n / 8] ^ 1 << n % 8);
		assert_int_not_equal(state_parse(bad, len, &s), 0);
	}
	assert_string_equal(s.incarnation, "untouched");
}

/* with_crc() - @body behind the first line, with its right checksum. */
static size_t with_crc(char *out, const char *first, const char *body)
{
	int n = snprintf(out, STATE_TEXT_MAX, "%s%s", first, body);

	return (size_t)n +
	       (size_t)sprintf(out + n, "crc %08lx\n", crc32(0, (unsigned char *)out, (unsigned)n));
}

static void test_refused(void **state)
{
	static const char *const bodies[] = {
		"boot -1\n",
		"boot 1x\n",
		"boot\n",
		"boot 1",
		"beaten 2\n",
		"beaten 11\n",
		"unknown 1\n",
		"incarnation ABC\n",
		"incarnation 0123456789012345678901234567890123456789\n",
		"reset 9999999999999999999\n",
	};
	char text[STATE_TEXT_MAX];
	struct state s;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_int_equal(
			state_parse(text, with_crc(text, "taiki-heartbeat 1\n", bodies[i]), &s),
			-EINVAL);
	assert_int_equal(state_parse(text, with_crc(text, "taiki-heartbeat 2\n", "boot 1\n"), &s),
			 -EINVAL);
	assert_int_equal(state_parse(text, with_crc(text, "taiki-heartbeat 1\n", "boot 1\n"), &s),
			 0);
	assert_int_equal(s.boot, 1);
}

static void test_too_many_resets(void **state)
{
	char body[STATE_TEXT_MAX] = "", text[STATE_TEXT_MAX];
	struct state s;

	for (int i = 0; i <= STATE_RESETS_MAX; i++)
		strcat(body, "reset 1\n");
	assert_int_equal(state_parse(text, with_crc(text, "taiki-heartbeat 1\n", body), &s),
			 -EINVAL);
}

static void test_file(void **state)
{
	char dir[] = "/tmp/hbstate.XXXXXX", path[64];
	struct state s;

	assert_non_null(mkdtemp(dir));
	setenv("TAIKI_RUN_DIR", dir, 1);
	assert_int_equal(state_read("web", &s), -ENOENT);
	assert_int_equal(state_write("web", &full), -ENOENT); /* no run directory */
	assert_int_equal(state_write("../web", &full), -EINVAL);
	snprintf(path, sizeof(path), "%s/web", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(state_write("web", &full), 0);
	assert_int_equal(state_read("web", &s), 0);
	assert_same(&s, &full);
	strcat(path, "/heartbeat");
	assert_int_equal(truncate(path, 40), 0);
	assert_int_equal(state_read("web", &s), -EBADMSG);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_oldest_reset_makes_room),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_too_many_resets),
		cmocka_unit_test(test_file),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
