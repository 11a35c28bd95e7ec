/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network device (virtio 1.2 §5.1): one pair of queues, a tap behind it. */
#include "hvcore/vmm/virtio/net.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/limits_json.h"
#include "hvcore/vmm/virtio/devices.h"

enum { QUEUE_SIZE = 256, MTU_DEFAULT = 1500 };

static struct net *net_list;

static void net_kick(struct virtio *v, struct virtq *q)
{
	struct net *n = (struct net *)v;

	switch (q->index) {
	case NET_RX: net_rx_kick(n); break;
	case NET_TX: net_tx_kick(n); break;
	case NET_CONTROL: net_control_kick(n); break;
	}
}

/* What the guest can take in one piece, the host need not cut or sum. */
static void net_negotiated(struct virtio *v)
{
	static const struct {
		unsigned feature, bit;
	} map[] = {
		{VIRTIO_NET_F_GUEST_CSUM, TUN_F_CSUM},
		{VIRTIO_NET_F_GUEST_TSO4, TUN_F_TSO4},
		{VIRTIO_NET_F_GUEST_TSO6, TUN_F_TSO6},
		{VIRTIO_NET_F_GUEST_ECN, TUN_F_TSO_ECN},
	};
	struct net *n = (struct net *)v;
	unsigned bits = 0;

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (virtio_has(v, map[i].feature))
			bits |= map[i].bit;
	/* A guest that takes segments without taking checksums (§5.1.3.1) gets neither. */
	if (!(bits & TUN_F_CSUM) || tap_offload(&n->tap, bits))
		tap_offload(&n->tap, 0);
}

static void set_mac(struct net *n, const uint8_t mac[6])
{
	memcpy(n->mac, mac, sizeof(n->mac));
	memcpy(n->v.config + offsetof(struct virtio_net_config, mac), mac, sizeof(n->mac));
}

static void net_reset(struct virtio *v)
{
	struct net *n = (struct net *)v;

	n->pending = 0;
	n->asked = false;
	net_status(n);
	set_mac(n, n->nic->mac);
	tap_offload(&n->tap, 0);
	if (!v->quiesced)
		net_watch(n, true);
}

/* Paused: what arrives stays in the tap's queue, as far as that goes. */
static void net_quiesce(struct virtio *v)
{
	net_watch((struct net *)v, false);
}

static void net_resume(struct virtio *v)
{
	struct net *n = (struct net *)v;

	if (!n->pending)
		net_watch(n, true);
}

static const struct virtio_device_ops net_ops = {
	.id = 1,
	.class_code = 0x020000, /* network, Ethernet */
	.features = 1ULL << VIRTIO_NET_F_CSUM | 1ULL << VIRTIO_NET_F_GUEST_CSUM |
		    1ULL << VIRTIO_NET_F_MTU | 1ULL << VIRTIO_NET_F_MAC |
		    1ULL << VIRTIO_NET_F_GUEST_TSO4 | 1ULL << VIRTIO_NET_F_GUEST_TSO6 |
		    1ULL << VIRTIO_NET_F_GUEST_ECN | 1ULL << VIRTIO_NET_F_HOST_TSO4 |
		    1ULL << VIRTIO_NET_F_HOST_TSO6 | 1ULL << VIRTIO_NET_F_HOST_ECN |
		    1ULL << VIRTIO_NET_F_MRG_RXBUF | 1ULL << VIRTIO_NET_F_STATUS |
		    1ULL << VIRTIO_NET_F_CTRL_VQ | 1ULL << VIRTIO_NET_F_CTRL_MAC_ADDR |
		    1ULL << VIRTIO_NET_F_GUEST_ANNOUNCE,
	.kick = net_kick,
	.reset = net_reset,
	.negotiated = net_negotiated,
	.quiesce = net_quiesce,
	.resume = net_resume,
};

void net_status(struct net *n)
{
	uint16_t status = (n->link ? VIRTIO_NET_S_LINK_UP : 0) |
			  (n->link && n->asked ? VIRTIO_NET_S_ANNOUNCE : 0);

	memcpy(n->v.config + offsetof(struct virtio_net_config, status), &status, sizeof(status));
}

