/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A volume as a vhost-user-blk device on a Unix socket: the front-end (QEMU, hv-domain) gives its guest's
 * memory and rings, and requests go from there to the volume without another process between.
 *
 * One front-end at a time, let in while the volume is Primary, and it keeps it so.  What was in flight when
 * either side ended is in memory that the front-end keeps, and is begun again.  Runs on the loop's thread.
 */
#ifndef MIRROR_EXPORT_VHOST_H
#define MIRROR_EXPORT_VHOST_H

#include "mirror/engine/volume.h"

struct vhost;

/* vhost_open() - Listen at @path, which is replaced if it is a socket nobody listens at.  0 or -errno. */
int vhost_open(struct vhost **out, struct loop *l, struct volume *v, const char *path);

/*
 * vhost_close() - Let nobody in any more, send the front-end away, and call @done when its requests are
 * over; the socket is removed.
 */
void vhost_close(struct vhost *h, void (*done)(void *arg), void *arg);

/* vhost_clients() - How many there are: 0 or 1. */
unsigned vhost_clients(const struct vhost *h);

#endif
