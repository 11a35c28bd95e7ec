// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mirror/engine/disk.h"

enum { BLOCK = 4096, ZERO_CHUNK = 1 << 18, RETRIES = 64, DEFAULT_ALIGN = 512 };

static const uint8_t zeroes[ZERO_CHUNK] __attribute__((aligned(4096)));

/* A request as the kernel has it: it outlives its operation where that is given up. */
struct flight {
	struct list link;
	struct io io;
	struct disk_file *disk; /* NULL: closed meanwhile */
	struct disk_op *op;     /* NULL: given up */
	uint64_t since;         /* loop_clock() */
	uint8_t *bounce;        /* READ: where the data goes first; of */
	struct pool *pool;
	uint64_t at; /* bytes done */
	unsigned retries;
	uint64_t step; /* ZERO: bytes of the call in flight */
	bool call;     /* ZERO: it is no write */
};

int disk_measure(struct disk_file *d)
{
	struct stat st;
	int sector = DEFAULT_ALIGN;

	if (fstat(d->fd, &st))
		return -errno;
	d->device = S_ISBLK(st.st_mode);
	if (d->device) {
		if (ioctl(d->fd, BLKGETSIZE64, &d->size) || ioctl(d->fd, BLKSSZGET, &sector))
			return -errno;
	} else if (S_ISREG(st.st_mode)) {
		d->size = (uint64_t)st.st_size;
	} else {
		return -ENOTBLK;
	}
	d->align = (unsigned)sector;
	d->size &= ~UINT64_C(511);
	return 0;
}

static int lock(struct disk_file *d)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (!fcntl(d->fd, F_OFD_SETLK, &fl))
		return 0;
	return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
}

int disk_open(struct disk_file *d, struct loop *l, const char *path)
{
	struct stat st;
	int flags = O_RDWR | O_DIRECT | O_CLOEXEC, r;

	*d = (struct disk_file){.loop = l, .fd = -1};
	list_init(&d->flights);
	d->path = strdup(path);
	if (!d->path)
		return -ENOMEM;
	if (!stat(path, &st) && S_ISBLK(st.st_mode))
		flags |= O_EXCL; /* nobody has mounted it */
	d->fd = open(path, flags);
	r = d->fd < 0 ? -errno : lock(d);
	if (!r)
		r = disk_measure(d);
	if (r)
		disk_close(d);
	return r;
}

void disk_close(struct disk_file *d)
{
	struct list *l;

	while (d->flights.next && (l = list_take(&d->flights)))
		list_entry(l, struct flight, link)->disk = NULL;
	d->lost = 0;
	if (d->fd >= 0)
		close(d->fd);
	free(d->path);
	d->fd = -1;
	d->path = NULL;
}

static void check_returned(struct disk_file *d)
{
	if (!d->flying && !d->lost && d->returned)
		d->returned(d);
}

static void finish(struct flight *f, int result)
{
	struct disk_file *d = f->disk;
	struct disk_op *op = f->op;

	list_remove(&f->link);
	d->flying--;
	/* what ends after a flush has begun may not be covered by it; nor what one that fails was for */
	d->dirty |= op->verb == DISK_WRITE || op->verb == DISK_ZERO ||
		    (op->verb == DISK_FLUSH && result);
	if (f->bounce && !result)
		memcpy(op->buf, f->bounce, op->len);
	if (f->bounce)
		pool_put(f->pool, f->bounce, op->len);
	free(f);
	op->done(op, result);
	check_returned(d);
}

/* came_back() - What was given up has ended: its memory is left to it, since its pool may be no more. */
static void came_back(struct flight *f)
{
	struct disk_file *d = f->disk;

	list_remove(&f->link);
	free(f->bounce);
	free(f);
	if (!d)
		return;
	d->lost--;
	check_returned(d);
}

/*
 * zero_step() - Whole blocks are given back or zeroed by the file system; what is not a whole block,
 * and everything where it cannot do that, is written.
 */
static void zero_step(struct flight *f, struct io_uring_sqe *s)
{
	const struct disk_op *op = f->op;
	uint64_t pos = op->off + f->at, left = op->len - f->at;
	int mode = FALLOC_FL_KEEP_SIZE | (op->unmap ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE);

	f->call = !f->disk->no_unmap && pos % BLOCK == 0 && left >= BLOCK;
	if (f->call) {
		f->step = left - left % BLOCK;
		io_uring_prep_fallocate(s, f->disk->fd, mode, (off_t)pos, (off_t)f->step);
		return;
	}
	f->step = left < ZERO_CHUNK ? left : ZERO_CHUNK;
	if (!f->disk->no_unmap && f->step > BLOCK - pos % BLOCK)
		f->step = BLOCK - pos % BLOCK;
	io_uring_prep_write(s, f->disk->fd, zeroes, (unsigned)f->step, pos);
}

