// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "mirror/engine/linger.h"

enum { RING_ENTRIES = 512, EVENTS = 64, SECOND_MS = 1000 };

uint64_t loop_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 * LOOP_MS + (uint64_t)t.tv_nsec;
}

static int ring_init(struct loop *l)
{
	/* What ends is said when we wait, many at a time, and never in between. */
	static const unsigned flags[] = {
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
		IORING_SETUP_COOP_TASKRUN | IORING_SETUP_CQSIZE, /* before Linux 6.1 */
		IORING_SETUP_CQSIZE,                             /* before 5.19 */
	};
	int r = -EINVAL;

	for (size_t i = 0; r == -EINVAL && i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct io_uring_params p = {.flags = flags[i], .cq_entries = 8 * RING_ENTRIES};

		r = io_uring_queue_init_params(RING_ENTRIES, &l->ring, &p);
	}
	return r;
}

static void stirred(struct io *io, int result)
{
	struct loop *l = list_entry(io, struct loop, stir);

	l->armed = false;
}

int loop_init(struct loop *l)
{
	int r;

	*l = (struct loop){.epoll = -1, .now = loop_clock(), .stir.done = stirred};
	list_init(&l->timers);
	list_init(&l->tasks);
	list_init(&l->lingering);
	r = ring_init(l);
	if (r)
		return r;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		r = -errno;
		loop_free(l);
	}
	return r;
}

void loop_free(struct loop *l)
{
	linger_end(l);
	io_uring_queue_exit(&l->ring);
	if (l->epoll >= 0)
		close(l->epoll);
	l->epoll = -1;
}

int loop_watch(struct loop *l, struct watch *w, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = w};

	if (w->on && w->events == events)
		return 0;
	if (epoll_ctl(l->epoll, w->on ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, w->fd, &e))
		return -errno;
	w->on = true;
	w->events = events;
	return 0;
}

void loop_unwatch(struct loop *l, struct watch *w)
{
	if (!w->on)
		return;
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, w->fd, NULL);
	w->on = false;
	for (int i = 0; i < l->ngone; i++)
		if (l->gone[i] == w)
			l->gone[i] = NULL;
}

void timer_init(struct timer *t, void (*due)(struct timer *))
{
	*t = (struct timer){.due = due};
	list_init(&t->link);
}

void loop_timer(struct loop *l, struct timer *t, uint64_t ns)
{
	loop_timer_stop(t);
	t->at = loop_clock() + ns;
	list_append(&l->timers, &t->link);
}

void loop_timer_stop(struct timer *t)
{
	list_remove(&t->link);
}

bool loop_timer_is_set(const struct timer *t)
{
	return !list_empty(&t->link);
}

void task_init(struct task *t, void (*run)(struct task *))
{
	*t = (struct task){.run = run};
	list_init(&t->link);
}

void loop_task(struct loop *l, struct task *t)
{
	if (list_empty(&t->link))
		list_append(&l->tasks, &t->link);
}

struct io_uring_sqe *loop_sqe(struct loop *l, struct io *io)
{
	struct io_uring_sqe *s = io_uring_get_sqe(&l->ring);

	/* full: the kernel takes what is there, and there is room again */
	while (!s) {
		io_uring_submit(&l->ring);
		s = io_uring_get_sqe(&l->ring);
	}
	io_uring_sqe_set_data(s, io);
	return s;
}

static void reap(struct loop *l)
{
	struct io_uring_cqe *c;

	while (!io_uring_peek_cqe(&l->ring, &c)) {
		struct io *io = io_uring_cqe_get_data(c);
		int result = c->res;

		io_uring_cqe_seen(&l->ring, c);
		io->done(io, result);
	}
}

static void run_tasks(struct loop *l)
{
	struct list *t;

	while ((t = list_take(&l->tasks)))
		list_entry(t, struct task, link)->run(list_entry(t, struct task, link));
}

static void run_timers(struct loop *l)
{
	struct list due = LIST_INIT(due), *t;

	for (struct list *i = l->timers.next, *next; next = i->next, i != &l->timers; i = next) {
		if (list_entry(i, struct timer, link)->at > l->now)
			continue;
		list_remove(i);
		list_append(&due, i);
	}
	while ((t = list_take(&due)))
		list_entry(t, struct timer, link)->due(list_entry(t, struct timer, link));
}

/* Nanoseconds until the next timer; a second when there is none. */
static uint64_t patience(struct loop *l)
{
	uint64_t ns = SECOND_MS * LOOP_MS, now = loop_clock();

	list_for_each (t, &l->timers) {
		uint64_t at = list_entry(t, struct timer, link)->at;
		uint64_t left = at > now ? at - now : 0;

		if (left < ns)
			ns = left;
	}
	return ns;
}

/* wait_for() - Until something in the ring has ended, or a timer is due; what was filled in goes out. */
static void wait_for(struct loop *l)
{
	struct __kernel_timespec t = {0};
	struct io_uring_cqe *c;
	uint64_t ns = patience(l);

	if (!l->armed) {
		io_uring_prep_poll_add(loop_sqe(l, &l->stir), l->epoll, POLLIN);
		l->armed = true;
	}
	t.tv_sec = (long long)(ns / (SECOND_MS * LOOP_MS));
	t.tv_nsec = (long long)(ns % (SECOND_MS * LOOP_MS));
	io_uring_submit_and_wait_timeout(&l->ring, &c, 1, &t, NULL);
}

static void run_events(struct loop *l)
{
	struct epoll_event e[EVENTS];
	int n = epoll_wait(l->epoll, e, EVENTS, 0);

	l->ngone = n > 0 ? n : 0;
	for (int i = 0; i < n; i++)
		l->gone[i] = e[i].data.ptr;
	for (int i = 0; i < n; i++)
		if (l->gone[i])
			l->gone[i]->ready(l->gone[i], e[i].events);
	l->ngone = 0;
}

void loop_run(struct loop *l)
{
	while (!l->stop) {
		run_tasks(l);
		wait_for(l);
		l->now = loop_clock();
		l->turns++;
		reap(l);
		if (!l->armed)
			run_events(l);
		run_timers(l);
	}
}
