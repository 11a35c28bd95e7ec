/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the guest to the tap: each chain is a header and a packet, written from
 * guest memory as it is.  The kernel checks the header; the packet it does not
 * like, or has no room for, is dropped, as a wire would.
 */
#include <errno.h>
#include <unistd.h>

#include "hvcore/vmm/progress.h"
#include "hvcore/vmm/virtio/net.h"

static void send_chain(struct net *n, const struct virtq_chain *c)
{
	struct iovec iov[VIRTQ_SIZE_MAX];
	ssize_t done;

	if (!n->link || c->out_len > TAP_PACKET_MAX) {
		n->tx_dropped++;
		return;
	}
	for (unsigned i = 0; i < c->nout; i++)
		iov[i] = (struct iovec){.iov_base = c->seg[i].at, .iov_len = c->seg[i].len};
	done = writev(n->tap.fd, iov, c->nout);
	if (done < 0) {
		if (errno == EINVAL)
			guest_fault(n->v.name, "a packet of %llu bytes with a wrong header",
				    (unsigned long long)c->out_len);
		n->tx_dropped++;
		return;
	}
	n->tx_packets++;
	n->tx_bytes += c->out_len - TAP_HEADER;
	net_spend(n, THROTTLE_WRITE, c->out_len - TAP_HEADER);
	progress_nic(n->index, n->rx_packets, n->tx_packets);
}

void net_tx_kick(struct net *n)
{
	struct virtq *q = &n->v.queue[NET_TX];
	unsigned budget = NET_TURN_MAX;
	struct virtq_chain c;

	while (!net_hold(n, THROTTLE_WRITE) && virtq_take(q, &c, &budget)) {
		if (c.out_len < TAP_HEADER) {
			virtio_broken(&n->v, "a packet of %llu bytes, without a header",
				      (unsigned long long)c.out_len);
			break;
		}
		send_chain(n, &c);
		virtq_fill(q, c.head, 0);
	}
	virtq_flush(q);
}