static void set_link(struct net *n, bool up)
{
	n->link = up;
	/* What waited for a buffer was for a guest that had its cable in. */
	if (!up && n->pending) {
		n->pending = 0;
		n->rx_dropped++;
		net_watch(n, !n->v.quiesced);
	}
	net_status(n);
	tap_carrier(&n->tap, up);
}

static void set_config(struct net *n, bool up)
{
	struct virtio_net_config cfg = {
		.max_virtqueue_pairs = 1,
		.mtu = n->tap.mtu ? n->tap.mtu : MTU_DEFAULT,
	};

	n->v.config_len = offsetof(struct virtio_net_config, mtu) + sizeof(cfg.mtu);
	memcpy(n->v.config, &cfg, n->v.config_len);
	set_mac(n, n->nic->mac);
	set_link(n, up);
}

int virtio_net_create(const struct hv_nic *nic, unsigned index, bool closed, struct hv_error *err)
{
	struct net *n = calloc(1, sizeof(*n)), **end = &net_list;
	int rc;

	if (!n)
		return hv_err(err, -ENOMEM, "net%u: no memory for the device", index);
	rc = tap_open(&n->tap, nic, err);
	if (rc) {
		free(n);
		return rc;
	}
	snprintf(n->name, sizeof(n->name), "net%u", index);
	n->nic = nic;
	n->index = index;
	n->v.ops = &net_ops;
	n->v.name = n->name;
	n->v.nqueues = NET_QUEUES;
	set_config(n, !nic->link_down && !closed);
	net_announce_init(n);
	net_throttle_init(n, &nic->limits);
	n->readable = (struct loop_fd){.fd = n->tap.fd, .ready = net_rx_ready};
	n->watching = true;
	rc = loop_add(&n->readable, EPOLLIN);
	if (rc)
		return hv_err(err, rc, "%s: cannot watch tap %s: %s", n->name, n->tap.name,
			      strerror(-rc));
	rc = net_announce_watch();
	if (rc)
		return hv_err(err, rc, "%s: the host's bonds cannot be watched: %s", n->name,
			      strerror(-rc));
	while (*end)
		end = &(*end)->next;
	*end = n;
	return virtio_add(&n->v, QUEUE_SIZE, err);
}

struct net *net_named(const char *name, struct hv_error *err)
{
	struct net *n = net_list;

	while (n && strcmp(n->name, name))
		n = n->next;
	if (!n)
		hv_err(err, -ENOENT, "there is no interface %.32s; x-taiki-query-net lists them",
		       name);
	return n;
}

int virtio_net_link(const char *name, bool up, struct hv_error *err)
{
	struct net *n = net_named(name, err);

	if (!n)
		return -ENOENT;
	if (n->link != up) {
		set_link(n, up);
		virtio_config_changed(&n->v);
		net_announce(n);
	}
	return 0;
}

void net_announce_all(void)
{
	for (struct net *n = net_list; n; n = n->next)
		net_announce(n);
}

static json_t *query_one(const struct net *n)
{
	const uint8_t *m = n->mac;
	json_t *o, *limits = json_object();
	char mac[18];

	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
		 m[5]);
	hv_limits_to_json(&n->throttle.limits, HV_WORDS_NIC, limits);
	o = json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
		      "name", n->name, "tap", n->tap.name, n->nic->direct ? "direct" : "bridge",
		      n->nic->direct ? n->nic->direct : n->nic->bridge, "mac", mac, "link", n->link,
		      "rx-packets", (json_int_t)n->rx_packets, "rx-bytes", (json_int_t)n->rx_bytes,
		      "rx-dropped", (json_int_t)n->rx_dropped, "tx-packets",
		      (json_int_t)n->tx_packets, "tx-bytes", (json_int_t)n->tx_bytes, "tx-dropped",
		      (json_int_t)n->tx_dropped, "rx-throttled",
		      (json_int_t)n->throttled[THROTTLE_READ], "tx-throttled",
		      (json_int_t)n->throttled[THROTTLE_WRITE], "limits", limits);
	return o;
}

json_t *virtio_net_query(void)
{
	json_t *all = json_array();

	for (const struct net *n = net_list; n; n = n->next)
		json_array_append_new(all, query_one(n));
	return all;
}
