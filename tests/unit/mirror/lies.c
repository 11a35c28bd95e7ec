// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lies.  Those about writes and acknowledgements are told to a Primary, the others to whoever listens.
 */
#include <stdio.h>
#include <string.h>

#include "lies.h"

/* ---- acknowledgements ---- */

/* The block that a client has written, as it came. */
static struct wire_block written(struct liar *l, uint64_t sector)
{
	struct wire_packet p = {0};

	liar_write(l, sector);
	liar_hear(l, false, WIRE_DATA, &p);
	return (struct wire_block){p.data.sector, p.data.id, p.bulk, p.data.seq};
}

void lie_ack(struct liar *l, uint16_t command, struct wire_block b)
{
	SAY(l, true, .command = command, .block = b);
}

static void confirm(struct liar *l, uint32_t handle, uint32_t count)
{
	SAY(l, true, .command = WIRE_BARRIER_ACK, .barrier = {handle, count});
}

static void honest(struct liar *l)
{
	struct wire_packet p = {0};

	lie_ack(l, WIRE_WRITE_ACK, written(l, 8));
	liar_hear(l, false, WIRE_BARRIER, &p);
	confirm(l, p.barrier.handle, 1);
}

static void ack_of_nothing(struct liar *l)
{
	lie_ack(l, WIRE_WRITE_ACK, (struct wire_block){8, 12345, 4096, 1});
}

static void ack_of_another_sector(struct liar *l)
{
	struct wire_block b = written(l, 8);

	b.sector += 8;
	lie_ack(l, WIRE_WRITE_ACK, b);
}

static void ack_of_more(struct liar *l)
{
	struct wire_block b = written(l, 8);

	b.size *= 2;
	lie_ack(l, WIRE_WRITE_ACK, b);
}

static void ack_of_a_resync(struct liar *l)
{
	written(l, 8);
	lie_ack(l, WIRE_RS_WRITE_ACK, (struct wire_block){8, WIRE_ID_RESYNC, 4096, 1});
}

static void ack_twice(struct liar *l)
{
	struct wire_block b = written(l, 8);

	lie_ack(l, WIRE_WRITE_ACK, b);
	lie_ack(l, WIRE_WRITE_ACK, b);
}

static void write_failed(struct liar *l)
{
	lie_ack(l, WIRE_NEG_ACK, written(l, 8));
}

static void silence(struct liar *l)
{
	written(l, 8);
}

/* ---- barriers ---- */

/* A write, acknowledged, and the barrier behind it. */
static struct wire_barrier barrier(struct liar *l, bool acked)
{
	struct wire_block b = written(l, 8);
	struct wire_packet p = {0};

	if (acked)
		lie_ack(l, WIRE_WRITE_ACK, b);
	liar_hear(l, false, WIRE_BARRIER, &p);
	return p.barrier;
}

static void barrier_of_more(struct liar *l)
{
	confirm(l, barrier(l, true).handle, 2);
}

static void barrier_of_none(struct liar *l)
{
	confirm(l, barrier(l, true).handle, 0);
}

static void barrier_of_another(struct liar *l)
{
	confirm(l, barrier(l, true).handle + 1, 1);
}

static void barrier_twice(struct liar *l)
{
	uint32_t handle = barrier(l, true).handle;

	confirm(l, handle, 1);
	confirm(l, handle, 1);
}

static void barrier_before_ack(struct liar *l)
{
	confirm(l, barrier(l, false).handle, 1);
}

static void barrier_unasked(struct liar *l)
{
	confirm(l, 0, 0);
}

/* What is acknowledged is not flushed: that is not over before the barrier is confirmed. */
static void flush_unconfirmed(struct liar *l)
{
	struct wire_packet p;

	lie_ack(l, WIRE_WRITE_ACK, written(l, 8));
	liar_flush(l);
	liar_hear(l, false, WIRE_BARRIER, &p);
}

/* received() - The next write, acknowledged when it has come, if that was asked for. */
static void received(struct liar *l)
{
	struct wire_packet p = {0};

	liar_hear(l, false, WIRE_DATA, &p);
	if (p.data.flags & WIRE_DP_RECV_ACK)
		lie_ack(l, WIRE_RECV_ACK,
			(struct wire_block){p.data.sector, p.data.id, p.bulk, p.data.seq});
}

/*
 * No lie: a peer that writes what is in one epoch in any order.  Of two writes to one place of which the first was
 * done before this disk has it, the second is in another epoch.
 */
static void any_order(struct liar *l)
{
	struct wire_packet p = {0};
	uint32_t handle;

	liar_write(l, 8);
	liar_write(l, 12); /* from its middle on */
	received(l);
	if (!liar_next(l, false, &p) || p.command != WIRE_BARRIER)
		talk_die("two writes to one place are in one epoch");
	handle = p.barrier.handle;
	received(l);
	confirm(l, handle, 1);
	liar_hear(l, false, WIRE_BARRIER, &p);
	confirm(l, p.barrier.handle, 1);
}

/* ---- what was not asked for ---- */

static void data_reply(struct liar *l)
{
	SAY(l, false, .command = WIRE_DATA_REPLY, .bulk = 4096, .data = {.sector = 8});
}

static void resync_reply(struct liar *l)
{
	SAY(l, false, .command = WIRE_RS_DATA_REPLY, .bulk = 4096,
	    .data = {.sector = 8, .id = WIRE_ID_RESYNC});
}

static void resync_request(struct liar *l)
{
	SAY(l, false, .command = WIRE_RS_DATA_REQUEST,
	    .block = {.sector = 8, .id = WIRE_ID_RESYNC, .size = 4096});
}

static void resync_name(struct liar *l)
{
	SAY(l, false, .command = WIRE_SYNC_UUID, .sync_uuid = 0x1234567812345678);
}

