// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hvcore/vmm/control/framer.h"

/* What comes out of @text in pieces of @piece bytes, one letter each: O G L D. */
static void results(const char *text, size_t total, size_t piece, char *out, size_t size)
{
	static const char letters[] = {
		[FRAMER_OBJECT] = 'O',   [FRAMER_GARBAGE] = 'G',   [FRAMER_TOO_LONG] = 'L',
		[FRAMER_TOO_DEEP] = 'D', [FRAMER_NO_MEMORY] = 'M',
	};
	struct framer f = {0};
	size_t n = 0;

	for (size_t at = 0; at < total; at += piece) {
		const char *in = text + at;
		size_t len = total - at < piece ? total - at : piece;
		enum framer_result r;

		while ((r = framer_take(&f, &in, &len)) != FRAMER_MORE && n + 1 < size) {
			out[n++] = letters[r];
			if (r == FRAMER_TOO_LONG || r == FRAMER_TOO_DEEP)
				goto out;
		}
	}
out:
	out[n] = '\0';
	framer_free(&f);
}

static void test_streams(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"", ""},
		{"  \r\n\t", ""},
		{"{}", "O"},
		{"{}{}\n{}", "OOO"},
		{"{\n \"a\": [1,\n {\"b\": \"}\"}]\n}\n", "O"},
		{"{\"a\": \"\\\"}\"}{", "O"},
		{"{\"a\": \"\\\\\"}", "O"},
		{"garbage\n{}", "GO"},
		{"]]]\n\n{}", "GO"},
		{"\"{}\"\n{}", "GO"},
		{"{\"never closed\n{}", "GO"},
		{"{\"a\": 1\xff{}", "GO"},
		{"\xff{}", "GO"},
		{"{]", "O"}, /* balanced in number only: the JSON parser refuses it */
		{"{", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t piece = 1; piece < 8; piece++) {
			char got[16];

			results(cases[i].text, strlen(cases[i].text), piece, got, sizeof(got));
			assert_string_equal(got, cases[i].want);
		}
	}
}

static void test_object_is_whole(void **state)
{
	struct framer f = {0};
	const char *in = "  {\"execute\": \"stop\"}  {\"x\":1}";
	size_t len = strlen(in);

	assert_int_equal(framer_take(&f, &in, &len), FRAMER_OBJECT);
	assert_int_equal(f.len, 19);
	assert_memory_equal(f.buf, "{\"execute\": \"stop\"}", 19);
	assert_int_equal(framer_take(&f, &in, &len), FRAMER_OBJECT);
	assert_memory_equal(f.buf, "{\"x\":1}", 7);
	assert_int_equal(framer_take(&f, &in, &len), FRAMER_MORE);
	framer_free(&f);
}

static void test_limits(void **state)
{
	size_t size = FRAMER_BYTES_MAX + 64;
	char *text = malloc(size);
	char got[8];

	assert_non_null(text);
	memset(text, 'x', size);
	results(text, size, 4096, got, sizeof(got));
	assert_string_equal(got, "L"); /* garbage that never ends its line */
	text[0] = '{';
	text[1] = '"';
	results(text, size, 4096, got, sizeof(got));
	assert_string_equal(got, "L"); /* an object that never ends */
	text[FRAMER_BYTES_MAX - 2] = '"';
	text[FRAMER_BYTES_MAX - 1] = '}';
	results(text, FRAMER_BYTES_MAX, 4096, got, sizeof(got));
	assert_string_equal(got, "O"); /* the longest there may be */
	memset(text, '[', size);
	text[0] = '{';
	results(text, FRAMER_DEPTH_MAX, 7, got, sizeof(got));
	assert_string_equal(got, "");
	results(text, FRAMER_DEPTH_MAX + 1, 7, got, sizeof(got));
	assert_string_equal(got, "D");
	free(text);
}

static void test_big_buffer_is_given_back(void **state)
{
	struct framer f = {0};
	size_t size = 512 << 10;
	char *text = malloc(size);
	const char *in = text;
	size_t len = size;

	assert_non_null(text);
	memset(text, ' ', size);
	text[0] = '{';
	text[size - 1] = '}';
	assert_int_equal(framer_take(&f, &in, &len), FRAMER_OBJECT);
	assert_true(f.size >= size);
	assert_int_equal(framer_take(&f, &in, &len), FRAMER_MORE);
	assert_int_equal(f.size, 0);
	framer_free(&f);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_object_is_whole),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_big_buffer_is_given_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
