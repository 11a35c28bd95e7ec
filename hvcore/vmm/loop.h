/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loop thread: file descriptors, timers on the guest's clock, and calls
 * from other threads.  Every handler runs on this thread with the board lock
 * held (board.h), so that a device never sees itself from two sides.
 */
#ifndef VMM_LOOP_H
#define VMM_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct clock;

/* A watched descriptor; embedded in its owner, which keeps it until loop_del(). */
struct loop_fd {
	int fd;
	void (*ready)(struct loop_fd *w, uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLHUP, ... */
};

/* A one-shot timer at a guest-clock time; embedded in its owner.  Zeroed = idle. */
struct loop_timer {
	uint64_t deadline; /* ns on the clock */
	void (*expired)(struct loop_timer *t);
	unsigned slot; /* private: place in the heap + 1, 0 when idle */
};

/* loop_init() - One loop a process.  0 or -errno.  @clock outlives it. */
int loop_init(struct clock *clock);
void loop_fini(void);

/* loop_add() - Watch w->fd for @events.  0 or -errno. */
int loop_add(struct loop_fd *w, uint32_t events);
int loop_mod(struct loop_fd *w, uint32_t events);
/* loop_del() - Stop watching; also from inside a handler, also of another descriptor. */
void loop_del(struct loop_fd *w);

/*
 * loop_timer_arm() - Fire at clock time @deadline ns (again: moved).  Callable
 * from any thread that holds the board lock.
 */
void loop_timer_arm(struct loop_timer *t, uint64_t deadline);
void loop_timer_cancel(struct loop_timer *t);

/* loop_next_deadline() - The earliest armed deadline, UINT64_MAX if none. */
uint64_t loop_next_deadline(void);
/* loop_run_timers() - Fire what is due by the clock.  The loop does it; deterministic mode too. */
void loop_run_timers(void);
/* loop_clock_changed() - The clock was stopped, continued or set: rearm. */
void loop_clock_changed(void);

/* loop_host_timer_*() - The same in host time (CLOCK_MONOTONIC ns): deadlines of control, not of devices. */
void loop_host_timer_arm(struct loop_timer *t, uint64_t deadline);
void loop_host_timer_cancel(struct loop_timer *t);
uint64_t loop_host_now(void);

/* loop_run() - Until loop_quit().  0 or -errno. */
int loop_run(void);
void loop_quit(void);

#endif
