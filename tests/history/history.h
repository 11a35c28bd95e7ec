/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened to the shared disks, and whether it was allowed.
 *
 * The storage servers of a lab record every opening and every write of every
 * host on one clock (tests/lab/storaged_record.c has the format).  A listener
 * on the client host records what guests say is on their disk (ack-listen.c).
 * From these, check() decides:
 *
 *   two writers   a write of A completes, or reaches the shared disk, after B
 *                 has opened the same image for writing.  An opening that ends
 *                 with neither a write nor a flush was refused by a lock, and
 *                 does not count as B
 *   not flushed   a record was acknowledged, and before that nobody had both
 *                 written and flushed it
 *   lost          a record was acknowledged, and the image does not hold it
 *   altered       a flushed write that nothing wrote over is not in the image
 */
#ifndef HISTORY_H
#define HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	RECORD_SIZE = 4096, /* a guest's writer puts record N at N * RECORD_SIZE */
	SECTOR_SIZE = 512,
};
#define NEVER UINT64_MAX

/* An opening of a file by a process.  Processes are told apart by host, boot, id and start. */
struct opening {
	const char *node, *boot; /* interned: equal strings are equal pointers */
	const char *path, *label;
	uint64_t pid, start, ino;
	bool writable;
	uint64_t opened, closed; /* ns; closed NEVER: it ended with its host */
	unsigned writes, flushes;
};

struct op {
	size_t opening;                /* index */
	bool flush;                    /* else a write */
	uint64_t off, len, hash;       /* hash 0: zeroes or a hole */
	uint64_t submitted, completed; /* ns; completed NEVER: its host was gone before */
	int64_t rc;
	uint64_t destaged; /* bytes this one brought to the shared disk */
};

struct ack {
	uint64_t when; /* ns */
	uint64_t number;
	char boot[40]; /* the guest's boot id */
};

struct history {
	struct opening *opening;
	size_t nopenings;
	struct op *op; /* by submission */
	size_t nops;
	struct ack *ack;
	size_t nacks;
	const char *shared; /* path of a file that all may write (leases), or NULL */
	char **word;        /* interned strings */
	size_t nwords;
};

/* Reads one server's record, or a listener's, into @h; 0, or -1 after a message on stderr. */
int history_read(struct history *h, const char *path);
int history_read_acks(struct history *h, const char *path);
/* Puts the operations of all servers into one order. */
void history_sort(struct history *h);
void history_free(struct history *h);

/*
 * The image at the end: @fd to read, @ino to find its operations, @at where a guest's disk begins in it.
 * @mirror: the inode of its other side, or 0: a record may have been flushed there, when this one was
 * away, and copied since.
 */
struct image {
	int fd;
	uint64_t ino, size, at, mirror;
};

/* Both print a line a violation to @out, and return how many there were. */
size_t check_writers(const struct history *h, FILE *out);
size_t check_image(const struct history *h, const struct image *image, FILE *out);

/* The hash the servers record, FNV-1a of 64 bits. */
uint64_t history_hash(const void *data, size_t len);

#endif
