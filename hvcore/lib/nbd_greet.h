/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Being let in by an NBD server: the fixed newstyle handshake (the NBD protocol's doc/proto.md) with the option GO, for
 * the export without a name.  For hv-domain when it starts, and for whoever hands it the connection at adoption.
 */
#ifndef LIB_NBD_GREET_H
#define LIB_NBD_GREET_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/config.h"

enum nbd_flag {
	NBD_HAS_FLAGS = 0x1,
	NBD_READ_ONLY = 0x2,
	NBD_FLUSH = 0x4,
	NBD_TRIM = 0x20,
	NBD_ZEROES = 0x40,
};

/* What the server has said of its export. */
struct nbd_export {
	uint64_t size;  /* bytes */
	uint16_t flags; /* enum nbd_flag */
	uint32_t min,
		max; /* bytes: what offsets and lengths are multiples of; a request's data at most */
};

/*
 * nbd_greet() - Be let in at @fd (non-blocking), within @timeout_ms.  0 with what the export is, or -errno with
 * @err, which begins with @what.
 */
int nbd_greet(int fd, int timeout_ms, struct nbd_export *e, const char *what, struct hv_error *err);

/* nbd_plausible() - Whether what an export is said to be can be. */
bool nbd_plausible(const struct nbd_export *e);

/*
 * nbd_dial() - Connect to the server that @disk names, and be let in, before hv_clock_ms() is @deadline.  The socket,
 * non-blocking, or -errno with @err.
 */
int nbd_dial(const struct hv_disk *disk, int64_t deadline, struct nbd_export *e,
	     struct hv_error *err);

#endif
