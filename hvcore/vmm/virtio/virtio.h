/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio device on the PCI bus (virtio 1.2 §4.1, modern only).
 *
 * BAR 0 holds what the driver touches, a page each:
 *
 *   0x0000  common configuration   features, status, queue set-up
 *   0x1000  ISR                    reading it acknowledges INTx
 *   0x2000  device configuration   v->config, the device's
 *   0x3000  notify                 queue n's doorbell at 4 n
 *
 * BAR 1 is pci.c's MSI-X table.  A doorbell goes from the engine straight to
 * an eventfd, so the vCPU does no device work: ops->kick runs on the loop.
 *
 * Life: driver writes status 0 → reset; FEATURES_OK → ops->negotiated;
 * DRIVER_OK → ops->start, from then on kicks are handed on.  A reset that
 * finds requests in flight (ops->busy) is completed when the last is done, and
 * status reads non-zero until then (§2.4), so that nothing is written to memory
 * the driver has taken back.
 */
#ifndef VMM_VIRTIO_H
#define VMM_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#include "hvcore/vmm/board.h"
#include "hvcore/vmm/pci.h"
#include "hvcore/vmm/virtio/queue.h"

enum { VIRTIO_QUEUES_MAX = 40, VIRTIO_CONFIG_MAX = 64 };

struct virtio_device_ops {
	uint16_t id;         /* §5: 1 net, 2 block, 3 console, 4 entropy, 5 balloon */
	uint32_t class_code; /* PCI class, subclass, interface */
	uint64_t features;   /* offered beside those of every device */

	/* All are called with the board lock held; those marked * may be NULL. */
	void (*kick)(struct virtio *v, struct virtq *q); /* the driver rang; loop thread */
	void (*reset)(struct virtio *v);                 /* * forget what the driver set up */
	void (*negotiated)(struct virtio *v);            /* * v->driver_features is final */
	void (*start)(struct virtio *v);                 /* * DRIVER_OK */
	void (*config_write)(struct virtio *v, unsigned off, unsigned size, uint32_t value); /* * */
	void (*config_read)(struct virtio *v, unsigned off,
			    unsigned size); /* * the driver has read v->config */
	bool (*busy)(struct virtio *v);     /* * requests in flight that touch guest memory */
	void (*quiesce)(struct virtio *v);  /* * begin no new host I/O */
	void (*resume)(struct virtio *v);   /* * go on, look at all queues */
};

/* Embedded first in every device's own structure. */
struct virtio {
	struct pci_device pci;
	struct device device;
	const struct virtio_device_ops *ops;
	const char *name;         /* "vda", "net0": for messages */
	uint64_t features;        /* offered */
	uint64_t driver_features; /* accepted; final from FEATURES_OK on */
	unsigned nqueues;
	struct virtq *queue; /* nqueues of them */
	uint8_t config[VIRTIO_CONFIG_MAX];
	unsigned config_len;

	/* Private to the transport. */
	uint8_t status;
	uint8_t isr;
	uint8_t generation;
	uint16_t config_vector;
	uint16_t selected;
	uint32_t feature_word, driver_feature_word;
	uint64_t doorbells; /* guest-physical address they are registered at; 0: none */
	bool resetting;     /* the driver asked, requests are in flight */
	bool quiesced;
	bool broken; /* DEVICE_NEEDS_RESET was set */
};

/*
 * virtio_add() - Plug @v into the bus.  The caller has set ops, name,
 * nqueues, config_len, config and any feature beyond ops->features.  @size is
 * that of each queue.  0 or -errno with @err.  Setup only.
 */
int virtio_add(struct virtio *v, uint16_t size, struct hv_error *err);

/* virtio_live() - Whether the device may look at its queues now. */
static inline bool virtio_live(const struct virtio *v)
{
	return (v->status & 4 /* DRIVER_OK */) && !v->broken && !v->resetting && !v->quiesced;
}

static inline bool virtio_has(const struct virtio *v, unsigned feature)
{
	return v->driver_features >> feature & 1;
}

/* virtio_broken() - The guest did what cannot be answered: log it, set DEVICE_NEEDS_RESET (§2.1.2). */
void virtio_broken(struct virtio *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* virtio_config_changed() - v->config was changed: new generation, interrupt. */
void virtio_config_changed(struct virtio *v);

/* virtq_again() - Have ops->kick called for @q again, after the loop has served others. */
void virtq_again(struct virtq *q);

/* virtio_drained() - A device with ops->busy says after each request that it may be idle now. */
void virtio_drained(struct virtio *v);

/* virtio_interrupt() - queue.c: @q has used entries the driver wants to know of. */
void virtio_interrupt(struct virtio *v, struct virtq *q);

#endif
