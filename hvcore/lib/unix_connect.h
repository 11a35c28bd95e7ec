/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_UNIX_CONNECT_H
#define LIB_UNIX_CONNECT_H

#include <stdint.h>

/*
 * hv_unix_connect() - A non-blocking stream socket connected to @path, which
 * may be longer than a socket address has room for, before @deadline
 * (hv_clock_ms()).  The descriptor, or -errno; -ETIMEDOUT: its backlog stayed full.
 */
int hv_unix_connect(const char *path, int64_t deadline);

/* hv_unix_wait() - Until poll(2) sees one of @events on @fd.  0, -ETIMEDOUT at @deadline, or -errno. */
int hv_unix_wait(int fd, short events, int64_t deadline);

#endif
