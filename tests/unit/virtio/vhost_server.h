/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vhost-user-blk server in a process that can be killed, and that can do wrong. */
#ifndef TESTS_VIRTIO_VHOST_SERVER_H
#define TESTS_VIRTIO_VHOST_SERVER_H

#include <stdbool.h>
#include <stdint.h>

enum { SERVER_BYTES = 8 << 20 };

enum server_fault {
	NONE,
	HANGS_UP,
	SAYS_NOTHING,
	NO_INDIRECT,
	NO_CONFIG,
	NO_FLUSH,
	READ_ONLY,
	HUGE_BLOCKS,
	EMPTY,
	BAD_ANSWER,
	REFUSES_MEMORY,
	LEAVES, /* before it answers a request */
	BAD_ID,
	TWICE,
	TOO_MANY,
	BAD_STATUS,
	FAILS,
	FEW_SEGMENTS,
	NO_ZEROES,
	NO_DISCARD,
	SMALL_RANGES,
	BACKEND_NOISE,
	HALF, /* of its size */
};

/* Shared between test and servers. */
struct server {
	uint8_t data[SERVER_BYTES];
	uint64_t size;
	unsigned connections, reads, writes, flushes, discards, zeroes, segments;
	bool hold; /* requests are taken and not answered */
	unsigned held;
};
extern struct server *server;

/* server_new() - The disk, once.  server_begin() - A process that serves it at @path.  server_kill() */
void server_new(void);
void server_begin(const char *path, enum server_fault fault);
void server_kill(void);

#endif
