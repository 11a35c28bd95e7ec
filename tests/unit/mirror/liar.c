// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * liar OWN-ADDRESS PEER-ADDRESS:PORT NBD-SOCKET LIE: what it meant for the other side, in two lines:
 *
 *   client told | refused | waits | none      of what it asked for last
 *   connection closed | open
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "liar.h"
#include "mirror/export/nbd_proto.h"
#include "tests/history/torture/nbd.h"

enum { PATIENCE_MS = 30000, OWES_MS = 700, STAYS_MS = 4000, LOOK_MS = 20, BLOCK = 4096 };

static void answer_ping(struct liar *l, const struct wire_packet *p)
{
	struct wire_packet pong = {.command = WIRE_PING_ACK};

	if (p->command == WIRE_PING)
		talk_say(&l->talk, true, &pong);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

bool liar_next(struct liar *l, bool meta, struct wire_packet *p)
{
	uint64_t until = now_ms() + PATIENCE_MS;

	while (now_ms() < until) {
		int which = talk_either(&l->talk, 50);

		if (which < 0)
			continue;
		if (!talk_take(&l->talk, which, p))
			return false;
		answer_ping(l, p);
		if (which == meta)
			return true;
	}
	return false;
}

bool liar_hear(struct liar *l, bool meta, uint16_t command, struct wire_packet *p)
{
	bool heard;

	do
		heard = liar_next(l, meta, p);
	while (heard && p->command != command);
	return heard;
}

/* ---- the greeting ---- */

static void remember(struct liar *l, const struct wire_packet *p)
{
	if (p->command == WIRE_SIZES)
		l->sizes = p->sizes;
	if (p->command == WIRE_UUIDS)
		l->uuids = p->uuids;
	if (p->command == WIRE_STATE && state_decode(p->state, &l->state))
		talk_die("a state that is none");
}

/* echo() - Say of ourselves what the other side has said; but one Primary is enough. */
static void echo(struct liar *l, const struct lie *lie, struct wire_packet *p)
{
	struct drbd_state s;

	remember(l, p);
	if (p->command == WIRE_STATE) {
		s = l->state;
		s.peer = l->state.role;
		s.role = ROLE_SECONDARY;
		s.disk = DISK_UP_TO_DATE;
		p->state = state_encode(&s);
	}
	if (p->command == WIRE_UUIDS)
		p->uuids.flags = 0;
	if (lie->twist)
		lie->twist(l, p);
	talk_say(&l->talk, false, p);
}

/* greet() - False: the other side has had enough in the middle of it. */
static bool greet(struct liar *l, const struct lie *lie)
{
	struct wire_packet p, mine = {.command = WIRE_FEATURES};

	mine.features = (struct wire_features){WIRE_VERSION_MIN, WIRE_FEATURES_OURS,
					       WIRE_VERSION_MAX};
	if (lie->twist)
		lie->twist(l, &mine);
	if (!talk_take(&l->talk, false, &p) || p.command != WIRE_FEATURES)
		return false;
	talk_say(&l->talk, false, &mine);
	l->talk.agreed = (struct wire_agreed){.version = WIRE_VERSION_MAX,
					      .features = WIRE_FEATURES_OURS};
	do {
		if (!talk_take(&l->talk, false, &p))
			return false;
		echo(l, lie, &p);
	} while (p.command != WIRE_STATE);
	/* the meeting's result ends it */
	return liar_hear(l, false, WIRE_STATE, &p);
}

/* ---- the client ---- */

static void ask(struct liar *l, unsigned type, uint64_t sector, uint32_t len)
{
	static const uint8_t block[BLOCK] = {1};

	if (l->client < 0)
		l->client = nbd_dial(l->nbd);
	if (l->client < 0 ||
	    nbd_ask(l->client, type, 0, ++l->asked, sector * 512, len, len ? block : NULL))
		talk_die("its client is not let in");
}

void liar_write(struct liar *l, uint64_t sector)
{
	ask(l, NBD_CMD_WRITE, sector, BLOCK);
}

void liar_flush(struct liar *l)
{
	ask(l, NBD_CMD_FLUSH, 0, 0);
}

/* lives() - The connection goes on for @ms; false: the other side has closed it. */
static bool lives(struct liar *l, int ms)
{
	uint64_t until = now_ms() + (unsigned)ms;
	struct wire_packet p;

	do {
		int which = talk_either(&l->talk, ms < LOOK_MS ? ms : LOOK_MS);

		if (which < 0)
			continue;
		if (!talk_take(&l->talk, which, &p))
			return false;
		answer_ping(l, &p);
	} while (now_ms() < until);
	return true;
}

static const char *client_heard(struct liar *l, const struct lie *lie)
{
	uint64_t until = now_ms() + (lie->owes ? OWES_MS : PATIENCE_MS);
	struct answer a = {0};
	bool open = true;

	if (l->client < 0)
		return "none";
	while (a.slot != l->asked) {
		int rc = nbd_answer(l->client, &a, LOOK_MS);

		if (rc && (rc != -EAGAIN || now_ms() >= until))
			return "waits";
		open = open && lives(l, 0);
	}
	return a.error ? "refused" : "told";
}

/* fate() - Whether the other side closes the connection; it takes some time to give a peer up. */
static const char *fate(struct liar *l, const struct lie *lie)
{
	return lives(l, lie->stays ? STAYS_MS : PATIENCE_MS) ? "open" : "closed";
}

int main(int argc, char **argv)
{
	static struct liar l = {.client = -1};
	const struct lie *lie = argc == 5 ? lie_find(argv[4]) : NULL;

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		lie_list();
		return 0;
	}
	if (!lie) {
		fprintf(stderr,
			"usage: liar OWN-ADDRESS PEER-ADDRESS:PORT NBD-SOCKET LIE | --list\n");
		return 2;
	}
	l.nbd = argv[3];
	if (!talk_dial(&l.talk, argv[1], argv[2]))
		talk_die(argv[2]);
	if (greet(&l, lie) && lie->tell)
		lie->tell(&l);
	printf("client %s\n", client_heard(&l, lie));
	printf("connection %s\n", fate(&l, lie));
	return 0;
}
