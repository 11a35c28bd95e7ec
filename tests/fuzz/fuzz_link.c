// SPDX-License-Identifier: GPL-2.0-or-later
/* A message of rtnetlink about an interface, of any origin: what is read of it is within bounds. */
#include <linux/netlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resource-agents/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nlmsghdr *h;
	struct link l;

	if (size < sizeof(*h) || size > 65536)
		return 0;
	h = malloc(size);
	memcpy(h, data, size);
	/* As libnl hands it over: no longer than what was received. */
	if (h->nlmsg_len < sizeof(*h) || h->nlmsg_len > size)
		h->nlmsg_len = (uint32_t)size;
	h->nlmsg_type = 16; /* RTM_NEWLINK */
	if (!link_parse(&l, h) &&
	    (l.index <= 0 || !memchr(l.name, '\0', sizeof(l.name)) ||
	     !memchr(l.kind, '\0', sizeof(l.kind)) || !memchr(l.alias, '\0', sizeof(l.alias)) ||
	     l.bond.arp_targets > LINK_ARP_TARGETS))
		abort();
	free(h);
	return 0;
}
