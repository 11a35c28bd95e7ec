// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hv/tune.h"

#include "board_private.h"
#include "jail.h"
#include "log.h"
#include "machine.h"
#include "threads.h"

struct run_thread {
	pthread_t thread;
	unsigned index;
	int tid;
	bool started, jailed;
};

static struct {
	struct run_thread t[HV_VCPUS_MAX];
	unsigned n, parked;
	bool run, end;
	const char *failed;
	struct hv_error jail_error;
	pthread_cond_t go, changed;
} threads;

static void left_engine(enum engine_exit how, const char *why)
{
	if (how == ENGINE_KICKED)
		return;
	threads_hold();
	if (how == ENGINE_SHUTDOWN) {
		board_request(BOARD_RESET, "guest-reset");
		return;
	}
	threads.failed = why ? why : "no reason given";
	board_request(BOARD_PANIC, "engine");
}

static void *thread_main(void *arg)
{
	struct run_thread *t = arg;
	struct hv_error err;
	char name[16];

	t->tid = gettid();
	/* By this name it is known outside (hv/tune.h). */
	snprintf(name, sizeof(name), "vcpu%u", t->index);
	pthread_setname_np(pthread_self(), name);
	hv_pins_enter(t->index);
	if (jail_thread(JAIL_VCPU, &err)) {
		board_lock();
		threads.jail_error = err;
		threads.end = true;
	} else {
		board_lock();
		t->jailed = true;
	}
	for (;;) {
		enum engine_exit how;
		const char *why = NULL;

		threads.parked++;
		pthread_cond_broadcast(&threads.changed);
		while (!threads.run && !threads.end)
			board_wait(&threads.go, NULL);
		if (threads.end)
			break;
		threads.parked--;
		board_unlock();
		how = board.engine_ops->run(board.engine, t->index, &why);
		board_lock();
		left_engine(how, why);
	}
	board_unlock();
	return NULL;
}

static void deadline(struct timespec *ts)
{
	clock_gettime(CLOCK_MONOTONIC, ts);
	ts->tv_sec += MACHINE_PARK_MS / 1000;
}

/* Wait until all threads are parked. */
static int wait_parked(void)
{
	struct timespec until;

	deadline(&until);
	while (threads.parked < threads.n)
		if (board_wait(&threads.changed, &until) == ETIMEDOUT)
			return -ETIMEDOUT;
	return 0;
}

int threads_start(unsigned n, struct hv_error *err)
{
	pthread_condattr_t attr;
	pthread_attr_t small;
	int rc = 0;

	memset(&threads, 0, sizeof(threads));
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&threads.go, &attr);
	pthread_cond_init(&threads.changed, &attr);
	pthread_condattr_destroy(&attr);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 512 << 10);
	while (!rc && threads.n < n) {
		struct run_thread *t = &threads.t[threads.n];

		t->index = threads.n;
		rc = -pthread_create(&t->thread, &small, thread_main, t);
		if (!rc) {
			t->started = true;
			threads.n++;
		}
	}
	pthread_attr_destroy(&small);
	return rc ? hv_err(err, rc, "run thread %u: cannot be started: %s", threads.n,
			   strerror(-rc))
		  : 0;
}

int threads_ready(struct hv_error *err)
{
	if (wait_parked())
		return hv_err(err, -ETIMEDOUT, "the run threads do not start");
	if (threads.end) {
		*err = threads.jail_error;
		return -EPERM;
	}
	return 0;
}

void threads_go(void)
{
	threads.run = true;
	pthread_cond_broadcast(&threads.go);
}

void threads_hold(void)
{
	if (!threads.run)
		return;
	threads.run = false;
	for (unsigned i = 0; i < threads.n; i++)
		board.engine_ops->kick(board.engine, i);
}

int threads_park(void)
{
	int rc;

	threads_hold();
	rc = wait_parked();
	if (!rc && threads.n)
		board.engine_ops->settle(board.engine);
	return rc;
}

void threads_end(void)
{
	board_lock();
	threads_hold();
	threads.end = true;
	pthread_cond_broadcast(&threads.go);
	board_unlock();
	for (unsigned i = 0; i < threads.n; i++)
		pthread_join(threads.t[i].thread, NULL);
	threads.n = 0;
}

const char *threads_failed(void)
{
	return threads.failed;
}

int threads_id(unsigned n)
{
	return n < threads.n ? threads.t[n].tid : 0;
}
