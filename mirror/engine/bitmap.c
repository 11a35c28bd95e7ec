// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/drbd/bytes.h"
#include "mirror/engine/bitmap.h"

/*
 * words NULL: all bits are equal, and `count`, 0 or all that the page has, says which.
 */
struct bitmap_page {
	uint64_t *words; /* of the host's order */
	uint16_t count;  /* set bits; BITMAP_PAGE_BITS fits */
	bool dirty;
};

uint64_t bitmap_bits(uint64_t sectors)
{
	return (sectors + BITMAP_BIT_SECTORS - 1) / BITMAP_BIT_SECTORS;
}

uint32_t bitmap_page_of(uint64_t sector)
{
	return (uint32_t)(sector / BITMAP_BIT_SECTORS / BITMAP_PAGE_BITS);
}

int bitmap_init(struct bitmap *b, uint64_t sectors)
{
	*b = (struct bitmap){.bits = bitmap_bits(sectors)};
	b->npages = (uint32_t)((b->bits + BITMAP_PAGE_BITS - 1) / BITMAP_PAGE_BITS);
	b->pages = calloc(b->npages ? b->npages : 1, sizeof(*b->pages));
	return b->pages ? 0 : -ENOMEM;
}

void bitmap_free(struct bitmap *b)
{
	for (uint32_t i = 0; b->pages && i < b->npages; i++)
		free(b->pages[i].words);
	free(b->pages);
	*b = (struct bitmap){0};
}

/* Bits that page @i has: all but the last have BITMAP_PAGE_BITS. */
static uint32_t page_bits(const struct bitmap *b, uint32_t i)
{
	uint64_t left = b->bits - (uint64_t)i * BITMAP_PAGE_BITS;

	return left < BITMAP_PAGE_BITS ? (uint32_t)left : BITMAP_PAGE_BITS;
}

static uint64_t mask(uint32_t from, uint32_t to)
{
	uint64_t high = to < 64 ? (UINT64_C(1) << to) - 1 : UINT64_MAX;

	return high & ~((UINT64_C(1) << from) - 1);
}

static uint64_t word_of(const struct bitmap *b, uint32_t i, uint32_t w)
{
	const struct bitmap_page *p = &b->pages[i];
	uint32_t n = page_bits(b, i);

	if (p->words)
		return p->words[w];
	if (!p->count || w * 64 >= n)
		return 0;
	return n - w * 64 < 64 ? mask(0, n - w * 64) : UINT64_MAX;
}

/* Give the page words of its own. */
static int expand(struct bitmap *b, uint32_t i)
{
	uint64_t *words;

	if (b->pages[i].words)
		return 0;
	words = malloc(BITMAP_PAGE_SIZE);
	if (!words)
		return -ENOMEM;
	for (uint32_t w = 0; w < BITMAP_PAGE_WORDS; w++)
		words[w] = word_of(b, i, w);
	b->pages[i].words = words;
	return 0;
}

static void shrink(struct bitmap *b, uint32_t i)
{
	struct bitmap_page *p = &b->pages[i];

	if (p->count && p->count != page_bits(b, i))
		return;
	free(p->words);
	p->words = NULL;
}

/*
 * In page @i, bits [from, to): make them @set.  How many changed.  Without memory for the page's
 * words the whole of it is set, or nothing cleared: more is copied then than has to be.
 */
static uint32_t change_page(struct bitmap *b, uint32_t i, uint32_t from, uint32_t to, bool set)
{
	struct bitmap_page *p = &b->pages[i];
	uint32_t all = page_bits(b, i), n = 0;

	if (p->count == (set ? all : 0))
		return 0;
	if ((from || to < all) && expand(b, i)) {
		if (!set)
			return 0;
		from = 0;
		to = all;
	}
	if (from == 0 && to == all) {
		n = set ? all - p->count : p->count;
		p->count = set ? (uint16_t)all : 0;
	} else {
		for (uint32_t w = from / 64; w * 64 < to; w++) {
			uint64_t m = mask(from > w * 64 ? from - w * 64 : 0,
					  to - w * 64 < 64 ? to - w * 64 : 64);
			uint64_t hit = m & (set ? ~p->words[w] : p->words[w]);

			n += (uint32_t)__builtin_popcountll(hit);
			p->words[w] ^= hit;
		}
		p->count = (uint16_t)(set ? p->count + n : p->count - n);
	}
	shrink(b, i);
	p->dirty |= n != 0;
	b->weight += set ? n : -(uint64_t)n;
	return n;
}

