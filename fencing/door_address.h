/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often and how many at a time an address may stand at the TLS door.  An IPv6 address
 * counts with all of its /64, which one host can have to itself.  Pure: @now_ms is given.
 */
#ifndef TAIKI_FENCE_DOOR_ADDRESS_H
#define TAIKI_FENCE_DOOR_ADDRESS_H

#include <sys/socket.h>

#include "fencing/door_policy.h"

enum {
	DOOR_ADDRESSES_MAX = 512,   /* remembered; more than DOOR_CONNECTIONS_MAX */
	DOOR_CONNECTIONS_MAX = 256, /* in all */
	DOOR_ADDRESS_CONNECTIONS_MAX = 32,
};

struct door_address {
	uint8_t key[9]; /* family, and 4 or 8 bytes */
	bool used;
	unsigned connections;
	struct policy_bucket handshakes;
	int64_t seen_ms;
};

/* Zeroed: nobody was there. */
struct door_addresses {
	struct door_address address[DOOR_ADDRESSES_MAX];
};

/*
 * door_address_enter() - @sa wants to connect.  Its entry, with one connection more; NULL: too
 * many or too often, and *why says it.
 */
struct door_address *door_address_enter(struct door_addresses *t, const struct sockaddr *sa,
					int64_t now_ms, const char **why);
void door_address_leave(struct door_address *a);

/* door_address_text() - "10.0.0.7", "fd00::1"; an IPv4 address in an IPv6 one as IPv4. */
const char *door_address_text(const struct sockaddr *sa, char *out, size_t size);

#endif
