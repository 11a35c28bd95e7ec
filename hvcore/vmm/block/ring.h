/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process's io_uring: block_ring_start() is used by request.c, block_ring_collapse() by huge.c. */
#ifndef VMM_BLOCK_RING_H
#define VMM_BLOCK_RING_H

#include <liburing.h>

#include "hvcore/vmm/block/block.h"

/* block_ring_init() - Make the ring and watch it; again: nothing.  0 or -errno with @err. */
int block_ring_init(struct hv_error *err);

/* block_ring_start() - Prepare @r's next step now, or as soon as there is room. */
void block_ring_start(struct block_request *r);

/* block_ring_collapse() - Ask for a huge page at @at; block_collapsed() has the answer.  False: no room. */
bool block_ring_collapse(void *at, uint64_t len);
/* block_collapsed() - huge.c: 0 or -errno. */
void block_collapsed(int res);

/* block_step_prepare() - request.c: fill @sqe for the next step of @r. */
void block_step_prepare(struct block_request *r, struct io_uring_sqe *sqe);
/* block_step_done() - request.c: the step ended with @res (bytes or -errno). */
void block_step_done(struct block_request *r, int res);

#endif
