// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include <cmocka.h>

#include "hv/crc.h"
#include "hv/role.h"

/* The CRCs are those of another implementation (Python's zlib.crc32). */
#define ROLE_LINE \
	"TR1 role seq=3 value=active name=web address=10.0.0.5%2F24 mac=52:54:00:00:00:01 crc=65ecd140"
#define ASK_LINE   "TR1 ask crc=a0a4b6dc"
#define HELLO_LINE "TR1 hello role=standby seq=0 crc=014b0cc2"
#define DONE_LINE  "TR1 done role=active seq=3 status=0 crc=f5f5cfd5"

static struct hv_role role_of(const char *value, uint64_t seq)
{
	struct hv_role r = {.kind = HV_ROLE_ROLE, .seq = seq};

	snprintf(r.role, sizeof(r.role), "%s", value);
	return r;
}

static int parse_body(const char *body, struct hv_role *r)
{
	char line[2 * HV_ROLE_LINE_MAX];
	int len = snprintf(line, sizeof(line), "%s crc=%08lx", body,
			   crc32(0, (const Bytef *)body, (uInt)strlen(body)));

	return hv_role_parse(line, (size_t)len, r);
}

static void test_format(void **state)
{
	static const struct {
		struct hv_role r;
		const char *want; /* NULL: refused */
	} cases[] = {
		{{HV_ROLE_ROLE, 3, "active", .pairs = 3,
		  .pair = {{"name", "web"},
			   {"address", "10.0.0.5/24"},
			   {"mac", "52:54:00:00:00:01"}}},
		 ROLE_LINE},
		{{HV_ROLE_ASK}, ASK_LINE},
		{{HV_ROLE_HELLO, 0, "standby"}, HELLO_LINE},
		{{HV_ROLE_DONE, 3, "active", 0}, DONE_LINE},
		{{HV_ROLE_ROLE, 0, "active"}, NULL},
		{{HV_ROLE_ROLE, 1, ""}, NULL},
		{{HV_ROLE_ROLE, 1, "Active"}, NULL},
		{{HV_ROLE_ROLE, 1, "a b"}, NULL},
		{{HV_ROLE_ROLE, 1, "a", .pairs = 1, .pair = {{"Key", "x"}}}, NULL},
		{{HV_ROLE_ROLE, 1, "a", .pairs = 1, .pair = {{"seq", "1"}}}, NULL},
		{{HV_ROLE_ROLE, 1, "a", .pairs = 1, .pair = {{"crc", "1"}}}, NULL},
		{{HV_ROLE_ROLE, 1, "a", .pairs = 1, .pair = {{"k", "a\nb"}}}, NULL},
		{{HV_ROLE_ROLE, 1, "a", .pairs = 2, .pair = {{"k", "1"}, {"k", "2"}}}, NULL},
		{{HV_ROLE_ROLE, 1, "a", .pairs = 17}, NULL},
		{{HV_ROLE_HELLO, 0, "none!"}, NULL},
		{{HV_ROLE_DONE, 0, "active", 0}, NULL},
		{{HV_ROLE_DONE, 1, "active", 256}, NULL},
		{{(enum hv_role_kind)4, 1, "active"}, NULL},
	};
	char line[HV_ROLE_LINE_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int len = hv_role_format(line, &cases[i].r);

		if (cases[i].want) {
			assert_string_equal(line, cases[i].want);
			assert_int_equal(len, strlen(line));
		} else {
			assert_int_equal(len, -EINVAL);
		}
	}
}

