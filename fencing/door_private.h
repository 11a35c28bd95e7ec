/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the doors share: clients, and the way from bytes to requests and back.
 */
#ifndef TAIKI_FENCE_DOOR_PRIVATE_H
#define TAIKI_FENCE_DOOR_PRIVATE_H

#include <stdint.h>
#include <string.h>

#include "fencing/door.h"
#include "fencing/door_policy.h"
#include "fencing/door_replay.h"

/* A connection, as far as answers are concerned. */
struct door_route {
	/*
	 * send() - One message, whole or not at all.  It must not free the route, whatever
	 * happens: door_input() may be on the stack.
	 */
	void (*send)(struct door_route *route, const uint8_t *data, size_t len);
	const char *from; /* an address for the log, or NULL */
};

struct door_client {
	struct door_client *next;        /* the door's own */
	unsigned routes;                 /* the door's own: connections that are open */
	const char *door;                /* "channel", "tls" */
	char domain[FENCE_NAME_MAX + 1]; /* "": a stranger */
	char group[FENCE_NAME_MAX + 1];
	char identity[FENCE_NAME_MAX +
		      1]; /* what it is called: the domain, or the key's identity */
	char name[192];
	struct policy_bucket messages, power, refusals;
	uint64_t untold; /* refusals since the last one that was logged */
	uint64_t bad;    /* damaged messages of all its connections */
	int64_t seen_ms; /* when it last sent something */
	struct replay replay;
};

struct qb_loop *door_loop(void);
const struct door_ops *door_callee(void);

/* door_client_new() - NULL: no memory.  @domain is "" for a stranger. */
struct door_client *door_client_new(const char *door, const char *identity, const char *domain,
				    const char *group);
void door_client_set_group(struct door_client *c, const char *group);
/* door_client_free() - It has gone: the callee is told. */
void door_client_free(struct door_client *c);

/*
 * door_input() - @len bytes of @c through @route: requests are handed over, or answered
 * with their refusal.  -ENOMEM, -EPROTO (something was damaged; what was not is done), or 0.
 */
int door_input(struct door_client *c, struct door_route *route, struct fence_framer *f,
	       const uint8_t *data, size_t len);
/* door_hangup() - @route is gone. */
void door_hangup(struct door_client *c, const struct door_route *route);

/* door_rest() - @done of the @len bytes of @out are sent: the rest moves to the front.  Its length. */
static inline size_t door_rest(uint8_t *out, size_t len, size_t done)
{
	if (done && done < len)
		memmove(out, out + done, len - done);
	return len - done;
}

/* The doors' ends; door_close() calls them. */
void door_channel_close(void);
void door_tls_close(void);

#endif
