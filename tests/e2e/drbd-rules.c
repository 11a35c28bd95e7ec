// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * drbd-rules OWN-ADDRESS PEER-ADDRESS:PORT SEED COUNT - asks a kernel's DRBD what it would do with COUNT peers of
 * invented generation identifiers, roles, disks and flags, each a connection that is a dry run, and says what our
 * rules have it answer, a line each:
 *
 *   RESULT RULE OUTCOME    as the kernel's log is to have them
 *
 * A peer's identifiers are made of those that the kernel greets with, so that they have much in common.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mirror/engine/handshake.h"
#include "tests/unit/mirror/talk.h"
#include "tests/unit/mirror/tool.h"

enum { DIALS = 500, DIAL_MS = 20 };

/* What the kernel has said of itself, and what it is told. */
struct greeting {
	struct wire_sizes sizes;
	struct wire_sync_param sync_param;
	struct wire_protocol protocol;
	struct wire_uuids uuids;
	struct drbd_state state;
};

static struct talk talk;
static uint64_t seed;

static uint64_t any(uint64_t below)
{
	return rnd(&seed) % below;
}

static void dial(const char *from, const char *to)
{
	static const struct timespec turn = {.tv_nsec = DIAL_MS * 1000000};

	for (int i = 0; i < DIALS; i++) {
		if (talk_dial(&talk, from, to))
			return;
		nanosleep(&turn, NULL);
	}
	talk_die(to);
}

static void hear(uint16_t command, struct wire_packet *p)
{
	do {
		if (!talk_take(&talk, false, p))
			talk_die(wire_name(command));
	} while (p->command != command);
}

static void listen_to(struct greeting *k)
{
	struct wire_packet p, mine = {.command = WIRE_FEATURES};
	uint32_t features = WIRE_FEATURES_OURS;

	if (!any(8))
		features &= ~(uint32_t)WIRE_FF_WSAME;
	mine.features = (struct wire_features){WIRE_VERSION_MIN, features, WIRE_VERSION_MAX};
	hear(WIRE_FEATURES, &p);
	talk_say(&talk, false, &mine);
	talk.agreed.version = WIRE_VERSION_MAX;
	talk.agreed.features = features & p.features.flags;
	hear(WIRE_PROTOCOL, &p);
	k->protocol = p.protocol;
	hear(WIRE_SYNC_PARAM89, &p);
	k->sync_param = p.sync_param;
	hear(WIRE_SIZES, &p);
	k->sizes = p.sizes;
	hear(WIRE_UUIDS, &p);
	k->uuids = p.uuids;
	hear(WIRE_STATE, &p);
	if (state_decode(p.state, &k->state))
		talk_die("a state that is none");
}

/* identifier() - One that the kernel has, or a neighbour of it, or none, or a new one. */
static uint64_t identifier(const uint64_t its[MD_UUIDS])
{
	uint64_t u = its[any(MD_UUIDS)];

	switch (any(8)) {
	case 0: return 0;
	case 1: return MD_UUID_JUST_CREATED;
	case 2: return u + (UINT64_C(1) << 48);
	case 3: return u - (UINT64_C(1) << 48);
	case 4: return rnd(&seed);
	default: return u ^ any(2);
	}
}

/* moved() - Its identifiers, one step of a life further, or back. */
static void moved(struct generation *g)
{
	uint64_t *u = g->uuid;
	uint64_t back = 1 + any(2);

	switch (any(7)) {
	case 0: gen_new(g, rnd(&seed), ROLE_SECONDARY); break;
	case 1: /* and is the source of a resync */
		gen_new(g, rnd(&seed), ROLE_SECONDARY);
		gen_sync_begin_source(g, rnd(&seed));
		break;
	case 2: gen_sync_end_source(g); break;
	case 3: /* before that end */ memmove(u + 1, u + 2, sizeof(*u) * 2); break;
	case 4: memmove(u, u + back, sizeof(*u) * (MD_UUIDS - back)); break;
	case 5: u[any(MD_UUIDS)] = identifier(u); break;
	default: break;
	}
}

