// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "tests/bench/blockload.h"

struct disk {
	struct load_target target; /* first: it is what others see */
	int fd;
	struct io_uring ring;
};

static int submit(struct load_target *t, const struct load_request *r)
{
	struct disk *d = (struct disk *)t;
	struct io_uring_sqe *s = io_uring_get_sqe(&d->ring);

	if (!s)
		return -EBUSY;
	switch (r->verb) {
	case LOAD_READ: io_uring_prep_read(s, d->fd, r->buf, r->len, r->off); break;
	case LOAD_WRITE: io_uring_prep_write(s, d->fd, r->buf, r->len, r->off); break;
	case LOAD_FLUSH: io_uring_prep_fsync(s, d->fd, IORING_FSYNC_DATASYNC); break;
	}
	/* the length tells a short one; a flush has none */
	s->user_data = (uint64_t)(r->verb == LOAD_FLUSH ? 0 : r->len) << 32 | r->lane;
	return 0;
}

static int wait_for(struct load_target *t, struct load_end ends[LANES_MAX])
{
	struct disk *d = (struct disk *)t;
	struct io_uring_cqe *c;
	int n = 0, r = io_uring_submit_and_wait(&d->ring, 1);

	if (r < 0)
		return r;
	while (n < LANES_MAX && !io_uring_peek_cqe(&d->ring, &c)) {
		int whole = (int)(c->user_data >> 32);

		ends[n].lane = (unsigned)c->user_data;
		ends[n++].result = c->res < 0 ? c->res : c->res < whole ? -EIO : 0;
		io_uring_cqe_seen(&d->ring, c);
	}
	return n;
}

static int measure(struct disk *d)
{
	struct stat st;

	if (fstat(d->fd, &st))
		return -errno;
	d->target.size = (uint64_t)st.st_size;
	if (S_ISBLK(st.st_mode) && ioctl(d->fd, BLKGETSIZE64, &d->target.size))
		return -errno;
	return 0;
}

int load_open_disk(struct load_target **t, const char *path)
{
	struct disk *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	d->target = (struct load_target){.submit = submit, .wait = wait_for};
	d->fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	r = d->fd < 0 ? -errno : measure(d);
	if (!r)
		r = io_uring_queue_init(LANES_MAX, &d->ring, 0);
	if (r) {
		if (d->fd >= 0)
			close(d->fd);
		free(d);
		return r;
	}
	*t = &d->target;
	return 0;
}
