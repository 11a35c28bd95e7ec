/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two halves of the transport share: transport.c (PCI) and common.c (registers). */
#ifndef VMM_VIRTIO_TRANSPORT_H
#define VMM_VIRTIO_TRANSPORT_H

#include "hvcore/vmm/virtio/virtio.h"

/* Registers of the common configuration (§4.1.4.3). */
extern const struct region_ops virtio_common_ops;

/* virtio_driver_reset() - The driver wrote status 0. */
void virtio_driver_reset(struct virtio *v);
/* virtio_driver_ok() - The driver is ready: doorbells on, device started. */
void virtio_driver_ok(struct virtio *v);

#endif
