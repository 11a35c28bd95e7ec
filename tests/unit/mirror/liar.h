/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A peer of a taiki-mirrord that lies.  It echoes what it is greeted with, so that both are one volume, equal and
 * up to date, but for what a lie changes; and then does what the lie is.
 *
 *   talk.c    its sockets     liar.c    the greeting     lies*.c   the lies
 */
#ifndef TESTS_MIRROR_LIAR_H
#define TESTS_MIRROR_LIAR_H

#include "mirror/drbd/state_word.h"
#include "talk.h"

struct liar {
	struct talk talk;
	const char *nbd;         /* the export's socket */
	int client;              /* who writes there; -1 */
	uint32_t asked;          /* by it */
	struct wire_sizes sizes; /* as it was greeted */
	struct wire_uuids uuids;
	struct drbd_state state;
};

struct lie {
	const char *name;
	/* Changes what the liar is about to say in its greeting. */
	void (*twist)(struct liar *l, struct wire_packet *p);
	/* What it does once the greeting is over; NULL: nothing. */
	void (*tell)(struct liar *l);
	/*
	 * What is to be seen by something not happening: its client hears nothing as long as the connection lasts;
	 * and the connection stays.  All else is waited for as long as a host may stand still.
	 */
	bool owes, stays;
};

/* lie_find() - NULL: there is none.  lie_list() - Their names, a line each. */
const struct lie *lie_find(const char *name);
void lie_list(void);

/* liar_next() - What comes next there; pings are answered.  False: nothing does. */
bool liar_next(struct liar *l, bool meta, struct wire_packet *p);

/* liar_hear() - The next @command; what else comes is passed over, pings are answered.  False: it never does. */
bool liar_hear(struct liar *l, bool meta, uint16_t command, struct wire_packet *p);

/* liar_write() - A client writes a block; it is not waited for.  liar_flush() - And flushes. */
void liar_write(struct liar *l, uint64_t sector);
void liar_flush(struct liar *l);

#endif
