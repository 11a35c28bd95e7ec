/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk behind a server on a Unix socket, of either kind: what it was said to be, by whoever was let in. */
#ifndef LIB_SERVED_H
#define LIB_SERVED_H

#include "nbd_greet.h"
#include "vhost_greet.h"

enum served_how { SERVED_NOT /* an image */, SERVED_NBD, SERVED_VHOST };

struct served {
	enum served_how how;
	union {
		struct nbd_export nbd;
		struct vhost_export vhost;
	};
};

/* served_how() - How @disk is served. */
enum served_how served_how(const struct hv_disk *disk);

/* served_dial() - nbd_dial() or vhost_dial() of @disk, which is served. */
int served_dial(const struct hv_disk *disk, int64_t deadline, struct served *s,
		struct hv_error *err);

#endif
