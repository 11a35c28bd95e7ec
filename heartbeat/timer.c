// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A binary heap, the earliest at slot 1.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "hv/daemon.h"

#include "timer.h"

static struct {
	int fd;
	struct hb_timer **heap; /* slots 1..n */
	unsigned n, size;
	int64_t armed; /* when the descriptor fires; 0: never */
} self = {.fd = -1};

static int64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void put(unsigned slot, struct hb_timer *t)
{
	self.heap[slot] = t;
	t->slot = slot;
}

/* settle() - Move @t from @slot to where it belongs. */
static void settle(unsigned slot, struct hb_timer *t)
{
	for (; slot > 1 && t->at < self.heap[slot / 2]->at; slot /= 2)
		put(slot, self.heap[slot / 2]);
	for (;;) {
		unsigned child = slot * 2;

		if (child + 1 <= self.n && self.heap[child + 1]->at < self.heap[child]->at)
			child++;
		if (child > self.n || self.heap[child]->at >= t->at)
			break;
		put(slot, self.heap[child]);
		slot = child;
	}
	put(slot, t);
}

/* arm() - The descriptor fires for the earliest; later than needed is never, sooner does no harm. */
static void arm(void)
{
	int64_t at = self.n ? self.heap[1]->at : 0;
	struct itimerspec when = {.it_value = {at / 1000000000, at % 1000000000}};

	if (!at || (self.armed && self.armed <= at))
		return;
	timerfd_settime(self.fd, TFD_TIMER_ABSTIME, &when, NULL);
	self.armed = at;
}

static void take_out(struct hb_timer *t)
{
	unsigned slot = t->slot;
	struct hb_timer *last = self.heap[self.n--];

	t->slot = 0;
	if (last != t)
		settle(slot, last);
}

static int32_t ready(int32_t fd, int32_t events, void *data)
{
	int64_t now = clock_ns();
	uint64_t fired;

	if (read(fd, &fired, sizeof(fired)) < 0 && errno != EAGAIN)
		hv_log_line(LOG_ERR, "timerfd: cannot be read");
	self.armed = 0;
	while (self.n && self.heap[1]->at <= now) {
		struct hb_timer *t = self.heap[1];

		take_out(t);
		t->fn(t->data);
	}
	arm();
	return 0;
}

int timer_start(qb_loop_t *loop)
{
	self.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (self.fd < 0)
		return -errno;
	return qb_loop_poll_add(loop, QB_LOOP_HIGH, self.fd, POLLIN, NULL, ready);
}

void timer_set(struct hb_timer *t, int64_t ns, void *data, void (*fn)(void *data))
{
	if (t->slot)
		take_out(t);
	if (self.n + 1 >= self.size) {
		unsigned size = self.size ? self.size * 2 : 256;
		struct hb_timer **heap = realloc(self.heap, size * sizeof(*heap));

		if (!heap) {
			/* Without its timers the daemon is blind: better a fresh one. */
			hv_log_line(LOG_CRIT, "out of memory: ending, to be started again");
			_exit(1);
		}
		self.heap = heap;
		self.size = size;
	}
	t->at = clock_ns() + (ns > 0 ? ns : 0);
	t->fn = fn;
	t->data = data;
	self.n++;
	settle(self.n, t);
	arm();
}

void timer_clear(struct hb_timer *t)
{
	if (t->slot)
		take_out(t);
}
