// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The super block: 4096 bytes, of which 96 say something.
 */
#include <errno.h>
#include <string.h>

#include "mirror/drbd/bytes.h"
#include "mirror/drbd/meta.h"

enum {
	MAGIC_CLEAN = (int)0x8374026b,
	MAGIC_UNCLEAN = (int)0x8374026c,
	BYTES_PER_BIT = 4096,
};

/* Offsets of the fields, bytes. */
enum {
	LA_SIZE = 0,
	UUID = 8,
	DEVICE_UUID = 40,
	FLAGS = 56,
	MAGIC = 60,
	MD_SIZE = 64,
	AL_OFFSET = 68,
	AL_EXTENTS = 72,
	BM_OFFSET = 76,
	PER_BIT = 80,
	PEER_MAX_BIO = 84,
	AL_STRIPES = 88,
	AL_STRIPE_4K = 92,
};

void md_super_new(struct md_super *s, const struct md_layout *l)
{
	*s = (struct md_super){
		.uuid = {[MD_CURRENT] = MD_UUID_JUST_CREATED},
		.flags = MD_AL_CLEAN,
		.al_extents = MD_AL_EXTENTS_NEW,
		.al_stripes = l->al_stripes,
		.al_stripe_4k = l->al_stripe_4k,
	};
	md_super_place(s, l);
}

void md_super_place(struct md_super *s, const struct md_layout *l)
{
	s->md_size = l->md_size;
	s->al_offset = (int32_t)(l->al - l->super);
	s->bm_offset = (int32_t)(l->bitmap - l->super);
}

void md_super_encode(uint8_t out[MD_BLOCK], const struct md_super *s)
{
	memset(out, 0, MD_BLOCK);
	put_be64(out + LA_SIZE, s->la_size);
	for (int i = 0; i < MD_UUIDS; i++)
		put_be64(out + UUID + 8 * i, s->uuid[i]);
	put_be64(out + DEVICE_UUID, s->device_uuid);
	put_be32(out + FLAGS, s->flags);
	put_be32(out + MAGIC, s->unclean ? (uint32_t)MAGIC_UNCLEAN : (uint32_t)MAGIC_CLEAN);
	put_be32(out + MD_SIZE, s->md_size);
	put_be32(out + AL_OFFSET, (uint32_t)s->al_offset);
	put_be32(out + AL_EXTENTS, s->al_extents);
	put_be32(out + BM_OFFSET, (uint32_t)s->bm_offset);
	put_be32(out + PER_BIT, BYTES_PER_BIT);
	put_be32(out + PEER_MAX_BIO, s->peer_max_bio);
	put_be32(out + AL_STRIPES, s->al_stripes);
	put_be32(out + AL_STRIPE_4K, s->al_stripe_4k);
}

int md_super_decode(const uint8_t in[MD_BLOCK], struct md_super *s)
{
	uint32_t magic = get_be32(in + MAGIC);

	if (magic != (uint32_t)MAGIC_CLEAN && magic != (uint32_t)MAGIC_UNCLEAN)
		return -ENOENT;
	*s = (struct md_super){
		.la_size = get_be64(in + LA_SIZE),
		.device_uuid = get_be64(in + DEVICE_UUID),
		.flags = get_be32(in + FLAGS),
		.unclean = magic == (uint32_t)MAGIC_UNCLEAN,
		.md_size = get_be32(in + MD_SIZE),
		.al_offset = (int32_t)get_be32(in + AL_OFFSET),
		.al_extents = get_be32(in + AL_EXTENTS),
		.bm_offset = (int32_t)get_be32(in + BM_OFFSET),
		.peer_max_bio = get_be32(in + PEER_MAX_BIO),
		.al_stripes = get_be32(in + AL_STRIPES),
		.al_stripe_4k = get_be32(in + AL_STRIPE_4K),
	};
	for (int i = 0; i < MD_UUIDS; i++)
		s->uuid[i] = get_be64(in + UUID + 8 * i);
	if (!s->al_stripes && !s->al_stripe_4k) {
		s->al_stripes = 1;
		s->al_stripe_4k = MD_AL_STRIPE_4K;
	}
	if (get_be32(in + PER_BIT) != BYTES_PER_BIT || !s->al_stripes || !s->al_stripe_4k ||
	    (uint64_t)s->al_stripes * s->al_stripe_4k > MD_AL_BLOCKS_MAX)
		return -EPROTO;
	return 0;
}
