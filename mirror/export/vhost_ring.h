/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device's side of a split virtqueue (virtio 1.2 §2.7) in a front-end's memory.
 *
 *   driver ──► available ring: heads of descriptor chains   (avail.idx: next to be made)
 *   device ──► used ring: heads and lengths written         (used.idx: next to be made)
 *
 * What the guest, or the front-end, has there may change at any time: each field is read once, and only the
 * copy is checked and used.  A ring that is wrong is broken, and stays so until it is set up anew.
 *
 * What is in flight is written down in memory that outlives this process (the vhost-user protocol's "in-flight I/O
 * tracking"), a record for each head, so that the next one begins it again, in the order it came:
 *
 *   taken:  record.counter, then record.inflight = 1
 *   used:   record.next = last, last = head; then used.idx; then record.inflight = 0 and used_idx
 */
#ifndef MIRROR_EXPORT_VHOST_RING_H
#define MIRROR_EXPORT_VHOST_RING_H

#include "mirror/export/vhost_memory.h"

enum { VHOST_SEGS_MAX = VHOST_RING_MAX };

struct vhost_seg {
	uint8_t *at;
	uint32_t len;
};

/* seg[0..nout) is to be read, seg[nout..nout+nin) to be written. */
struct vhost_chain {
	uint16_t head;
	unsigned nout, nin;
	uint64_t out_len, in_len; /* bytes */
	struct vhost_seg seg[VHOST_SEGS_MAX];
};

/* A ring's records of what is in flight; in shared memory. */
struct vhost_record {
	uint8_t inflight, padding[5];
	uint16_t next;
	uint64_t counter;
};

struct vhost_records {
	uint64_t features;
	uint16_t version, size, last, used_idx;
	struct vhost_record record[];
};

/* vhost_records_size() - Bytes for a ring of @size. */
uint64_t vhost_records_size(unsigned size);

struct vhost_ring {
	/* What the front-end has said. */
	uint16_t size, base;
	uint64_t desc, avail, used; /* its own addresses */
	bool event_idx, indirect;   /* negotiated */

	/* Where they are, while it is mapped. */
	const uint8_t *desc_at, *avail_at;
	uint8_t *used_at;
	struct vhost_records *records; /* NULL: none are kept */

	uint16_t next_avail, next_used, signalled;
	bool signalled_valid;
	uint64_t counter;
	uint16_t again[VHOST_RING_MAX]; /* heads that were in flight, and are begun again */
	unsigned nagain, at_again;
	const char *why; /* it is broken */
};

/*
 * vhost_ring_map() - Begin, with the records of @room bytes at @records (NULL: none).  0 or -EINVAL
 * with ring->why.
 */
int vhost_ring_map(struct vhost_ring *r, const struct vhost_memory *m, void *records,
		   uint64_t room);

/* vhost_ring_find() - It goes on where the memory is now.  0 or -EINVAL with ring->why. */
int vhost_ring_find(struct vhost_ring *r, const struct vhost_memory *m);

/* vhost_records_load() - vhost_records.c, for vhost_ring_map(): find what was in flight.  0 or -EINVAL with ring->why. */
int vhost_records_load(struct vhost_ring *r, uint64_t room);

/* vhost_ring_pop() - The next chain.  1: @c is filled; 0: none is there; -EINVAL: the ring is broken. */
int vhost_ring_pop(struct vhost_ring *r, const struct vhost_memory *m, struct vhost_chain *c);

/* vhost_ring_listen() - Ask for kicks, none was there.  True: something came meanwhile, look again. */
bool vhost_ring_listen(struct vhost_ring *r);

/* vhost_ring_push() - The answer to @head, of @len bytes, is there to see. */
void vhost_ring_push(struct vhost_ring *r, uint16_t head, uint32_t len);

/* vhost_ring_calls() - Whether the driver wants to be told of what was pushed since it was last asked. */
bool vhost_ring_calls(struct vhost_ring *r);

#endif
