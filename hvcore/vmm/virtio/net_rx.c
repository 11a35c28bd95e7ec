/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the tap to the guest.  A packet is read into packet[] and copied into as
 * many buffers as it needs (mergeable buffers, virtio 1.2 §5.1.6.4); if the
 * guest has not enough of them it waits there, and the tap's queue after it
 * fills and drops.
 */
#include <errno.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <unistd.h>

#include "hvcore/vmm/progress.h"
#include "hvcore/vmm/ram.h"
#include "hvcore/vmm/virtio/net.h"

enum delivery { DELIVERED, NO_ROOM, DROPPED };

/* The buffers a packet has taken so far. */
struct taken {
	unsigned n;
	uint16_t head[VIRTQ_SIZE_MAX];
	uint32_t len[VIRTQ_SIZE_MAX];
};

/* How many buffers the packet is spread over: in its header, at the front of the first. */
static void set_num_buffers(const struct virtq_chain *first, uint16_t n)
{
	virtq_in(first, offsetof(struct virtio_net_hdr_v1, num_buffers), &n, sizeof(n));
}

static enum delivery deliver(struct net *n)
{
	struct virtq *q = &n->v.queue[NET_RX];
	bool merge = virtio_has(&n->v, VIRTIO_NET_F_MRG_RXBUF);
	struct virtq_chain first, more;
	uint32_t done = 0;
	struct taken t;

	first.nout = first.nin = 0;
	t.n = 0;
	while (done < n->pending) {
		struct virtq_chain *c = t.n ? &more : &first;
		int rc;

		/* All the ring has, and still too small: never to be delivered. */
		if (t.n == q->size || (t.n && !merge)) {
			virtq_unpop(q, t.n);
			return DROPPED;
		}
		rc = virtq_pop(q, c);
		if (rc < 0)
			return DROPPED;
		if (rc == 0) {
			/* Ask for a doorbell behind the buffers seen, then look again. */
			if (virtq_listen(q))
				continue;
			virtq_unpop(q, t.n);
			return NO_ROOM;
		}
		if (c->in_len < (t.n ? 1 : TAP_HEADER)) {
			virtio_broken(&n->v, "a receive buffer of %llu bytes",
				      (unsigned long long)c->in_len);
			return DROPPED;
		}
		t.head[t.n] = c->head;
		t.len[t.n] = virtq_in(c, 0, n->packet + done, n->pending - done);
		done += t.len[t.n++];
	}
	set_num_buffers(&first, t.n);
	for (unsigned i = 0; i < t.n; i++)
		virtq_fill(q, t.head[i], t.len[i]);
	return DELIVERED;
}

/* Try the packet that waits.  False: it has to wait on. */
static bool deliver_pending(struct net *n)
{
	enum delivery d = deliver(n);

	if (d == NO_ROOM)
		return false;
	if (d == DELIVERED) {
		n->rx_packets++;
		n->rx_bytes += n->pending - TAP_HEADER;
		net_spend(n, THROTTLE_READ, n->pending - TAP_HEADER);
		progress_nic(n->index, n->rx_packets, n->tx_packets);
	} else {
		n->rx_dropped++;
	}
	n->pending = 0;
	return true;
}

void net_watch(struct net *n, bool on)
{
	if (n->watching == on || n->dead)
		return;
	n->watching = on;
	loop_mod(&n->readable, on ? EPOLLIN : 0);
}

/* The tap was deleted under us: it would be "ready" for ever. */
static void tap_lost(struct net *n)
{
	n->dead = true;
	n->watching = false;
	loop_del(&n->readable);
	event_emit("x-taiki-NET_LOST",
		   json_pack("{s:s, s:s}", "name", n->name, "tap", n->tap.name));
}

/* A guest that is not ready, or has its cable out, misses what is sent meanwhile. */
static bool listening(const struct net *n)
{
	return virtio_live(&n->v) && n->link && n->v.queue[NET_RX].enabled;
}

void net_rx_ready(struct loop_fd *w, uint32_t events)
{
	struct net *n = (struct net *)((char *)w - offsetof(struct net, readable));

	for (unsigned i = 0; i < NET_TURN_MAX; i++) {
		ssize_t len;

		if (net_hold(n, THROTTLE_READ)) {
			net_watch(n, false);
			break;
		}
		len = read(n->tap.fd, n->packet, sizeof(n->packet));
		if (len < TAP_HEADER) {
			if (len >= 0 || (errno != EAGAIN && errno != EINTR))
				tap_lost(n);
			break;
		}
		if (!listening(n)) {
			n->rx_dropped++;
			continue;
		}
		n->pending = len;
		if (!deliver_pending(n)) {
			net_watch(n, false);
			break;
		}
	}
	/* One interrupt for all of this turn. */
	virtq_flush(&n->v.queue[NET_RX]);
}

void net_rx_kick(struct net *n)
{
	if (n->pending && !deliver_pending(n))
		return;
	virtq_flush(&n->v.queue[NET_RX]);
	net_watch(n, true);
}
