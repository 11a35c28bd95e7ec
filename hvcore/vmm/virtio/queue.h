/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device's side of a split virtqueue (virtio 1.2 §2.7).
 *
 *   driver ──► available ring: heads of descriptor chains   (avail.idx: next to be made)
 *   device ──► used ring: heads and lengths written         (used.idx: next to be made)
 *
 * Both indices run freely modulo 2^16; what lies between them is the other
 * side's.  A chain is first everything the device may read ("out"), then
 * everything it may write ("in").
 *
 * Everything in guest memory is the guest's to change at any time: each field
 * is read once, into a copy, and only the copy is checked and used.  What is
 * wrong with it makes the device need a reset (virtio_broken()), never more.
 *
 * All functions are called with the board lock held.
 */
#ifndef VMM_VIRTIO_QUEUE_H
#define VMM_VIRTIO_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hvcore/vmm/loop.h"

struct virtio;

enum {
	VIRTQ_SIZE_MAX = 512, /* descriptors a ring of ours may have */
	VIRTQ_NO_VECTOR = 0xffff,
};

struct virtq {
	struct virtio *owner;
	unsigned index;
	uint16_t size_max;   /* what the device offers */
	struct loop_fd kick; /* doorbell: an eventfd the guest's notify adds to */

	/* What the driver chose; reset() puts it back. */
	uint16_t size;   /* power of two, <= VIRTQ_SIZE_MAX */
	uint16_t vector; /* MSI-X, or VIRTQ_NO_VECTOR */
	bool enabled;
	uint64_t desc, avail, used; /* guest-physical */

	/* Host addresses of the three, valid while enabled. */
	uint8_t *desc_at, *avail_at, *used_at;

	uint16_t next_avail; /* the next entry of the available ring to take */
	uint16_t next_used;  /* where the next used entry goes */
	uint16_t held;       /* chains popped and not yet answered */
	uint16_t staged;     /* used entries written, not yet published */
	uint16_t signalled;  /* used.idx at the last interrupt */
	bool signalled_valid;
};

/* A piece of guest memory. */
struct virtq_seg {
	uint8_t *at;
	uint64_t gpa;
	uint32_t len;
};

/* One request of the driver: seg[0..nout) are to be read, seg[nout..nout+nin) to be written. */
struct virtq_chain {
	uint16_t head;
	unsigned nout, nin;
	uint64_t out_len, in_len; /* bytes */
	struct virtq_seg seg[VIRTQ_SIZE_MAX];
};

/* virtq_reset() - As after power-on; the doorbell stays. */
void virtq_reset(struct virtq *q, uint16_t size);

/* virtq_enable() - Check the three addresses and take the ring into use.  0 or -EINVAL. */
int virtq_enable(struct virtq *q);

/*
 * virtq_pop() - The next chain.  1: @c is filled; 0: none is there; -EINVAL:
 * the ring is wrong, the device needs a reset (already said).
 */
int virtq_pop(struct virtq *q, struct virtq_chain *c);

/*
 * virtq_take() - What a kick handler loops over: the next chain, of at most
 * *budget in this turn.  False when there is none left (doorbells are asked for
 * again), when the ring is wrong, or when the budget is used up: then the
 * handler will be called again, after the loop has served others.
 */
bool virtq_take(struct virtq *q, struct virtq_chain *c, unsigned *budget);

/* virtq_unpop() - Give the last @n chains back untouched; pop returns them again. */
void virtq_unpop(struct virtq *q, uint16_t n);

/*
 * virtq_listen() - Ask for doorbells again after the ring was found empty.
 * True if something was added meanwhile: the caller must look again.
 */
bool virtq_listen(struct virtq *q);

/*
 * virtq_fill() - Stage the answer to chain @head, of which @len bytes were
 * written.  virtq_flush() makes all that is staged visible at once (mergeable
 * receive buffers need that) and interrupts if the driver wants it.
 */
void virtq_fill(struct virtq *q, uint16_t head, uint32_t len);
void virtq_flush(struct virtq *q);

/* virtq_push() - Both of the above. */
void virtq_push(struct virtq *q, uint16_t head, uint32_t len);

/* virtq_out() - Copy at most @len bytes from @off of what may be read; returns how many. */
size_t virtq_out(const struct virtq_chain *c, uint64_t off, void *to, size_t len);
/* virtq_in() - Copy to @off of what may be written, and report the write; returns how many. */
size_t virtq_in(const struct virtq_chain *c, uint64_t off, const void *from, size_t len);

#endif
