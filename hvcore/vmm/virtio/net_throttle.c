/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An interface's rate limits: packets wait where they are, in the guest's ring
 * or in the tap's queue, which drops what it has no room for, as a wire would.
 */
#include <errno.h>
#include <stddef.h>

#include "hvcore/vmm/virtio/devices.h"
#include "hvcore/vmm/virtio/net.h"

bool net_hold(struct net *n, enum throttle_way way)
{
	uint64_t now, until;

	if (!n->throttle.any)
		return false;
	now = loop_host_now();
	until = throttle_wait(&n->throttle, way, now);
	if (until <= now)
		return false;
	n->throttled[way]++;
	/* The earlier of both directions; the other then only looks again. */
	if (!n->turn_at || until < n->turn_at) {
		n->turn_at = until;
		loop_host_timer_arm(&n->turn, until);
	}
	return true;
}

void net_spend(struct net *n, enum throttle_way way, uint64_t bytes)
{
	if (n->throttle.any)
		throttle_take(&n->throttle, way, bytes, loop_host_now());
}

static void go_on(struct net *n)
{
	n->turn_at = 0;
	/* Who is stopped, or has a packet that found no room, goes on by itself. */
	if (!n->v.quiesced && !n->pending)
		net_watch(n, true);
	virtq_again(&n->v.queue[NET_TX]);
}

static void turn_has_come(struct loop_timer *t)
{
	go_on((struct net *)((char *)t - offsetof(struct net, turn)));
}

void net_throttle_init(struct net *n, const struct hv_limits *l)
{
	n->turn.expired = turn_has_come;
	throttle_set(&n->throttle, l, loop_host_now());
}

int virtio_net_throttle(const char *name, const struct hv_limits *l, struct hv_error *err)
{
	struct net *n = net_named(name, err);
	int rc = n ? hv_limits_check(l, n->name, err) : -ENOENT;

	if (rc)
		return rc;
	throttle_set(&n->throttle, l, loop_host_now());
	loop_host_timer_cancel(&n->turn);
	go_on(n);
	return 0;
}
