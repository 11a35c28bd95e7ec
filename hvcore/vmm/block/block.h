/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block backends: an image (a raw file or a block device), what an NBD or a vhost-user-blk server has, and requests to it.
 *
 * Requests are asynchronous, through one io_uring for all images of the
 * process; a disk that hangs leaves its requests in flight and stops nobody.
 * done() is called on the loop thread with the board lock held, never from
 * inside block_submit().
 *
 * Writable images are opened with O_DIRECT: what the guest was told is written
 * is not in this host's page cache, where it could reach the disk after another
 * host took over.  Buffers that are not aligned for it are bounced.
 *
 * The image lock is an OFD lock on the very description that does the I/O.  The
 * kernel drops it when the last reference to the description goes, and requests
 * in flight hold one: a free lock proves that nothing is on its way.
 */
#ifndef VMM_BLOCK_BLOCK_H
#define VMM_BLOCK_BLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "hv/config.h"

enum block_op { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH, BLOCK_DISCARD, BLOCK_ZEROES };

struct block_nbd;
struct block_vhost;

struct block {
	const char *name; /* the disk's target, for messages */
	char *path;
	int fd;
	bool readonly;
	bool device;           /* a block device, not a file */
	unsigned align;        /* bytes: offsets, lengths and addresses; 1 without O_DIRECT */
	uint64_t size;         /* bytes, a multiple of 512 */
	bool no_zero_range;    /* the image cannot; zeroes are written */
	struct block_nbd *nbd; /* not an image: an NBD server's export, and fd its socket */
	struct block_vhost *vhost,
		*vhost_ready;             /* a vhost-user-blk server's; what is ready for one */
	void (*resized)(struct block *b); /* size has grown by itself; NULL */
};

struct block_request {
	struct block *block;
	enum block_op op;
	uint64_t off, len; /* bytes; the caller has checked them against block->size */
	struct iovec *iov; /* READ, WRITE: consumed from the front; exactly len bytes */
	unsigned niov;
	bool dsync; /* WRITE, ZEROES: on stable storage before done() */
	bool unmap; /* ZEROES: storage may be given back */
	void (*done)(struct block_request *r, int result); /* 0 or -errno */

	/* Private from here. */
	uint8_t *bounce;
	uint32_t step; /* bytes of the operation in flight */
	unsigned retries;
	int failed; /* before it began: -errno */
	struct block_request *next;
};

/* block_open() - Open, lock and measure the image.  0 or -errno with @err.  Before rights are dropped. */
int block_open(struct block *b, const struct hv_disk *disk, struct hv_error *err);
void block_close(struct block *b);

/*
 * block_prepare() - In place of block_open() for a disk whose gate is closed: what needs
 * rights is there, but no image (fd -1, size 0).  0 or -errno with @err.
 */
int block_prepare(struct block *b, const struct hv_disk *disk, struct hv_error *err);
/*
 * block_attach() - Take the image that somebody with the rights has opened as block_open()
 * would: a file or block device, for writing with O_DIRECT or for reading without, its image
 * lock held by this very description or free.  Measures its size, not its alignment, which is
 * left as the caller has set it: a read has to show that it will do.  On
 * success @fd is @b's, else still the caller's.  0 or -errno with @err.  Needs no rights.
 */
int block_attach(struct block *b, int fd, struct hv_error *err);

/*
 * block_attach_nbd() - The same with a connection to an NBD server that was greeted (nbd_greet.h).  b->align is what the
 * guest was told, and is as fine as the export's afterwards.  block_release() - Undo either, or block_open(); the
 * descriptor is the caller's, -1: there is none.
 */
struct nbd_export;
int block_attach_nbd(struct block *b, int fd, const struct nbd_export *e, struct hv_error *err);
/* block_attach_vhost() - The same of a vhost-user-blk server (vhost_greet.h). */
struct vhost_export;
int block_attach_vhost(struct block *b, int fd, const struct vhost_export *e, struct hv_error *err);
int block_release(struct block *b);

/* block_resize() - Grow a file, or take over a device's new size; see virtio_blk_resize(). */
int block_resize(struct block *b, uint64_t bytes, struct hv_error *err);

/* block_submit() - Begin @r, which is the caller's again in done(). */
void block_submit(struct block_request *r);
/*
 * block_buffer_used() - Guest memory at @gpa took part in a large
 * transfer that is over: the huge page around it is asked for, if none is being made.
 */
void block_buffer_used(uint64_t gpa);
/* block_kick() - Hand everything submitted to the kernel; once after a batch. */
void block_kick(void);

#endif
