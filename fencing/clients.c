// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Those who ask: what they ask is put in order, and answered when its outcome is known.
 */
#include <qb/qbloop.h>
#include <qb/qbutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fencing/audit.h"
#include "fencing/authorise.h"
#include "fencing/door.h"
#include "fencing/fenced.h"
#include "fencing/order_table.h"
#include "hv/daemon.h"

enum { LATE_MS = 200 };

struct waiter {
	struct waiter *next;
	struct door_client *who;
	struct fence_request r;
	bool sent;
	int64_t deadline_ns;
	qb_loop_timer_handle timer;
};

static struct waiter *all;

static void forget(struct waiter *w)
{
	struct waiter **at = &all;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	if (w->timer)
		qb_loop_timer_del(fenced.loop, w->timer);
	free(w);
}

static void answer(struct waiter *w, enum fence_result result, enum fence_power power,
		   const char *text, const char *incarnation)
{
	struct fence_reply a = {.result = (uint16_t)result, .power = (uint8_t)power};
	struct door_client *who = w->who;

	memcpy(a.id, w->r.id, sizeof(a.id));
	order_copy(a.text, sizeof(a.text), text);
	forget(w);
	door_answer(who, &a, incarnation && *incarnation ? incarnation : NULL);
}

/* The domain's group, as the host that ran it last said; NULL: none. */
static const char *group_of(const char *domain)
{
	const struct order_domain *d = order_find_domain(fenced.sync.state, domain);

	return d && *d->group ? d->group : NULL;
}

static const char *why_unable(void)
{
	if (!fenced.connected)
		return "this host is not connected to the host cluster";
	if (!fenced.quorate)
		return "the host cluster is not quorate here";
	return NULL;
}

/* Each name once, with what is known of it, of one group. */
static void answer_list(struct waiter *w, const char *group)
{
	const struct order_state *s = fenced.sync.state;
	struct fence_reply a = {.result = FENCE_DONE};
	struct door_client *who = w->who;
	struct fence_listed *l = calloc(FENCE_LIST_MAX, sizeof(*l));

	for (uint32_t i = 0; l && i < s->ndomains && a.nlisted < FENCE_LIST_MAX; i++) {
		const struct order_domain *d = &s->domain[i];

		if (order_find_domain(s, d->name) != d || fence_authorise(group, d->group))
			continue;
		order_copy(l[a.nlisted].name, sizeof(l->name), d->name);
		l[a.nlisted++].power = (uint8_t)order_power(s, d->name);
	}
	a.listed = l;
	memcpy(a.id, w->r.id, sizeof(a.id));
	forget(w);
	door_answer(who, &a, NULL);
	free(l);
}

static void answer_status(struct waiter *w, const char *group)
{
	const struct order_state *s = fenced.sync.state;
	const struct order_domain *d = order_find_domain(s, w->r.target);
	const struct order_domain *here = domains_find(w->r.target);
	enum fence_right right = d ? fence_authorise(group, d->group) : FENCE_MAY;
	enum fence_power power;
	char text[ORDER_TEXT];

	if (!d) {
		snprintf(text, sizeof(text),
			 "no domain %s has run since this cluster's fencing started", w->r.target);
		answer(w, FENCE_NO_TARGET, FENCE_POWER_UNKNOWN, text, NULL);
		return;
	}
	if (right != FENCE_MAY) {
		snprintf(text, sizeof(text), "domain %s: %s", w->r.target, fence_right_text(right));
		answer(w, FENCE_DENIED, FENCE_POWER_UNKNOWN, text, NULL);
		return;
	}
	/* What has started here a moment ago may not be in the table yet. */
	power = here ? FENCE_POWER_ON : order_power(s, w->r.target);
	snprintf(text, sizeof(text), "domain %s: %s", w->r.target,
		 power == FENCE_POWER_ON    ? "it runs"
		 : power == FENCE_POWER_OFF ? "it does not run"
					    : "its host has left the cluster, and its fencing is "
					      "not confirmed yet");
	answer(w, power == FENCE_POWER_UNKNOWN ? FENCE_FAILED : FENCE_DONE, power, text,
	       d->incarnation);
}

/* What ran under the sender's name when it asked; a guest's own host knows best. */
static void put_sender(struct order_message *m, const struct door_client *who)
{
	const char *name = door_domain(who);
	const struct order_domain *d = *name ? domains_find(name) : NULL;

	order_copy(m->sender_name, sizeof(m->sender_name), door_name(who));
	if (!*name) {
		order_copy(m->sender_group, sizeof(m->sender_group), door_group(who));
		return;
	}
	order_copy(m->sender, sizeof(m->sender), name);
	if (!d)
		d = order_find_domain(fenced.sync.state, name);
	if (d && d->up)
		order_copy(m->sender_incarnation, sizeof(m->sender_incarnation), d->incarnation);
}

