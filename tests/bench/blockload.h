/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What blockload loads: a block device or file by io_uring with O_DIRECT, or an export on a Unix socket, NBD or
 * vhost-user-blk.
 *
 * One thread; a lane has one request in flight.
 */
#ifndef TESTS_BENCH_BLOCKLOAD_H
#define TESTS_BENCH_BLOCKLOAD_H

#include <stdint.h>

enum { LANES_MAX = 256, BLOCK_MAX = 1 << 20 };

enum load_verb { LOAD_READ, LOAD_WRITE, LOAD_FLUSH };

struct load_request {
	enum load_verb verb;
	unsigned lane;
	uint64_t off; /* bytes */
	uint32_t len;
	uint8_t *buf; /* aligned for O_DIRECT; the lane's until the request has ended */
};

/* A request that has ended. */
struct load_end {
	unsigned lane;
	int result; /* 0 or -errno */
};

struct load_target {
	uint64_t size; /* bytes */
	/* submit() - Queue one; it may go out as late as with wait().  0 or -errno. */
	int (*submit)(struct load_target *t, const struct load_request *r);
	/* wait() - Until at least one has ended: how many are in @ends (at most LANES_MAX), or -errno. */
	int (*wait)(struct load_target *t, struct load_end ends[LANES_MAX]);
	/* buffer() - The lane's memory, BLOCK_MAX bytes; NULL: any will do. */
	uint8_t *(*buffer)(struct load_target *t, unsigned lane);
};

/* 0 or -errno. */
int load_open_disk(struct load_target **t, const char *path);
int load_open_nbd(struct load_target **t, const char *path);
int load_open_vhost(struct load_target **t, const char *path);

#endif
