/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As much of an NBD client as writes, reads and flushes, for tests. */
#ifndef MIRROR_TORTURE_NBD_H
#define MIRROR_TORTURE_NBD_H

#include <stddef.h>
#include <stdint.h>

enum { NBD_HOST_PATH = 160 };

/* What a request was answered with. */
struct answer {
	uint32_t slot;
	int error; /* 0 or a number above it */
};

/* nbd_dial() - The export at @path; a descriptor, or -errno: it lets nobody in. */
int nbd_dial(const char *path);
/* nbd_ask() - Of @len bytes at @off; data of a write follows.  0 or -errno. */
int nbd_ask(int fd, unsigned type, unsigned flags, uint32_t slot, uint64_t off, uint32_t len,
	    const void *data);
/* nbd_answer() - The next one, at most @ms later; 0, -EAGAIN there is none, or -errno. */
int nbd_answer(int fd, struct answer *a, unsigned ms);

/* nbd_take() - @len bytes of a read's data.  0 or -errno. */
int nbd_take(int fd, void *data, size_t len);

#endif
