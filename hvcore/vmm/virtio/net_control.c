/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver's commands (virtio 1.2 §5.1.6.5): out a class, a command and its
 * data, in one byte that says whether it was done.
 */
#include <linux/virtio_net.h>
#include <stddef.h>
#include <string.h>

#include "hvcore/vmm/virtio/net.h"

enum { TURN_MAX = 8 };

struct command {
	struct virtio_net_ctrl_hdr hdr;
	uint8_t data[6];
};

static uint8_t set_mac(struct net *n, const uint8_t *mac)
{
	/* A group's address is nobody's. */
	if (mac[0] & 1)
		return VIRTIO_NET_ERR;
	memcpy(n->mac, mac, sizeof(n->mac));
	memcpy(n->v.config + offsetof(struct virtio_net_config, mac), mac, sizeof(n->mac));
	/* It became this one while it was being announced: as this one, then. */
	if (n->announcements)
		net_announce(n);
	return VIRTIO_NET_OK;
}

static uint8_t announced(struct net *n)
{
	n->asked = false;
	net_status(n);
	return VIRTIO_NET_OK;
}

static uint8_t execute(struct net *n, const struct command *c, size_t data_len)
{
	if (c->hdr.class == VIRTIO_NET_CTRL_MAC && c->hdr.cmd == VIRTIO_NET_CTRL_MAC_ADDR_SET &&
	    data_len == sizeof(c->data))
		return set_mac(n, c->data);
	if (c->hdr.class == VIRTIO_NET_CTRL_ANNOUNCE && c->hdr.cmd == VIRTIO_NET_CTRL_ANNOUNCE_ACK)
		return announced(n);
	return VIRTIO_NET_ERR;
}

void net_control_kick(struct net *n)
{
	struct virtq *q = &n->v.queue[NET_CONTROL];
	unsigned budget = TURN_MAX;
	struct virtq_chain chain;

	while (virtq_take(q, &chain, &budget)) {
		struct command c = {{0}};
		size_t len = virtq_out(&chain, 0, &c, sizeof(c));
		uint8_t ack;

		if (len < sizeof(c.hdr) || chain.in_len < 1) {
			virtio_broken(&n->v, "a command of %llu bytes, with %llu for its answer",
				      (unsigned long long)chain.out_len,
				      (unsigned long long)chain.in_len);
			return;
		}
		ack = execute(n, &c, chain.out_len - sizeof(c.hdr));
		virtq_push(q, chain.head, virtq_in(&chain, 0, &ack, sizeof(ack)));
	}
}
