/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hvcore/vmm/net/peers.h"

#include <errno.h>
#include <stdint.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGES = 16384, /* more than the kernel puts into one datagram */ READS_MAX = 256 };

int peers_open(void)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int rc, fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (!bind(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/* One RTM_NEWLINK, its attributes from @at on. */
static bool is_failover(const struct rtattr *at, int left)
{
	uint32_t event;

	for (; RTA_OK(at, left); at = RTA_NEXT(at, left)) {
		if (at->rta_type != IFLA_EVENT || RTA_PAYLOAD(at) < sizeof(event))
			continue;
		memcpy(&event, RTA_DATA(at), sizeof(event));
		return event == IFLA_EVENT_BONDING_FAILOVER || event == IFLA_EVENT_NOTIFY_PEERS;
	}
	return false;
}

bool peers_moved(const void *bytes, size_t len)
{
	const struct nlmsghdr *h = bytes;

	for (; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
		const struct ifinfomsg *i = NLMSG_DATA(h);

		if (h->nlmsg_type == RTM_NEWLINK && h->nlmsg_len >= NLMSG_LENGTH(sizeof(*i)) &&
		    is_failover(IFLA_RTA(i), (int)(h->nlmsg_len - NLMSG_LENGTH(sizeof(*i)))))
			return true;
	}
	return false;
}

bool peers_read(int fd)
{
	char buf[MESSAGES] __attribute__((aligned(NLMSG_ALIGNTO)));
	bool moved = false;

	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n > 0) {
			moved = peers_moved(buf, (size_t)n) || moved;
			continue;
		}
		/* What was lost may have been the word that matters; to announce once too often does no harm. */
		if (n < 0 && errno == ENOBUFS)
			moved = true;
		else if (n == 0 || errno != EINTR)
			break;
	}
	return moved;
}
