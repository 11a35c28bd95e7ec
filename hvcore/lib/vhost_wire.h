/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vhost-user protocol (QEMU's docs/interop/vhost-user.rst) as the front-end of a block device speaks it.
 *
 *   front-end ──► header (12 bytes) payload, descriptors beside it
 *             ◄── header payload: an answer of its own, or a number where one was asked for (0: done)
 *
 * Numbers are the machine's own.
 */
#ifndef LIB_VHOST_WIRE_H
#define LIB_VHOST_WIRE_H

#include <linux/virtio_blk.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vhost_request {
	VHOST_GET_FEATURES = 1,
	VHOST_SET_FEATURES = 2,
	VHOST_SET_OWNER = 3,
	VHOST_SET_MEM_TABLE = 5,
	VHOST_SET_VRING_NUM = 8,
	VHOST_SET_VRING_ADDR = 9,
	VHOST_SET_VRING_BASE = 10,
	VHOST_SET_VRING_KICK = 12,
	VHOST_SET_VRING_CALL = 13,
	VHOST_GET_PROTOCOL_FEATURES = 15,
	VHOST_SET_PROTOCOL_FEATURES = 16,
	VHOST_SET_VRING_ENABLE = 18,
	VHOST_SET_BACKEND_REQ_FD = 21,
	VHOST_GET_CONFIG = 24,
};

/* From the back-end, on a socket of its own. */
enum { VHOST_CONFIG_CHANGED = 2 };

enum { VHOST_F_PROTOCOL_FEATURES = 30 };
enum { VHOST_PF_REPLY_ACK = 3, VHOST_PF_BACKEND_REQ = 5, VHOST_PF_CONFIG = 9 };

enum {
	VHOST_VERSION = 1,
	VHOST_VERSION_MASK = 3,
	VHOST_REPLY = 4,
	VHOST_NEED_REPLY = 8,
	VHOST_FDS_MAX = 4,
	/* Bytes of the configuration space, up to what zeroes and discards need. */
	VHOST_CONFIG = offsetof(struct virtio_blk_config, unused1) + 3,
};

struct vhost_header {
	uint32_t request, flags, size;
};

struct vhost_region {
	uint64_t gpa, size, uva, offset;
};

struct vhost_memory {
	uint32_t n, padding;
	struct vhost_region region[VHOST_FDS_MAX];
};

struct vhost_vring {
	uint32_t index, num;
};

struct vhost_addr {
	uint32_t index, flags;
	uint64_t desc, used, avail, log;
};

struct vhost_config {
	uint32_t offset, size, flags;
	uint8_t data[VHOST_CONFIG];
};

/* vhost_send() - One message, whole, without waiting.  0; -EIO: it does not fit, since nobody reads; -errno. */
int vhost_send(int sock, uint32_t request, uint32_t flags, const void *payload, uint32_t size,
	       const int *fds, unsigned nfds);

/* vhost_answers() - Whether @h is the head of an answer to @request, of @size bytes. */
bool vhost_answers(const struct vhost_header *h, uint32_t request, uint32_t size);

#endif
