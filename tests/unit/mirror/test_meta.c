// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metadata's bytes: what is refused, and what comes back as it was written.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "mirror/drbd/bytes.h"
#include "mirror/drbd/crc32c.h"
#include "mirror/drbd/meta_file.h"
#include "tool.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* One bit at a time: what the tables have to be equal to. */
static uint32_t slow(uint32_t crc, const uint8_t *p, size_t len)
{
	while (len--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return crc;
}

static void test_crc(void **state)
{
	uint8_t data[300];

	/* RFC 3720 B.4, whose CRC starts with all ones and is inverted in the end */
	assert_int_equal(~crc32c(0xffffffff, "123456789", 9), 0xe3069283);
	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] = (uint8_t)(i * 59 + 1);
		assert_int_equal(crc32c(0, data, i), slow(0, data, i));
		assert_int_equal(crc32c(crc32c(0, data, i / 2), data + i / 2, i - i / 2),
				 slow(0, data, i));
	}
}

static void test_layout(void **state)
{
	static const struct {
		enum md_kind kind;
		unsigned index;
		uint64_t meta;
		uint32_t stripes, stripe_4k;
		int result;
	} cases[] = {
		{MD_INTERNAL, 0, 2048, 0, 0, 0},
		{MD_INTERNAL, 0, 129, 0, 0, 0},
		{MD_INTERNAL, 0, 128, 0, 0, -ENOSPC},
		{MD_INTERNAL, 0, 0, 0, 0, -ENOSPC},
		{MD_INTERNAL, 0, UINT64_MAX, 0, 0, -ENOSPC},
		{MD_INTERNAL, 0, 2048, 1, 0, -EINVAL},
		{MD_INTERNAL, 0, 2048, 0, 8, -EINVAL},
		{MD_INTERNAL, 0, 2048, 1, 1, -EINVAL},
		{MD_INTERNAL, 0, 2048, 0x10000, 0x10000, -EINVAL},
		{MD_INTERNAL, 0, 2048, 1, 0x10001, -EINVAL},
		{MD_INTERNAL, 0, 2048, 1, 300, -ENOSPC},
		{MD_FLEX_EXTERNAL, 0, 129, 0, 0, 0},
		{MD_FLEX_EXTERNAL, 0, 2048, 1, 300, -ENOSPC},
		{MD_EXTERNAL, 0, 262144, 0, 0, 0},
		{MD_EXTERNAL, 0, 262143, 0, 0, -ENOSPC},
		{MD_EXTERNAL, 1, 524287, 0, 0, -ENOSPC},
		{MD_EXTERNAL, 1, 524288, 0, 0, 0},
		{MD_EXTERNAL, 255, UINT64_C(1) << 40, 0, 0, -EINVAL},
		{MD_EXTERNAL, 0, 262144, 2, 8, -EINVAL},
		{(enum md_kind)3, 0, 2048, 0, 0, -EINVAL},
	};
	struct md_layout l;

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(md_layout(&l, cases[i].kind, cases[i].index, cases[i].meta, 4096,
					   cases[i].stripes, cases[i].stripe_4k),
				 cases[i].result);
		if (cases[i].result)
			continue;
		assert_true(l.super + 8 <= cases[i].meta && l.al + 8 <= cases[i].meta);
		assert_true(l.bitmap + l.bitmap_sectors <= cases[i].meta);
		assert_true(l.bitmap % 8 == 0 && l.super % 8 == 0 && l.al % 8 == 0);
		assert_true(l.data_max <= l.bitmap_sectors * 32768);
	}
	/* external metadata: as large as the data, or as its bitmap can say */
	md_layout(&l, MD_EXTERNAL, 0, 262144, 4097, 0, 0);
	assert_true(l.data_max == 4097);
	md_layout(&l, MD_EXTERNAL, 0, 262144, UINT64_C(1) << 40, 0, 0);
	assert_true(l.data_max == UINT64_C(262072) * 32768);
	assert_int_equal(md_al_extents_max(&l), 7 * 919);
	md_layout(&l, MD_FLEX_EXTERNAL, 0, 2048, 4096, 1, 128);
	assert_int_equal(md_al_extents_max(&l), 65534);
}

