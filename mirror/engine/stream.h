/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets over one of a connection's two sockets.
 *
 * Out: a queue that is handed to the kernel at the end of the turn, or when there is room again; bulk
 * data is sent from where it lies.  In: header, fields, bulk data; the latter is received to where
 * the owner wants it.  What may not be ends the connection: failed() is called, once, and nothing
 * after it.  Owned by the loop's thread.
 */
#ifndef MIRROR_ENGINE_STREAM_H
#define MIRROR_ENGINE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "mirror/drbd/wire.h"
#include "mirror/engine/channel.h"
#include "mirror/engine/list.h"
#include "mirror/engine/loop.h"

struct stream;

/* Bulk data that was handed over to be sent. */
struct sent {
	/* It is with the kernel, or (@result is not 0) never will be: the memory is the caller's again. */
	void (*done)(struct sent *s, int result);
};

struct stream_owner {
	/* room() - Where p->bulk bytes go; NULL: they are not wanted, which ends the connection. */
	void *(*room)(struct stream *s, const struct wire_packet *p);
	/* forget() - The data for room()'s memory never came whole. */
	void (*forget)(struct stream *s, const struct wire_packet *p, void *bulk);
	/* packet() - It is all there, the bulk data where room() said.  0, or -errno: end the connection. */
	int (*packet)(struct stream *s, const struct wire_packet *p, void *bulk);
	/* failed() - The connection is no good: -EPROTO the peer's fault, -ECONNRESET it went, or another. */
	void (*failed)(struct stream *s, int why);
};

struct stream {
	struct loop *loop;
	struct channel channel;
	struct watch watch; /* of channel.fd */
	enum wire_socket socket;
	const struct wire_agreed *agreed; /* the owner's; as it changes */
	const struct stream_owner *owner;
	void *arg;                 /* the owner's */
	bool dead, broken, paused; /* broken: the socket is */
	bool muted;                /* nothing is sent */
	uint64_t sent, received;   /* bytes */
	uint64_t heard;            /* when something last came; loop_clock() */
	uint64_t queued;           /* bytes that are not with the kernel yet */

	/* Out */
	struct list out, spare;
	struct task flush;

	/* In */
	uint8_t *buf; /* what was received but not looked at: in[at..end) */
	uint32_t at, end;
	unsigned part; /* enum part: of the packet that comes */
	struct wire_header header;
	const struct wire_kind *kind;
	struct wire_packet packet;
	uint8_t *bulk;
	uint32_t bulk_at;
	uint8_t scratch[4096]; /* for small bulk data */
};

/* stream_init() - Before stream_open(). */
void stream_init(struct stream *s, struct loop *l, enum wire_socket socket,
		 const struct wire_agreed *agreed, const struct stream_owner *owner, void *arg);

/* stream_open() - Take over the connected @c.  0 or -ENOMEM: it is the caller's. */
int stream_open(struct stream *s, struct channel c);

/* stream_close() - Close; what was not sent is given back with -ECONNRESET. */
void stream_close(struct stream *s);
bool stream_is_open(const struct stream *s);

/*
 * stream_send() - Queue @p, behind which @p->bulk bytes of @bulk are sent.  @sent may be NULL if bulk is
 * at most WIRE_FIELDS_MAX bytes: those are copied.  On a stream that is dead nothing is sent, and
 * @sent->done() is called when it is closed.
 */
void stream_send(struct stream *s, const struct wire_packet *p, const void *bulk,
		 struct sent *sent);

/* stream_pause() - Stop reading (@pause), or go on. */
void stream_pause(struct stream *s, bool pause);

/* stream_mute() - What is queued waits (@mute), or goes on. */
void stream_mute(struct stream *s, bool mute);

/* stream_fail() - As if the stream had: the owner hears of it at the end of this turn or before. */
void stream_fail(struct stream *s, int why);

#endif