static void test_parse(void **state)
{
	struct hv_role r;

	assert_int_equal(hv_role_parse(ROLE_LINE, strlen(ROLE_LINE), &r), 0);
	assert_int_equal(r.kind, HV_ROLE_ROLE);
	assert_int_equal(r.seq, 3);
	assert_string_equal(r.role, "active");
	assert_int_equal(r.pairs, 3);
	assert_string_equal(hv_role_get(&r, "name"), "web");
	assert_string_equal(hv_role_get(&r, "address"), "10.0.0.5/24");
	assert_null(hv_role_get(&r, "seq"));
	assert_int_equal(hv_role_parse(ASK_LINE, strlen(ASK_LINE), &r), 0);
	assert_int_equal(r.kind, HV_ROLE_ASK);
	assert_int_equal(r.pairs, 0);
	assert_int_equal(hv_role_parse(HELLO_LINE, strlen(HELLO_LINE), &r), 0);
	assert_int_equal(r.kind, HV_ROLE_HELLO);
	assert_string_equal(r.role, "standby");
	assert_int_equal(hv_role_parse(DONE_LINE, strlen(DONE_LINE), &r), 0);
	assert_int_equal(r.kind, HV_ROLE_DONE);
	assert_int_equal(r.status, 0);
}

#define V50  "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"
#define V255 V50 V50 V50 V50 V50 "vvvvv"

