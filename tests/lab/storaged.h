/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * storaged: a node's own way to the lab's shared disks.
 *
 * On real hosts, what a host has written may still be in a volatile cache when
 * its power goes, its locks are its own, and its path to the storage can fail
 * alone.  One machine would hide all that.  So each node has its own server:
 * a FUSE file system (so its own superblock, and with it its own lock domain)
 * over a directory that all nodes share.
 *
 *   write        into this process's memory; on the shared disk only after
 *   fsync, close, or a write with O_SYNC/O_DSYNC ("destaged")
 *   power cut    the process is killed, what is not destaged is lost
 *   last close   what was written after the close began is dropped: nothing of
 *                an opener that is gone reaches the disk any more
 *
 * Every open, write, flush and close is recorded (tests/history reads it), with
 * the moment it was submitted and completed, before its result is known to
 * anybody.
 */
#ifndef LAB_STORAGED_H
#define LAB_STORAGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* --- the cache: what has been written and not yet destaged --- */

struct inode; /* one file while it is open */

/* inode_open() - The inode of the open @fd, counted; NULL: no memory. */
struct inode *inode_open(int fd, const char *path);
/* inode_close() - The last one drops what is dirty; returns how many bytes that were. */
size_t inode_close(struct inode *in);
uint64_t inode_number(const struct inode *in);
const char *inode_path(const struct inode *in);
/* Reads through the cache; like pread(). */
ssize_t inode_read(struct inode *in, int fd, void *buf, size_t len, off_t off);
/* Writes into the cache; 0 or -ENOMEM. */
int inode_write(struct inode *in, int fd, const void *buf, size_t len, off_t off);
/* Bytes that are dirty. */
size_t inode_dirty(struct inode *in);
/* Destages everything; the bytes, or -errno. */
ssize_t inode_destage(struct inode *in, int fd);
/*
 * inode_evict() - Destages a page of its own accord, as a cache may at any time; pages are
 * taken in an order that has nothing to do with that of the writes.
 */
void inode_evict(struct inode *in, int fd);
/* Forgets what is dirty in a range (it is punched out, or cut off: @len SIZE_MAX). */
void inode_forget(struct inode *in, off_t off, size_t len);
/* inode_size_of() - The size this node sees of the file @ino that has @size on disk. */
off_t inode_size_of(uint64_t ino, off_t size);

/* --- the record --- */

/* record_open() - Start the record; exits the process if it cannot be made. */
void record_open(const char *path, const char *node, const char *boot);
/* record_opened() - Returns the number of this opening, the @fh of the others. */
uint64_t record_opened(const struct inode *in, bool writable, pid_t pid);
/* record_submit() - @kind "write" or "flush"; returns the operation's number. */
uint64_t record_submit(uint64_t fh, const char *kind, off_t off, size_t len, const void *data);
/* @rc: bytes or -errno; @destaged: bytes that reached the shared disk by this */
void record_complete(uint64_t op, ssize_t rc, size_t destaged);
void record_closed(uint64_t fh, size_t dropped);

/* --- what reached the shared disk, if that is asked for --- */

/* platter_open() - Keep it in @path; exits the process if it cannot be made. */
void platter_open(const char *path);
/* platter_wrote() - @len bytes at @off, or zeroes (@data NULL).  platter_flushed() - All that came before. */
void platter_wrote(off_t off, const void *data, size_t len);
void platter_flushed(void);

/* --- faults, from a file that may change at any time --- */

enum fault { FAULT_NONE, FAULT_EIO, FAULT_ENOSPC, FAULT_LOSE_FLUSH, FAULT_NO_HOLES };

void fault_file(const char *path);
/*
 * fault_now() - What befalls an operation on @path.  Sleeps here for `delay`
 * and for as long as `hang` lasts.
 */
enum fault fault_now(const char *path);

/* --- the file system --- */

struct fuse_operations;
extern const struct fuse_operations storaged_operations;
void storaged_backing(int dirfd);
/* storaged_evict() - Of a thousand writes, how many make the cache destage another page, too. */
void storaged_evict(unsigned permille);

#endif
