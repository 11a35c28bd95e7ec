// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "fencing/door_address.h"

/* ipv4_of() - The four bytes of an IPv4 address, also of one inside IPv6; NULL: it is none. */
static const uint8_t *ipv4_of(const struct sockaddr *sa)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)sa;

	if (sa->sa_family == AF_INET)
		return (const uint8_t *)&((const struct sockaddr_in *)sa)->sin_addr;
	if (sa->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		return six->sin6_addr.s6_addr + 12;
	return NULL;
}

static void make_key(const struct sockaddr *sa, uint8_t key[9])
{
	const uint8_t *four = ipv4_of(sa);

	memset(key, 0, 9);
	if (four) {
		key[0] = 4;
		memcpy(key + 1, four, 4);
	} else if (sa->sa_family == AF_INET6) {
		key[0] = 6;
		memcpy(key + 1, &((const struct sockaddr_in6 *)sa)->sin6_addr, 8);
	}
}

const char *door_address_text(const struct sockaddr *sa, char *out, size_t size)
{
	const uint8_t *four = ipv4_of(sa);

	if (four)
		inet_ntop(AF_INET, four, out, (socklen_t)size);
	else if (sa->sa_family != AF_INET6 ||
		 !inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)sa)->sin6_addr, out,
			    (socklen_t)size))
		snprintf(out, size, "?");
	return out;
}

/* entry_of() - Its entry, else the place of who was seen longest ago and is not connected. */
static struct door_address *entry_of(struct door_addresses *t, const uint8_t key[9])
{
	struct door_address *free_one = NULL;

	for (unsigned i = 0; i < DOOR_ADDRESSES_MAX; i++) {
		struct door_address *a = &t->address[i];

		if (a->used && !memcmp(a->key, key, 9))
			return a;
		if (a->connections)
			continue;
		if (!free_one || (free_one->used && (!a->used || a->seen_ms < free_one->seen_ms)))
			free_one = a;
	}
	if (free_one) {
		memset(free_one, 0, sizeof(*free_one));
		memcpy(free_one->key, key, 9);
		free_one->used = true;
	}
	return free_one;
}

struct door_address *door_address_enter(struct door_addresses *t, const struct sockaddr *sa,
					int64_t now_ms, const char **why)
{
	struct door_address *a;
	uint8_t key[9];

	make_key(sa, key);
	a = entry_of(t, key);
	if (!a) {
		*why = "too many addresses are connected";
		return NULL;
	}
	a->seen_ms = now_ms;
	if (a->connections >= DOOR_ADDRESS_CONNECTIONS_MAX)
		*why = "too many connections from this address";
	else if (!policy_take(&a->handshakes, &policy_handshakes, now_ms))
		*why = "too many attempts from this address";
	else
		*why = NULL;
	if (*why)
		return NULL;
	a->connections++;
	return a;
}

void door_address_leave(struct door_address *a)
{
	if (a)
		a->connections--;
}
