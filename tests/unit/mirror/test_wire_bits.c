// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The code of bitmaps, and the digests.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mirror/drbd/digest.h"
#include "mirror/drbd/wire.h"
#include "mirror/drbd/wire_bits.h"
#include "tool.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What kernels sent: all of 4086 and of 502 bits set; 368 set bits somewhere in 4086. */
static void test_kernel_vectors(void **state)
{
	static const struct {
		uint8_t encoding;
		const char *code;
		size_t len;
		uint64_t runs[4];
	} cases[] = {
		{0xb2, "\x3f\xc5\x0e", 3, {4086}},
		{0xb2, "\x3f\xc5\x00", 3, {502}},
		{0x12, "\x3f\x9f\xe5\xe7\x07\xfc\x14\x1a", 8, {1744, 368, 1974}},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t code[16], back[16];
		struct wire_bits in = {.bytes = code}, out = {.bytes = back, .room = 128};
		uint64_t n, total = 0;
		bool first_set;
		int runs = 0;

		memcpy(code, cases[i].code, cases[i].len);
		assert_int_equal(
			wire_code_read(cases[i].encoding, cases[i].len, &in.room, &first_set), 0);
		assert_int_equal(first_set, cases[i].encoding >> 7);
		while (!wire_run_get(&in, &n)) {
			assert_true(n == cases[i].runs[runs]);
			total += n;
			runs++;
			assert_int_equal(wire_run_put(&out, n), 0);
		}
		assert_true(total == (i == 1 ? 502 : 4086));
		assert_int_equal(wire_run_get(&in, &n), -ENODATA);
		assert_int_equal((out.at + 7) / 8, cases[i].len);
		assert_memory_equal(back, code, cases[i].len);
		assert_int_equal(wire_code(out.at, first_set), cases[i].encoding);
	}
}

static void test_every_level(void **state)
{
	static const uint64_t edges[] = {1,
					 2,
					 3,
					 4,
					 5,
					 8,
					 9,
					 16,
					 17,
					 48,
					 49,
					 304,
					 305,
					 8496,
					 8497,
					 2105648,
					 2105649,
					 UINT64_C(17181974832),
					 UINT64_C(17181974833),
					 UINT64_C(1) << 48};
	uint8_t b[256];
	struct wire_bits w = {.bytes = b, .room = sizeof(b) * 8}, r = {.bytes = b};
	uint64_t n;

	memset(b, 0xff, sizeof(b));
	for (size_t i = 0; i < COUNT(edges); i++)
		assert_int_equal(wire_run_put(&w, edges[i]), 0);
	r.room = w.at;
	for (size_t i = 0; i < COUNT(edges); i++) {
		assert_int_equal(wire_run_get(&r, &n), 0);
		assert_true(n == edges[i]);
	}
	assert_int_equal(wire_run_get(&r, &n), -ENODATA);
	assert_int_equal(wire_run_put(&w, 0), -ENOSPC);
}

/* A code that ends within a run is refused at every bit; a full one takes nothing more. */
static void test_cut(void **state)
{
	static const uint64_t lengths[] = {2, 3, 8, 16, 48, 304, 8000, 2000000, 1 << 30};
	uint8_t b[16];
	uint64_t n;

	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct wire_bits w = {.bytes = b, .room = 128}, r = {.bytes = b};

		assert_int_equal(wire_run_put(&w, lengths[i]), 0);
		for (r.room = 1; r.room < w.at; r.room++) {
			r.at = 0;
			assert_int_equal(wire_run_get(&r, &n), -EPROTO);
			assert_true(r.at == 0);
		}
		r = (struct wire_bits){.bytes = b, .room = w.at - 1};
		assert_int_equal(wire_run_put(&r, lengths[i]), -ENOSPC);
		assert_true(r.at == 0);
	}
	assert_int_equal(wire_code_read(0x01, 4, &n, &(bool){0}), -EPROTO);
	assert_int_equal(wire_code_read(0x02, 0, &n, &(bool){0}), -EPROTO);
}

static void test_random_runs(void **state)
{
	static uint8_t b[WIRE_BITMAP_MAX - 1];
	static uint64_t runs[4 * sizeof(b)];
	uint64_t seed = 31337;

	for (int turn = 0; turn < 100; turn++) {
		struct wire_bits w = {.bytes = b, .room = sizeof(b) * 8}, r = {.bytes = b};
		uint64_t n;
		bool first;
		size_t count = 0;

		do
			runs[count] = 1 + (rnd(&seed) >> (turn % 2 ? 61 : 20 + rnd(&seed) % 44));
		while (!wire_run_put(&w, runs[count]) && ++count);
		assert_true(count > 100);
		assert_int_equal(
			wire_code_read(wire_code(w.at, true), (w.at + 7) / 8, &r.room, &first), 0);
		assert_true(first && r.room == w.at);
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(wire_run_get(&r, &n), 0);
			assert_true(n == runs[i]);
		}
		assert_int_equal(wire_run_get(&r, &n), -ENODATA);
	}
}

static void test_plain(void **state)
{
	/* 35829 bits are 560 words: 4080 bytes, then 400 */
	assert_int_equal(wire_words(560), 510);
	assert_int_equal(wire_words(50), 50);
	assert_int_equal(wire_words(0), 0);
	assert_int_equal(wire_words(UINT64_MAX), 510);
}

static void hex(const uint8_t *b, uint32_t n, char *out)
{
	for (uint32_t i = 0; i < n; i++)
		sprintf(out + 2 * i, "%02x", b[i]);
}

static void test_digests(void **state)
{
	static const struct {
		const char *name, *of, *response;
	} cases[] = {
		/* RFC 1321, FIPS 180; RFC 2202 and RFC 4231, their second case each */
		{"md5", "900150983cd24fb0d6963f7d28e17f72", "750c783e6ab0b503eaa86e310a5db738"},
		{"sha1", "a9993e364706816aba3e25717850c26c9cd0d89d",
		 "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
		{"sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{"crc32c", "b73f4b36", NULL},
	};
	uint8_t out[DIGEST_MAX];
	char text[2 * DIGEST_MAX + 1];
	struct digest d;

	for (size_t i = 0; i < COUNT(cases); i++) {
		int n;

		assert_int_equal(digest_find(&d, cases[i].name), 0);
		digest_of(&d, "abc", 3, out);
		hex(out, d.size, text);
		assert_string_equal(text, cases[i].of);
		n = digest_response(&d, "Jefe", "what do ya want for nothing?", 28, out);
		assert_int_equal(n, cases[i].response ? (int)d.size : -EINVAL);
		if (n < 0)
			continue;
		hex(out, d.size, text);
		assert_string_equal(text, cases[i].response);
	}
	assert_int_equal(digest_find(&d, "rot13"), -ENOENT);
	assert_int_equal(digest_find(&d, ""), -ENOENT);
	assert_true(digest_equal("ab", "ab", 2) && !digest_equal("ab", "aa", 2));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_vectors),
		cmocka_unit_test(test_every_level),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_random_runs),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_digests),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
