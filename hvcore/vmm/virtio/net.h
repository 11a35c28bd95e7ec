/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the network device share: net.c (device), net_rx.c, net_tx.c (packets),
 * net_control.c (the driver's commands), net_announce.c (where it is now), net_throttle.c (limits).
 */
#ifndef VMM_VIRTIO_NET_H
#define VMM_VIRTIO_NET_H

#include "hvcore/vmm/net/tap.h"
#include "hvcore/vmm/virtio/throttle.h"
#include "hvcore/vmm/virtio/virtio.h"

enum { NET_RX, NET_TX, NET_CONTROL, NET_QUEUES };
enum { NET_TURN_MAX = 64 /* packets before the loop serves others */ };

struct net {
	struct virtio v;
	struct tap tap;
	const struct hv_nic *nic;
	char name[16];
	struct loop_fd readable; /* the tap */
	bool watching;           /* for packets; not while there is nowhere to put one */
	bool dead;               /* the tap is gone */
	bool link;
	uint8_t mac[6]; /* the guest's: the definition's, or what its driver has set since */
	struct loop_timer announce;
	unsigned announcements; /* that are still to be made */
	bool asked;       /* the driver is asked to announce itself, and has not said that it did */
	unsigned index;   /* in the configuration, and on the progress page */
	uint32_t pending; /* bytes in packet[] that found no room yet */
	uint64_t rx_packets, rx_bytes, rx_dropped;
	uint64_t tx_packets, tx_bytes, tx_dropped;
	struct throttle throttle;
	struct loop_timer turn;            /* when the direction that is held may go on */
	uint64_t turn_at;                  /* its deadline, 0: it is not armed */
	uint64_t throttled[THROTTLE_WAYS]; /* times it was held */
	struct net *next;
	uint8_t packet[TAP_PACKET_MAX];
};

/* net_rx_ready() - The tap has packets. */
void net_rx_ready(struct loop_fd *w, uint32_t events);
/* net_rx_kick(), net_tx_kick() - The driver has added buffers, or packets. */
void net_rx_kick(struct net *n);
void net_tx_kick(struct net *n);
/* net_watch() - Begin or stop to look at the tap. */
void net_watch(struct net *n, bool on);

/* net_status() - Put link and request into the configuration space. */
void net_status(struct net *n);
/* net_control_kick() - The driver has commands. */
void net_control_kick(struct net *n);
/* net_announce() - Tell the network, now and some times more, that the guest's address is here. */
void net_announce(struct net *n);
void net_announce_init(struct net *n);
/* net_announce_watch() - From now on do so whenever a bond of the host fails over.  0 or -errno. */
int net_announce_watch(void);
/* net_announce_all() - net.c: every interface. */
void net_announce_all(void);

/* net_hold() - Whether packets going @way have to wait; the device goes on by itself then. */
bool net_hold(struct net *n, enum throttle_way way);
/* net_spend() - A packet of @bytes went @way. */
void net_spend(struct net *n, enum throttle_way way, uint64_t bytes);
void net_throttle_init(struct net *n, const struct hv_limits *l);
/* net_named() - net.c: the interface, or NULL with @err. */
struct net *net_named(const char *name, struct hv_error *err);

#endif