static uint64_t change(struct bitmap *b, uint64_t from, uint64_t to, bool set)
{
	uint64_t n = 0;

	if (to > b->bits)
		to = b->bits;
	while (from < to) {
		uint32_t i = (uint32_t)(from / BITMAP_PAGE_BITS);
		uint64_t base = (uint64_t)i * BITMAP_PAGE_BITS;
		uint64_t end = to - base < BITMAP_PAGE_BITS ? to : base + BITMAP_PAGE_BITS;

		n += change_page(b, i, (uint32_t)(from - base), (uint32_t)(end - base), set);
		from = end;
	}
	return n;
}

uint64_t bitmap_set(struct bitmap *b, uint64_t from, uint64_t to)
{
	return change(b, from, to, true);
}

uint64_t bitmap_clear(struct bitmap *b, uint64_t from, uint64_t to)
{
	return change(b, from, to, false);
}

uint64_t bitmap_set_range(struct bitmap *b, uint64_t sector, uint32_t bytes)
{
	uint64_t end = sector + bytes / 512;

	return change(b, sector / BITMAP_BIT_SECTORS,
		      (end + BITMAP_BIT_SECTORS - 1) / BITMAP_BIT_SECTORS, true);
}

uint64_t bitmap_clear_range(struct bitmap *b, uint64_t sector, uint32_t bytes, uint64_t sectors)
{
	uint64_t end = sector + bytes / 512;
	uint64_t to = end >= sectors ? b->bits : end / BITMAP_BIT_SECTORS;

	return change(b, (sector + BITMAP_BIT_SECTORS - 1) / BITMAP_BIT_SECTORS, to, false);
}

bool bitmap_test(const struct bitmap *b, uint64_t bit)
{
	uint32_t in = (uint32_t)(bit % BITMAP_PAGE_BITS);

	return bit < b->bits &&
	       word_of(b, (uint32_t)(bit / BITMAP_PAGE_BITS), in / 64) >> in % 64 & 1;
}

uint64_t bitmap_next(const struct bitmap *b, uint64_t from, bool set)
{
	while (from < b->bits) {
		uint32_t i = (uint32_t)(from / BITMAP_PAGE_BITS),
			 in = (uint32_t)(from % BITMAP_PAGE_BITS);
		uint64_t base = from - in, w;

		if (b->pages[i].count == (set ? 0 : page_bits(b, i))) {
			from = base + BITMAP_PAGE_BITS;
			continue;
		}
		w = word_of(b, i, in / 64);
		w = (set ? w : ~w) & mask(in % 64, 64);
		if (w) {
			from = base + in / 64 * 64 + (uint32_t)__builtin_ctzll(w);
			return from < b->bits ? from : BITMAP_END;
		}
		from = base + (in / 64 + 1) * 64;
	}
	return BITMAP_END;
}

uint64_t bitmap_words(const struct bitmap *b)
{
	return (b->bits + 63) / 64;
}

uint64_t bitmap_word(const struct bitmap *b, uint64_t i)
{
	return word_of(b, (uint32_t)(i / BITMAP_PAGE_WORDS), (uint32_t)(i % BITMAP_PAGE_WORDS));
}

void bitmap_merge(struct bitmap *b, uint64_t i, uint64_t w)
{
	uint64_t add = w & ~bitmap_word(b, i), base = i * 64;

	if (add == UINT64_MAX) {
		change(b, base, base + 64, true);
		return;
	}
	for (; add; add &= add - 1) {
		uint64_t bit = base + (uint32_t)__builtin_ctzll(add);

		change(b, bit, bit + 1, true);
	}
}

void bitmap_merge_all(struct bitmap *b, const struct bitmap *from)
{
	for (uint64_t i = 0, n = bitmap_words(from); i < n; i++) {
		uint64_t w = bitmap_word(from, i);

		if (w)
			bitmap_merge(b, i, w);
	}
}

uint32_t bitmap_dirty(const struct bitmap *b, uint32_t page)
{
	while (page < b->npages && !b->pages[page].dirty)
		page++;
	return page;
}

void bitmap_page_take(struct bitmap *b, uint32_t page, uint8_t out[BITMAP_PAGE_SIZE])
{
	for (uint32_t w = 0; w < BITMAP_PAGE_WORDS; w++)
		put_le64(out + w * 8, word_of(b, page, w));
	b->pages[page].dirty = false;
}

void bitmap_page_dirty(struct bitmap *b, uint32_t page)
{
	b->pages[page].dirty = true;
}

void bitmap_page_load(struct bitmap *b, uint32_t page, const uint8_t in[BITMAP_PAGE_SIZE])
{
	struct bitmap_page *p = &b->pages[page];
	uint64_t first = (uint64_t)page * BITMAP_PAGE_WORDS;

	change_page(b, page, 0, page_bits(b, page), false);
	for (uint32_t w = 0; w < BITMAP_PAGE_WORDS && (first + w) * 64 < b->bits; w++)
		bitmap_merge(b, first + w, get_le64(in + w * 8));
	p->dirty = false;
}
