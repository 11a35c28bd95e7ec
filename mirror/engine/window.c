// SPDX-License-Identifier: GPL-2.0-or-later
#include "mirror/engine/window.h"

#define MS UINT64_C(1000000)

enum { MEASURE_MS = 20, BUDGET_MS = 100 };

void window_begin(struct window *w, const struct window_set *set, uint64_t now)
{
	*w = (struct window){.bytes = set->bytes ? set->bytes : WINDOW_FIRST,
			     .queue = (set->queue_ms ? set->queue_ms : WINDOW_QUEUE_MS) * MS,
			     .shortest = UINT64_MAX,
			     .rate = set->rate,
			     .filled = now,
			     .fixed = set->bytes};
}

/* within() - Whether the rate lets one more go: it may overdraw the budget, and the next one waits longer. */
static bool within(struct window *w, uint64_t now)
{
	double most = (double)w->rate * BUDGET_MS / 1000;
	double have = (double)w->budget + (double)w->rate * (double)(now - w->filled) / 1e9;

	if (!w->rate)
		return true;
	w->budget = (int64_t)(have < most ? have : most);
	w->filled = now;
	return w->budget > 0;
}

bool window_open(struct window *w, uint64_t now)
{
	bool open = w->flying < w->bytes && w->requests < WINDOW_REQUESTS;

	w->full |= !open;
	return open && within(w, now);
}

static void measure_from(struct window *w, uint64_t now)
{
	w->since = now;
	w->came = 0;
	w->full = false;
}

void window_sent(struct window *w, uint64_t bytes, uint64_t now)
{
	if (!w->requests)
		measure_from(w, now); /* it stood still before */
	w->flying += bytes;
	w->requests++;
	w->budget -= w->rate ? (int64_t)bytes : 0;
}

void window_done(struct window *w, uint64_t bytes, uint64_t sent, uint64_t now)
{
	uint64_t took = now - sent, ns = now - w->since;
	double wanted;

	w->flying -= bytes;
	w->requests--;
	w->came += bytes;
	if (took < w->shortest)
		w->shortest = took;
	/* a round trip, so that the first of a burst is not taken for its rate */
	if (w->fixed || ns < MEASURE_MS * MS || ns < 2 * w->shortest)
		return;
	wanted = (double)w->came / (double)ns * (double)(w->shortest + w->queue);
	if (w->full)
		w->bytes = wanted < WINDOW_MIN   ? WINDOW_MIN
			   : wanted > WINDOW_MAX ? WINDOW_MAX
						 : (uint64_t)wanted;
	measure_from(w, now);
}