/* invent() - A peer; most of them are what the kernel is, moved. */
static void invent(const struct greeting *k, struct greeting *p)
{
	static const enum disk disks[] = {DISK_INCONSISTENT, DISK_OUTDATED, DISK_CONSISTENT,
					  DISK_UP_TO_DATE};
	struct generation g;

	*p = *k;
	memcpy(g.uuid, k->uuids.uuid, sizeof(g.uuid));
	if (any(4))
		moved(&g);
	else
		for (int i = 0; i < MD_UUIDS; i++)
			g.uuid[i] = identifier(k->uuids.uuid);
	memcpy(p->uuids.uuid, g.uuid, sizeof(g.uuid));
	p->uuids.flags = any(4) ? 0 : any(4);
	p->state.role = any(4) ? ROLE_SECONDARY : ROLE_PRIMARY;
	p->state.peer = k->state.role;
	p->state.conn = CONN_WF_CONNECTION;
	p->state.disk = any(2) ? DISK_UP_TO_DATE : disks[any(4)];
	p->state.pdsk = DISK_UNKNOWN;
	p->state.suspended = 0;
	p->protocol.flags = WIRE_CF_DRY_RUN;
	if (p->uuids.flags & WIRE_UUID_DISCARD_MY_DATA)
		p->protocol.flags |= WIRE_CF_DISCARD_MY_DATA;
}

static void tell(const struct greeting *p)
{
	struct wire_packet say[] = {
		{.command = WIRE_PROTOCOL, .protocol = p->protocol},
		{.command = WIRE_SYNC_PARAM89, .sync_param = p->sync_param},
		{.command = WIRE_SIZES, .sizes = p->sizes},
		{.command = WIRE_UUIDS, .uuids = p->uuids},
		{.command = WIRE_STATE, .state = state_encode(&p->state)},
	};

	for (size_t i = 0; i < sizeof(say) / sizeof(say[0]); i++)
		talk_say(&talk, false, &say[i]);
}

static struct gen_side side(const struct greeting *g)
{
	struct gen_side s = {.role = g->state.role,
			     .crashed = g->uuids.flags & WIRE_UUID_CRASHED_PRIMARY};

	memcpy(s.gen.uuid, g->uuids.uuid, sizeof(s.gen.uuid));
	return s;
}

/* direction() - Of a resync that ours refuses on both sides, and the kernel on that of who would suffer from it. */
static const char *direction(const struct handshake *h, enum meeting what)
{
	bool split = abs((int)h->compare.result) == GEN_SPLIT_BITMAP; /* and decided by hand */
	bool source = split ? h->peer_discard : h->compare.result > 0;

	if (what == MEET_SOURCE_INCONSISTENT)
		return source ? "I am inconsistent" : "SyncTarget *";
	return source ? "SyncSource *" : "I am primary";
}

/* expect() - What the kernel is to say, by our rules; a pattern. */
static void expect(const struct greeting *k, const struct greeting *p)
{
	struct handshake h = {
		.my_disk = k->state.disk,
		.peer_disk = p->state.disk,
		.my_discard = k->uuids.flags & WIRE_UUID_DISCARD_MY_DATA,
		.peer_discard = p->uuids.flags & WIRE_UUID_DISCARD_MY_DATA,
		/* it has accepted the meta socket */
		.compare = {.mine = side(k),
			    .peer = side(p),
			    .tie_break = true,
			    .knows_41 = talk.agreed.features & WIRE_FF_WSAME},
	};
	struct meeting_of m = handshake(&h);

	if (m.what == MEET_TOO_OLD)
		printf("* %u too old\n", h.compare.rule);
	else
		printf("%d %u ", (int)h.compare.result, h.compare.rule);
	switch (m.what) {
	case MEET_NOTHING: puts("nothing"); break;
	case MEET_SOURCE:
	case MEET_TARGET:
		/* by hand the kernel copies what its bitmap has, and is told of all by ours */
		printf("%s %s\n", m.what == MEET_SOURCE ? "SyncSource" : "SyncTarget",
		       m.manual ? "*"
		       : m.full ? "full"
				: "bit-map");
		break;
	case MEET_SPLIT_BRAIN: puts("split brain"); break;
	case MEET_UNRELATED: puts("unrelated"); break;
	case MEET_PRIMARY_WOULD_LOSE:
	case MEET_SOURCE_INCONSISTENT: puts(direction(&h, m.what)); break;
	case MEET_TOO_OLD: break;
	}
}

int main(int argc, char **argv)
{
	struct greeting kernel, peer;
	struct wire_packet p;

	if (argc != 5) {
		fprintf(stderr, "usage: drbd-rules OWN-ADDRESS PEER-ADDRESS:PORT SEED COUNT\n");
		return 2;
	}
	seed = strtoull(argv[3], NULL, 10) * UINT64_C(0x9e3779b97f4a7c15) | 1;
	for (unsigned n = (unsigned)strtoul(argv[4], NULL, 10); n; n--) {
		dial(argv[1], argv[2]);
		listen_to(&kernel);
		invent(&kernel, &peer);
		tell(&peer);
		/* it has decided when it ends the connection */
		while (talk_take(&talk, false, &p))
			;
		talk_close(&talk);
		expect(&kernel, &peer);
	}
	return 0;
}
