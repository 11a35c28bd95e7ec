// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "heartbeat/beat.h"

/* The CRCs are those of another implementation (Python's zlib.crc32). */
#define BEAT_LINE \
	"TB1 beat seq=17 clock=81234 load=12 role=active health=ok failures=3 crc=f06ec194"
#define SET_LINE  "TB1 set interval=1000 crc=82a1455d"
#define ROLE_LINE "TB1 role value=active crc=97e5f71a"

/* with_crc() - @body with a right CRC, made by the code under test from a kind it accepts. */
static size_t with_crc(char out[BEAT_LINE_MAX + 64], const char *body)
{
	uint32_t crc = 0xffffffff;

	for (const char *p = body; *p; p++) {
		crc ^= (unsigned char)*p;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return (size_t)snprintf(out, BEAT_LINE_MAX + 64, "%s crc=%08" PRIx32, body, ~crc);
}

static int parse_body(const char *body, struct beat *b)
{
	char line[BEAT_LINE_MAX + 64];

	return beat_parse(line, with_crc(line, body), b);
}

static void test_format(void **state)
{
	static const struct {
		struct beat b;
		const char *want; /* NULL: refused */
	} cases[] = {
		{{BEAT_BEAT, .seq = 17, .clock = 81234, .load = 12, .role = "active",
		  .health = BEAT_HEALTH_OK, .failures = 3},
		 BEAT_LINE "\n"},
		{{BEAT_SET, .interval = 1000}, SET_LINE "\n"},
		{{BEAT_ROLE, .role = "active"}, ROLE_LINE "\n"},
		{{BEAT_SET, .interval = 49}, NULL},
		{{BEAT_SET, .interval = 60001}, NULL},
		{{BEAT_ROLE, .role = ""}, NULL},
		{{BEAT_ROLE, .role = "Active"}, NULL},
		{{BEAT_ROLE, .role = "a b"}, NULL},
		{{BEAT_ROLE, .role = "a\nb"}, NULL},
		{{BEAT_BEAT, .seq = 0, .role = "none"}, NULL},
		{{BEAT_BEAT, .seq = 1, .role = "none", .health = 4}, NULL},
		{{BEAT_BYE, .seq = 5, .clock = 6}, "TB1 bye seq=5 clock=6 crc=2b427493\n"},
		{{BEAT_BYE}, NULL},
		{{(enum beat_kind)4, .role = "none"}, NULL},
	};
	char line[BEAT_LINE_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int len = beat_format(line, &cases[i].b);

		if (cases[i].want) {
			assert_string_equal(line, cases[i].want);
			assert_int_equal(len, strlen(line));
		} else {
			assert_int_equal(len, -EINVAL);
		}
	}
}

static void test_longest(void **state)
{
	struct beat b = {BEAT_BEAT,  UINT64_MAX,          UINT64_MAX,
			 UINT32_MAX, BEAT_HEALTH_TIMEOUT, UINT64_MAX},
		    got;
	char line[BEAT_LINE_MAX];
	int len;

	memset(b.role, 'z', BEAT_ROLE_MAX);
	len = beat_format(line, &b);
	assert_in_range(len, 1, BEAT_LINE_MAX - 1);
	assert_int_equal(beat_parse(line, (size_t)len - 1, &got), 0);
	assert_memory_equal(&got, &b, sizeof(b));
}

static void test_parse(void **state)
{
	struct beat b;

	assert_int_equal(beat_parse(BEAT_LINE, strlen(BEAT_LINE), &b), 0);
	assert_int_equal(b.kind, BEAT_BEAT);
	assert_int_equal(b.seq, 17);
	assert_int_equal(b.clock, 81234);
	assert_int_equal(b.load, 12);
	assert_int_equal(b.health, BEAT_HEALTH_OK);
	assert_int_equal(b.failures, 3);
	assert_string_equal(b.role, "active");
	assert_int_equal(beat_parse(SET_LINE, strlen(SET_LINE), &b), 0);
	assert_int_equal(b.kind, BEAT_SET);
	assert_int_equal(b.interval, 1000);
	assert_string_equal(b.role, "");
	assert_int_equal(beat_parse(ROLE_LINE, strlen(ROLE_LINE), &b), 0);
	assert_int_equal(b.kind, BEAT_ROLE);
	assert_string_equal(b.role, "active");
}

#define BEAT_HEAD "TB1 beat seq=1 clock=2 load=3 "

static void test_bodies(void **state)
{
	static const struct {
		const char *body;
		int rc;
	} cases[] = {
		{BEAT_HEAD "role=none health=none", 0},
		{BEAT_HEAD "health=timeout role=a-1", 0},
		{BEAT_HEAD "role=none health=none later=x=y", 0},
		{BEAT_HEAD "interval=x value=- role=none health=failed",
		 0}, /* not keys of a beat */
		{BEAT_HEAD "role=none health=fine", -EINVAL},
		{BEAT_HEAD "role=none health=", -EINVAL},
		{BEAT_HEAD "role= health=ok", -EINVAL},
		{BEAT_HEAD "role=NONE health=ok", -EINVAL},
		{BEAT_HEAD "role=abcdefghijklmnopqrstuvwxyz01234 health=ok", 0},
		{BEAT_HEAD "role=abcdefghijklmnopqrstuvwxyz012345 health=ok", -EINVAL},
		{BEAT_HEAD "role=none", -EINVAL},
		{BEAT_HEAD "role=none role=none health=ok", -EINVAL},
		{BEAT_HEAD "role=none  health=ok", -EINVAL},
		{BEAT_HEAD "role=none health=ok naked", -EINVAL},
		{BEAT_HEAD "role=none health=ok =x", -EINVAL},
		{"TB1 beat seq=0 clock=2 load=3 role=none health=ok", -EINVAL},
		{"TB1 beat seq=-1 clock=2 load=3 role=none health=ok", -EINVAL},
		{"TB1 beat seq=+1 clock=2 load=3 role=none health=ok", -EINVAL},
		{"TB1 beat seq=0x1 clock=2 load=3 role=none health=ok", -EINVAL},
		{"TB1 beat seq= clock=2 load=3 role=none health=ok", -EINVAL},
		{"TB1 beat seq=18446744073709551615 clock=2 load=3 role=none health=ok", 0},
		{"TB1 beat seq=18446744073709551616 clock=2 load=3 role=none health=ok", -EINVAL},
		{"TB1 beat seq=1 clock=2 load=4294967295 role=none health=ok", 0},
		{"TB1 beat seq=1 clock=2 load=4294967296 role=none health=ok", -EINVAL},
		{BEAT_HEAD "role=none health=ok failures=7", 0},
		{BEAT_HEAD "role=none health=ok failures=", -EINVAL},
		{BEAT_HEAD "role=none health=ok failures=1 failures=1", -EINVAL},
		{"TB1 bye seq=1 clock=2", 0},
		{"TB1 bye seq=0 clock=2", -EINVAL},
		{"TB1 bye seq=1", -EINVAL},
		{"TB1 set interval=50", 0},
		{"TB1 set interval=60000", 0},
		{"TB1 set interval=49", -EINVAL},
		{"TB1 set interval=60001", -EINVAL},
		{"TB1 set", -EINVAL},
		{"TB1 set ", -EINVAL},
		{"TB1 role value=", -EINVAL},
		{"TB1 role value=../x", -EINVAL},
		{"TB1 roles value=active", -EINVAL},
		{"TB2 set interval=1000", -EINVAL},
		{"TB1  set interval=1000", -EINVAL},
		{" TB1 set interval=1000", -EINVAL},
		{"TB1", -EINVAL},
		{"", -EINVAL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct beat b = {.seq = 99};
		int rc = parse_body(cases[i].body, &b);

		if (rc != cases[i].rc)
			print_message("# '%s' gives %d\n", cases[i].body, rc);
		assert_int_equal(rc, cases[i].rc);
		if (rc)
			assert_int_equal(b.seq, 99);
	}
}

/* One bit turned anywhere is seen. */
static void test_crc(void **state)
{
	char line[] = BEAT_LINE;
	struct beat b;

	for (size_t bit = 0; bit < (sizeof(line) - 1) * 8; bit++) {
		line[bit / 8] ^= (char)(1 << bit % 8);
		assert_int_not_equal(beat_parse(line, sizeof(line) - 1, &b), 0);
		line[bit / 8] ^= (char)(1 << bit % 8);
	}
	assert_int_equal(beat_parse(line, sizeof(line) - 1, &b), 0);
	line[10] = '9';
	assert_int_equal(beat_parse(line, sizeof(line) - 1, &b), -EBADMSG);
	for (size_t len = 0; len < sizeof(line) - 1; len++)
		assert_int_not_equal(beat_parse(line, len, &b), 0);
}

static void test_role_ok(void **state)
{
	assert_true(beat_role_ok("none"));
	assert_true(beat_role_ok("standby-2"));
	assert_true(beat_role_ok("abcdefghijklmnopqrstuvwxyz01234"));
	assert_false(beat_role_ok("abcdefghijklmnopqrstuvwxyz012345"));
	assert_false(beat_role_ok(""));
	assert_false(beat_role_ok("a/b"));
	assert_false(beat_role_ok("a\x80"));
}

/* What comes out of a stream in pieces: a letter for each message, then the bad lines. */
static void stream(const char *text, size_t total, size_t piece, char *out, uint64_t *bad)
{
	struct beat_framer f = {0};
	struct beat b;

	for (size_t at = 0; at < total; at += piece) {
		const char *in = text + at;
		size_t len = total - at < piece ? total - at : piece;

		while (beat_feed(&f, &in, &len, &b))
			*out++ = "bsrB"[b.kind];
		assert_int_equal(len, 0);
		assert_ptr_equal(in, text + at + (total - at < piece ? total - at : piece));
	}
	*out = '\0';
	*bad = f.bad;
}

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void test_streams(void **state)
{
	static const struct {
		const char *text, *want;
		unsigned bad;
	} cases[] = {
		{"", "", 0},
		{BEAT_LINE, "", 0},
		{BEAT_LINE "\n", "b", 0},
		{BEAT_LINE "\n" SET_LINE "\n\n" ROLE_LINE "\n", "bsr", 0},
		{"load=12 role=active health=ok failures=3 crc=f06ec194\n" BEAT_LINE "\n", "b", 1},
		{"TB1 beat seq=17 clo\n" BEAT_LINE "\n", "b",
		 1}, /* cut off; the next one starts anew */
		{"TB1 beat seq=17 clo" BEAT_LINE "\n" BEAT_LINE "\n", "b", 1},
		{BEAT_LINE "\r\n" BEAT_LINE "\n", "b", 1},
		{X50 X50 X50 X50 X50 "xxxxx\n" BEAT_LINE "\n", "b", 1},
		{X50 X50 X50 X50 X50 "xxxxxx\n" BEAT_LINE "\n", "b", 1},
		{X50 X50 X50 X50 X50 "xxxxxx" BEAT_LINE "\n" BEAT_LINE "\n", "b", 1},
		{X50 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50 "\n\n\nx\n" SET_LINE "\n", "s", 2},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t piece = 1; piece < 300; piece = piece * 2 + 1) {
			char got[16];
			uint64_t bad;

			stream(cases[i].text, strlen(cases[i].text), piece, got, &bad);
			assert_string_equal(got, cases[i].want);
			assert_int_equal(bad, cases[i].bad);
		}
	}
}

/* Bytes of every value, none of which ends the framer's work. */
static void test_garbage(void **state)
{
	char text[4096 + sizeof(SET_LINE) + 1], got[16];
	uint32_t seed = 1;
	uint64_t bad;

	for (size_t i = 0; i < 4096; i++) {
		seed = seed * 1664525 + 1013904223;
		text[i] = (char)(seed >> 24);
	}
	text[4095] = '\n';
	memcpy(text + 4096, SET_LINE "\n", sizeof(SET_LINE));
	stream(text, 4096 + sizeof(SET_LINE), 7, got, &bad);
	assert_string_equal(got, "s");
	assert_true(bad > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),  cmocka_unit_test(test_longest),
		cmocka_unit_test(test_parse),   cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_crc),     cmocka_unit_test(test_role_ok),
		cmocka_unit_test(test_streams), cmocka_unit_test(test_garbage),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
