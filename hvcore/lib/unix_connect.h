/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_UNIX_CONNECT_H
#define LIB_UNIX_CONNECT_H

#include <stddef.h>
#include <stdint.h>

/*
 * hv_unix_connect() - A non-blocking stream socket connected to @path, which
 * may be longer than a socket address has room for, before @deadline
 * (hv_clock_ms()).  The descriptor, or -errno; -ETIMEDOUT: its backlog stayed full.
 */
int hv_unix_connect(const char *path, int64_t deadline);

/* hv_unix_wait() - Until poll(2) sees one of @events on @fd.  0, -ETIMEDOUT at @deadline, or -errno. */
int hv_unix_wait(int fd, short events, int64_t deadline);

/* hv_unix_get() - All of @len bytes before @deadline.  0, -ECONNRESET: no more comes, -ETIMEDOUT, or -errno. */
int hv_unix_get(int fd, void *buf, size_t len, int64_t deadline);

#endif
