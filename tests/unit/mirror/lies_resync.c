// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lies of a resync's source about what is a hole.
 */
#include "lies.h"
#include "mirror/drbd/meta.h"
#include "mirror/drbd/wire_bits.h"

/* Where nobody asked. */
void hole_unasked(struct liar *l)
{
	SAY(l, false, .command = WIRE_RS_DEALLOCATED, .range = {0, 65536});
}

/* Whether there is a hole, of who is no source. */
void hole_request(struct liar *l)
{
	SAY(l, false, .command = WIRE_RS_THIN_REQ, .block = {.id = WIRE_ID_RESYNC, .size = 65536});
}

/* Everything differs. */
static void say_bitmap(struct liar *l)
{
	uint8_t head[WIRE_HEADER_MAX + WIRE_FIELDS_MAX], code[16] = {0};
	struct wire_bits b = {.bytes = code, .room = sizeof(code) * 8};
	struct wire_packet p = {.command = WIRE_COMPRESSED_BITMAP};
	uint64_t bits = (l->sizes.current + MD_BIT_SECTORS - 1) / MD_BIT_SECTORS;

	if (wire_run_put(&b, bits))
		talk_die("a bitmap of one run");
	p.encoding = wire_code(b.at, true);
	p.bulk = (uint32_t)(b.at + 7) / 8;
	talk_say_raw(&l->talk, false, head, (size_t)wire_encode(head, &p, &l->talk.agreed));
	talk_say_raw(&l->talk, false, code, p.bulk);
}

/* begin() - The resync, up to the first @command of the target; it stays as it was where that does not come. */
static struct wire_block begin(struct liar *l, uint16_t command)
{
	struct wire_packet p = {0};

	say_bitmap(l);
	if (liar_hear(l, false, WIRE_COMPRESSED_BITMAP, &p))
		SAY(l, false, .command = WIRE_SYNC_UUID, .sync_uuid = UINT64_C(0x3333333333333330));
	liar_hear(l, false, command, &p);
	return p.block;
}

static void hole(struct liar *l, uint64_t sector, uint32_t bytes)
{
	SAY(l, false, .command = WIRE_RS_DEALLOCATED, .range = {sector, bytes});
}

void hole_of_more(struct liar *l)
{
	struct wire_block b = begin(l, WIRE_RS_THIN_REQ);

	hole(l, b.sector, b.size * 2);
}

void hole_of_less(struct liar *l)
{
	struct wire_block b = begin(l, WIRE_RS_THIN_REQ);

	hole(l, b.sector, b.size / 2);
}

void hole_of_another_sector(struct liar *l)
{
	struct wire_block b = begin(l, WIRE_RS_THIN_REQ);

	hole(l, b.sector + MD_BIT_SECTORS, b.size);
}

void hole_outside(struct liar *l)
{
	struct wire_block b = begin(l, WIRE_RS_THIN_REQ);

	hole(l, UINT64_MAX - 127, b.size);
}

void hole_twice(struct liar *l)
{
	struct wire_block b = begin(l, WIRE_RS_THIN_REQ);

	hole(l, b.sector, b.size);
	hole(l, b.sector, b.size);
}

/* The end of the volume is no whole granule: its data was asked for. */
void hole_for_data(struct liar *l)
{
	struct wire_block b = begin(l, WIRE_RS_DATA_REQUEST);

	hole(l, b.sector, b.size);
}

/* A hole, and then data for it. */
void hole_and_data(struct liar *l)
{
	struct wire_block b = begin(l, WIRE_RS_THIN_REQ);

	hole(l, b.sector, b.size);
	SAY(l, false, .command = WIRE_RS_DATA_REPLY, .bulk = b.size,
	    .data = {.sector = b.sector, .id = WIRE_ID_RESYNC});
}
