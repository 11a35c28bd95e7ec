// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lies about states and in the greeting, and what is no packet at all.
 */
#include "lies.h"
#include "mirror/drbd/meta.h"

/* ---- states ---- */

static void say_state(struct liar *l, struct drbd_state s)
{
	SAY(l, false, .command = WIRE_STATE, .state = state_encode(&s));
}

static struct drbd_state mine(const struct liar *l)
{
	return (struct drbd_state){.role = ROLE_SECONDARY,
				   .peer = l->state.role,
				   .conn = CONN_CONNECTED,
				   .disk = DISK_UP_TO_DATE,
				   .pdsk = DISK_UP_TO_DATE};
}

void primary_too(struct liar *l)
{
	struct drbd_state s = mine(l);

	s.role = ROLE_PRIMARY;
	say_state(l, s);
}

void state_of_nothing(struct liar *l)
{
	SAY(l, false, .command = WIRE_STATE, .state = UINT32_MAX);
}

static void wish(struct liar *l, uint32_t mask, struct drbd_state s)
{
	struct wire_packet p;

	SAY(l, false, .command = WIRE_STATE_CHG_REQ, .change = {mask, state_encode(&s) & mask});
	liar_hear(l, true, WIRE_STATE_CHG_REPLY, &p);
}

void wish_you_were_diskless(struct liar *l)
{
	struct drbd_state s = mine(l);

	s.pdsk = DISK_DISKLESS;
	wish(l, STATE_MASK_PDSK, s);
}

void wish_you_were_secondary(struct liar *l)
{
	struct drbd_state s = mine(l);

	s.peer = ROLE_SECONDARY;
	wish(l, STATE_MASK_PEER, s);
}

void wish_to_be_primary(struct liar *l)
{
	struct drbd_state s = mine(l);

	s.role = ROLE_PRIMARY;
	wish(l, STATE_MASK_ROLE, s);
}

/* Frozen clients go on only when the peer is known, not when it asks for that. */
void wish_to_thaw_you(struct liar *l)
{
	struct wire_packet p;

	SAY(l, false, .command = WIRE_STATE_CHG_REQ, .change = {UINT32_C(0x3f) << 17, 0});
	liar_hear(l, true, WIRE_STATE_CHG_REPLY, &p);
	if (p.reply >= STATE_OK)
		talk_say_raw(&l->talk, false, "", 1); /* and the connection ends */
}

/* ---- the greeting ---- */

void is_primary(struct liar *l, struct wire_packet *p)
{
	struct drbd_state s;

	if (p->command != WIRE_STATE || state_decode(p->state, &s))
		return;
	s.role = ROLE_PRIMARY;
	p->state = state_encode(&s);
}

void is_unrelated(struct liar *l, struct wire_packet *p)
{
	for (int i = 0; p->command == WIRE_UUIDS && i < MD_UUIDS; i++)
		p->uuids.uuid[i] = UINT64_C(0x1111111111111110) * (unsigned)(i + 1);
}

void is_ahead(struct liar *l, struct wire_packet *p)
{
	if (p->command != WIRE_UUIDS)
		return;
	p->uuids.uuid[MD_BITMAP] = p->uuids.uuid[MD_CURRENT];
	p->uuids.uuid[MD_CURRENT] = UINT64_C(0x2222222222222220);
}

void is_behind(struct liar *l, struct wire_packet *p)
{
	if (p->command != WIRE_UUIDS)
		return;
	p->uuids.uuid[MD_CURRENT] = p->uuids.uuid[MD_BITMAP];
	p->uuids.uuid[MD_BITMAP] = 0;
}

void is_smaller(struct liar *l, struct wire_packet *p)
{
	if (p->command == WIRE_SIZES)
		p->sizes.own = p->sizes.current = 2048;
}

void speaks_too_old(struct liar *l, struct wire_packet *p)
{
	if (p->command == WIRE_FEATURES)
		p->features = (struct wire_features){86, 0, 99};
}

void allows_two(struct liar *l, struct wire_packet *p)
{
	if (p->command == WIRE_PROTOCOL)
		p->protocol.two_primaries = 1;
}

void is_lax(struct liar *l, struct wire_packet *p)
{
	if (p->command == WIRE_PROTOCOL)
		p->protocol.protocol = 1;
}

/* It asks what would be done, as the kernel's `connect --tentative` does: nothing is to be. */
void asks_dry(struct liar *l, struct wire_packet *p)
{
	is_ahead(l, p);
	if (p->command == WIRE_PROTOCOL)
		p->protocol.flags |= WIRE_CF_DRY_RUN;
}

/* As a resync's target: what it never asked for is on its disk, it says. */
void has_everything(struct liar *l)
{
	uint64_t words = (l->sizes.current / MD_BIT_SECTORS + 64) / 64;
	struct wire_packet p;

	if (!liar_hear(l, false, WIRE_COMPRESSED_BITMAP, &p))
		return;
	SAY(l, false, .command = WIRE_BITMAP, .bulk = (uint32_t)words * 8);
	SAY(l, false, .command = WIRE_BITMAP);
	if (liar_hear(l, false, WIRE_SYNC_UUID, &p))
		lie_ack(l, WIRE_RS_WRITE_ACK, (struct wire_block){0, WIRE_ID_RESYNC, 1 << 20, 1});
}

/* As its source: a bitmap that has no end. */
void bitmap_without_end(struct liar *l)
{
	for (int i = 0; i < 3; i++)
		SAY(l, false, .command = WIRE_BITMAP, .bulk = WIRE_BITMAP_MAX);
}

void bitmap_of_nothing(struct liar *l)
{
	SAY(l, false, .command = WIRE_BITMAP);
}

void garbage(struct liar *l)
{
	static const char bytes[64] = "GET / HTTP/1.1\r\nHost: mirror\r\n\r\n";

	talk_say_raw(&l->talk, false, bytes, sizeof(bytes));
}

void garbage_on_meta(struct liar *l)
{
	static const char bytes[64] = "\x86\x20\xec\x20\xff\xff\xff\xff\xff\xff\xff\xff";

	talk_say_raw(&l->talk, true, bytes, sizeof(bytes));
}