static void test_stripes(void **state)
{
	struct md_layout l;
	bool used[21] = {false};

	assert_int_equal(md_layout(&l, MD_FLEX_EXTERNAL, 0, 2048, 4096, 7, 3), 0);
	assert_int_equal(md_al_position(&l, 0), 0);
	assert_int_equal(md_al_position(&l, 1), 3);
	assert_int_equal(md_al_position(&l, 7), 1);
	assert_int_equal(md_al_position(&l, 21 + 8), 4);
	for (uint32_t t = 0; t < 21; t++) {
		assert_false(used[md_al_position(&l, t)]);
		used[md_al_position(&l, t)] = true;
	}
}

static void test_super(void **state)
{
	struct md_layout l;
	struct md_super s, back;
	uint8_t b[MD_BLOCK], again[MD_BLOCK];

	md_layout(&l, MD_INTERNAL, 0, 286720, 0, 0, 0);
	md_super_new(&s, &l);
	s.la_size = l.data_max;
	s.uuid[MD_HISTORY2] = 77;
	s.unclean = true;
	md_super_encode(b, &s);
	assert_int_equal(md_super_decode(b, &back), 0);
	assert_memory_equal(&s, &back, sizeof(s));
	assert_int_equal(md_super_check(&back, &l), 0);
	assert_true(md_super_unclean(&back));
	put_be64(b + 88, 0); /* stripes of a writer that knows of none */
	assert_int_equal(md_super_decode(b, &back), 0);
	assert_int_equal(md_super_check(&back, &l), 0);
	md_super_encode(again, &back);
	assert_int_equal(get_be32(again + 88), 1);
	assert_int_equal(get_be32(again + 92), 8);
}

static void test_super_refused(void **state)
{
	static const struct {
		int offset;
		uint32_t value;
		int result;
	} cases[] = {
		{60, 0x8374026a, -ENOENT}, {60, 0, -ENOENT},     {80, 512, -EPROTO},
		{88, 0, -EPROTO},          {92, 0, -EPROTO},     {92, 9, -EPROTO},
		{88, UINT32_MAX, -EPROTO}, {64, 80, -EPROTO},    {68, 0, -EPROTO},
		{76, UINT32_MAX, -EPROTO}, {4, 286633, -EPROTO}, {0, UINT32_MAX, -EPROTO},
	};
	struct md_layout l;
	struct md_super s;
	uint8_t b[MD_BLOCK];
	char name[64];
	int fd = scratch(name, 286720 * 512);
	struct md_file f;

	unlink(name);
	md_layout(&l, MD_INTERNAL, 0, 286720, 0, 0, 0);
	assert_int_equal(md_file_load(&f, fd, MD_INTERNAL, 0, 286720, 0), -ENOENT);
	for (size_t i = 0; i < COUNT(cases); i++) {
		md_super_new(&s, &l);
		s.la_size = l.data_max;
		md_super_encode(b, &s);
		put_be32(b + cases[i].offset, cases[i].value);
		assert_int_equal(md_file_write(fd, b, MD_BLOCK, l.super), 0);
		assert_int_equal(md_file_load(&f, fd, MD_INTERNAL, 0, 286720, 0), cases[i].result);
	}
	assert_int_equal(md_file_load(&f, fd, MD_INTERNAL, 0, 100, 0), -ENOSPC);
	close(fd);
}