static void send_request(struct waiter *w)
{
	struct order_message m = {
		.kind = ORDER_MSG_REQUEST, .op = w->r.op, .timeout_ms = w->r.timeout_ms};

	memcpy(m.id, w->r.id, sizeof(m.id));
	order_copy(m.target, sizeof(m.target), w->r.target);
	put_sender(&m, w->who);
	w->sent = true;
	fenced_send(&m);
}

static bool same(const struct waiter *w, uint16_t op, const char *target)
{
	return w->r.op == op && !strcmp(w->r.target, target);
}

/* Answer from what is known, or put in order.  @w may be gone afterwards. */
static void serve(struct waiter *w)
{
	const struct order_outcome *o = order_find_outcome(fenced.sync.state, w->r.id);
	const struct order_pending *p = order_find_pending(fenced.sync.state, w->r.id);
	const char *group = *door_domain(w->who) ? group_of(door_domain(w->who))
						 : door_group(w->who);

	switch ((enum fence_op)w->r.op) {
	case FENCE_OP_MONITOR:
		answer(w, FENCE_DONE, FENCE_POWER_UNKNOWN, "requests are served here", NULL);
		return;
	case FENCE_OP_LIST: answer_list(w, group); return;
	case FENCE_OP_STATUS: answer_status(w, group); return;
	case FENCE_OP_OFF:
	case FENCE_OP_ON:
	case FENCE_OP_REBOOT: break;
	}
	if ((o && !same(w, o->op, o->target)) || (p && !same(w, p->op, p->target)))
		answer(w, FENCE_REPLAYED, FENCE_POWER_UNKNOWN,
		       "the id of this request was used for something else", NULL);
	else if (o)
		answer(w, (enum fence_result)o->result, FENCE_POWER_UNKNOWN, o->text,
		       o->incarnation);
	else if (!p && !w->sent)
		send_request(w);
}

static void expired(void *data)
{
	struct waiter *w = data;
	const struct order_pending *p = order_find_pending(fenced.sync.state, w->r.id);
	char text[ORDER_TEXT] = "the hosts of the cluster have not agreed in time";

	w->timer = 0;
	if (p)
		order_waits_for(fenced.sync.state, p, text, sizeof(text));
	answer(w, FENCE_FAILED, FENCE_POWER_UNKNOWN, text,
	       p && p->ninstances ? p->instance[0].incarnation : NULL);
}

static void request(struct door_client *who, const struct fence_request *r)
{
	struct waiter *w = calloc(1, sizeof(*w));
	uint32_t late = r->timeout_ms / 20 < LATE_MS ? r->timeout_ms / 20 : LATE_MS;
	const char *why = why_unable();

	if (!w) {
		struct fence_reply a = {.result = FENCE_FAILED, .text = "not enough memory"};

		memcpy(a.id, r->id, sizeof(a.id));
		door_answer(who, &a, NULL);
		return;
	}
	w->who = who;
	w->r = *r;
	w->next = all;
	all = w;
	if (why) {
		answer(w, FENCE_NO_QUORUM, FENCE_POWER_UNKNOWN, why, NULL);
		return;
	}
	qb_loop_timer_add(fenced.loop, QB_LOOP_MED,
			  (uint64_t)(r->timeout_ms - late) * QB_TIME_NS_IN_MSEC, w, expired,
			  &w->timer);
	/* While hosts come to the same state it is kept, and served after that. */
	if (fenced_able())
		serve(w);
}

static void gone(struct door_client *who)
{
	for (struct waiter *w = all, *next; w; w = next) {
		next = w->next;
		if (w->who == who)
			forget(w);
	}
}

void clients_changed(void)
{
	if (!fenced_able())
		return;
	for (struct waiter *w = all, *next; w; w = next) {
		next = w->next;
		serve(w);
	}
}

void clients_resend(void)
{
	for (struct waiter *w = all; w; w = w->next)
		w->sent = false;
}

void clients_no_quorum(const char *why)
{
	while (all)
		answer(all, FENCE_NO_QUORUM, FENCE_POWER_UNKNOWN, why, NULL);
}

unsigned clients_count(void)
{
	unsigned n = 0;

	for (struct waiter *w = all; w; w = w->next)
		n++;
	return n;
}

static const struct door_ops ops = {.request = request, .gone = gone, .group_of = group_of};

int clients_open(char *err, size_t size)
{
	int rc;

	if (audit_open(*fenced.set.audit ? fenced.set.audit : NULL))
		hv_log_line(LOG_WARNING, "the audit log goes to the system's log");
	door_open(fenced.loop, &ops);
	for (unsigned i = 0; i < fenced.set.nlisten; i++) {
		rc = door_tls_listen(fenced.set.listen[i], fenced.set.keys, err, size);
		if (rc)
			return rc;
		hv_log_line(LOG_INFO, "TLS door at %s, keys in %s", fenced.set.listen[i],
			    fenced.set.keys);
	}
	return 0;
}
