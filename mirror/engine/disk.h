/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file or block device that data or metadata is on.  Requests go through the loop's io_uring; a
 * disk that hangs leaves them there and stops nobody.
 *
 * It is opened with O_DIRECT, and locked: an OFD lock on the very description that does the I/O, so
 * that it is held while requests are in flight, even if the process is gone.
 *
 * A disk that does not answer can be given up: its requests end with an error at once, but what the kernel has
 * of them it keeps until it returns it.  Reads of a disk that may be given up therefore go through memory that
 * nobody else has: what comes late reaches nobody.
 */
#ifndef MIRROR_ENGINE_DISK_H
#define MIRROR_ENGINE_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "mirror/engine/loop.h"
#include "mirror/engine/pool.h"

struct disk_file {
	struct loop *loop;
	char *path;
	int fd;
	bool device;         /* a block device, not a file */
	unsigned align;      /* bytes: offsets, lengths and addresses */
	uint64_t size;       /* bytes, whole sectors */
	bool no_unmap;       /* found out: zeroes are written */
	bool dirty;          /* something was written since the last flush */
	uint32_t flying;     /* requests */
	uint32_t lost;       /* of those that were given up: what the kernel has not returned */
	struct list flights; /* both, the oldest first */
	/* The owner's: */
	struct pool *bounce;                   /* reads go through it; NULL: they do not */
	void (*returned)(struct disk_file *d); /* nothing is in flight, nor lost; NULL */
	void *arg;
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

	struct task refused; /* private */
};

/* disk_open() - 0 or -errno: -EBUSY another process has it.  The path is copied. */
int disk_open(struct disk_file *d, struct loop *l, const char *path);

/* disk_close() - Nothing may be in flight but what was given up. */
void disk_close(struct disk_file *d);

/* disk_measure() - How large it is now, into d->size.  0 or -errno. */
int disk_measure(struct disk_file *d);

/* disk_submit() - Begin @op; done() is called on the loop, never from inside this. */
void disk_submit(struct disk_file *d, struct disk_op *op);

/* disk_waits() - For how many ns the oldest request has been in flight at @now (loop_clock()); 0: there is none. */
uint64_t disk_waits(const struct disk_file *d, uint64_t now);

/*
 * disk_give_up() - End every request with @error, from inside this; but for reads that were begun while `bounce`
 * was not set.  Data of writes that the kernel still has may reach the disk, as it is then.
 */
void disk_give_up(struct disk_file *d, int error);

#endif
