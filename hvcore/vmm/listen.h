/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VMM_LISTEN_H
#define VMM_LISTEN_H

#include "hv/config.h"

/*
 * unix_listen() - A listening stream socket at @path, for its owner only.
 * What lies there is replaced: the caller holds the domain's lock, so a crash
 * left it.  The descriptor (non-blocking, close-on-exec), or -errno with @err.
 */
int unix_listen(const char *path, struct hv_error *err);

#endif
