/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A peer's two sockets and what is said over them, for programs that play one.  They connect both themselves; what is
 * no packet, or cannot be sent, ends them.
 */
#ifndef TESTS_MIRROR_TALK_H
#define TESTS_MIRROR_TALK_H

#include "mirror/drbd/wire.h"

struct talk {
	int data, meta;
	struct wire_agreed agreed;
	uint8_t bulk[WIRE_BULK_MAX]; /* of the packet that was taken last */
};

/* talk_die() - With @what and errno, and status 2. */
void talk_die(const char *what);

/* talk_dial() - From an address to ADDRESS:PORT.  False: nobody listens there. */
bool talk_dial(struct talk *t, const char *from, const char *to);
void talk_close(struct talk *t);

/* talk_say() - With p->bulk bytes, zeroes, behind it.  talk_say_raw() - Any bytes at all. */
void talk_say(struct talk *t, bool meta, const struct wire_packet *p);
void talk_say_raw(struct talk *t, bool meta, const void *bytes, size_t len);

/* talk_take() - The next packet there.  False: the other side has closed, or says nothing for some seconds. */
bool talk_take(struct talk *t, bool meta, struct wire_packet *p);

/* talk_either() - Which of the two has something to say, at most @ms long: 0 data, 1 meta; -1 neither. */
int talk_either(struct talk *t, int ms);

#endif
