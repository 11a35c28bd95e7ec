// SPDX-License-Identifier: GPL-2.0-or-later
#include <time.h>

#include "clock.h"

static int64_t monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

void clock_init(struct clock *c, bool virtual)
{
	atomic_init(&c->offset, 0);
	atomic_init(&c->frozen, 0);
	atomic_init(&c->running, false);
	c->virtual = virtual;
}

uint64_t clock_now(const struct clock *c)
{
	/* Acquire: `frozen` was written before running went false, `offset` before it went true. */
	if (c->virtual || !atomic_load_explicit(&c->running, memory_order_acquire))
		return (uint64_t)atomic_load_explicit(&c->frozen, memory_order_relaxed);
	return (uint64_t)(monotonic() + atomic_load_explicit(&c->offset, memory_order_relaxed));
}

void clock_stop(struct clock *c)
{
	if (!c->virtual && atomic_load_explicit(&c->running, memory_order_relaxed))
		atomic_store_explicit(&c->frozen, (int64_t)clock_now(c), memory_order_relaxed);
	atomic_store_explicit(&c->running, false, memory_order_release);
}

void clock_continue(struct clock *c)
{
	if (atomic_load_explicit(&c->running, memory_order_relaxed))
		return;
	atomic_store_explicit(&c->offset,
			      atomic_load_explicit(&c->frozen, memory_order_relaxed) - monotonic(),
			      memory_order_relaxed);
	atomic_store_explicit(&c->running, true, memory_order_release);
}

void clock_set(struct clock *c, uint64_t ns)
{
	atomic_store_explicit(&c->frozen, (int64_t)ns, memory_order_relaxed);
	atomic_store_explicit(&c->offset, (int64_t)ns - monotonic(), memory_order_release);
}

uint64_t clock_host_deadline(const struct clock *c, uint64_t ns)
{
	int64_t host;

	if (c->virtual || ns == UINT64_MAX ||
	    !atomic_load_explicit(&c->running, memory_order_acquire))
		return UINT64_MAX;
	if (__builtin_sub_overflow((int64_t)(ns > INT64_MAX ? INT64_MAX : ns),
				   atomic_load_explicit(&c->offset, memory_order_relaxed), &host))
		return UINT64_MAX;
	return host > 0 ? (uint64_t)host : 0;
}
