// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What this host has to do for requests that are under way.  The state says what is to
 * be done, here is only what has been begun; so a daemon that was started anew begins it again.
 */
#include <errno.h>
#include <qb/qbloop.h>
#include <qb/qbutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fencing/fenced.h"
#include "fencing/order_table.h"
#include "hv/daemon.h"
#include "hv/rundir.h"

enum { KILL_MS = 5000, ASK_MS = 5000, AGAIN_MS = 300, EARLY_MS = 500 };

struct duty {
	struct duty *next;
	uint8_t id[ORDER_ID];
	char incarnation[ORDER_UUID]; /* ORDER_DO_KILL: of which instance */
	enum order_duty_kind kind;    /* ORDER_NOTHING: the deadline of a request we coordinate */
	uint32_t question;            /* to the helper; 0: none */
	bool busy, seen;
	struct order_message *answer; /* sent, and not seen to be delivered yet */
	int64_t deadline_ns;
	qb_loop_timer_handle timer;
};

static struct duty *all;

static struct duty *find(const uint8_t *id, enum order_duty_kind kind, const char *incarnation)
{
	struct duty *d = all;

	while (d && (d->kind != kind || memcmp(d->id, id, ORDER_ID) ||
		     strcmp(d->incarnation, incarnation)))
		d = d->next;
	return d;
}

static struct duty *add(const uint8_t *id, enum order_duty_kind kind, const char *incarnation)
{
	struct duty *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	memcpy(d->id, id, ORDER_ID);
	d->kind = kind;
	order_copy(d->incarnation, sizeof(d->incarnation), incarnation);
	d->next = all;
	all = d;
	return d;
}

static void again(void *data)
{
	struct duty *d = data;

	d->timer = 0;
	d->busy = false;
	duties_changed();
}

static void later(struct duty *d)
{
	d->busy = true;
	if (!d->timer)
		qb_loop_timer_add(fenced.loop, QB_LOOP_MED, AGAIN_MS * QB_TIME_NS_IN_MSEC, d, again,
				  &d->timer);
}

static void give_up(void *data)
{
	struct duty *d = data;
	struct order_message m = {.kind = ORDER_MSG_GIVE_UP, .result = FENCE_FAILED};

	d->timer = 0;
	memcpy(m.id, d->id, ORDER_ID);
	if (fenced_able())
		fenced_send(&m);
	/* Until it is delivered, and the request gone: a round may have passed it over. */
	qb_loop_timer_add(fenced.loop, QB_LOOP_MED, AGAIN_MS * QB_TIME_NS_IN_MSEC, d, give_up,
			  &d->timer);
}

/* A bit before the client stops waiting, so that the reason reaches it. */
static int64_t budget_ms(uint32_t timeout_ms)
{
	uint32_t early = timeout_ms / 10 < EARLY_MS ? timeout_ms / 10 : EARLY_MS;

	return timeout_ms - early;
}

/* The clock of a request that this host coordinates starts when it begins to. */
static struct duty *clock_of(const struct order_pending *p)
{
	struct duty *d = find(p->id, ORDER_NOTHING, "");

	if (d || !(d = add(p->id, ORDER_NOTHING, "")))
		return d;
	d->deadline_ns = fenced_now_ns() + budget_ms(p->timeout_ms) * 1000000;
	qb_loop_timer_add(fenced.loop, QB_LOOP_MED,
			  (uint64_t)budget_ms(p->timeout_ms) * QB_TIME_NS_IN_MSEC, d, give_up,
			  &d->timer);
	return d;
}

static uint32_t left_ms(const struct order_pending *p, uint32_t most)
{
	const struct duty *d = find(p->id, ORDER_NOTHING, "");
	int64_t left = d ? (d->deadline_ns - fenced_now_ns()) / 1000000 : most;

	return left <= 0 ? 1 : left < most ? (uint32_t)left : most;
}

static void ask_helper(struct duty *d, const struct order_pending *p)
{
	bool settle = d->kind == ORDER_DO_SETTLE;
	struct helper_message m = {
		.what = settle                  ? HELPER_SETTLE
			: p->op == FENCE_OP_OFF ? HELPER_MARK
						: HELPER_LIFT,
		.timeout_ms = left_ms(p, settle ? UINT32_MAX / 2 : ASK_MS),
	};
	int seq;

	order_copy(m.resource, sizeof(m.resource), p->resource);
	order_copy(m.by, sizeof(m.by), p->sender_name);
	seq = helper_ask(&m);
	if (seq <= 0) {
		later(d);
		return;
	}
	d->question = (uint32_t)seq;
	d->busy = true;
}

/*
 * What is switched off is no failure: heartbeat is not to report it, or the cluster would
 * ban this host for it.  What is rebooted is to be reported, so that it starts again at once.
 */
