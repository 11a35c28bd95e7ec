/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of the time a resync or a verify may work while clients do.  Pure: time comes with what is
 * observed.
 *
 * Without clients it is free.  With clients it takes turns with them:
 *
 *   WORK ──► DRAIN ──► QUIET ──► WORK …
 *   it asks  what it   clients
 *   freely   began     alone
 *            ends
 *
 * What clients get done per second in quiet turns is what they would without it, whatever the bottleneck
 * is: disk, network, processor.  So its share of the time that loses them no more than PACE_LOSS is known:
 *
 *   loss = share * (1 - rate with it / rate alone)   =>   share = PACE_LOSS / (1 - rate with it / rate alone)
 *
 * which is PACE_LOSS where they stand still meanwhile, and nearly all of the time where they do not notice.
 */
#ifndef MIRROR_ENGINE_PACE_H
#define MIRROR_ENGINE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_LOSS 0.2  /* of what clients get done without it */
#define PACE_MAX  0.95 /* of the time: the rest says what clients get done without it */

enum pace_phase { PACE_FREE, PACE_WORK, PACE_DRAIN, PACE_QUIET };

/* What has happened since the beginning, and what goes on. */
struct pace_seen {
	uint64_t now;             /* ns */
	uint64_t requests, bytes; /* of clients, done */
	uint32_t in_flight;       /* requests of clients */
	uint64_t moved;           /* bytes of the resync, done */
	uint64_t outstanding;     /* bytes of the resync that are on their way */
};

struct pace {
	uint64_t
		min_rate; /* bytes/s: so much it moves whatever clients lose; 0: it need not yield at all */
	/* private from here on */
	enum pace_phase phase;
	struct pace_seen last;
	uint64_t since;  /* of the phase */
	uint64_t worked; /* ns of WORK and DRAIN of this round */
	uint64_t client; /* when one was seen last */
	double share;
	struct pace_sum {
		double time, requests, work; /* s; older rounds count less */
		double moved;                /* bytes of the resync */
	} with, alone;
};

/* pace_begin() - A resync begins; @s: as things are.  @min_rate as above. */
void pace_begin(struct pace *p, uint64_t min_rate, const struct pace_seen *s);

/* pace_look() - What has happened.  Returns the ns until it wants to look again. */
uint64_t pace_look(struct pace *p, const struct pace_seen *s);

/* pace_open() - Whether more may be asked for now. */
bool pace_open(const struct pace *p);

#endif
