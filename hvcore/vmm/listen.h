/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VMM_LISTEN_H
#define VMM_LISTEN_H

#include "hv/config.h"

/*
 * unix_listen() - A listening stream socket at @path, for its owner only, which
 * is there when it listens (moved into its place).  What lies there is replaced:
 * the caller holds the domain's lock, so a crash left it.  @backlog: how many may
 * wait to be accepted.  The descriptor (non-blocking, close-on-exec), or -errno
 * with @err.
 */
int unix_listen(const char *path, unsigned backlog, struct hv_error *err);

#endif
