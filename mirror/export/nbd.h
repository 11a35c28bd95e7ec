/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A volume as an NBD export on a Unix socket, for whoever may open it.
 *
 * Clients are let in while the volume is Primary, and keep it so.  Several at once see one disk: a
 * flush of one covers what was told to be written to any.  Runs on the loop's thread.
 */
#ifndef MIRROR_EXPORT_NBD_H
#define MIRROR_EXPORT_NBD_H

#include "mirror/engine/volume.h"

struct nbd;

/* nbd_open() - Listen at @path, which is replaced if it is a socket nobody listens at.  0 or -errno. */
int nbd_open(struct nbd **out, struct loop *l, struct volume *v, const char *path);

/*
 * nbd_close() - Let nobody in any more, send everybody away, and call @done when their requests are
 * over; the socket is removed.
 */
void nbd_close(struct nbd *n, void (*done)(void *arg), void *arg);

/* nbd_clients() - How many there are. */
unsigned nbd_clients(const struct nbd *n);

#endif
