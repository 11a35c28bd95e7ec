/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One of the two sockets of a connection, bare or with TLS on it. */
#ifndef MIRROR_ENGINE_CHANNEL_H
#define MIRROR_ENGINE_CHANNEL_H

#include "mirror/engine/tls.h"

struct channel {
	int fd;          /* non-blocking; -1: there is none */
	struct tls *tls; /* NULL: bare */
};

/* channel_readv() - Bytes into the front of @v, -ECONNRESET at the end, or -errno. */
ssize_t channel_readv(const struct channel *c, struct iovec *v, size_t n);
/* channel_writev() - As tls_writev(). */
ssize_t channel_writev(const struct channel *c, struct iovec *v, size_t n);
/* channel_pending() - There is something to read that poll(2) does not see. */
bool channel_pending(const struct channel *c);

/* channel_bare() - TLS ends; the descriptor, the caller's now.  channel_close() - And it is closed. */
int channel_bare(struct channel *c);
void channel_close(struct channel *c);

#endif
