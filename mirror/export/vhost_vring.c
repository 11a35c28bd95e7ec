// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the front-end says of its rings.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mirror/export/vhost_private.h"

static struct vhost_queue *queue(struct vhost_front *f, uint32_t index, const char **why)
{
	if (index < VHOST_QUEUES_MAX)
		return &f->queue[index];
	*why = "a ring that there is not";
	return NULL;
}

/* What a message says of a ring, for those that have an index and a number. */
static struct vhost_queue *vring(struct vhost_front *f, uint32_t *num, const char **why)
{
	struct vhost_wire_vring v;

	memcpy(&v, f->payload, sizeof(v));
	*num = v.num;
	return queue(f, v.index, why);
}

int vhost_set_num(struct vhost_front *f, const char **why)
{
	uint32_t num;
	struct vhost_queue *q = vring(f, &num, why);

	if (q && (!num || num > VHOST_RING_MAX || num & (num - 1) || q->runs))
		*why = "a ring of that size, or one that runs";
	if (*why)
		return -EINVAL;
	q->ring.size = (uint16_t)num;
	return 0;
}

int vhost_set_base(struct vhost_front *f, const char **why)
{
	uint32_t num;
	struct vhost_queue *q = vring(f, &num, why);

	if (q && (num > UINT16_MAX || q->runs))
		*why = "a place in a ring that it has not, or one that runs";
	if (*why)
		return -EINVAL;
	q->ring.base = (uint16_t)num;
	return 0;
}

/* It stops; nothing is in flight. */
int vhost_get_base(struct vhost_front *f, const char **why)
{
	struct vhost_wire_vring v;
	uint32_t num;
	struct vhost_queue *q = vring(f, &num, why);

	if (!q)
		return -EINVAL;
	if (q->runs)
		q->ring.base = q->ring.next_avail;
	vhost_queue_stop(q);
	v = (struct vhost_wire_vring){q->index, q->ring.base};
	return vhost_reply(f, &v, sizeof(v), -1);
}

int vhost_set_addr(struct vhost_front *f, const char **why)
{
	struct vhost_wire_addr a;
	struct vhost_queue *q;

	memcpy(&a, f->payload, sizeof(a));
	q = queue(f, a.index, why);
	if (!q)
		return -EINVAL;
	q->ring.desc = a.desc;
	q->ring.used = a.used;
	q->ring.avail = a.avail;
	if (q->runs && vhost_ring_find(&q->ring, &f->memory))
		vhost_queue_broken(q, q->ring.why);
	return 0;
}

int vhost_set_enable(struct vhost_front *f, const char **why)
{
	uint32_t num;
	struct vhost_queue *q = vring(f, &num, why);

	if (!q)
		return -EINVAL;
	q->enabled = num;
	return 0;
}

static bool is_eventfd(int fd)
{
	char link[64], to[32] = "";

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return readlink(link, to, sizeof(to) - 1) > 0 && !strcmp(to, "anon_inode:[eventfd]");
}

/* bell() - The ring's descriptor, ours now.  -1: none is wanted; -EINVAL: it is no eventfd. */
static int bell(struct vhost_front *f, struct vhost_queue **q, const char **why)
{
	uint64_t n = vhost_number(f);
	int fd;

	*q = queue(f, n & VHOST_INDEX, why);
	if (!*q)
		return -EINVAL;
	if (n & VHOST_NO_FD)
		return -1;
	fd = vhost_take_fd(f, 0);
	/* whatever else it is, using it might wait */
	if (fd >= 0 && is_eventfd(fd) && !fcntl(fd, F_SETFL, O_NONBLOCK))
		return fd;
	if (fd >= 0)
		close(fd);
	*why = "a ring's descriptor is no eventfd";
	return -EINVAL;
}

int vhost_set_kick(struct vhost_front *f, const char **why)
{
	struct vhost_queue *q;
	int fd = bell(f, &q, why), r;

	if (*why)
		return -EINVAL;
	if (fd < 0) {
		*why = "rings without a kick, which would have to be polled, are not served";
		return -EINVAL;
	}
	r = vhost_queue_start(q, fd);
	if (r)
		close(fd);
	return r;
}

static void set_bell(int *at, int fd)
{
	if (*at >= 0)
		close(*at);
	*at = fd;
}

int vhost_set_call(struct vhost_front *f, const char **why)
{
	struct vhost_queue *q;
	int fd = bell(f, &q, why);

	if (*why)
		return -EINVAL;
	set_bell(&q->call, fd);
	return 0;
}

int vhost_set_err(struct vhost_front *f, const char **why)
{
	struct vhost_queue *q;
	int fd = bell(f, &q, why);

	if (*why)
		return -EINVAL;
	set_bell(&q->err, fd);
	return 0;
}
