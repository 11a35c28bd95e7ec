// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "mirror/drbd/bytes.h"
#include "mirror/drbd/wire.h"
#include "mirror/drbd/wire_bits.h"

enum { CODE_RUNS = 2, LEVELS = 10 };

/* The code: a prefix says how many bits the value has, and what is added to it. */
static const struct {
	uint8_t total, prefix; /* bits */
	uint8_t mark;          /* the prefix */
	uint64_t from;         /* the smallest run of this level */
} levels[LEVELS] = {
	{2, 1, 0x00, 1},        {3, 2, 0x01, 3},
	{5, 3, 0x03, 5},        {7, 4, 0x07, 9},
	{10, 5, 0x0f, 17},      {14, 6, 0x1f, 49},
	{21, 8, 0x3f, 305},     {29, 8, 0x7f, 8497},
	{42, 8, 0xbf, 2105649}, {64, 8, 0xff, UINT64_C(17181974833)},
};

static uint64_t low_bits(unsigned n)
{
	return n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
}

static void put_bits(struct wire_bits *b, uint64_t v, unsigned n)
{
	while (n) {
		unsigned shift = b->at % 8, take = 8 - shift < n ? 8 - shift : n;
		uint8_t *byte = b->bytes + b->at / 8;

		if (!shift)
			*byte = 0;
		*byte |= (uint8_t)((v & low_bits(take)) << shift);
		v >>= take;
		b->at += take;
		n -= take;
	}
}

/* What is behind the end is zero. */
static uint64_t peek_bits(const struct wire_bits *b, unsigned n)
{
	uint64_t v = 0;

	for (unsigned got = 0; got < n && b->at + got < b->room;) {
		unsigned shift = (b->at + got) % 8,
			 take = 8 - shift < n - got ? 8 - shift : n - got;

		v |= (uint64_t)(b->bytes[(b->at + got) / 8] >> shift & low_bits(take)) << got;
		got += take;
	}
	if (b->room - b->at < n)
		v &= low_bits((unsigned)(b->room - b->at));
	return v;
}

int wire_run_put(struct wire_bits *b, uint64_t n)
{
	int i = LEVELS - 1;

	if (!n)
		return -ENOSPC;
	while (n < levels[i].from)
		i--;
	if (b->room - b->at < levels[i].total)
		return -ENOSPC;
	put_bits(b, levels[i].mark, levels[i].prefix);
	put_bits(b, n - levels[i].from, levels[i].total - levels[i].prefix);
	return 0;
}

int wire_run_get(struct wire_bits *b, uint64_t *n)
{
	uint64_t left = b->room - b->at, head;

	if (!left)
		return -ENODATA;
	head = peek_bits(b, 8);
	for (int i = 0; i < LEVELS; i++) {
		if ((head & low_bits(levels[i].prefix)) != levels[i].mark)
			continue;
		if (left < levels[i].total)
			return -EPROTO;
		b->at += levels[i].prefix;
		*n = peek_bits(b, levels[i].total - levels[i].prefix) + levels[i].from;
		b->at += levels[i].total - levels[i].prefix;
		return 0;
	}
	return -EPROTO;
}

uint8_t wire_code(uint64_t bits, bool first_set)
{
	return (uint8_t)(CODE_RUNS | (8 - bits % 8) % 8 << 4 | (unsigned)first_set << 7);
}

int wire_code_read(uint8_t encoding, size_t bytes, uint64_t *bits, bool *first_set)
{
	if ((encoding & 0xf) != CODE_RUNS || !bytes)
		return -EPROTO;
	*bits = bytes * UINT64_C(8) - (encoding >> 4 & 7);
	*first_set = encoding >> 7;
	return 0;
}

uint32_t wire_words(uint64_t left)
{
	return left < WIRE_BITMAP_MAX / 8 ? (uint32_t)left : WIRE_BITMAP_MAX / 8;
}
