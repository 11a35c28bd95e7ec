/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses of TCP, and sockets for them; all sockets are non-blocking, and send at once.
 */
#ifndef MIRROR_ENGINE_ADDRESS_H
#define MIRROR_ENGINE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

/* An IPv4 or IPv6 address with its port. */
union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

enum { ADDRESS_TEXT = 64 };

/* address_parse() - "10.0.0.1:7789", "[fd00::1]:7789", or as drbdsetup has it, "ipv4:...", "ipv6:...".  0 or -EINVAL. */
int address_parse(union address *a, const char *text);

/* address_print() - The same; @out. */
const char *address_print(const union address *a, char out[ADDRESS_TEXT]);

/* address_same_host() - Whatever the ports are. */
bool address_same_host(const union address *a, const union address *b);

/* address_compare() - By host, then port: an order that both ends agree on. */
int address_compare(const union address *a, const union address *b);

/* Sockets; -errno. */
int address_listen(const union address *a);
int address_connect(const union address *from, const union address *to);
int address_accept(int listener, union address *from);

#endif
