/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Being let in by a vhost-user-blk server: what it can, and what its disk is like; memory and rings follow.  For hv-domain when it
 * starts, for its dialler when the server comes back, and for whoever hands it the connection at adoption.
 */
#ifndef LIB_VHOST_GREET_H
#define LIB_VHOST_GREET_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/config.h"

/* What the server has said of its disk. */
struct vhost_export {
	uint64_t size;            /* bytes */
	uint64_t features;        /* of virtio and VIRTIO_BLK_F_*, as agreed */
	uint32_t protocol;        /* features of the protocol, as agreed */
	uint32_t block;           /* bytes: what offsets and lengths are multiples of */
	uint32_t segments;        /* pieces of memory that a request may have */
	uint32_t discard, zeroes; /* sectors of 512 bytes a request may have; 0: it cannot */
};

/*
 * vhost_greet() - Be let in at @fd (non-blocking) before hv_clock_ms() is @deadline.  0 with what it is, or -errno with
 * @err, which begins with @what.
 */
int vhost_greet(int fd, int64_t deadline, struct vhost_export *e, const char *what,
		struct hv_error *err);

/* vhost_config_read() - Into @e what @data says, the VHOST_CONFIG bytes of a configuration space. */
void vhost_config_read(struct vhost_export *e, const void *data);

/* vhost_plausible() - Whether what a disk is said to be can be. */
bool vhost_plausible(const struct vhost_export *e);

/*
 * vhost_dial() - Connect to the server that @disk names, and be let in, before hv_clock_ms() is @deadline.  The socket,
 * non-blocking, or -errno with @err.
 */
int vhost_dial(const struct hv_disk *disk, int64_t deadline, struct vhost_export *e,
	       struct hv_error *err);

#endif
