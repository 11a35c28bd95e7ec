/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How hosts that join, part and meet again come to the same state.  No I/O: bytes and
 * views go in, flags come out.
 *
 * With each view that somebody has joined, a round opens: each member says hello with a
 * digest of its state, and until the last hello is delivered everything else is passed
 * over (who sent it sends it again, see SYNC_DONE).  The last hello is delivered at the same
 * place in the order everywhere, so all find the same leader: the one with the best
 * state.  Members with the same digest go on; the leader sends the others its state as it is
 * at that place; they keep what is delivered after it until they have it.  A change of the
 * view before that opens a new round.  A view that only lost members needs none.
 *
 * A state is stale when its host has lost quorum since it was equal to others': another
 * partition may have gone on.  Stale states yield to others; among equals the one that
 * has applied more messages wins, then the lowest node.  Where even the best is stale, what
 * was under way is void: it was answered with "no quorum".
 */
#ifndef TAIKI_FENCE_SYNC_H
#define TAIKI_FENCE_SYNC_H

#include "fencing/order.h"

struct sync_member {
	uint32_t nodeid, pid;
};

struct sync_hello {
	bool have, stale;
	uint64_t digest, applied;
	char host[ORDER_NAME];
	char boot[ORDER_UUID];
};

struct sync_kept {
	struct sync_kept *next;
	uint32_t from;
	size_t len;
	uint8_t bytes[];
};

struct sync {
	struct order_state *state;
	uint32_t me;
	char host[ORDER_NAME], boot[ORDER_UUID];
	bool stale;
	bool rounded;     /* a round was finished since it last became stale */
	bool open;        /* hellos are being waited for */
	bool waiting;     /* the state of the leader is */
	bool outstanding; /* somebody's is, perhaps not ours */
	uint32_t leader;
	uint64_t view;
	struct sync_member member[ORDER_HOSTS_MAX];
	struct sync_hello hello[ORDER_HOSTS_MAX];
	size_t nmembers;
	struct sync_kept *kept, **kept_end;
	size_t kept_bytes;
};

enum {
	SYNC_SAY_HELLO = 1,  /* multicast what sync_hello() makes */
	SYNC_SEND_STATE = 2, /* multicast what sync_snapshot() makes */
	SYNC_DONE = 4,       /* this host knows everything now: announce domains, ask again */
	SYNC_CHANGED = 8,    /* the state has changed */
	SYNC_BROKEN = 16,    /* leave, and join again from nothing */
	SYNC_BAD = 32,       /* what was delivered is no message of ours */
};

enum { SYNC_KEPT_MAX = 16 << 20 };

/* sync_init() - A host that knows nothing yet.  0, -ENOMEM. */
int sync_init(struct sync *y, uint32_t me, const char *host, const char *boot);
/* sync_again() - As sync_init(), with the state that was known before, which is stale now. */
void sync_again(struct sync *y, uint32_t me, const char *host, const char *boot);
void sync_free(struct sync *y);

/* sync_ready() - Whether the state is that of all members. */
bool sync_ready(const struct sync *y);

/*
 * sync_lost_quorum() - The state is stale from now on.
 * sync_has_quorum() - In this very view; a state that is that of all is stale no more.  True when
 * a RESYNC is to be multicast: quorum came back and nobody joined.
 */
void sync_lost_quorum(struct sync *y);
bool sync_has_quorum(struct sync *y);

/* sync_view() - The members are @m[@n] now; whether any joined.  SYNC_... flags. */
unsigned sync_view(struct sync *y, const struct sync_member *m, size_t n, bool joined);

/* sync_deliver() - @len bytes from @from.  SYNC_... flags. */
unsigned sync_deliver(struct sync *y, uint32_t from, const uint8_t *bytes, size_t len);

void sync_hello(const struct sync *y, struct order_message *m);
/* sync_snapshot() - @blob[@size] is filled and @m points to it.  0, -ENOSPC. */
int sync_snapshot(const struct sync *y, struct order_message *m, uint8_t *blob, size_t size);

#endif
