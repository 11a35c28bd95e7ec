/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that wait for their turn under a disk's rate limits.  They have not
 * begun: a stop does not wait for them, a reset forgets them, and a disk that is
 * only limited owes no answers.  Time is the host's: its disks are what is spared.
 */
#include <errno.h>
#include <string.h>

#include "hvcore/vmm/virtio/blk.h"
#include "hvcore/vmm/virtio/devices.h"

static void append(struct blk *d, struct blk_waiting *w, enum throttle_way way)
{
	w->next = NULL;
	*d->waiting_end[way] = w;
	d->waiting_end[way] = &w->next;
	d->waits++;
}

static struct blk_waiting *take_first(struct blk *d, enum throttle_way way)
{
	struct blk_waiting *w = d->waiting[way];

	d->waiting[way] = w->next;
	if (!w->next)
		d->waiting_end[way] = &d->waiting[way];
	d->waits--;
	return w;
}

/* When the first of those that wait may begin. */
static uint64_t next_turn(const struct blk *d, uint64_t now)
{
	uint64_t at = UINT64_MAX;

	for (unsigned way = 0; way < THROTTLE_WAYS; way++) {
		uint64_t t = d->waiting[way] ? throttle_wait(&d->throttle, way, now) : UINT64_MAX;

		at = t < at ? t : at;
	}
	return at;
}

bool blk_hold(struct blk *d, struct blk_waiting *w, enum throttle_way way, uint64_t bytes)
{
	uint64_t now;

	if (!d->throttle.any)
		return false;
	now = loop_host_now();
	if (!d->waiting[way] && throttle_wait(&d->throttle, way, now) <= now) {
		throttle_take(&d->throttle, way, bytes, now);
		return false;
	}
	w->bytes = bytes;
	w->since = now;
	append(d, w, way);
	d->throttled++;
	loop_host_timer_arm(&d->turn, next_turn(d, now));
	return true;
}

/* Of both directions' first ones the older that may begin; -1: neither may. */
static int whose_turn(const struct blk *d, uint64_t now)
{
	int who = -1;

	for (int way = 0; way < THROTTLE_WAYS; way++) {
		const struct blk_waiting *w = d->waiting[way];

		if (w && throttle_wait(&d->throttle, way, now) <= now &&
		    (who < 0 || w->since < d->waiting[who]->since))
			who = way;
	}
	return who;
}

void blk_release(struct blk *d)
{
	uint64_t now = loop_host_now();
	int way;

	if (!d->waits || !virtio_live(&d->v))
		return;
	while ((way = whose_turn(d, now)) >= 0) {
		struct blk_waiting *w = take_first(d, way);

		throttle_take(&d->throttle, way, w->bytes, now);
		blk_pass(w, true);
	}
	if (d->waits)
		loop_host_timer_arm(&d->turn, next_turn(d, now));
	block_kick();
}

void blk_forget(struct blk *d)
{
	for (unsigned way = 0; way < THROTTLE_WAYS; way++)
		while (d->waiting[way])
			blk_pass(take_first(d, way), false);
	while (d->nkept)
		blk_pass(blk_kept_take(d), false);
	loop_host_timer_cancel(&d->turn);
}

static void turn_has_come(struct loop_timer *t)
{
	blk_release((struct blk *)((char *)t - offsetof(struct blk, turn)));
}

void blk_throttle_init(struct blk *d, const struct hv_limits *l)
{
	for (unsigned way = 0; way < THROTTLE_WAYS; way++)
		d->waiting_end[way] = &d->waiting[way];
	d->turn.expired = turn_has_come;
	throttle_set(&d->throttle, l, loop_host_now());
}

int virtio_blk_throttle(const char *target, const struct hv_limits *l, struct hv_error *err)
{
	struct blk *d = blk_list;
	char what[32];
	int rc;

	while (d && strcmp(d->v.name, target))
		d = d->next;
	if (!d)
		return hv_err(err, -ENOENT, "there is no disk %.32s; query-block lists them",
			      target);
	snprintf(what, sizeof(what), "disk %.15s", target);
	rc = hv_limits_check(l, what, err);
	if (rc)
		return rc;
	throttle_set(&d->throttle, l, loop_host_now());
	blk_release(d);
	return 0;
}
