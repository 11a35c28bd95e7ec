/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file or block device that data or metadata is on.  Requests go through the loop's io_uring; a
 * disk that hangs leaves them there and stops nobody.
 *
 * It is opened with O_DIRECT, and locked: an OFD lock on the very description that does the I/O, so
 * that it is held while requests are in flight, even if the process is gone.
 */
#ifndef MIRROR_ENGINE_DISK_H
#define MIRROR_ENGINE_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "mirror/engine/loop.h"

struct disk_file {
	struct loop *loop;
	char *path;
	int fd;
	bool device;     /* a block device, not a file */
	unsigned align;  /* bytes: offsets, lengths and addresses */
	uint64_t size;   /* bytes, whole sectors */
	bool no_unmap;   /* found out: zeroes are written */
	uint32_t flying; /* requests */
};

enum disk_verb {
	DISK_READ,
	DISK_WRITE,
	DISK_FLUSH, /* what was written and has ended is on stable storage */
	DISK_ZERO,  /* reads as zeroes afterwards */
};

struct disk_op {
	enum disk_verb verb;
	uint64_t off; /* bytes */
	uint64_t len; /* READ, WRITE: up to 4 MiB */
	uint8_t *buf;
	bool durable; /* WRITE: on stable storage when it is done */
	bool unmap;   /* ZERO: storage may be given back */
	void (*done)(struct disk_op *op,
		     int result); /* 0 or -errno; the operation is the caller's again */

	/* Private from here on. */
	struct io io;
	struct disk_file *disk;
	uint64_t at; /* bytes done */
	unsigned retries;
	uint64_t step; /* ZERO: bytes of the call in flight */
	bool call;     /* ZERO: it is no write */
};

/* disk_open() - 0 or -errno: -EBUSY another process has it.  The path is copied. */
int disk_open(struct disk_file *d, struct loop *l, const char *path);

/* disk_close() - Nothing may be in flight. */
void disk_close(struct disk_file *d);

/* disk_submit() - Begin @op; done() is called on the loop, never from inside this. */
void disk_submit(struct disk_file *d, struct disk_op *op);

#endif
