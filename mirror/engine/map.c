// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the volume has storage.  The file system is asked by a thread of the request's own, since it may wait
 * for the disk; its end comes through the loop's ring as any other.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mirror/engine/private.h"

struct mapping {
	struct volume *v;
	struct request *r;
	int fd, wake;
	uint64_t woken;
	struct io io;
};

/* One of lseek()'s two questions; @end where it has no answer. */
static uint64_t ask(int fd, uint64_t at, uint64_t end, int whence)
{
	off_t to = lseek(fd, (off_t)at, whence);

	/* ENXIO: only a hole is left.  Other errors: it is taken for data. */
	if (to < 0 && whence == SEEK_DATA && errno != ENXIO)
		return at;
	return to < 0 || (uint64_t)to > end ? end : (uint64_t)to;
}

static void look(int fd, uint64_t at, uint64_t end, struct volume_map *m)
{
	m->count = 0;
	while (at < end && m->count + 2 <= VOLUME_MAP_EXTENTS) {
		uint64_t data = ask(fd, at, end, SEEK_DATA);

		if (data > at)
			m->extent[m->count++] = (struct volume_extent){data, true};
		if (data < end) {
			at = ask(fd, data, end, SEEK_HOLE);
			at = at > data ? at : end;
			m->extent[m->count++] = (struct volume_extent){at, false};
		} else {
			at = end;
		}
	}
}

static void *seek(void *arg)
{
	struct mapping *x = arg;
	struct request *r = x->r;

	look(x->fd, r->off, r->off + r->len, (struct volume_map *)(void *)r->buf);
	/* from here on it is the loop's */
	eventfd_write(x->wake, 1);
	return NULL;
}

static void over(struct io *io, int result)
{
	struct mapping *x = list_entry(io, struct mapping, io);
	struct volume *v = x->v;
	struct request *r = x->r;

	if (!--v->data.flying)
		disk_returned(&v->data);
	close(x->wake);
	free(x);
	request_tell(v, r, 0, false);
}

static int start(struct mapping *x)
{
	pthread_attr_t detached;
	pthread_t t;
	int r;

	x->wake = eventfd(0, EFD_CLOEXEC);
	if (x->wake < 0)
		return -errno;
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	r = -pthread_create(&t, &detached, seek, x);
	pthread_attr_destroy(&detached);
	if (r)
		close(x->wake);
	return r;
}

void map_begin(struct volume *v, struct request *r)
{
	struct mapping *x = calloc(1, sizeof(*x));
	struct io_uring_sqe *s;

	if (x) {
		x->v = v;
		x->r = r;
		/* Of a disk that lacks something nothing can be said: it is taken for data. */
		x->fd = v->state.disk == DISK_UP_TO_DATE ? v->data.fd : -1;
		x->io.done = over;
	}
	if (!x || start(x)) {
		free(x);
		request_refuse(v, r, -ENOMEM);
		return;
	}
	v->data.flying++;
	s = loop_sqe(v->loop, &x->io);
	io_uring_prep_read(s, x->wake, &x->woken, sizeof(x->woken), 0);
	io_uring_sqe_set_data(s, &x->io);
}

uint64_t volume_out_of_sync(const struct volume *v, uint64_t off, bool *dirty)
{
	uint64_t bit = off / (BITMAP_BIT_SECTORS * 512), next;

	*dirty = bitmap_test(&v->bitmap, bit);
	next = bitmap_next(&v->bitmap, bit, !*dirty);
	return next == BITMAP_END ? volume_size(v) : next * BITMAP_BIT_SECTORS * 512;
}

bool volume_zeroes_fast(const struct volume *v)
{
	return !v->data.no_unmap;
}
