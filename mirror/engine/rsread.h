/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks that the peer asks for, in a resync or a verify.
 *
 * Each is locked while it is read and until what is said of it is queued: a write of it, which goes to the
 * same socket, is never followed there by what it replaced.  While clients are to have the disk to themselves
 * (pace.h) the peer waits.
 */
#ifndef MIRROR_ENGINE_RSREAD_H
#define MIRROR_ENGINE_RSREAD_H

#include "mirror/engine/private.h"

struct rsread {
	struct list link;
	struct volume *v;
	const struct rsread_kind *kind;
	struct range range;
	struct disk_op op; /* its buf has the block */
	struct sent sent;
	struct wire_block block;
	uint8_t digest[WIRE_DIGEST_MAX]; /* that came with the request */
	uint32_t after; /* the peer's epoch that was open: it sees what came before */
	bool ranged;
};

struct rsread_kind {
	enum conn conn; /* the state in which it may be asked for */
	/* answer() - It has been read.  True: the buffer is on its way by rsread_send(). */
	bool (*answer)(struct rsread *x);
	uint16_t
		refusal; /* what the peer hears if it cannot be read; 0: nothing, the disk is gone */
};

/*
 * rsread_take() - The peer asks for a block; @digest: p->bulk bytes that came with it, or NULL.
 * 0; -EPROTO: not now, or not there; -ENOMEM.
 */
int rsread_take(struct volume *v, const struct rsread_kind *kind, const struct wire_packet *p,
		const void *digest);

/* rsread_send() - @p with the block behind it. */
void rsread_send(struct rsread *x, const struct wire_packet *p);

/* source_block() - What has been read is sent to the target of the resync; as answer(). */
bool source_block(struct rsread *x);

/* rsreads_pump() - The peer need not wait any longer.  rsreads_drop() - It is gone. */
void rsreads_pump(struct volume *v);
void rsreads_drop(struct volume *v);

#endif
