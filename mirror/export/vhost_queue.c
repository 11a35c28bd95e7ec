// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A ring's life: it has a kick, it is enabled, and then it runs until it is stopped or found to be wrong.
 *
 * Kicks are edges: the counter is the front-end's and is never read, which could wait for ever in somebody
 * else's hands.
 */
#include <errno.h>
#include <linux/virtio_ring.h>
#include <sys/epoll.h>
#include <sys/syslog.h>
#include <unistd.h>

#include "hv/daemon.h"
#include "mirror/export/vhost_private.h"

static void ring_bell(int fd)
{
	const uint64_t one = 1;

	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return; /* it is full: whoever reads it knows already */
}

static void tell(struct task *t)
{
	struct vhost_queue *q = list_entry(t, struct vhost_queue, tell);

	if (q->runs && vhost_ring_calls(&q->ring))
		ring_bell(q->call);
}

static void kicked(struct watch *w, uint32_t events)
{
	vhost_queue_look(list_entry(w, struct vhost_queue, kick));
}

void vhost_queue_init(struct vhost_queue *q, struct vhost_front *f, unsigned index)
{
	q->front = f;
	q->index = index;
	q->kick = (struct watch){.fd = -1, .ready = kicked};
	q->call = q->err = -1;
	task_init(&q->tell, tell);
}

void vhost_queue_stop(struct vhost_queue *q)
{
	struct loop *l = q->front->vhost->loop;

	q->runs = false;
	list_remove(&q->tell.link);
	if (q->kick.fd < 0)
		return;
	loop_unwatch(l, &q->kick);
	close(q->kick.fd);
	q->kick.fd = -1;
}

int vhost_queue_start(struct vhost_queue *q, int kick)
{
	struct vhost_front *f = q->front;
	uint64_t at = q->index * f->records_each;
	void *records = f->records && at + f->records_each <= f->records_size ? f->records + at
									      : NULL;
	int r;

	vhost_queue_stop(q);
	q->ring.event_idx = f->features >> VIRTIO_RING_F_EVENT_IDX & 1;
	q->ring.indirect = f->features >> VIRTIO_RING_F_INDIRECT_DESC & 1;
	if (vhost_ring_map(&q->ring, &f->memory, records, f->records_each)) {
		vhost_queue_broken(q, q->ring.why);
		return -EINVAL;
	}
	q->kick.fd = kick;
	r = loop_watch(f->vhost->loop, &q->kick, EPOLLIN | EPOLLET);
	if (r) {
		q->kick.fd = -1;
		return r;
	}
	q->runs = true;
	return 0;
}

void vhost_queue_broken(struct vhost_queue *q, const char *why)
{
	hv_log_line(LOG_WARNING, "%s: ring %u of the guest is stopped: %s",
		    q->front->vhost->door.path, q->index, why);
	ring_bell(q->err);
	vhost_queue_stop(q);
}

void vhost_queue_look(struct vhost_queue *q)
{
	struct vhost_front *f = q->front;
	unsigned budget = VHOST_RING_MAX;
	int r;

	while (q->runs && q->enabled && !f->waits && !f->ending) {
		if (f->buffers >= VHOST_BUFFERS_MAX || f->jobs >= VHOST_JOBS_MAX) {
			f->starved = true;
			return;
		}
		if (!budget--) {
			loop_timer(f->vhost->loop, &f->again, 0);
			return;
		}
		r = vhost_ring_pop(&q->ring, &f->memory, &f->chain);
		if (r < 0)
			vhost_queue_broken(q, q->ring.why);
		else if (r)
			vhost_blk_begin(q);
		else if (!vhost_ring_listen(&q->ring))
			return;
	}
}

void vhost_queues_look(struct vhost_front *f)
{
	for (unsigned i = 0; i < VHOST_QUEUES_MAX; i++)
		vhost_queue_look(&f->queue[i]);
}

void vhost_queue_push(struct vhost_queue *q, uint16_t head, uint32_t len)
{
	if (!q->runs)
		return;
	vhost_ring_push(&q->ring, head, len);
	loop_task(q->front->vhost->loop, &q->tell);
}