static void step(struct flight *f)
{
	const struct disk_op *op = f->op;
	struct disk_file *d = f->disk;
	struct io_uring_sqe *s = loop_sqe(d->loop, &f->io);
	unsigned left = (unsigned)(op->len - f->at);
	uint8_t *to = f->bounce ? f->bounce : op->buf;

	switch (op->verb) {
	case DISK_READ: io_uring_prep_read(s, d->fd, to + f->at, left, op->off + f->at); break;
	case DISK_WRITE:
		io_uring_prep_write(s, d->fd, op->buf + f->at, left, op->off + f->at);
		s->rw_flags = op->durable ? RWF_DSYNC : 0;
		break;
	case DISK_FLUSH: io_uring_prep_fsync(s, d->fd, IORING_FSYNC_DATASYNC); break;
	case DISK_ZERO: zero_step(f, s); break;
	}
	/* which io_uring_prep_*() of older versions has cleared */
	io_uring_sqe_set_data(s, &f->io);
}

/* stepped() - One system call's worth is over. */
static void stepped(struct io *io, int result)
{
	struct flight *f = list_entry(io, struct flight, io);
	const struct disk_op *op = f->op;

	if (!op) {
		came_back(f);
		return;
	}
	if ((result == -EAGAIN || result == -EINTR) && f->retries++ < RETRIES) {
		step(f);
		return;
	}
	if (f->call && (result == -EOPNOTSUPP || result == -EINVAL)) {
		f->disk->no_unmap = true;
		step(f);
		return;
	}
	if (result < 0 || op->verb == DISK_FLUSH) {
		finish(f, result < 0 ? result : 0);
		return;
	}
	if (f->call)
		result = 1;
	f->at += f->call ? f->step : (unsigned)result;
	if (f->at < op->len && result) {
		step(f);
		return;
	}
	/* nothing more to read or write before the end: the device shrank */
	finish(f, f->at < op->len ? -EIO : 0);
}

static void refused(struct task *t)
{
	struct disk_op *op = list_entry(t, struct disk_op, refused);

	op->done(op, -ENOMEM);
}

void disk_submit(struct disk_file *d, struct disk_op *op)
{
	struct flight *f = calloc(1, sizeof(*f));

	if (f && op->verb == DISK_READ && d->bounce)
		f->bounce = pool_get(f->pool = d->bounce, op->len);
	if (!f || (op->verb == DISK_READ && d->bounce && !f->bounce)) {
		free(f);
		task_init(&op->refused, refused);
		loop_task(d->loop, &op->refused);
		return;
	}
	f->io.done = stepped;
	f->disk = d;
	f->op = op;
	f->since = loop_clock();
	list_append(&d->flights, &f->link);
	d->flying++;
	if (op->verb == DISK_FLUSH)
		d->dirty = false;
	step(f);
}

uint64_t disk_waits(const struct disk_file *d, uint64_t now)
{
	if (d->fd < 0)
		return 0;
	list_for_each (l, &d->flights) {
		const struct flight *f = list_entry(l, struct flight, link);

		if (f->op)
			return now > f->since ? now - f->since : 1;
	}
	return 0;
}

void disk_give_up(struct disk_file *d, int error)
{
	struct list gone = LIST_INIT(gone), *l;

	for (struct list *at = d->flights.next, *next; next = at->next, at != &d->flights;
	     at = next) {
		const struct flight *f = list_entry(at, struct flight, link);

		/* where its data goes is not ours to give back */
		if (!f->op || f->op->verb != DISK_READ || f->bounce) {
			list_remove(at);
			list_append(&gone, at);
		}
	}
	/* in two passes: who is told may look at what is left */
	list_for_each (at, &gone) {
		d->flying -= list_entry(at, struct flight, link)->op != NULL;
		d->lost += list_entry(at, struct flight, link)->op != NULL;
	}
	while ((l = list_take(&gone))) {
		struct flight *f = list_entry(l, struct flight, link);
		struct disk_op *op = f->op;

		f->op = NULL;
		list_append(&d->flights, &f->link);
		if (op)
			op->done(op, error);
	}
}
