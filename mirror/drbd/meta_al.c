// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The activity log: a ring of blocks, each a transaction with its checksum.  A transaction
 * says which slots changed, and repeats a part of all slots, in turn: whatever block is lost
 * while it is overwritten, the others still say what was in every slot.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/drbd/bytes.h"
#include "mirror/drbd/crc32c.h"
#include "mirror/drbd/meta.h"

enum {
	MAGIC = 0x69cb65a2,
	TYPE_UPDATE = 0,
	TYPE_INITIALISED = 0xffff,
	NO_SLOT = 0xffff,
};

/* Offsets of the fields, bytes. */
enum {
	AT_MAGIC = 0,
	AT_TRANSACTION = 4,
	AT_CRC = 8,
	AT_TYPE = 12,
	AT_UPDATES = 14,
	AT_CONTEXT_SIZE = 16,
	AT_CONTEXT_FIRST = 18,
	AT_SLOT = 36,
	AT_EXTENT = 164,
	AT_CONTEXT = 420,
};

/* As if its own field were zero. */
static uint32_t checksum(const uint8_t *b)
{
	static const uint8_t zero[4];
	uint32_t crc = crc32c(0, b, AT_CRC);

	crc = crc32c(crc, zero, sizeof(zero));
	return crc32c(crc, b + AT_TYPE, MD_BLOCK - AT_TYPE);
}

void md_al_encode(uint8_t out[MD_BLOCK], const struct md_al *t)
{
	memset(out, 0, MD_BLOCK);
	put_be32(out + AT_MAGIC, MAGIC);
	put_be32(out + AT_TRANSACTION, t->transaction);
	if (t->initialised) {
		put_be16(out + AT_TYPE, TYPE_INITIALISED);
		put_be32(out + AT_CRC, checksum(out));
		return;
	}
	put_be16(out + AT_TYPE, TYPE_UPDATE);
	put_be16(out + AT_UPDATES, t->updates);
	put_be16(out + AT_CONTEXT_SIZE, t->context_size);
	put_be16(out + AT_CONTEXT_FIRST, t->context_first);
	for (int i = 0; i < MD_AL_UPDATES; i++) {
		bool used = i < t->updates;

		put_be16(out + AT_SLOT + 2 * i, used ? t->slot[i] : NO_SLOT);
		put_be32(out + AT_EXTENT + 4 * i, used ? t->extent[i] : MD_AL_FREE);
	}
	for (int i = 0; i < MD_AL_CONTEXT; i++)
		put_be32(out + AT_CONTEXT + 4 * i, t->context[i]);
	put_be32(out + AT_CRC, checksum(out));
}

int md_al_decode(const uint8_t in[MD_BLOCK], struct md_al *t)
{
	uint16_t type = get_be16(in + AT_TYPE);

	if (get_be32(in + AT_MAGIC) != MAGIC || get_be32(in + AT_CRC) != checksum(in))
		return -EPROTO;
	if (type != TYPE_UPDATE && type != TYPE_INITIALISED)
		return -EPROTO;
	*t = (struct md_al){
		.transaction = get_be32(in + AT_TRANSACTION),
		.initialised = type == TYPE_INITIALISED,
		.updates = get_be16(in + AT_UPDATES),
		.context_size = get_be16(in + AT_CONTEXT_SIZE),
		.context_first = get_be16(in + AT_CONTEXT_FIRST),
	};
	if (t->initialised)
		return 0;
	if (t->updates > MD_AL_UPDATES)
		return -EPROTO;
	for (int i = 0; i < MD_AL_UPDATES; i++) {
		t->slot[i] = get_be16(in + AT_SLOT + 2 * i);
		t->extent[i] = get_be32(in + AT_EXTENT + 4 * i);
	}
	for (int i = 0; i < MD_AL_CONTEXT; i++)
		t->context[i] = get_be32(in + AT_CONTEXT + 4 * i);
	return 0;
}

uint32_t md_al_position(const struct md_layout *l, uint32_t transaction)
{
	uint32_t n = transaction % md_al_blocks(l);

	/* neighbours in time are on different stripes */
	return n % l->al_stripes * l->al_stripe_4k + n / l->al_stripes;
}
