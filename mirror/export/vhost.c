// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syslog.h>
#include <unistd.h>

#include "hv/daemon.h"
#include "mirror/export/vhost_private.h"

/* ---- the front-end ---- */

static void gone(struct task *t)
{
	struct vhost *h = list_entry(t, struct vhost, gone);
	void (*closed)(void *) = h->closed;
	void *arg = h->closed_arg;

	free(h);
	closed(arg);
}

static void check_closed(struct vhost *h)
{
	if (h->closed && !h->front)
		loop_task(h->loop, &h->gone);
}

/* The memory stays until its requests are over: reads go straight into it. */
static void end(struct task *t)
{
	struct vhost_front *f = list_entry(t, struct vhost_front, end);
	struct vhost *h = f->vhost;

	if (f->jobs)
		return;
	for (unsigned i = 0; i < VHOST_QUEUES_MAX; i++)
		list_remove(&f->queue[i].tell.link);
	list_remove(&f->idle.link);
	loop_timer_stop(&f->again);
	vhost_memory_unmap(&f->memory);
	if (f->records)
		munmap(f->records, f->records_size);
	volume_release(h->volume, &f->holder);
	free(f);
	h->front = NULL;
	if (!h->closed)
		door_go(&h->door);
	check_closed(h);
}

void vhost_drop(struct vhost_front *f, const char *why)
{
	struct vhost *h = f->vhost;

	if (f->ending)
		return;
	if (why)
		hv_log_line(LOG_WARNING, "%s: the vhost-user front-end is sent away%s%s: %s",
			    h->door.path, f->kind ? " at " : "", f->kind ? f->kind->name : "", why);
	f->ending = true;
	loop_unwatch(h->loop, &f->watch);
	close(f->watch.fd);
	vhost_close_fds(f);
	for (unsigned i = 0; i < VHOST_QUEUES_MAX; i++) {
		struct vhost_queue *q = &f->queue[i];

		vhost_queue_stop(q);
		if (q->call >= 0)
			close(q->call);
		if (q->err >= 0)
			close(q->err);
		q->call = q->err = -1;
	}
	if (f->backend >= 0)
		close(f->backend);
	f->backend = -1;
	volume_abandon(h->volume, &f->holder);
	/* not from within whatever has found out: it may still look at it */
	loop_task(h->loop, &f->end);
}

static void ready(struct watch *w, uint32_t events)
{
	vhost_read(list_entry(w, struct vhost_front, watch));
}

static void idle(struct task *t)
{
	struct vhost_front *f = list_entry(t, struct vhost_front, idle);

	if (!f->ending)
		vhost_idle(f);
}

static void again(struct timer *t)
{
	vhost_queues_look(list_entry(t, struct vhost_front, again));
}

static void front_new(struct door *d, int fd)
{
	struct vhost *h = list_entry(d, struct vhost, door);
	struct vhost_front *f = calloc(1, sizeof(*f));

	if (!f) {
		close(fd);
		return;
	}
	f->vhost = h;
	f->watch = (struct watch){.fd = fd, .ready = ready};
	f->backend = -1;
	holder_init(&f->holder, fd);
	task_init(&f->end, end);
	task_init(&f->idle, idle);
	timer_init(&f->again, again);
	for (unsigned i = 0; i < VHOST_QUEUES_MAX; i++)
		vhost_queue_init(&f->queue[i], f, i);
	h->front = f;
	h->told = volume_size(h->volume);
	/* before anything else is done with it */
	door_stop(d);
	if (volume_hold(h->volume, &f->holder))
		vhost_drop(f, "the volume is not Primary on this host");
	else if (loop_watch(h->loop, &f->watch, EPOLLIN))
		vhost_drop(f, "it cannot be watched");
}

/* ---- the socket ---- */

/* The volume has another size: the front-end reads the configuration anew. */
static void changed(struct volume_listener *l)
{
	struct vhost *h = list_entry(l, struct vhost, changes);
	struct vhost_front *f = h->front;
	uint8_t head[VHOST_HEADER];

	if (!f || f->ending || f->backend < 0 || h->told == volume_size(h->volume))
		return;
	vhost_ask(head, VHOST_BACKEND_CONFIG_CHANGE, 0);
	if (!vhost_say(f->backend, head, NULL, 0, -1))
		h->told = volume_size(h->volume);
}

int vhost_open(struct vhost **out, struct loop *l, struct volume *v, const char *path)
{
	struct vhost *h = calloc(1, sizeof(*h));
	int r = h ? door_open(&h->door, l, v, path, front_new) : -ENOMEM;

	if (r) {
		free(h);
		return r;
	}
	h->loop = l;
	h->volume = v;
	task_init(&h->gone, gone);
	h->changes.changed = changed;
	volume_listen(v, &h->changes);
	*out = h;
	return 0;
}

void vhost_close(struct vhost *h, void (*done)(void *arg), void *arg)
{
	h->closed = done;
	h->closed_arg = arg;
	list_remove(&h->changes.link);
	door_close(&h->door);
	if (h->front)
		vhost_drop(h->front, NULL);
	check_closed(h);
}

unsigned vhost_clients(const struct vhost *h)
{
	return h->front ? 1 : 0;
}
