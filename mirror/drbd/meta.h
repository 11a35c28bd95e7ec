/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DRBD's on-disk metadata, format v08: what is where, and as which bytes.  No I/O.
 *
 *   internal       ... data | bitmap | activity log | super block    (up to 7 sectors after it)
 *   flex-external  super block | activity log | bitmap | unused
 *   external, i    the same, in slot i (128 MiB) of the meta device
 *
 * All numbers are big-endian but the bitmap's: one bit per 4 KiB of data, set if the peer
 * may not have it, as a little-endian stream.  Sectors are of 512 bytes.  What a function
 * is given may be any bytes at all; what it returns has been checked.
 */
#ifndef MIRROR_DRBD_META_H
#define MIRROR_DRBD_META_H

#include <stdbool.h>
#include <stdint.h>

enum {
	MD_BLOCK = 4096, /* bytes: super block, activity log block, unit of metadata I/O */
	MD_BLOCK_SECTORS = 8,
	MD_BIT_SECTORS = 8,       /* of data, per bit */
	MD_SLOT_SECTORS = 262144, /* external: 128 MiB */
	MD_EXTENT_SECTORS = 8192, /* an extent of the activity log: 4 MiB */
	MD_EXTENT_BITS = 1024,
	MD_AL_STRIPE_4K = 8, /* the default: one stripe of 32 KiB */
	MD_AL_UPDATES = 64,  /* per transaction */
	MD_AL_CONTEXT = 919, /* slots a transaction repeats */
	MD_AL_EXTENTS_MIN = 67,
	MD_AL_EXTENTS_MAX = 65534,
	MD_AL_EXTENTS_NEW = 257,  /* what new metadata says, as drbdmeta does */
	MD_AL_BLOCKS_MAX = 65536, /* more than any context can need */
};

#define MD_DATA_SECTORS_MAX (UINT64_C(1) << 41) /* 1 PiB, as the kernel's */

enum md_kind { MD_INTERNAL, MD_FLEX_EXTERNAL, MD_EXTERNAL };

/* Generation identifiers: the low bit of each says "was Primary" and takes no part in comparisons. */
enum md_uuid { MD_CURRENT, MD_BITMAP, MD_HISTORY1, MD_HISTORY2, MD_UUIDS };

#define MD_UUID_JUST_CREATED UINT64_C(4)

enum md_flags {
	MD_CONSISTENT = 0x1,
	MD_PRIMARY = 0x2, /* written by a Primary that has not ended in order */
	MD_CONNECTED = 0x4,
	MD_FULL_SYNC = 0x8,
	MD_WAS_UP_TO_DATE = 0x10,
	MD_PEER_OUTDATED = 0x20,
	MD_CRASHED_PRIMARY = 0x40,
	MD_AL_CLEAN = 0x80,
	MD_AL_DISABLED = 0x100,
};

/* The super block.  Offsets are in sectors, relative to the super block. */
struct md_super {
	uint64_t la_size; /* last agreed size of the volume, sectors; 0: never agreed */
	uint64_t uuid[MD_UUIDS];
	uint64_t device_uuid;
	uint32_t flags;   /* enum md_flags */
	bool unclean;     /* as its magic says: in use; see md_super_unclean() */
	uint32_t md_size; /* sectors */
	int32_t al_offset;
	uint32_t al_extents;
	int32_t bm_offset;
	uint32_t peer_max_bio;             /* bytes, last seen */
	uint32_t al_stripes, al_stripe_4k; /* decoded: never 0 */
};

/* md_super_unclean() - Whether the activity log has to be applied before use. */
static inline bool md_super_unclean(const struct md_super *s)
{
	return s->unclean || !(s->flags & MD_AL_CLEAN);
}

/* Where things are, in sectors of the meta device. */
struct md_layout {
	enum md_kind kind;
	uint64_t super, al, bitmap;
	uint32_t md_size;
	uint64_t bitmap_sectors; /* room for it */
	uint64_t data_max;       /* sectors of data there can be */
	uint32_t al_stripes, al_stripe_4k;
};

/*
 * md_layout() - Where the metadata of @kind (@index: the slot of MD_EXTERNAL) is on a meta device
 * of @meta_sectors, for data on a device of @data_sectors (MD_INTERNAL: the same device),
 * with @stripes of @stripe_4k blocks each (0, 0: the default).
 * 0; -EINVAL: no such index or stripes; -ENOSPC: it does not fit.
 */
int md_layout(struct md_layout *l, enum md_kind kind, unsigned index, uint64_t meta_sectors,
	      uint64_t data_sectors, uint32_t stripes, uint32_t stripe_4k);

/*
 * md_layout_grown() - Where metadata that is at @from is to be on devices that have grown; arguments as md_layout()'s.
 * 0; -ERANGE: internal, and they have grown by less than its own size, so that it would overlap itself; or as md_layout().
 */
int md_layout_grown(struct md_layout *to, const struct md_layout *from, unsigned index,
		    uint64_t meta_sectors, uint64_t data_sectors);

/* md_al_blocks() - Blocks of the activity log. */
static inline uint32_t md_al_blocks(const struct md_layout *l)
{
	return l->al_stripes * l->al_stripe_4k;
}

/* md_al_extents_max() - The most extents that so large a log can hold. */
uint32_t md_al_extents_max(const struct md_layout *l);

/* md_super_new() - What a new super block says at @l. */
void md_super_new(struct md_super *s, const struct md_layout *l);

/* md_super_place() - @s is at @l from now on. */
void md_super_place(struct md_super *s, const struct md_layout *l);

/* md_super_encode() - The 4096 bytes. */
void md_super_encode(uint8_t out[MD_BLOCK], const struct md_super *s);

/*
 * md_super_decode() - 0; -ENOENT: no super block of v08 (or one that was wiped); -EPROTO: one
 * that contradicts itself.
 */
int md_super_decode(const uint8_t in[MD_BLOCK], struct md_super *s);

/*
 * md_super_check() - Whether @s, found at @l, agrees with it (made with @s's own stripes):
 * offsets, sizes, room for la_size.  0 or -EPROTO.
 */
int md_super_check(const struct md_super *s, const struct md_layout *l);

/* A block of the activity log. */
struct md_al {
	uint32_t transaction;
	bool initialised; /* holds nothing: as the log is made */
	uint16_t updates;
	uint16_t context_size;  /* al-extents of the writer */
	uint16_t context_first; /* context[i] is slot context_first + i */
	uint16_t slot[MD_AL_UPDATES];
	uint32_t extent[MD_AL_UPDATES]; /* MD_AL_FREE: the slot becomes free */
	uint32_t context[MD_AL_CONTEXT];
};

#define MD_AL_FREE UINT32_MAX

/* md_al_encode() - The 4096 bytes, with their checksum.  md_al_decode() - 0 or -EPROTO: torn, or no such block. */
void md_al_encode(uint8_t out[MD_BLOCK], const struct md_al *t);
int md_al_decode(const uint8_t in[MD_BLOCK], struct md_al *t);

/* md_al_position() - The block of the log that transaction @t is written to. */
uint32_t md_al_position(const struct md_layout *l, uint32_t transaction);

/*
 * md_al_replay() - What was hot when the log's writer stopped.  @log: all its blocks, in order;
 * @hot: a byte per extent of the volume, set to 1 for each that was; extents from @extents on are
 * ignored.  Returns how many were set; -EPROTO: no block is readable; -ENOMEM.
 */
int md_al_replay(const uint8_t *log, uint32_t blocks, uint8_t *hot, uint32_t extents);

#endif
