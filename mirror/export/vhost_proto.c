// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "mirror/export/vhost_proto.h"

enum { VERSION = 1, VERSION_MASK = 3, REPLY = 4, NEED_REPLY = 8 };

enum { INFLIGHT_SHORT = 20, CONFIG_HEAD = offsetof(struct vhost_wire_config, data) };

static const struct vhost_kind kinds[VHOST_MESSAGES] = {
	[VHOST_GET_FEATURES] = {"GET_FEATURES", 0, 0, .answer = true},
	[VHOST_SET_FEATURES] = {"SET_FEATURES", 8, 8, .idle = true},
	[VHOST_SET_OWNER] = {"SET_OWNER", 0, 0},
	[VHOST_RESET_OWNER] = {"RESET_OWNER", 0, 0, .idle = true},
	[VHOST_SET_MEM_TABLE] = {"SET_MEM_TABLE", 8, sizeof(struct vhost_wire_memory),
				 VHOST_REGIONS_MAX, .idle = true},
	[VHOST_SET_VRING_NUM] = {"SET_VRING_NUM", 8, 8, .idle = true},
	[VHOST_SET_VRING_ADDR] = {"SET_VRING_ADDR", 40, 40, .idle = true},
	[VHOST_SET_VRING_BASE] = {"SET_VRING_BASE", 8, 8, .idle = true},
	[VHOST_GET_VRING_BASE] = {"GET_VRING_BASE", 8, 8, .idle = true, .answer = true},
	[VHOST_SET_VRING_KICK] = {"SET_VRING_KICK", 8, 8, 1, .idle = true},
	[VHOST_SET_VRING_CALL] = {"SET_VRING_CALL", 8, 8, 1},
	[VHOST_SET_VRING_ERR] = {"SET_VRING_ERR", 8, 8, 1},
	[VHOST_GET_PROTOCOL_FEATURES] = {"GET_PROTOCOL_FEATURES", 0, 0, .answer = true},
	[VHOST_SET_PROTOCOL_FEATURES] = {"SET_PROTOCOL_FEATURES", 8, 8},
	[VHOST_GET_QUEUE_NUM] = {"GET_QUEUE_NUM", 0, 0, .answer = true},
	[VHOST_SET_VRING_ENABLE] = {"SET_VRING_ENABLE", 8, 8, .idle = true},
	[VHOST_SET_BACKEND_REQ_FD] = {"SET_BACKEND_REQ_FD", 0, 8, 1},
	[VHOST_GET_CONFIG] = {"GET_CONFIG", CONFIG_HEAD, sizeof(struct vhost_wire_config),
			      .answer = true},
	[VHOST_SET_CONFIG] = {"SET_CONFIG", CONFIG_HEAD, sizeof(struct vhost_wire_config)},
	[VHOST_GET_INFLIGHT_FD] = {"GET_INFLIGHT_FD", INFLIGHT_SHORT,
				   sizeof(struct vhost_wire_inflight), .answer = true},
	[VHOST_SET_INFLIGHT_FD] = {"SET_INFLIGHT_FD", INFLIGHT_SHORT,
				   sizeof(struct vhost_wire_inflight), 1, .idle = true},
	[VHOST_RESET_DEVICE] = {"RESET_DEVICE", 0, 0, .idle = true},
};

int vhost_header(const uint8_t in[VHOST_HEADER], struct vhost_header *h,
		 const struct vhost_kind **kind)
{
	memcpy(h, in, sizeof(*h));
	if ((h->flags & VERSION_MASK) != VERSION || h->flags & REPLY ||
	    h->request >= VHOST_MESSAGES)
		return -EPROTO;
	*kind = &kinds[h->request];
	if (!(*kind)->name || h->size < (*kind)->min || h->size > (*kind)->max)
		return -EPROTO;
	return 0;
}

bool vhost_wants_reply(const struct vhost_header *h)
{
	return h->flags & NEED_REPLY;
}

static void put(uint8_t out[VHOST_HEADER], uint32_t request, uint32_t flags, uint32_t size)
{
	const struct vhost_header h = {request, flags, size};

	_Static_assert(sizeof(h) == VHOST_HEADER, "as on the wire");
	memcpy(out, &h, sizeof(h));
}

void vhost_answer(uint8_t out[VHOST_HEADER], uint32_t request, uint32_t size)
{
	put(out, request, VERSION | REPLY, size);
}

void vhost_ask(uint8_t out[VHOST_HEADER], uint32_t request, uint32_t size)
{
	put(out, request, VERSION, size);
}
