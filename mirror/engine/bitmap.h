/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the peer may not have: one bit per 4 KiB of the volume.
 *
 * Kept in pages as they are on disk (4096 bytes, 128 MiB of the volume each); a page whose bits are
 * all equal needs no memory.  A page that was changed since it was last taken for writing is
 * dirty.  Owned by the loop's thread.
 */
#ifndef MIRROR_ENGINE_BITMAP_H
#define MIRROR_ENGINE_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

enum {
	BITMAP_PAGE_BITS = 32768,
	BITMAP_PAGE_WORDS = BITMAP_PAGE_BITS / 64,
	BITMAP_PAGE_SIZE = BITMAP_PAGE_BITS / 8,
	BITMAP_BIT_SECTORS = 8,
};

#define BITMAP_END UINT64_MAX

struct bitmap_page;

struct bitmap {
	uint64_t bits;   /* of the volume */
	uint64_t weight; /* of them that are set */
	uint32_t npages;
	struct bitmap_page *pages;
};

/* bitmap_init() - For a volume of @sectors; no bit is set, no page dirty.  0 or -ENOMEM. */
int bitmap_init(struct bitmap *b, uint64_t sectors);
void bitmap_free(struct bitmap *b);

/* bitmap_bits() - How many bits a volume of @sectors has. */
uint64_t bitmap_bits(uint64_t sectors);

/*
 * bitmap_set(), bitmap_clear() - Bits @from up to, not with, @to.  How many changed: without memory more
 * are set, or fewer cleared, than were asked for, and never the other way round.  Bits behind the volume's last are passed over.
 */
uint64_t bitmap_set(struct bitmap *b, uint64_t from, uint64_t to);
uint64_t bitmap_clear(struct bitmap *b, uint64_t from, uint64_t to);

/*
 * bitmap_set_range() - Every block that @bytes at @sector touch.  bitmap_clear_range() - Those that
 * they cover: a block that is covered in part stays as it was, but for the volume's last,
 * which may be a short one.
 */
uint64_t bitmap_set_range(struct bitmap *b, uint64_t sector, uint32_t bytes);
uint64_t bitmap_clear_range(struct bitmap *b, uint64_t sector, uint32_t bytes, uint64_t sectors);

bool bitmap_test(const struct bitmap *b, uint64_t bit);

/* bitmap_next() - The first bit from @from on that is set (or, with @set false, is not); BITMAP_END. */
uint64_t bitmap_next(const struct bitmap *b, uint64_t from, bool set);

/*
 * bitmap_word() - The @i-th 64 bits.  bitmap_merge() - Set in them what is set in @w.  bitmap_merge_all() - Set in @b what
 * is set in @from, which is no larger.
 */
uint64_t bitmap_word(const struct bitmap *b, uint64_t i);
void bitmap_merge(struct bitmap *b, uint64_t i, uint64_t w);
void bitmap_merge_all(struct bitmap *b, const struct bitmap *from);
uint64_t bitmap_words(const struct bitmap *b);

/* bitmap_dirty() - The first dirty page from @page on; npages: there is none. */
uint32_t bitmap_dirty(const struct bitmap *b, uint32_t page);

/* bitmap_page_of() - The page that has the bits of @sector. */
uint32_t bitmap_page_of(uint64_t sector);

/* bitmap_page_take() - The page's bytes, for writing them to disk; it is clean then. */
void bitmap_page_take(struct bitmap *b, uint32_t page, uint8_t out[BITMAP_PAGE_SIZE]);

/* bitmap_page_dirty() - It could not be written: or it is to be. */
void bitmap_page_dirty(struct bitmap *b, uint32_t page);

/* bitmap_page_load() - As it was on disk; bits behind the last are dropped. */
void bitmap_page_load(struct bitmap *b, uint32_t page, const uint8_t in[BITMAP_PAGE_SIZE]);

#endif
