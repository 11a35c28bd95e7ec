/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two nodes meet: who brings whom up to date, or why neither may.  Pure.
 */
#ifndef MIRROR_ENGINE_HANDSHAKE_H
#define MIRROR_ENGINE_HANDSHAKE_H

#include "mirror/engine/generation.h"

/* What is done about a split brain on its own; only nothing is offered.  The numbers travel in PROTOCOL. */
enum after_sb { AFTER_SB_DISCONNECT = 0 };

struct handshake {
	struct gen_compare compare; /* all but its answer is given */
	enum disk my_disk, peer_disk;
	bool my_discard, peer_discard; /* the administrator gives that side's data up */
	/* That side has just attached its disk: its clients have seen the other's data, not what is on it. */
	bool i_attach, peer_attaches;
};

enum meeting {
	MEET_NOTHING, /* both have the same */
	MEET_SOURCE,
	MEET_TARGET,
	MEET_SPLIT_BRAIN, /* from here on: the connection ends and is not tried again */
	MEET_UNRELATED,
	MEET_PRIMARY_WOULD_LOSE,  /* this Primary has other data than the one to take over */
	MEET_SOURCE_INCONSISTENT, /* the one that should be the source has nothing to give */
	MEET_TOO_OLD,
};

struct meeting_of {
	enum meeting what;
	bool full;   /* everything is to be copied */
	bool manual; /* a split brain that the administrator has decided */
};

/* handshake() - @h->compare is answered on the way.  Both sides come to the same end. */
struct meeting_of handshake(struct handshake *h);

/* meeting_text() - What it means, for the log. */
const char *meeting_text(enum meeting m);

#endif