static void announce_off(const struct order_pending *p, const char *incarnation)
{
	const struct order_domain *d = domains_find(p->target);
	struct hv_error err = {""};

	if (p->op == FENCE_OP_OFF && d && !strcmp(d->incarnation, incarnation) &&
	    hv_intent_write(p->target, HV_INTENT_STOP, KILL_MS, &err))
		hv_log_line(LOG_WARNING, "%s", err.text);
}

static void start_kill(struct duty *d, const struct order_pending *p)
{
	struct work_kill k = {.timeout_ms = KILL_MS};

	announce_off(p, d->incarnation);
	order_copy(k.name, sizeof(k.name), p->target);
	order_copy(k.incarnation, sizeof(k.incarnation), d->incarnation);
	memcpy(k.id, p->id, ORDER_ID);
	hv_log_line(LOG_NOTICE, "domain %s, incarnation %s: killed for %s", p->target,
		    d->incarnation, p->sender_name);
	if (work_start(&k))
		later(d);
	else
		d->busy = true;
}

static void do_duty(const struct order_pending *p)
{
	unsigned instance = 0;
	enum order_duty_kind kind = order_duty(fenced.sync.state, p, fenced.sync.me, &instance);
	const char *incarnation = kind == ORDER_DO_KILL ? p->instance[instance].incarnation : "";
	struct duty *d;

	if (p->coordinator == fenced.sync.me && (d = clock_of(p)))
		d->seen = true;
	if (kind == ORDER_NOTHING)
		return;
	d = find(p->id, kind, incarnation);
	if (!d)
		d = add(p->id, kind, incarnation);
	if (!d)
		return;
	d->seen = true;
	if (d->busy)
		return;
	if (kind == ORDER_DO_KILL)
		start_kill(d, p);
	else
		ask_helper(d, p);
}

static void forget_unseen(void)
{
	for (struct duty **at = &all; *at;) {
		struct duty *d = *at;

		if (d->seen) {
			at = &d->next;
			continue;
		}
		if (d->timer)
			qb_loop_timer_del(fenced.loop, d->timer);
		*at = d->next;
		free(d->answer);
		free(d);
	}
}

void duties_changed(void)
{
	const struct order_state *s = fenced.sync.state;

	for (struct duty *d = all; d; d = d->next)
		d->seen = false;
	for (uint32_t i = 0; fenced_able() && i < s->npending; i++)
		do_duty(&s->pending[i]);
	/* One that cannot be carried out now has not lost its clock. */
	for (struct duty *d = all; d; d = d->next)
		d->seen |= !fenced_able() && order_find_pending(s, d->id);
	forget_unseen();
}

/* Send what was done, and keep it: a round may pass it over. */
static void answer(struct duty *d, const struct order_message *m)
{
	struct order_message copy = *m;

	if (d && !d->answer)
		d->answer = malloc(sizeof(*m));
	if (d && d->answer)
		*d->answer = *m;
	fenced_send(&copy);
}

void duties_resend(void)
{
	for (struct duty *d = all; d; d = d->next)
		if (d->answer)
			answer(d, d->answer);
}

static struct duty *of_question(uint32_t seq)
{
	struct duty *d = all;

	while (d && d->question != seq)
		d = d->next;
	return seq ? d : NULL;
}

void duties_answer(const struct helper_message *a)
{
	struct duty *d = of_question(a->seq);
	struct order_message m = {0};

	if (!d)
		return; /* the request has come to its end */
	d->question = 0;
	/* What a retry may mend is tried again, until the request's deadline. */
	if (a->rc && a->rc != -EPERM && a->rc != -EINVAL) {
		hv_log_line(LOG_WARNING, "%s; trying again", a->text);
		later(d);
		return;
	}
	m.kind = d->kind == ORDER_DO_MARK ? ORDER_MSG_MARKED : ORDER_MSG_SETTLED;
	m.result = a->rc ? FENCE_FAILED : FENCE_DONE;
	memcpy(m.id, d->id, ORDER_ID);
	order_copy(m.text, sizeof(m.text), a->text);
	answer(d, &m);
}

void duties_worked(const struct work_kill *k)
{
	struct duty *d = find(k->id, ORDER_DO_KILL, k->incarnation);
	struct order_message m = {.kind = ORDER_MSG_PROOF, .alive = k->ran};

	if (k->rc) {
		/* Pacemaker's own stop fails likewise, and then this host is fenced: that is proof, too. */
		hv_log_line(LOG_ERR,
			    "domain %s, incarnation %s: its end is not proven: %s; trying again",
			    k->name, k->incarnation, k->text);
		if (d)
			later(d);
		return;
	}
	/* Also when the request has been given up: its end is true all the same. */
	memcpy(m.id, k->id, ORDER_ID);
	order_copy(m.incarnation, sizeof(m.incarnation), k->incarnation);
	answer(d, &m);
}

unsigned duties_count(void)
{
	unsigned n = 0;

	for (struct duty *d = all; d; d = d->next)
		n += d->busy;
	return n;
}
