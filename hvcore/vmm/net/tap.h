/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tap device on a bridge: one end of the guest's cable.  Each packet, in both
 * directions, begins with a struct virtio_net_hdr_v1 (12 bytes).
 */
#ifndef VMM_NET_TAP_H
#define VMM_NET_TAP_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "hv/config.h"

enum { TAP_HEADER = 12, TAP_PACKET_MAX = 65536 + TAP_HEADER };

struct tap {
	int fd; /* non-blocking */
	char name[IFNAMSIZ];
	unsigned mtu;
	int lock; /* of an interface of the host's that is this guest's, else -1; its own for life */
};

/*
 * tap_open() - Make (or take over, if it is there and free) the tap of @nic, up
 * and on its bridge.  It is gone when the process is.  Needs CAP_NET_ADMIN.
 */
int tap_open(struct tap *t, const struct hv_nic *nic, struct hv_error *err);
void tap_close(struct tap *t);

/* tap_open_direct() - macvtap.c: the same of a NIC that is an interface of the host's; tap_open() calls it. */
int tap_open_direct(struct tap *t, const struct hv_nic *nic, struct hv_error *err);

/* tap_offload() - What the guest can take: TUN_F_... bits.  0 or -errno. */
int tap_offload(const struct tap *t, unsigned bits);

/* tap_carrier() - The cable is in or out.  Best effort: kernels before 5.0 cannot. */
void tap_carrier(const struct tap *t, bool on);

#endif
