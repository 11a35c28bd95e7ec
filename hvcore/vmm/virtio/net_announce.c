/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's address has come here, or the host has another way to the network now: the switches between have to learn it
 * before the guest happens to send something.  A reverse ARP request carries nothing but the
 * address and needs no word of the guest (so QEMU and others do after a migration); a driver
 * that can is asked to announce its own protocols' addresses as well (virtio 1.2 §5.1.6.5.4).
 *
 * Several times, since a bridge's port takes a moment to come up and a frame may be lost.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/virtio_net.h>
#include <net/if_arp.h>
#include <string.h>
#include <unistd.h>

#include "hvcore/vmm/loop.h"
#include "hvcore/vmm/net/peers.h"
#include "hvcore/vmm/virtio/net.h"

enum {
	ROUNDS = 5,
	FIRST_NS = 50 * 1000 *
		   1000, /* after the first; each pause is longer than the last by STEP_NS */
	STEP_NS = 100 * 1000 * 1000,
	RARP_REQUEST = 3, /* RFC 903 */
};

struct rarp {
	uint8_t header[TAP_HEADER]; /* zeroes: nothing to sum, nothing to cut */
	struct ethhdr eth;
	struct {
		uint16_t hardware, protocol;
		uint8_t hardware_len, protocol_len;
		uint16_t op;
		uint8_t sender[ETH_ALEN], sender_ip[4];
		uint8_t target[ETH_ALEN], target_ip[4];
	} __attribute__((packed)) arp;
	uint8_t pad[ETH_ZLEN - ETH_HLEN - 28];
} __attribute__((packed));

static void send_rarp(struct net *n)
{
	struct rarp f = {
		.eth.h_proto = htons(ETH_P_RARP),
		.arp = {.hardware = htons(ARPHRD_ETHER),
			.protocol = htons(ETH_P_IP),
			.hardware_len = ETH_ALEN,
			.protocol_len = 4,
			.op = htons(RARP_REQUEST)},
	};

	memset(f.eth.h_dest, 0xff, ETH_ALEN);
	memcpy(f.eth.h_source, n->mac, ETH_ALEN);
	memcpy(f.arp.sender, n->mac, ETH_ALEN);
	memcpy(f.arp.target, n->mac, ETH_ALEN);
	/* Lost frames are what the rounds are for. */
	if (write(n->tap.fd, &f, sizeof(f)) < 0)
		return;
}

static void ask_driver(struct net *n)
{
	if (!virtio_has(&n->v, VIRTIO_NET_F_GUEST_ANNOUNCE) ||
	    !virtio_has(&n->v, VIRTIO_NET_F_CTRL_VQ))
		return;
	n->asked = true;
	net_status(n);
	virtio_config_changed(&n->v);
}

static void round_of(struct net *n)
{
	if (!n->link || n->dead)
		n->announcements = 0;
	if (!n->announcements)
		return;
	send_rarp(n);
	ask_driver(n);
	if (--n->announcements)
		loop_host_timer_arm(&n->announce,
				    loop_host_now() + FIRST_NS +
					    (ROUNDS - 1 - n->announcements) * (uint64_t)STEP_NS);
}

static void again(struct loop_timer *t)
{
	round_of((struct net *)((char *)t - offsetof(struct net, announce)));
}

void net_announce_init(struct net *n)
{
	n->announce.expired = again;
}

void net_announce(struct net *n)
{
	n->announcements = ROUNDS;
	round_of(n);
}

/* moved() - A bond below the bridges has failed over: which one is not worth a question. */
static void moved(struct loop_fd *w, uint32_t events)
{
	if (peers_read(w->fd))
		net_announce_all();
}

int net_announce_watch(void)
{
	static struct loop_fd news = {.fd = -1, .ready = moved};
	int rc;

	if (news.fd >= 0)
		return 0;
	news.fd = peers_open();
	if (news.fd < 0)
		return news.fd;
	rc = loop_add(&news, EPOLLIN);
	if (rc) {
		close(news.fd);
		news.fd = -1;
	}
	return rc;
}
