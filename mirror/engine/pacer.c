// SPDX-License-Identifier: GPL-2.0-or-later
#include "mirror/engine/pacer.h"
#include "mirror/engine/pread.h"
#include "mirror/engine/verify.h"

enum { TICK_MS = 20 };

static bool is_on(const struct volume *v)
{
	return v->state.conn == CONN_SYNC_SOURCE || v->state.conn == CONN_SYNC_TARGET ||
	       verify_runs(v);
}

/* What has been begun of it and is not over, here or at the peer. */
static uint64_t outstanding(const struct volume *v)
{
	return v->sync.window.flying + v->verify.window.flying + v->preads[PREAD_SYNC].bytes +
	       v->sync.unconfirmed * BITMAP_BIT_SECTORS * 512;
}

static struct pace_seen observe(const struct volume *v)
{
	return (struct pace_seen){
		.now = loop_clock(),
		.requests = v->submitted - v->requests,
		.bytes = v->read + v->written,
		.in_flight = v->requests,
		.moved = v->pacer.moved,
		.outstanding = outstanding(v),
	};
}

bool pacer_open(const struct volume *v)
{
	return v->state.role != ROLE_PRIMARY || pace_open(&v->pacer.pace);
}

static void look(struct timer *t)
{
	struct volume *v = list_entry(t, struct volume, pacer.timer);
	const struct volume_rates *r = &v->config.rates;
	struct pace_seen s = observe(v);
	uint64_t ns;

	/* they may have been changed meanwhile */
	v->pacer.pace.min_rate = r->min * UINT64_C(1024);
	v->sync.window.rate = v->verify.window.rate = r->max * UINT64_C(1024);
	ns = pace_look(&v->pacer.pace, &s);
	if (!is_on(v))
		return;
	/* who has no clients only watches what it may ask for per second */
	loop_timer(v->loop, t, v->state.role == ROLE_PRIMARY ? ns : TICK_MS * LOOP_MS);
	preads_pump(v);
	target_go_on(v);
	verify_look(v);
}

void pacer_begin(struct volume *v)
{
	struct pace_seen s = observe(v);

	v->sync.began = v->loop->now;
	pace_begin(&v->pacer.pace, v->config.rates.min * UINT64_C(1024), &s);
	loop_timer(v->loop, &v->pacer.timer, TICK_MS * LOOP_MS);
}

void pacer_init(struct volume *v)
{
	timer_init(&v->pacer.timer, look);
}
