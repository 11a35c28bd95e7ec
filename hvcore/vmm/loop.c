// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One epoll set, one timerfd for the earlier of the two heaps (guest clock,
 * host clock).  The board lock is held except while epoll waits.
 */
#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "board.h"
#include "clock.h"
#include "loop.h"
#include "progress.h"
#include "timers.h"

enum { LOOP_BATCH = 32 };

static struct {
	int epfd, tfd;
	struct clock *clock;
	struct timers guest, host;
	uint64_t armed; /* what the timerfd is set to; UINT64_MAX: disarmed */
	bool quit;
	/* What epoll returned, so that loop_del() can strike out what is not handled yet. */
	struct epoll_event batch[LOOP_BATCH];
	int nbatch;
} loop = {.epfd = -1, .tfd = -1};

int loop_init(struct clock *clock)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};

	memset(&loop, 0, sizeof(loop));
	loop.clock = clock;
	loop.armed = UINT64_MAX;
	loop.tfd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	loop.epfd = epoll_create1(EPOLL_CLOEXEC);
	if (loop.tfd < 0 || loop.epfd < 0 || epoll_ctl(loop.epfd, EPOLL_CTL_ADD, loop.tfd, &ev)) {
		int rc = -errno;

		loop_fini();
		return rc;
	}
	return 0;
}

void loop_fini(void)
{
	if (loop.epfd >= 0)
		close(loop.epfd);
	if (loop.tfd >= 0)
		close(loop.tfd);
	loop.epfd = loop.tfd = -1;
}

int loop_add(struct loop_fd *w, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = w};

	return epoll_ctl(loop.epfd, EPOLL_CTL_ADD, w->fd, &ev) ? -errno : 0;
}

int loop_mod(struct loop_fd *w, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = w};

	return epoll_ctl(loop.epfd, EPOLL_CTL_MOD, w->fd, &ev) ? -errno : 0;
}

void loop_del(struct loop_fd *w)
{
	epoll_ctl(loop.epfd, EPOLL_CTL_DEL, w->fd, NULL);
	for (int i = 0; i < loop.nbatch; i++)
		if (loop.batch[i].data.ptr == w)
			loop.batch[i].events = 0;
}

uint64_t loop_host_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Set the timerfd to the earlier of the two heaps, with a system call only if that changed. */
static void rearm(void)
{
	uint64_t at = clock_host_deadline(loop.clock, timers_next(&loop.guest));
	struct itimerspec its = {0};

	if (timers_next(&loop.host) < at)
		at = timers_next(&loop.host);
	if (at == loop.armed)
		return;
	loop.armed = at;
	if (at != UINT64_MAX) {
		its.it_value.tv_sec = (time_t)(at / 1000000000u);
		its.it_value.tv_nsec = (long)(at % 1000000000u);
		/* 0 would disarm. */
		if (!at)
			its.it_value.tv_nsec = 1;
	}
	timerfd_settime(loop.tfd, TFD_TIMER_ABSTIME, &its, NULL);
}

void loop_timer_arm(struct loop_timer *t, uint64_t deadline)
{
	timers_arm(&loop.guest, t, deadline);
	rearm();
}

void loop_timer_cancel(struct loop_timer *t)
{
	/* The timerfd may fire once for nothing: cheaper than a system call here. */
	timers_cancel(&loop.guest, t);
}

void loop_host_timer_arm(struct loop_timer *t, uint64_t deadline)
{
	timers_arm(&loop.host, t, deadline);
	rearm();
}

void loop_host_timer_cancel(struct loop_timer *t)
{
	timers_cancel(&loop.host, t);
}

uint64_t loop_next_deadline(void)
{
	return timers_next(&loop.guest);
}

void loop_run_timers(void)
{
	uint64_t now = clock_now(loop.clock);
	struct loop_timer *t;

	/* As many as there were: one that arms itself for the past cannot keep us here. */
	for (unsigned n = loop.guest.n; n && (t = timers_pop(&loop.guest, now)); n--)
		t->expired(t);
}

static void run_host_timers(void)
{
	uint64_t now = loop_host_now();
	struct loop_timer *t;

	for (unsigned n = loop.host.n; n && (t = timers_pop(&loop.host, now)); n--)
		t->expired(t);
}

void loop_clock_changed(void)
{
	rearm();
}

static void timer_ready(void)
{
	uint64_t n;

	if (read(loop.tfd, &n, sizeof(n)) == sizeof(n))
		loop.armed = UINT64_MAX;
	/* A virtual clock's timers are the engine's to fire, at their instruction. */
	if (!loop.clock->virtual && atomic_load(&loop.clock->running))
		loop_run_timers();
	run_host_timers();
	rearm();
}

int loop_run(void)
{
	int rc = 0;

	board_lock();
	loop.quit = false;
	rearm();
	while (!loop.quit) {
		int n;

		board_unlock();
		n = epoll_wait(loop.epfd, loop.batch, LOOP_BATCH, -1);
		board_lock();
		if (n < 0 && errno != EINTR) {
			rc = -errno;
			break;
		}
		loop.nbatch = n > 0 ? n : 0;
		progress_turn(clock_now(loop.clock));
		for (int i = 0; i < loop.nbatch && !loop.quit; i++) {
			struct loop_fd *w = loop.batch[i].data.ptr;

			if (!w)
				timer_ready();
			else if (loop.batch[i].events)
				w->ready(w, loop.batch[i].events);
		}
		loop.nbatch = 0;
	}
	board_unlock();
	return rc;
}

void loop_quit(void)
{
	loop.quit = true;
}
