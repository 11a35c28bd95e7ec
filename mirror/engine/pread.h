/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks that the peer asks for: for its clients, in a resync or in a verify.
 *
 * One that came after a write sees it: it waits for writes of its range that are on their way to the disk, and
 * for those that wait for a barrier before them.  Each is locked while it is read and until what is said of it
 * is queued: a write of it, which goes to the same socket, is never followed there by what it replaced.
 */
#ifndef MIRROR_ENGINE_PREAD_H
#define MIRROR_ENGINE_PREAD_H

#include "mirror/engine/private.h"

struct pread {
	struct list link;
	struct volume *v;
	const struct pread_kind *kind;
	struct range range;
	struct disk_op op; /* its buf has the block */
	struct sent sent;
	struct wire_block block;
	uint8_t digest[WIRE_DIGEST_MAX]; /* that came with the request */
	uint32_t after; /* the peer's epoch that was open: it sees what came before */
};

struct pread_kind {
	enum pread_queue queue;
	enum conn conn; /* PREAD_SYNC: the state in which it may be asked for */
	/* answer() - It has been read.  True: the buffer is on its way by pread_send(). */
	bool (*answer)(struct pread *x);
	uint16_t
		refusal; /* what the peer hears if it cannot be read; 0: nothing, the disk is gone */
};

/*
 * pread_take() - The peer asks for a block; @digest: p->bulk bytes that came with it, or NULL.
 * 0; -EPROTO: not now, or not there; -ENOMEM.
 */
int pread_take(struct volume *v, const struct pread_kind *kind, const struct wire_packet *p,
	       const void *digest);

/* pread_send() - The block, in a packet @command. */
void pread_send(struct pread *x, uint16_t command);

/* source_block() - What has been read is sent to the target of the resync; as answer(). */
bool source_block(struct pread *x);

/* preads_pump() - The peer need not wait any longer. */
void preads_pump(struct volume *v);
/* preads_drop() - It is gone. */
void preads_drop(struct volume *v);
void preads_init(struct volume *v);

#endif
