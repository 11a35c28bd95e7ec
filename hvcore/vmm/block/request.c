/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request, step by step.  A step is one operation of the kernel; a request
 * takes several when the kernel did less than was asked, when its buffers are
 * not aligned (BOUNCE_MAX at a time), when zeroes have to be written, and when
 * it is to be on stable storage at its end.
 */
#include <errno.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>

#include "hvcore/vmm/block/ring.h"

enum {
	BOUNCE_MAX = 64 * 1024, /* bytes; a guest may have a queue full of them */
	STEP_MAX = 1 << 30,     /* bytes the kernel takes at once, and more than it needs */
	RETRIES_MAX = 8,        /* of a step the kernel asked to be tried again */
};

static uint8_t zeroes[BOUNCE_MAX] __attribute__((aligned(4096)));

/* Whether all buffers left may be given to the kernel as they are. */
static bool aligned(const struct block_request *r)
{
	uintptr_t bits = 0;

	for (unsigned i = 0; i < r->niov; i++)
		bits |= (uintptr_t)r->iov[i].iov_base | r->iov[i].iov_len;
	return (bits & (r->block->align - 1)) == 0;
}

/* Copy @n bytes between the front of the buffers and the bounce buffer. */
static void bounce_copy(struct block_request *r, bool to_bounce, size_t n)
{
	uint8_t *b = r->bounce;

	for (unsigned i = 0; i < r->niov && n; i++) {
		size_t part = r->iov[i].iov_len < n ? r->iov[i].iov_len : n;

		if (to_bounce)
			memcpy(b, r->iov[i].iov_base, part);
		else
			memcpy(r->iov[i].iov_base, b, part);
		b += part;
		n -= part;
	}
}

static void consume(struct block_request *r, size_t n)
{
	r->off += n;
	r->len -= n;
	while (n && r->niov) {
		size_t part = r->iov->iov_len < n ? r->iov->iov_len : n;

		r->iov->iov_base = (uint8_t *)r->iov->iov_base + part;
		r->iov->iov_len -= part;
		n -= part;
		if (r->iov->iov_len == 0) {
			r->iov++;
			r->niov--;
		}
	}
}

static bool transfers(const struct block_request *r)
{
	return r->op == BLOCK_READ || r->op == BLOCK_WRITE;
}

static void prepare_transfer(struct block_request *r, struct io_uring_sqe *sqe)
{
	int fd = r->block->fd;

	if (!r->bounce) {
		r->step = r->len < STEP_MAX ? r->len : STEP_MAX;
		if (r->op == BLOCK_READ)
			io_uring_prep_readv(sqe, fd, r->iov, r->niov, r->off);
		else
			io_uring_prep_writev(sqe, fd, r->iov, r->niov, r->off);
		return;
	}
	r->step = r->len < BOUNCE_MAX ? r->len : BOUNCE_MAX;
	if (r->op == BLOCK_READ) {
		io_uring_prep_read(sqe, fd, r->bounce, r->step, r->off);
	} else {
		bounce_copy(r, true, r->step);
		io_uring_prep_write(sqe, fd, r->bounce, r->step, r->off);
	}
}

static void prepare_zeroes(struct block_request *r, struct io_uring_sqe *sqe)
{
	int mode = r->unmap ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
			    : FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;

	if (!r->block->no_zero_range) {
		r->step = 0;
		io_uring_prep_fallocate(sqe, r->block->fd, mode, r->off, r->len);
		return;
	}
	r->step = r->len < sizeof(zeroes) ? r->len : sizeof(zeroes);
	io_uring_prep_write(sqe, r->block->fd, zeroes, r->step, r->off);
}

void block_step_prepare(struct block_request *r, struct io_uring_sqe *sqe)
{
	if (r->failed) { /* told through the ring, so that done() is never re-entered */
		io_uring_prep_nop(sqe);
		return;
	}
	switch (r->op) {
	case BLOCK_READ:
	case BLOCK_WRITE: prepare_transfer(r, sqe); break;
	case BLOCK_FLUSH:
		r->step = 0;
		io_uring_prep_fsync(sqe, r->block->fd, IORING_FSYNC_DATASYNC);
		break;
	case BLOCK_DISCARD:
		r->step = 0;
		io_uring_prep_fallocate(sqe, r->block->fd,
					FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, r->off, r->len);
		break;
	case BLOCK_ZEROES: prepare_zeroes(r, sqe); break;
	}
}

static void finish(struct block_request *r, int result)
{
	free(r->bounce);
	r->bounce = NULL;
	r->done(r, result);
}

/* The operation is complete: with dsync a flush is left. */
static void complete(struct block_request *r)
{
	if (!r->dsync) {
		finish(r, 0);
		return;
	}
	r->dsync = false;
	r->op = BLOCK_FLUSH;
	block_ring_start(r);
}

/* What to do about a step that failed: true if it is tried in another way. */
static bool again(struct block_request *r, int res)
{
	if ((res == -EAGAIN || res == -EINTR) && r->retries++ < RETRIES_MAX)
		return true;
	if (r->op == BLOCK_ZEROES && res == -EOPNOTSUPP && !r->block->no_zero_range) {
		r->block->no_zero_range = true;
		return true;
	}
	return false;
}

void block_step_done(struct block_request *r, int res)
{
	if (r->failed) {
		finish(r, r->failed);
		return;
	}
	if (res < 0) {
		if (again(r, res))
			block_ring_start(r);
		else
			finish(r, res);
		return;
	}
	if (r->step == 0) { /* not counted in bytes: done as a whole */
		complete(r);
		return;
	}
	/* Nothing more where there should be: the image was cut short under us. */
	if (res == 0) {
		finish(r, -EIO);
		return;
	}
	if (r->bounce && r->op == BLOCK_READ)
		bounce_copy(r, false, res);
	consume(r, res);
	r->retries = 0;
	if (r->len == 0)
		complete(r);
	else
		block_ring_start(r);
}

void block_submit(struct block_request *r)
{
	r->bounce = NULL;
	r->step = 0;
	r->retries = 0;
	r->failed = 0;
	if (transfers(r) && !r->block->nbd && !r->block->vhost && !aligned(r)) {
		r->bounce = aligned_alloc(4096, BOUNCE_MAX);
		r->failed = r->bounce ? 0 : -ENOMEM;
	}
	block_ring_start(r);
}
