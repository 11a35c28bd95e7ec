// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What has reached the shared disk, with its bytes, so that the disk of any moment can be made again
 * (tests/history/replay).  Little-endian, 24 bytes and then what was written:
 *
 *   u64 t    CLOCK_MONOTONIC, nanoseconds: it is there from then on
 *   u64 off, u32 len, u32 kind    1: bytes follow; 2: zeroes, none follow; 3: a flush is done
 *
 * Not for several files at once: it does not say which.
 */
#include <endian.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "storaged.h"

enum { BYTES = 1, ZEROES = 2, FLUSHED = 3 };

struct entry {
	uint64_t t, off;
	uint32_t len, kind;
};

static int fd = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* orders stamp and entry */

void platter_open(const char *path)
{
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0) {
		perror(path);
		exit(1);
	}
}

static void put(uint32_t kind, off_t off, const void *data, size_t len)
{
	struct entry e = {.off = htole64((uint64_t)off),
			  .len = htole32((uint32_t)len),
			  .kind = htole32(kind)};
	struct iovec v[] = {{&e, sizeof(e)}, {(void *)data, data ? len : 0}};
	struct timespec t;

	if (fd < 0)
		return;
	pthread_mutex_lock(&lock);
	clock_gettime(CLOCK_MONOTONIC, &t);
	e.t = htole64((uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec);
	if (writev(fd, v, 2) != (ssize_t)(sizeof(e) + v[1].iov_len))
		abort(); /* one with a hole is worse than none */
	pthread_mutex_unlock(&lock);
}

void platter_wrote(off_t off, const void *data, size_t len)
{
	put(data ? BYTES : ZEROES, off, data, len);
}

void platter_flushed(void)
{
	put(FLUSHED, 0, NULL, 0);
}