static void test_transaction(void **state)
{
	struct md_al t = {.transaction = 0xfffffffe,
			  .updates = 3,
			  .context_size = 1237,
			  .context_first = 919};
	struct md_al back;
	uint8_t b[MD_BLOCK];

	/* an empty one, byte for byte as drbdmeta writes it */
	md_al_encode(b, &(struct md_al){.initialised = true});
	assert_memory_equal(b, "\x69\xcb\x65\xa2\0\0\0\0\x70\x9c\xc6\x51\xff\xff\0\0", 16);
	for (int i = 0; i < MD_AL_UPDATES; i++) {
		t.slot[i] = i < 3 ? (uint16_t)(i + 5) : 0xffff;
		t.extent[i] = i < 3 ? (uint32_t)i * 1000 : MD_AL_FREE;
	}
	for (int i = 0; i < MD_AL_CONTEXT; i++)
		t.context[i] = (uint32_t)i * 3;
	md_al_encode(b, &t);
	assert_int_equal(md_al_decode(b, &back), 0);
	assert_memory_equal(&t, &back, sizeof(t));
	for (int at = 0; at < MD_BLOCK; at += 7) {
		b[at] ^= 0x10;
		assert_int_equal(md_al_decode(b, &back), -EPROTO);
		b[at] ^= 0x10;
	}
}

/* A log with nothing to read says nothing of what is out of sync: that is not "in sync". */
static void test_log_lost(void **state)
{
	struct md_layout l;
	char name[64];
	int fd = scratch(name, 1 << 20);
	uint8_t *junk = md_buffer(8 * MD_BLOCK), hot[4] = {0};
	uint32_t n;
	struct md_file f;

	unlink(name);
	md_layout(&l, MD_INTERNAL, 0, 2048, 0, 0, 0);
	assert_int_equal(md_file_create(fd, &l), 0);
	assert_int_equal(md_file_load(&f, fd, MD_INTERNAL, 0, 2048, 0), 0);
	assert_int_equal(md_file_recover(&f, &n), 0);
	f.super.flags = MD_CONSISTENT | MD_PRIMARY;
	assert_int_equal(md_file_super(&f), 0);
	assert_int_equal(md_file_write(fd, junk, 8 * MD_BLOCK, l.al), 0);
	assert_int_equal(md_file_recover(&f, &n), -EPROTO);
	assert_int_equal(md_file_load(&f, fd, MD_INTERNAL, 0, 2048, 0), 0);
	assert_true(md_super_unclean(&f.super));
	assert_int_equal(md_al_replay(junk, 0, hot, 4), -EPROTO);
	free(junk);
	close(fd);
}

/* Slots and extents that cannot be are passed over. */
static void test_replay_hostile(void **state)
{
	struct md_al t = {.transaction = 1, .updates = 4, .context_size = 10, .context_first = 8};
	uint8_t *log = md_buffer(2 * MD_BLOCK), hot[100] = {0};

	for (int i = 0; i < MD_AL_CONTEXT; i++)
		t.context[i] = (uint32_t)i + 50;
	t.slot[0] = 10, t.extent[0] = 1;
	t.slot[1] = 0, t.extent[1] = 100;
	t.slot[2] = 1, t.extent[2] = 99;
	t.slot[3] = 65535, t.extent[3] = 3;
	md_al_encode(log, &t);
	assert_int_equal(md_al_replay(log, 2, hot, 100), 3);
	assert_true(hot[99] && hot[50] && hot[51] && !hot[52] && !hot[1] && !hot[3]);
	t.updates = 65;
	md_al_encode(log, &(struct md_al){.updates = 64});
	put_be16(log + 14, 65);
	memset(log + 8, 0, 4);
	put_be32(log + 8, crc32c(0, log, MD_BLOCK));
	assert_int_equal(md_al_decode(log, &t), -EPROTO);
	free(log);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc),           cmocka_unit_test(test_layout),
		cmocka_unit_test(test_stripes),       cmocka_unit_test(test_super),
		cmocka_unit_test(test_super_refused), cmocka_unit_test(test_transaction),
		cmocka_unit_test(test_log_lost),      cmocka_unit_test(test_replay_hostile),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
