/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The port org.taiki.role.0, served inside hv-domain: lines of text to and from
 * the guest, which the control connection sends and hears (hv/role.h has what
 * stands in them; nothing here looks).
 *
 * A line to the guest waits until the guest has the port open and a buffer for
 * it.  One may be kept: it is said again each time the guest opens the port,
 * so that a guest that starts anew learns its role without anybody else's doing.
 *
 * What the guest says is bounded: in a line's length, in lines a second (what is
 * more is dropped and counted), and in how much of it is looked at a second (the
 * rest waits in its ring).
 */
#ifndef VMM_VIRTIO_ROLE_H
#define VMM_VIRTIO_ROLE_H

#include "hvcore/vmm/loop.h"
#include "hvcore/vmm/virtio/console.h"

enum {
	ROLE_TEXT_MAX = 1023,    /* bytes of a line without its newline */
	ROLE_QUEUE_MAX = 8,      /* lines that wait for the guest */
	ROLE_LINES_BURST = 32,   /* lines of the guest that are passed on at once ... */
	ROLE_LINE_NS = 62500000, /* ... and one more each 1/16 s */
	ROLE_WORK_BURST = 65536, /* bytes of the guest that are looked at at once ... */
	ROLE_WORK_NS = 15000,    /* ... and one more each 15 us; a buffer counts ROLE_WORK_MIN */
	ROLE_WORK_MIN = 256,
};

/* What grows by one each @ns, up to @most. */
struct role_credit {
	uint64_t left, since; /* host ns up to which it was counted; 0: full */
};

/* role_credit() - What is there now. */
uint64_t role_credit(struct role_credit *c, uint64_t now, uint64_t ns, uint64_t most);

struct role_out {
	bool kept; /* it is the one that is said at each opening */
	uint16_t len;
	char text[ROLE_TEXT_MAX + 1]; /* with its newline, not terminated */
};

struct role {
	struct port *port;

	/* From the guest. */
	char line[ROLE_TEXT_MAX + 1];
	unsigned len;
	bool skip;                    /* to the newline: too long, or not text */
	char last[ROLE_TEXT_MAX + 1]; /* "": none yet */
	uint64_t heard, dropped;      /* lines */
	struct role_credit lines, work;
	struct loop_timer later; /* the ring is looked at again */

	/* To the guest. */
	struct role_out out[ROLE_QUEUE_MAX]; /* [0] is next */
	unsigned nout, sent;                 /* bytes of out[0] that the guest has */
	bool fresh;                   /* a newline goes first: the guest may have had half a line */
	char kept[ROLE_TEXT_MAX + 1]; /* "": none */
	uint64_t told;                /* host ns: since when this guest could have it */
};

/* role_hear() - @len bytes of the guest; @now in host ns.  Lines become X_TAIKI_ROLE. */
void role_hear(struct role *r, const uint8_t *data, size_t len, uint64_t now);
/* role_queue() - A line for the guest.  0, or -ENOBUFS. */
int role_queue(struct role *r, const char *text, bool kept);
/* role_next() - The bytes the guest is to get next, at most @max of them; how many. */
size_t role_next(const struct role *r, char *to, size_t max);
/* role_sent() - It has got @n of them. */
void role_sent(struct role *r, size_t n);
/* role_opened() - At @now, in host ns, the guest has opened the port (anew), or (@open false) closed it. */
void role_opened(struct role *r, bool open, uint64_t now);

/* --- role_port.c: what the console calls --- */

/* role_create() - Serve @p; NULL: no memory. */
struct role *role_create(struct port *p);
/* role_pump() - Hand on what waits, as far as the guest has room. */
void role_pump(struct role *r);
/* role_may_hear() - Whether the guest's next buffer may be looked at now; else the port is called again. */
bool role_may_hear(struct role *r);
/* role_chain() - A buffer of the guest. */
void role_chain(struct role *r, const struct virtq_chain *c);

#endif