static void test_bodies(void **state)
{
	static const struct {
		const char *body;
		int rc;
	} cases[] = {
		{"TR1 role seq=1 value=active", 0},
		{"TR1 role value=active a=b seq=18446744073709551615", 0},
		{"TR1 role value=active seq=18446744073709551616", -EINVAL},
		{"TR1 role value=active seq=0", -EINVAL},
		{"TR1 role value=active seq=-1", -EINVAL},
		{"TR1 role value=active seq=", -EINVAL},
		{"TR1 role value= seq=1", -EINVAL},
		{"TR1 role value=../x seq=1", -EINVAL},
		{"TR1 role seq=1", -EINVAL},
		{"TR1 role value=active", -EINVAL},
		{"TR1 role seq=1 seq=1 value=active", -EINVAL},
		{"TR1 role seq=1 value=active naked", -EINVAL},
		{"TR1 role seq=1 value=active =x", -EINVAL},
		{"TR1 role seq=1  value=active", -EINVAL},
		{"TR1 role seq=1 value=active k=", 0},
		{"TR1 role seq=1 value=active k=a=b/c,d", 0},
		{"TR1 role seq=1 value=active k=1 k=2", -EINVAL},
		{"TR1 role seq=1 value=active status=1", -EINVAL},
		{"TR1 role seq=1 value=active K=1", -EINVAL},
		{"TR1 role seq=1 value=active 1k=1", -EINVAL},
		{"TR1 role seq=1 value=active k_1=1", -EINVAL},
		{"TR1 role seq=1 value=active k=%", -EINVAL},
		{"TR1 role seq=1 value=active k=%4", -EINVAL},
		{"TR1 role seq=1 value=active k=%4g", -EINVAL},
		{"TR1 role seq=1 value=active k=%41%c3%A4", 0},
		{"TR1 role seq=1 value=active k=%00", -EINVAL},
		{"TR1 role seq=1 value=active k=%0a", -EINVAL},
		{"TR1 role seq=1 value=active k=%7F", -EINVAL},
		{"TR1 role seq=1 value=active k=\xc3\xa4", -EINVAL},
		{"TR1 role seq=1 value=active k=a\tb", -EINVAL},
		{"TR1 role seq=1 value=active k=" V255, 0},
		{"TR1 role seq=1 value=active k=" V255 "v", -EINVAL},
		{"TR1 role seq=1 value=a k=" V255 " l=" V255 " m=" V255, 0},
		{"TR1 role seq=1 value=a a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1 k=1 l=1 m=1 n=1 "
		 "o=1 p=1",
		 0},
		{"TR1 role seq=1 value=a a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1 k=1 l=1 m=1 n=1 "
		 "o=1 p=1 q=1",
		 -EINVAL},
		{"TR1 ask", 0},
		{"TR1 ask later=x K=%", 0}, /* passed over */
		{"TR1 ask naked", -EINVAL},
		{"TR1 hello role=none seq=0 later=x", 0},
		{"TR1 hello role=none", -EINVAL},
		{"TR1 hello seq=0", -EINVAL},
		{"TR1 hello role= seq=0", -EINVAL},
		{"TR1 done role=none seq=1 status=255", 0},
		{"TR1 done role=none seq=1 status=256", -EINVAL},
		{"TR1 done role=none seq=0 status=0", -EINVAL},
		{"TR1 done role=none seq=1", -EINVAL},
		{"TR1 roles seq=1 value=active", -EINVAL},
		{"TR2 ask", -EINVAL},
		{"TB1 ask", -EINVAL},
		{" TR1 ask", -EINVAL},
		{"TR1", -EINVAL},
		{"", -EINVAL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hv_role r = {.seq = 99};
		int rc = parse_body(cases[i].body, &r);

		if (rc != cases[i].rc)
			print_message("# '%s' gives %d\n", cases[i].body, rc);
		assert_int_equal(rc, cases[i].rc);
		if (rc)
			assert_int_equal(r.seq, 99);
	}
}

/* One bit turned anywhere is seen. */
static void test_crc(void **state)
{
	char line[] = ROLE_LINE;
	struct hv_role r;

	for (size_t bit = 0; bit < (sizeof(line) - 1) * 8; bit++) {
		line[bit / 8] ^= (char)(1 << bit % 8);
		assert_int_not_equal(hv_role_parse(line, sizeof(line) - 1, &r), 0);
		line[bit / 8] ^= (char)(1 << bit % 8);
	}
	assert_int_equal(hv_role_parse(line, sizeof(line) - 1, &r), 0);
	line[13] = '4';
	assert_int_equal(hv_role_parse(line, sizeof(line) - 1, &r), -EBADMSG);
	for (size_t len = 0; len < sizeof(line) - 1; len++)
		assert_int_not_equal(hv_role_parse(line, len, &r), 0);
	for (size_t len = 0; len < sizeof(line); len++)
		assert_int_equal(hv_crc32(line, len), crc32(0, (const Bytef *)line, (uInt)len));
}

/* What is given comes out again, whatever bytes are in it; and the longest that fits. */
static void test_values(void **state)
{
	struct hv_role r = role_of("active", 7), got;
	char line[HV_ROLE_LINE_MAX], value[HV_ROLE_VALUE_MAX + 2] = "";
	int len;

	for (int c = 0x20, n = 0; c < 0x100; c++) {
		if (c != 0x7f)
			value[n++] = (char)c;
	}
	assert_int_equal(hv_role_add(&r, "all", value), 0);
	len = hv_role_format(line, &r);
	assert_in_range(len, 1, HV_ROLE_LINE_MAX - 1);
	for (int i = 0; i < len; i++)
		assert_in_range(line[i], 0x20, 0x7e);
	assert_int_equal(hv_role_parse(line, (size_t)len, &got), 0);
	assert_memory_equal(&got, &r, sizeof(r));

	r = role_of("active", 1);
	memset(value, 'v', HV_ROLE_VALUE_MAX + 1);
	assert_int_equal(hv_role_add(&r, "long", value), -EINVAL);
	/* Three of 255 and one of 177 make exactly a line's length. */
	value[HV_ROLE_VALUE_MAX] = '\0';
	assert_int_equal(hv_role_add(&r, "a", value), 0);
	assert_int_equal(hv_role_add(&r, "b", value), 0);
	assert_int_equal(hv_role_add(&r, "c", value), 0);
	value[HV_ROLE_LINE_MAX - 1 - 13 - strlen("TR1 role seq=1 value=active") - 3 * 258 - 3] =
		'\0';
	assert_int_equal(hv_role_add(&r, "d", value), 0);
	assert_int_equal(hv_role_format(line, &r), HV_ROLE_LINE_MAX - 1);
	assert_int_equal(hv_role_parse(line, HV_ROLE_LINE_MAX - 1, &got), 0);
	strcat(r.pair[3].value, "v");
	assert_int_equal(hv_role_format(line, &r), -E2BIG);
	strcat(r.pair[3].value, "\xff\xff\xff\xff");
	assert_int_equal(hv_role_format(line, &r), -E2BIG);
}

static void test_words(void **state)
{
	struct hv_role r = {0};

	assert_true(hv_role_ok("none"));
	assert_true(hv_role_ok("abcdefghijklmnopqrstuvwxyz01234"));
	assert_false(hv_role_ok("abcdefghijklmnopqrstuvwxyz012345"));
	assert_false(hv_role_ok(""));
	assert_false(hv_role_ok("a/b"));
	assert_true(hv_role_key_ok("address"));
	assert_true(hv_role_key_ok("address-2"));
	assert_true(hv_role_key_ok("abcdefghijklmnopqrstuvwxyz01234"));
	assert_false(hv_role_key_ok("abcdefghijklmnopqrstuvwxyz012345"));
	assert_false(hv_role_key_ok(""));
	assert_false(hv_role_key_ok("2nd"));
	assert_false(hv_role_key_ok("Address"));
	assert_false(hv_role_key_ok("a_b"));
	for (const char *const *k =
		     (const char *const[]){"role", "seq", "value", "status", "crc", "name", NULL};
	     *k; k++)
		assert_false(hv_role_key_ok(*k));
	assert_int_equal(hv_role_add(&r, "name", "web"), 0);
	assert_int_equal(hv_role_add(&r, "name", "web"), -EINVAL);
	for (char k[] = "a"; *k < 'a' + HV_ROLE_PAIRS_MAX - 1; ++*k)
		assert_int_equal(hv_role_add(&r, k, ""), 0);
	assert_int_equal(hv_role_add(&r, "z", ""), -ENOSPC);
}

/* What comes out of a stream in pieces: a letter for each message, then the bad lines. */
static void stream(const char *text, size_t total, size_t piece, char *out, uint64_t *bad)
{
	struct hv_role_framer f = {0};
	struct hv_role r;

	for (size_t at = 0; at < total; at += piece) {
		const char *in = text + at;
		size_t len = total - at < piece ? total - at : piece;

		while (hv_role_feed(&f, &in, &len, &r))
			*out++ = "rahd"[r.kind];
		assert_int_equal(len, 0);
	}
	*out = '\0';
	*bad = f.bad;
}

#define X1000 V50 V50 V50 V50 V50 V50 V50 V50 V50 V50 V50 V50 V50 V50 V50 V50 V50 V50 V50 V50

static void test_streams(void **state)
{
	static const struct {
		const char *text, *want;
		unsigned bad;
	} cases[] = {
		{"", "", 0},
		{ASK_LINE, "", 0},
		{ASK_LINE "\n", "a", 0},
		{HELLO_LINE "\n" DONE_LINE "\n\n" ROLE_LINE "\n", "hdr", 0},
		{"eq=0 crc=12345678\n" ASK_LINE "\n", "a", 1},
		{"TR1 hello ro\n" ASK_LINE "\n", "a", 1}, /* cut off; the next one starts anew */
		{"TR1 hello ro" ASK_LINE "\n" ASK_LINE "\n", "a", 1},
		{ASK_LINE "\r\n" ASK_LINE "\n", "a", 1},
		{X1000 "12345678901234567890123\n" ASK_LINE "\n", "a", 1},
		{X1000 "123456789012345678901234\n" ASK_LINE "\n", "a", 1},
		{X1000 X1000 X1000 ASK_LINE "\n\n\nx\n" ASK_LINE "\n", "a", 2},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t piece = 1; piece < 4000; piece = piece * 2 + 1) {
			char got[16];
			uint64_t bad;

			stream(cases[i].text, strlen(cases[i].text), piece, got, &bad);
			assert_string_equal(got, cases[i].want);
			assert_int_equal(bad, cases[i].bad);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),  cmocka_unit_test(test_parse),
		cmocka_unit_test(test_bodies),  cmocka_unit_test(test_crc),
		cmocka_unit_test(test_values),  cmocka_unit_test(test_words),
		cmocka_unit_test(test_streams),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