static void bitmap(struct liar *l)
{
	SAY(l, false, .command = WIRE_BITMAP);
}

static void consent(struct liar *l)
{
	SAY(l, true, .command = WIRE_STATE_CHG_REPLY, .reply = 1);
}

static void challenge(struct liar *l)
{
	SAY(l, false, .command = WIRE_AUTH_CHALLENGE, .bulk = WIRE_CHALLENGE);
}

static void features_again(struct liar *l)
{
	SAY(l, false, .command = WIRE_FEATURES, .features = {100, 0, 101});
}

/* ---- where there is nothing ---- */

static void data_outside(struct liar *l)
{
	SAY(l, false, .command = WIRE_DATA, .bulk = 4096,
	    .data = {
		    .sector = l->sizes.current - 7, .id = 1, .seq = 1, .flags = WIRE_DP_WRITE_ACK});
}

static void data_far_outside(struct liar *l)
{
	SAY(l, false, .command = WIRE_DATA, .bulk = 4096,
	    .data = {.sector = UINT64_MAX - 3, .id = 1, .seq = 1, .flags = WIRE_DP_WRITE_ACK});
}

static void zeroes_outside(struct liar *l)
{
	SAY(l, false, .command = WIRE_ZEROES,
	    .data = {.sector = 0,
		     .id = 1,
		     .seq = 1,
		     .flags = WIRE_DP_WRITE_ACK,
		     .size = WIRE_TRIM_MAX});
}

static void differences_outside(struct liar *l)
{
	SAY(l, false, .command = WIRE_OUT_OF_SYNC, .range = {l->sizes.current, 4096});
}

static void request_outside(struct liar *l)
{
	SAY(l, false, .command = WIRE_DATA_REQUEST,
	    .block = {.sector = l->sizes.current, .id = 1, .size = 4096});
}

static void data_of_the_secondary(struct liar *l)
{
	SAY(l, false, .command = WIRE_DATA, .bulk = 4096,
	    .data = {.sector = 8, .id = 1, .seq = 1, .flags = WIRE_DP_WRITE_ACK});
}

static const struct lie lies[] = {
	{"nothing", NULL, honest, .stays = true},
	{"ack-of-nothing", NULL, ack_of_nothing},
	{"ack-of-another-sector", NULL, ack_of_another_sector},
	{"ack-of-more", NULL, ack_of_more},
	{"ack-of-a-resync", NULL, ack_of_a_resync},
	{"ack-twice", NULL, ack_twice},
	{"write-failed", NULL, write_failed},
	{"silence", NULL, silence, .owes = true},
	{"barrier-of-more", NULL, barrier_of_more},
	{"barrier-of-none", NULL, barrier_of_none},
	{"barrier-of-another", NULL, barrier_of_another},
	{"barrier-twice", NULL, barrier_twice},
	{"barrier-before-ack", NULL, barrier_before_ack},
	{"barrier-unasked", NULL, barrier_unasked},
	{"any-order", NULL, any_order, .stays = true},
	{"flush-unconfirmed", NULL, flush_unconfirmed, .owes = true},
	{"data-reply", NULL, data_reply},
	{"resync-reply", NULL, resync_reply},
	{"resync-request", NULL, resync_request},
	{"resync-name", NULL, resync_name},
	{"bitmap", NULL, bitmap},
	{"consent", NULL, consent},
	{"challenge", NULL, challenge},
	{"features-again", NULL, features_again},
	{"data-outside", is_primary, data_outside},
	{"data-far-outside", is_primary, data_far_outside},
	{"zeroes-outside", is_primary, zeroes_outside},
	{"differences-outside", is_primary, differences_outside},
	{"request-outside", is_primary, request_outside},
	{"data-of-the-secondary", NULL, data_of_the_secondary},
	{"primary-too", NULL, primary_too},
	{"state-of-nothing", NULL, state_of_nothing},
	{"wish-you-were-diskless", NULL, wish_you_were_diskless, .stays = true},
	{"wish-you-were-secondary", NULL, wish_you_were_secondary, .stays = true},
	{"wish-to-be-primary", NULL, wish_to_be_primary, .stays = true},
	{"wish-to-thaw-you", NULL, wish_to_thaw_you, .stays = true},
	{"is-primary", is_primary, NULL},
	{"is-unrelated", is_unrelated, NULL},
	{"is-ahead", is_ahead, NULL},
	{"is-smaller", is_smaller, NULL},
	{"speaks-too-old", speaks_too_old, NULL},
	{"allows-two", allows_two, NULL},
	{"is-lax", is_lax, NULL},
	{"asks-dry", asks_dry, NULL},
	{"has-everything", is_behind, has_everything},
	{"bitmap-without-end", is_ahead, bitmap_without_end},
	{"bitmap-of-nothing", is_ahead, bitmap_of_nothing},
	{"resync-hole", NULL, hole_unasked},
	{"resync-hole-request", NULL, hole_request},
	{"hole-of-more", is_ahead, hole_of_more},
	{"hole-of-less", is_ahead, hole_of_less},
	{"hole-of-another-sector", is_ahead, hole_of_another_sector},
	{"hole-outside", is_ahead, hole_outside},
	{"hole-twice", is_ahead, hole_twice},
	{"hole-for-data", is_ahead, hole_for_data},
	{"hole-and-data", is_ahead, hole_and_data},
	{"garbage", NULL, garbage},
	{"garbage-on-meta", NULL, garbage_on_meta},
};

const struct lie *lie_find(const char *name)
{
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		if (!strcmp(lies[i].name, name))
			return &lies[i];
	return NULL;
}

void lie_list(void)
{
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		puts(lies[i].name);
}
