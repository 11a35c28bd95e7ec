/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk behind a vhost-user-blk server on a Unix socket.
 *
 * Guest memory is shared with the server, so that data goes straight between it and the server's disk.  The ring is not the
 * guest's but one of ours, in a memfd of our own, and each step of a request is a chain in it.  So
 * limits, gates, what is kept after an error, and counters are the same as of every other disk; a write to guest memory is
 * reported (ram.h) before the guest hears of it; and what a server that was started anew
 * has to be asked again is known here: it needs no records of what was in flight.
 *
 *   vhost.c       its life: opened, lost, given up       vhost_talk.c   messages
 *   vhost_ring.c  steps in the ring                      vhost_redial.c  a process that connects again
 */
#ifndef VMM_BLOCK_VHOST_H
#define VMM_BLOCK_VHOST_H

#include <linux/virtio_blk.h>
#include <linux/virtio_ring.h>

#include "hvcore/lib/vhost_greet.h"
#include "hvcore/lib/vhost_wire.h"
#include "hvcore/vmm/block/block.h"
#include "hvcore/vmm/loop.h"

enum {
	VHOST_SLOTS = 128,
	VHOST_SEGMENTS = 126,
	VHOST_PAGE = 4096,
	VHOST_ZERO_BYTES = 64 * 1024,
	VHOST_EXPECT_MAX = 16,
};

/* What the server sees of a step. */
struct vhost_chain {
	struct vring_desc table[VHOST_SEGMENTS + 2];
	struct virtio_blk_outhdr head;
	struct virtio_blk_discard_write_zeroes range;
	uint8_t status;
} __attribute__((aligned(16)));

/* Shared with the server, which may write anything into it at any time. */
struct vhost_area {
	struct vring_desc desc[VHOST_SLOTS] __attribute__((aligned(VHOST_PAGE)));
	struct {
		uint16_t flags, idx, ring[VHOST_SLOTS], event;
	} avail __attribute__((aligned(VHOST_PAGE)));
	struct {
		uint16_t flags, idx;
		struct vring_used_elem ring[VHOST_SLOTS];
		uint16_t event;
	} used __attribute__((aligned(VHOST_PAGE)));
	struct vhost_chain chain[VHOST_SLOTS] __attribute__((aligned(VHOST_PAGE)));
	uint8_t zeroes[VHOST_ZERO_BYTES] __attribute__((aligned(VHOST_PAGE)));
	uint8_t bounce
		[VHOST_PAGE]; /* of the one request whose buffer is no guest memory: a gate's first read */
};

struct vhost_slot {
	struct block_request *r; /* NULL: free */
	uint64_t serial;         /* in the order they were begun */
	uint16_t next;           /* of those that are free */
};

struct block_vhost {
	struct block *block;
	struct vhost_export export;
	bool up;      /* connected; else everything waits, or, if */
	bool failed;  /* it was away for too long, fails */
	bool checked; /* it has taken all that it was told at the beginning */
	bool away;    /* since it was lost it has not been back */

	/* Made while there are rights, and kept for every connection. */
	struct vhost_area *area;
	int area_fd, kick;
	struct loop_fd call;

	struct vhost_slot slot[VHOST_SLOTS];
	uint16_t free, avail, used; /* VHOST_SLOTS: none; next to be made; next to be looked at */
	uint64_t serial;
	bool offered; /* steps the server was not told of yet */
	struct block_request *waiting, **waiting_tail;

	struct loop_fd sock, backend; /* messages of ours and its answers; its own */
	uint8_t heard[sizeof(struct vhost_header) + sizeof(struct vhost_config)];
	uint32_t got;
	uint8_t expect[VHOST_EXPECT_MAX]; /* requests that it owes an answer to */
	unsigned expected;
	bool changed_again; /* while it was asked how it has changed */

	struct loop_fd redial; /* to the process that connects again; fd -1: there is none */
	struct loop_timer give_up;
	char why[160]; /* the last that was logged of its not being reached */
	struct block_vhost *next;
};

/* vhost_open() - block_open() for such a disk; before rights are dropped. */
int vhost_open(struct block *b, const struct hv_disk *disk, struct hv_error *err);
/* vhost_prepare() - What needs rights, and no connection: b->vhost_ready.  0 or -errno with @err. */
int vhost_prepare(struct block *b, struct hv_error *err);
/* vhost_attach() - Use @fd, which was greeted, for @b, which is prepared.  0 or -errno with @err: it is still the caller's. */
int vhost_attach(struct block *b, int fd, const struct vhost_export *e, struct hv_error *err);
/* vhost_detach() - The connection is the caller's.  vhost_discard() - And nothing is prepared any more. */
void vhost_detach(struct block *b);
void vhost_discard(struct block *b);

/* vhost_fits() - Whether the disk will do for @b. */
int vhost_fits(const struct block *b, const struct vhost_export *e, struct hv_error *err);

/* vhost_is_back() - It has taken what it was told. */
void vhost_is_back(struct block_vhost *v);
/* vhost_lost() - The end of a connection: the server @what (and why: @error, -errno; 0). */
void vhost_lost(struct block_vhost *v, const char *what, int error);

/* ---- vhost_ring.c ---- */

/* vhost_step() - Give the server the next step of @r; block_step_done() follows, never from inside. */
void vhost_step(struct block_request *r);
/* vhost_kick() - Tell the servers what has gathered. */
void vhost_kick(void);
extern struct block_vhost *vhost_all;
/* vhost_ring_begin() - Empty, for a new connection.  vhost_ring_end() - What was in flight waits, first of all. */
void vhost_ring_begin(struct block_vhost *v);
void vhost_ring_end(struct block_vhost *v);
/* vhost_ring_go() - What waits begins.  vhost_ring_fail() - It has failed. */
void vhost_ring_go(struct block_vhost *v);
void vhost_ring_fail(struct block_vhost *v);
/* vhost_ring_ready() - block_vhost.call: the server has answered. */
void vhost_ring_ready(struct loop_fd *w, uint32_t events);

/* ---- vhost_talk.c ---- */

/* vhost_tell() - All that a server has to know before its first request.  0 or -errno. */
int vhost_tell(struct block_vhost *v);
/* vhost_talk_end() - Nothing is owed any more; what was opened for it is closed. */
void vhost_talk_end(struct block_vhost *v);
/* vhost_talk_ready(), vhost_backend_ready() - block_vhost.sock, .backend. */
void vhost_talk_ready(struct loop_fd *w, uint32_t events);
void vhost_backend_ready(struct loop_fd *w, uint32_t events);

/* ---- vhost_redial.c ---- */

/* vhost_redial_begin() - A process that keeps the right to connect, for @disk.  0 or -errno with @err. */
int vhost_redial_begin(struct block_vhost *v, const struct hv_disk *disk, struct hv_error *err);
/* vhost_redial() - Ask it for a connection. */
void vhost_redial(struct block_vhost *v);
/* vhost_redial_end() - It ends. */
void vhost_redial_end(struct block_vhost *v);
/* vhost_came_back() - vhost.c: it has one, @fd. */
void vhost_came_back(struct block_vhost *v, int fd, const struct vhost_export *e);

#endif
