/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one thread that everything runs on: sockets (epoll), disks (io_uring), timers, and what is to
 * be done once at the end of a turn, so that many packets or requests become one system call.
 * It waits in one place, the ring, which the epoll is in, so that a turn that only disks have
 * something for is one system call.  Nothing that it calls may wait.
 */
#ifndef MIRROR_ENGINE_LOOP_H
#define MIRROR_ENGINE_LOOP_H

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>

#include "mirror/engine/list.h"

#define LOOP_MS UINT64_C(1000000) /* times are nanoseconds of CLOCK_MONOTONIC */

/* A descriptor.  ready() may free the structure that holds it, if it has called loop_unwatch(). */
struct watch {
	int fd;
	uint32_t events; /* EPOLLIN, EPOLLOUT; level-triggered */
	void (*ready)(struct watch *w, uint32_t events);
	bool on;
};

struct timer {
	uint64_t at;
	void (*due)(struct timer *t);
	struct list link;
};

/* To be called once, when this turn's events have been handled. */
struct task {
	void (*run)(struct task *t);
	struct list link;
};

/* What an io_uring request ends with. */
struct io {
	void (*done)(struct io *io, int result); /* as the system call would return, or -errno */
};

struct loop {
	int epoll;
	struct io_uring ring;
	struct io stir; /* the ring's own request: it ends when the epoll has something to say */
	bool armed;     /* it is in the ring */
	uint64_t now;   /* at the beginning of this turn */
	uint64_t turns; /* counted, for whoever watches whether the loop still turns */
	bool stop;
	struct list timers, tasks;
	struct list lingering; /* linger.h */
	struct watch
		*gone[64]; /* events of this turn, so that one that is unwatched is not called */
	int ngone;
};

/* loop_init() - 0 or -errno.  loop_free() - Nothing may be watched or in the ring any more. */
int loop_init(struct loop *l);
void loop_free(struct loop *l);

/* loop_run() - Turn until loop->stop. */
void loop_run(struct loop *l);

/* loop_watch() - Begin, or change what is waited for to @events (0: only errors).  0 or -errno. */
int loop_watch(struct loop *l, struct watch *w, uint32_t events);
void loop_unwatch(struct loop *l, struct watch *w);

/* loop_timer() - Call t->due() in @ns; set again, it moves.  loop_timer_stop() - Do not. */
void loop_timer(struct loop *l, struct timer *t, uint64_t ns);
void loop_timer_stop(struct timer *t);
bool loop_timer_is_set(const struct timer *t);

/* loop_task() - See struct task; once, however often it is asked for in a turn. */
void loop_task(struct loop *l, struct task *t);

/* timer_init(), task_init() - Before anything else. */
void timer_init(struct timer *t, void (*due)(struct timer *));
void task_init(struct task *t, void (*run)(struct task *));

/*
 * loop_sqe() - A request to be filled in by io_uring_prep_*(); it goes to the kernel at the end of the
 * turn.  @io->done() is called on the loop, never from inside this.
 */
struct io_uring_sqe *loop_sqe(struct loop *l, struct io *io);

/* loop_clock() - CLOCK_MONOTONIC now. */
uint64_t loop_clock(void);

#endif
