// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where metadata is.  Two uses: making it, and checking what a super block says of itself.
 */
#include <errno.h>
#include <string.h>

#include "mirror/drbd/meta.h"

enum {
	META_SECTORS_MIN = 129,       /* as drbdmeta: more than 64 KiB */
	BITMAP_SECTOR_COVERS = 32768, /* sectors of data per sector of bitmap */
};

static uint64_t round_up8(uint64_t v)
{
	return (v + 7) & ~UINT64_C(7);
}

static int stripes(struct md_layout *l, uint32_t n, uint32_t size_4k)
{
	if (!n && !size_4k) {
		n = 1;
		size_4k = MD_AL_STRIPE_4K;
	}
	if (!n || !size_4k || (uint64_t)n * size_4k > MD_AL_BLOCKS_MAX || n * size_4k < 2)
		return -EINVAL;
	l->al_stripes = n;
	l->al_stripe_4k = size_4k;
	return 0;
}

/* Behind the data, from the end: the super block is at a place that the size alone tells. */
static int internal(struct md_layout *l, uint64_t sectors)
{
	uint64_t al = (uint64_t)md_al_blocks(l) * MD_BLOCK_SECTORS, size;

	/* the bitmap is sized for the whole device, before what does not fill a block is left out */
	l->bitmap_sectors = round_up8((sectors + BITMAP_SECTOR_COVERS - 1) / BITMAP_SECTOR_COVERS);
	sectors &= ~UINT64_C(7);
	size = l->bitmap_sectors + al + MD_BLOCK_SECTORS;
	if (sectors <= size || size > INT32_MAX)
		return -ENOSPC;
	l->super = sectors - MD_BLOCK_SECTORS;
	l->al = l->super - al;
	l->bitmap = l->al - l->bitmap_sectors;
	l->md_size = (uint32_t)size;
	l->data_max = l->bitmap;
	return 0;
}

static int external(struct md_layout *l, uint64_t sectors, uint64_t data)
{
	uint64_t before = MD_BLOCK_SECTORS + (uint64_t)md_al_blocks(l) * MD_BLOCK_SECTORS;

	if (sectors <= before)
		return -ENOSPC;
	l->al = l->super + MD_BLOCK_SECTORS;
	l->bitmap = l->super + before;
	/* md_size has 32 bits; what is behind is not used */
	l->md_size = sectors > UINT32_MAX ? UINT32_MAX : (uint32_t)sectors;
	l->bitmap_sectors = (l->md_size - before) & ~UINT64_C(7);
	l->data_max = l->bitmap_sectors * BITMAP_SECTOR_COVERS;
	if (l->data_max > MD_DATA_SECTORS_MAX)
		l->data_max = MD_DATA_SECTORS_MAX;
	if (data < l->data_max)
		l->data_max = data;
	return l->bitmap_sectors ? 0 : -ENOSPC;
}

int md_layout(struct md_layout *l, enum md_kind kind, unsigned index, uint64_t meta_sectors,
	      uint64_t data_sectors, uint32_t n, uint32_t size_4k)
{
	int r;

	memset(l, 0, sizeof(*l));
	l->kind = kind;
	r = stripes(l, n, size_4k);
	if (r)
		return r;
	if (meta_sectors < META_SECTORS_MIN || meta_sectors > INT64_MAX / 512)
		return -ENOSPC;
	switch (kind) {
	case MD_INTERNAL: return internal(l, meta_sectors);
	case MD_FLEX_EXTERNAL: return external(l, meta_sectors, data_sectors);
	case MD_EXTERNAL: break;
	default: return -EINVAL;
	}
	if (index > 254 || l->al_stripes != 1 || l->al_stripe_4k != MD_AL_STRIPE_4K)
		return -EINVAL;
	l->super = (uint64_t)index * MD_SLOT_SECTORS;
	if (l->super + MD_SLOT_SECTORS > meta_sectors)
		return -ENOSPC;
	return external(l, MD_SLOT_SECTORS, data_sectors);
}

int md_layout_grown(struct md_layout *to, const struct md_layout *from, unsigned index,
		    uint64_t meta_sectors, uint64_t data_sectors)
{
	int r = md_layout(to, from->kind, index, meta_sectors, data_sectors, from->al_stripes,
			  from->al_stripe_4k);

	if (!r && to->super != from->super && to->bitmap < from->super + MD_BLOCK_SECTORS)
		return -ERANGE;
	return r;
}

uint32_t md_al_extents_max(const struct md_layout *l)
{
	/* one block may be torn: the others have to hold every slot */
	uint64_t n = (uint64_t)(md_al_blocks(l) - 1) * MD_AL_CONTEXT;

	return n < MD_AL_EXTENTS_MAX ? (uint32_t)n : MD_AL_EXTENTS_MAX;
}

int md_super_check(const struct md_super *s, const struct md_layout *l)
{
	bool same = s->al_stripes == l->al_stripes && s->al_stripe_4k == l->al_stripe_4k &&
		    s->al_offset == (int64_t)(l->al - l->super) &&
		    s->bm_offset == (int64_t)(l->bitmap - l->super);

	if (!same || s->md_size != l->md_size)
		return -EPROTO;
	/* of MD_INTERNAL the data ends where the bitmap begins; of others, where the bitmap's room does */
	if (s->la_size > l->bitmap_sectors * BITMAP_SECTOR_COVERS ||
	    s->la_size > MD_DATA_SECTORS_MAX ||
	    (l->kind == MD_INTERNAL && s->la_size > l->data_max))
		return -EPROTO;
	return 0;
}
