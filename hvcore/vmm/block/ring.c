/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One io_uring for all images.  Only the loop thread touches it, with the
 * board lock held, so that it needs no lock of its own; completions wake the
 * loop through an eventfd.
 */
#include "hvcore/vmm/block/ring.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hvcore/vmm/block/nbd.h"
#include "hvcore/vmm/block/vhost.h"
#include "hvcore/vmm/loop.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1; older kernels refuse it */
#endif

enum {
	RING_ENTRIES = 128,     /* steps handed over at once, not in flight */
	RING_WORKERS = 64,      /* kernel threads for what cannot be started without waiting */
	RETRY_NS = 1000 * 1000, /* when the kernel had no memory for a submission */
};

static void completions(struct loop_fd *w, uint32_t events);
static void retry(struct loop_timer *t);

static struct {
	struct io_uring uring;
	bool ready;
	struct loop_fd done;
	struct loop_timer again;
	struct block_request *waiting, **waiting_tail; /* no room in the ring */
} ring = {
	.done = {.fd = -1, .ready = completions},
	.again = {.expired = retry},
	.waiting_tail = &ring.waiting,
};

int block_ring_init(struct hv_error *err)
{
	unsigned workers[2] = {RING_WORKERS, RING_WORKERS};
	int rc;

	if (ring.ready)
		return 0;
	rc = io_uring_queue_init(RING_ENTRIES, &ring.uring, 0);
	if (rc)
		return hv_err(err, rc, "cannot set up io_uring for the disks: %s%s", strerror(-rc),
			      rc == -EPERM ? "; allow it: sysctl kernel.io_uring_disabled=0" : "");
	ring.done.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (ring.done.fd < 0) {
		rc = -errno;
		goto out;
	}
	rc = io_uring_register_eventfd(&ring.uring, ring.done.fd);
	if (rc)
		goto out;
	/*
	 * A disk that hangs keeps workers; more of them leave some to the
	 * others.  Kernels before 5.15 do not know this: they have their limit.
	 */
	io_uring_register_iowq_max_workers(&ring.uring, workers);
	rc = loop_add(&ring.done, EPOLLIN);
out:
	if (rc) {
		if (ring.done.fd >= 0)
			close(ring.done.fd);
		ring.done.fd = -1;
		io_uring_queue_exit(&ring.uring);
		return hv_err(err, rc, "cannot set up io_uring for the disks: %s", strerror(-rc));
	}
	ring.ready = true;
	return 0;
}

static bool start(struct block_request *r)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring.uring);

	if (!sqe) {
		io_uring_submit(&ring.uring);
		sqe = io_uring_get_sqe(&ring.uring);
	}
	if (!sqe)
		return false;
	block_step_prepare(r, sqe);
	io_uring_sqe_set_data(sqe, r);
	return true;
}

bool block_ring_collapse(void *at, uint64_t len)
{
	struct io_uring_sqe *sqe = ring.ready ? io_uring_get_sqe(&ring.uring) : NULL;

	if (!sqe)
		return false;
	/* Always done by a worker of the kernel, as it may take milliseconds. */
	io_uring_prep_madvise(sqe, at, (off_t)len, MADV_COLLAPSE);
	io_uring_sqe_set_data(sqe, NULL);
	return true;
}

void block_ring_start(struct block_request *r)
{
	if (r->block->nbd) {
		nbd_step(r);
		return;
	}
	if (r->block->vhost) {
		vhost_step(r);
		return;
	}
	r->next = NULL;
	if (!ring.waiting && start(r))
		return;
	*ring.waiting_tail = r;
	ring.waiting_tail = &r->next;
}

static void start_waiting(void)
{
	while (ring.waiting && start(ring.waiting)) {
		ring.waiting = ring.waiting->next;
		if (!ring.waiting)
			ring.waiting_tail = &ring.waiting;
	}
}

void block_kick(void)
{
	nbd_kick();
	vhost_kick();
	/* What was not taken (-EAGAIN, -EBUSY) stays in the ring and is offered again. */
	if (ring.ready && io_uring_sq_ready(&ring.uring) && io_uring_submit(&ring.uring) < 0)
		loop_host_timer_arm(&ring.again, loop_host_now() + RETRY_NS);
}

static void retry(struct loop_timer *t)
{
	start_waiting();
	block_kick();
}

static void completions(struct loop_fd *w, uint32_t events)
{
	struct io_uring_cqe *cqe;
	uint64_t count;

	/* Read first: a completion after this read rings again. */
	if (read(w->fd, &count, sizeof(count)) < 0)
		return;
	while (io_uring_peek_cqe(&ring.uring, &cqe) == 0) {
		struct block_request *r = io_uring_cqe_get_data(cqe);
		int res = cqe->res;

		io_uring_cqe_seen(&ring.uring, cqe);
		if (r)
			block_step_done(r, res);
		else
			block_collapsed(res);
	}
	start_waiting();
	block_kick();
}
