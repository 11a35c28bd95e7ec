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

static int measure(struct disk_file *d)
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
	d->path = strdup(path);
	if (!d->path)
		return -ENOMEM;
	if (!stat(path, &st) && S_ISBLK(st.st_mode))
		flags |= O_EXCL; /* nobody has mounted it */
	d->fd = open(path, flags);
	r = d->fd < 0 ? -errno : lock(d);
	if (!r)
		r = measure(d);
	if (r)
		disk_close(d);
	return r;
}

void disk_close(struct disk_file *d)
{
	if (d->fd >= 0)
		close(d->fd);
	free(d->path);
	d->fd = -1;
	d->path = NULL;
}

static void finish(struct disk_op *op, int result)
{
	op->disk->flying--;
	op->done(op, result);
}

/*
 * zero_step() - Whole blocks are given back or zeroed by the file system; what is not a whole block,
 * and everything where it cannot do that, is written.
 */
static void zero_step(struct disk_op *op, struct io_uring_sqe *s)
{
	uint64_t pos = op->off + op->at, left = op->len - op->at;
	int mode = FALLOC_FL_KEEP_SIZE | (op->unmap ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE);

	op->call = !op->disk->no_unmap && pos % BLOCK == 0 && left >= BLOCK;
	if (op->call) {
		op->step = left - left % BLOCK;
		io_uring_prep_fallocate(s, op->disk->fd, mode, (off_t)pos, (off_t)op->step);
		return;
	}
	op->step = left < ZERO_CHUNK ? left : ZERO_CHUNK;
	if (!op->disk->no_unmap && op->step > BLOCK - pos % BLOCK)
		op->step = BLOCK - pos % BLOCK;
	io_uring_prep_write(s, op->disk->fd, zeroes, (unsigned)op->step, pos);
}

static void step(struct disk_op *op)
{
	struct disk_file *d = op->disk;
	struct io_uring_sqe *s = loop_sqe(d->loop, &op->io);
	unsigned left = (unsigned)(op->len - op->at);

	switch (op->verb) {
	case DISK_READ:
		io_uring_prep_read(s, d->fd, op->buf + op->at, left, op->off + op->at);
		break;
	case DISK_WRITE:
		io_uring_prep_write(s, d->fd, op->buf + op->at, left, op->off + op->at);
		s->rw_flags = op->durable ? RWF_DSYNC : 0;
		break;
	case DISK_FLUSH: io_uring_prep_fsync(s, d->fd, IORING_FSYNC_DATASYNC); break;
	case DISK_ZERO: zero_step(op, s); break;
	}
	/* which io_uring_prep_*() of older versions has cleared */
	io_uring_sqe_set_data(s, &op->io);
}

/* stepped() - One system call's worth is over. */
static void stepped(struct io *io, int result)
{
	struct disk_op *op = list_entry(io, struct disk_op, io);

	if ((result == -EAGAIN || result == -EINTR) && op->retries++ < RETRIES) {
		step(op);
		return;
	}
	if (op->call && (result == -EOPNOTSUPP || result == -EINVAL)) {
		op->disk->no_unmap = true;
		step(op);
		return;
	}
	if (result < 0 || op->verb == DISK_FLUSH) {
		finish(op, result < 0 ? result : 0);
		return;
	}
	if (op->call)
		result = 1;
	op->at += op->call ? op->step : (unsigned)result;
	if (op->at < op->len && result) {
		step(op);
		return;
	}
	/* nothing more to read or write before the end: the device shrank */
	finish(op, op->at < op->len ? -EIO : 0);
}

void disk_submit(struct disk_file *d, struct disk_op *op)
{
	op->disk = d;
	op->io.done = stepped;
	op->at = 0;
	op->retries = 0;
	op->call = false;
	d->flying++;
	step(op);
}
