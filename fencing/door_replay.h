/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one client asked: requests without an answer yet, and the answers that were
 * given to what changed power, so that a repeated request is answered and not done again.
 */
#ifndef TAIKI_FENCE_DOOR_REPLAY_H
#define TAIKI_FENCE_DOOR_REPLAY_H

#include "fencing/message.h"

enum {
	REPLAY_MAX = 128,           /* entries; the oldest answer makes room */
	REPLAY_OPEN_MAX = 16,       /* requests of one client that wait for an answer */
	REPLAY_AGE_MS = 600 * 1000, /* an answer is remembered for so long (DOOR_REMEMBER_S) */
	REPLAY_GRACE_MS = 30 * 1000,
};

enum replay_state { REPLAY_FREE, REPLAY_OPEN, REPLAY_ANSWERED };

struct replay_entry {
	enum replay_state state;
	struct fence_request asked;
	int64_t since_ms; /* asked, or answered */
	int64_t began_us; /* asked, for the duration in the log */
	void *route;      /* where the answer is to go; NULL: nobody is there */
	uint16_t result;  /* the answer */
	uint8_t power;
	char text[FENCE_TEXT_MAX + 1];
};

/* Zeroed: nothing was asked. */
struct replay {
	struct replay_entry entry[REPLAY_MAX];
};

enum replay_verdict {
	REPLAY_IS_NEW,      /* *e is an open entry now */
	REPLAY_IS_OPEN,     /* *e waits for its answer */
	REPLAY_IS_ANSWERED, /* *e holds it */
	REPLAY_IS_ANOTHER,  /* the id was used to ask for something else */
	REPLAY_IS_FULL,     /* too many wait already */
};

/* replay_ask() - @r, a request that is well-formed, has come. */
enum replay_verdict replay_ask(struct replay *c, const struct fence_request *r, int64_t now_ms,
			       struct replay_entry **e);

/* replay_open() - The open request @id, or NULL. */
struct replay_entry *replay_open(struct replay *c, const uint8_t id[16]);

/* replay_close() - @e got the answer @r: remembered if it changed power, else forgotten. */
void replay_close(struct replay_entry *e, const struct fence_reply *r, int64_t now_ms);

/*
 * replay_lapsed() - An open request whose time, and REPLAY_GRACE_MS more, is over, or NULL.
 * Whoever should have answered it did not.
 */
struct replay_entry *replay_lapsed(struct replay *c, int64_t now_ms);

/* replay_unroute() - @route is gone; its answers go nowhere. */
void replay_unroute(struct replay *c, const void *route);

/* replay_pending() - How many wait for an answer. */
unsigned replay_pending(const struct replay *c);

#endif
