/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vhost-user protocol's messages (QEMU's docs/interop/vhost-user.rst), as far as a block device needs them.
 *
 *   front-end ──► header (12 bytes) payload, descriptors beside it
 *             ◄── header payload, where the message has an answer, or one was asked for
 *
 * Numbers are the machine's own.  What a function is given may be any bytes at all.
 */
#ifndef MIRROR_EXPORT_VHOST_PROTO_H
#define MIRROR_EXPORT_VHOST_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	VHOST_HEADER = 12,
	VHOST_REGIONS_MAX = 8,
	VHOST_FDS_MAX = VHOST_REGIONS_MAX,
	VHOST_CONFIG_MAX = 256,
	VHOST_PAYLOAD_MAX = 12 + VHOST_CONFIG_MAX,
	VHOST_QUEUES_MAX = 16,
	VHOST_RING_MAX = 1024, /* descriptors */
};

enum vhost_message {
	VHOST_GET_FEATURES = 1,
	VHOST_SET_FEATURES = 2,
	VHOST_SET_OWNER = 3,
	VHOST_RESET_OWNER = 4,
	VHOST_SET_MEM_TABLE = 5,
	VHOST_SET_VRING_NUM = 8,
	VHOST_SET_VRING_ADDR = 9,
	VHOST_SET_VRING_BASE = 10,
	VHOST_GET_VRING_BASE = 11,
	VHOST_SET_VRING_KICK = 12,
	VHOST_SET_VRING_CALL = 13,
	VHOST_SET_VRING_ERR = 14,
	VHOST_GET_PROTOCOL_FEATURES = 15,
	VHOST_SET_PROTOCOL_FEATURES = 16,
	VHOST_GET_QUEUE_NUM = 17,
	VHOST_SET_VRING_ENABLE = 18,
	VHOST_SET_BACKEND_REQ_FD = 21,
	VHOST_GET_CONFIG = 24,
	VHOST_SET_CONFIG = 25,
	VHOST_GET_INFLIGHT_FD = 31,
	VHOST_SET_INFLIGHT_FD = 32,
	VHOST_RESET_DEVICE = 34,
	VHOST_MESSAGES
};

/* To the front-end, on a socket of its own. */
enum { VHOST_BACKEND_CONFIG_CHANGE = 2 };

enum { VHOST_F_PROTOCOL_FEATURES = 30 };

enum vhost_protocol_feature {
	VHOST_PF_MQ = 0,
	VHOST_PF_REPLY_ACK = 3,
	VHOST_PF_BACKEND_REQ = 5,
	VHOST_PF_CONFIG = 9,
	VHOST_PF_INFLIGHT_SHMFD = 12,
	VHOST_PF_RESET_DEVICE = 13,
};

enum { VHOST_NO_FD = 1 << 8, VHOST_INDEX = 0xff }; /* of what comes with a ring's descriptor */

struct vhost_header {
	uint32_t request, flags, size;
};

struct vhost_wire_region {
	uint64_t gpa, size, uva,
		offset; /* guest-physical; bytes; the front-end's own; in the file */
};

struct vhost_wire_memory {
	uint32_t n, padding;
	struct vhost_wire_region region[VHOST_REGIONS_MAX];
};

struct vhost_wire_vring {
	uint32_t index, num;
};

struct vhost_wire_addr {
	uint32_t index, flags;
	uint64_t desc, used, avail, log; /* the front-end's own addresses */
};

struct vhost_wire_config {
	uint32_t offset, size, flags;
	uint8_t data[VHOST_CONFIG_MAX];
};

struct vhost_wire_inflight {
	uint64_t size, offset;
	uint16_t queues, ring;
	uint32_t padding; /* some front-ends send it */
};

/* What a message has to be like. */
struct vhost_kind {
	const char *name;  /* NULL: not one that we know */
	uint16_t min, max; /* bytes of payload */
	uint8_t fds_max;
	bool idle;   /* it is taken when no request is in flight */
	bool answer; /* it has one of its own */
};

/* vhost_header() - 0 or -EPROTO. */
int vhost_header(const uint8_t in[VHOST_HEADER], struct vhost_header *h,
		 const struct vhost_kind **kind);

/* vhost_wants_reply() - An acknowledgement is asked for. */
bool vhost_wants_reply(const struct vhost_header *h);

/* vhost_answer() - The header of the answer to @request, of @size bytes. */
void vhost_answer(uint8_t out[VHOST_HEADER], uint32_t request, uint32_t size);

/* vhost_ask() - The header of a message of ours. */
void vhost_ask(uint8_t out[VHOST_HEADER], uint32_t request, uint32_t size);

#endif
