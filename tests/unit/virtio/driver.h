/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver's side of a virtqueue, written from the specification and sharing
 * no code with the device's: it can also be told to do everything wrong.
 */
#ifndef TESTS_VIRTIO_DRIVER_H
#define TESTS_VIRTIO_DRIVER_H

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "tests/unit/virtio/rig.h"

#define F(bit) (1ULL << (bit))

struct drv {
	struct virtio *v;
	unsigned index;
	uint16_t size;
	uint64_t desc, avail, used;
	uint16_t next_desc; /* where the next chain's descriptors go */
	uint16_t avail_idx, used_idx;
};

struct piece {
	uint64_t addr;
	uint32_t len;
	bool in; /* the device may write it */
};

/* drv_negotiate() - Reset, and agree on @features (and VERSION_1); whether it was agreed. */
bool drv_negotiate(struct virtio *v, uint64_t features);
/* drv_queue() - Set up queue @index with its rings at @base (16 KiB of memory), and enable it. */
void drv_queue(struct drv *d, struct virtio *v, unsigned index, uint16_t size, uint64_t base);
/* drv_ok() - DRIVER_OK. */
void drv_ok(struct virtio *v);

/* Writes to guest memory by the guest. */
void drv_put(uint64_t gpa, const void *data, size_t len);
void drv_put16(uint64_t gpa, uint16_t value);
void *drv_at(uint64_t gpa);

/* drv_desc() - Write one descriptor. */
void drv_desc(uint64_t table, unsigned i, uint64_t addr, uint32_t len, uint16_t flags,
	      uint16_t next);
/* drv_make_available() - Put @head into the available ring and move the index. */
void drv_make_available(struct drv *d, uint16_t head);
/* drv_add() - A chain of @n pieces, made available; returns its head. */
uint16_t drv_add(struct drv *d, const struct piece *p, unsigned n);
/* drv_kick() - Ring, through the register. */
void drv_kick(struct drv *d);
/* drv_used() - The next used entry: whether there is one. */
bool drv_used(struct drv *d, uint32_t *id, uint32_t *len);
/* drv_wait() - Let the loop run until there is one (at most RIG_PATIENCE_MS). */
bool drv_wait(struct drv *d, uint32_t *id, uint32_t *len);

#endif
