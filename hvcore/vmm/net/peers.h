/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bond of the host has failed over to another link.  The switches behind the new one
 * still look for the guests at the old one, and the driver announces the host's own addresses only: who
 * is silent then is not found until it happens to send something.  So the guests' addresses are
 * announced anew, too.
 */
#ifndef VMM_NET_PEERS_H
#define VMM_NET_PEERS_H

#include <stdbool.h>
#include <stddef.h>

/* peers_open() - A socket that tells of the interfaces' changes, non-blocking; or -errno. */
int peers_open(void);

/* peers_moved() - Whether @len bytes of rtnetlink speak of such a failover.  Pure. */
bool peers_moved(const void *bytes, size_t len);

/* peers_read() - Everything that waits in @fd: whether peers are to be told. */
bool peers_read(int fd);

#endif
