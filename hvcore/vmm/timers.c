// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "timers.h"

static void place(struct timers *h, unsigned i, struct loop_timer *t)
{
	h->at[i] = t;
	t->slot = i + 1;
}

static void sift(struct timers *h, unsigned i)
{
	struct loop_timer *t = h->at[i];

	while (i && h->at[(i - 1) / 2]->deadline > t->deadline) {
		place(h, i, h->at[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	for (;;) {
		unsigned child = 2 * i + 1;

		if (child + 1 < h->n && h->at[child + 1]->deadline < h->at[child]->deadline)
			child++;
		if (child >= h->n || h->at[child]->deadline >= t->deadline)
			break;
		place(h, i, h->at[child]);
		i = child;
	}
	place(h, i, t);
}

void timers_arm(struct timers *h, struct loop_timer *t, uint64_t deadline)
{
	t->deadline = deadline;
	if (!t->slot) {
		/* Setup creates every timer; only a bug of ours reaches the end. */
		if (h->n == TIMERS_MAX)
			abort();
		place(h, h->n++, t);
	}
	sift(h, t->slot - 1);
}

void timers_cancel(struct timers *h, struct loop_timer *t)
{
	unsigned i = t->slot;
	struct loop_timer *last;

	if (!i)
		return;
	t->slot = 0;
	last = h->at[--h->n];
	if (last == t)
		return;
	place(h, i - 1, last);
	sift(h, i - 1);
}

uint64_t timers_next(const struct timers *h)
{
	return h->n ? h->at[0]->deadline : UINT64_MAX;
}

struct loop_timer *timers_pop(struct timers *h, uint64_t now)
{
	struct loop_timer *t;

	if (!h->n || h->at[0]->deadline > now)
		return NULL;
	t = h->at[0];
	timers_cancel(h, t);
	return t;
}
