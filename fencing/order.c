// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fencing/authorise.h"
#include "fencing/order.h"
#include "fencing/order_table.h"

/* A host's clock that is far ahead must not age everything at once. */
enum { TIME_STEP_MS = 600000 };

static void take_time(struct order_state *s, uint64_t time_ms)
{
	if (time_ms <= s->time_ms)
		return;
	s->time_ms = s->time_ms && time_ms - s->time_ms > TIME_STEP_MS ? s->time_ms + TIME_STEP_MS
								       : time_ms;
}

static struct order_pending *pending(struct order_state *s, const uint8_t *id)
{
	return (struct order_pending *)order_find_pending(s, id);
}

static bool all_proven(const struct order_pending *p)
{
	for (unsigned i = 0; i < p->ninstances; i++)
		if (p->instance[i].proof == ORDER_UNPROVEN)
			return false;
	return true;
}

/*
 * Whether the cluster cannot be about to start it.  Pacemaker starts a resource only after it
 * has seen the end of the one that ran, and learns of that end after the mark if the mark
 * was written while it ran: so if each instance ran until we killed it, no start is under way.
 */
static bool all_ran(const struct order_pending *p)
{
	for (unsigned i = 0; i < p->ninstances; i++)
		if (p->instance[i].proof != ORDER_KILLED)
			return false;
	return p->ninstances > 0;
}

static void finish_proven(struct order_state *s, struct order_pending *p)
{
	char text[ORDER_TEXT];
	const char *how = "it did not run";

	for (unsigned i = 0; i < p->ninstances; i++) {
		uint8_t proof = p->instance[i].proof;

		how = proof == ORDER_KILLED      ? "killed, with proof"
		      : proof == ORDER_HOST_DEAD ? "the end of its host is confirmed"
						 : "it had ended";
	}
	snprintf(text, sizeof(text), "domain %s: %s%s", p->target, how,
		 p->op == FENCE_OP_OFF && *p->resource ? "; it stays off until it is switched on"
						       : "");
	order_finish(s, p, FENCE_DONE, text);
}

static bool started(const struct order_state *s, const char *name)
{
	const struct order_domain *d = order_find_domain(s, name);

	return d && d->up && !order_condemned(s, d->incarnation);
}

/* As far as what is known leads; true when @p is finished, and gone. */
static bool advance(struct order_state *s, struct order_pending *p)
{
	char text[ORDER_TEXT];
	bool marked = p->op == FENCE_OP_OFF && *p->resource;

	if (p->phase == ORDER_KILL && all_proven(p)) {
		if (!marked) {
			finish_proven(s, p);
			return true;
		}
		p->phase = all_ran(p) ? ORDER_DOWN : ORDER_SETTLE;
	}
	if (p->phase == ORDER_DOWN && !order_any_up(s, p->target)) {
		finish_proven(s, p);
		return true;
	}
	if (p->phase == ORDER_UP && started(s, p->target)) {
		snprintf(text, sizeof(text), "domain %s: it runs", p->target);
		order_finish(s, p, FENCE_DONE, text);
		return true;
	}
	return false;
}

static void advance_all(struct order_state *s)
{
	for (uint32_t i = 0; i < s->npending;)
		if (!advance(s, &s->pending[i]))
			i++;
}

/* What ran when the request came to its turn is what it means. */
static void fix_instances(struct order_state *s, struct order_pending *p)
{
	for (uint32_t i = 0; i < s->ndomains && p->ninstances < ORDER_INSTANCES_MAX; i++) {
		const struct order_domain *d = &s->domain[i];
		struct order_instance *n;

		if (!d->up || strcmp(d->name, p->target))
			continue;
		n = &p->instance[p->ninstances++];
		n->host = d->host;
		order_copy(n->boot, sizeof(n->boot), d->boot);
		order_copy(n->incarnation, sizeof(n->incarnation), d->incarnation);
		order_condemn(s, d->incarnation, p->id);
	}
}

/* A request that cannot be: 0, or why, with @text for a person. */
static enum fence_result refusal(const struct order_state *s, const struct order_message *m,
				 const struct order_domain *target, char *text, size_t size)
{
	const struct order_domain *sender = *m->sender ? order_find_domain(s, m->sender) : NULL;
	const char *group = sender ? sender->group : *m->sender ? "" : m->sender_group;
	const char *ran = *m->sender_incarnation ? m->sender_incarnation
			  : sender               ? sender->incarnation
						 : "";
	enum fence_right right;

	if (*ran && order_condemned(s, ran)) {
		snprintf(text, size, "%s was fenced before its request came to its turn",
			 m->sender);
		return FENCE_CONDEMNED;
	}
	if (!target) {
		snprintf(text, size, "no domain %s has run since this cluster's fencing started",
			 m->target);
		return FENCE_NO_TARGET;
	}
	right = fence_authorise(group, target->group);
	if (right != FENCE_MAY) {
		snprintf(text, size, "domain %s: %s", m->target, fence_right_text(right));
		return FENCE_DENIED;
	}
	if (m->op == FENCE_OP_ON && !*target->resource && !target->up) {
		snprintf(
			text, size,
			"domain %s: no resource of the cluster runs it; start it by hand (hv start)",
			m->target);
		return FENCE_FAILED;
	}
	if (s->npending == ORDER_PENDING_MAX) {
		snprintf(text, size, "%d requests are under way already", ORDER_PENDING_MAX);
		return FENCE_TOO_OFTEN;
	}
	return FENCE_DONE;
}

static void apply_request(struct order_state *s, uint32_t from, const struct order_message *m)
{
	const struct order_domain *target = order_find_domain(s, m->target);
	struct order_pending *p = pending(s, m->id);
	enum fence_result rc;
	char text[ORDER_TEXT];

	/* Asked again: whoever asks finds the one that is under way, or its outcome. */
	if (p || order_find_outcome(s, m->id))
		return;
	if (m->op != FENCE_OP_OFF && m->op != FENCE_OP_ON && m->op != FENCE_OP_REBOOT)
		return;
	rc = refusal(s, m, target, text, sizeof(text));
	if (rc) {
		order_record(s, m, target ? target->incarnation : "", rc, text);
		return;
	}
	p = &s->pending[s->npending++];
	memset(p, 0, sizeof(*p));
	memcpy(p->id, m->id, ORDER_ID);
	p->op = m->op;
	p->timeout_ms = m->timeout_ms;
	p->coordinator = from;
	p->seq = s->seq;
	order_copy(p->target, sizeof(p->target), m->target);
	order_copy(p->resource, sizeof(p->resource), target->resource);
	order_copy(p->sender, sizeof(p->sender), m->sender);
	order_copy(p->sender_name, sizeof(p->sender_name), m->sender_name);
	p->phase = p->op == FENCE_OP_REBOOT || !*p->resource ? ORDER_KILL : ORDER_MARK;
	if (p->op == FENCE_OP_ON && !*p->resource)
		p->phase = ORDER_UP;
	if (p->op != FENCE_OP_ON)
		fix_instances(s, p);
	advance(s, p);
}

/* MARKED and SETTLED: the coordinator did its part, or could not. */
static void apply_step(struct order_state *s, const struct order_message *m, enum order_phase phase,
		       enum order_phase next)
{
	struct order_pending *p = pending(s, m->id);

	if (!p || p->phase != phase)
		return;
	if (m->result) {
		order_finish(s, p, (enum fence_result)m->result, m->text);
		return;
	}
	p->phase = (uint8_t)next;
	advance(s, p);
}

static void apply_marked(struct order_state *s, const struct order_message *m)
{
	const struct order_pending *p = pending(s, m->id);

	if (p)
		apply_step(s, m, ORDER_MARK, p->op == FENCE_OP_ON ? ORDER_UP : ORDER_KILL);
}

static void prove(struct order_state *s, uint32_t host, const char *boot, const char *incarnation,
		  enum order_proof proof)
{
	for (uint32_t i = 0; i < s->npending; i++)
		for (unsigned k = 0; k < s->pending[i].ninstances; k++) {
			struct order_instance *n = &s->pending[i].instance[k];

			if (n->proof == ORDER_UNPROVEN && n->host == host &&
			    (!boot || !strcmp(n->boot, boot)) &&
			    (!incarnation || !strcmp(n->incarnation, incarnation)))
				n->proof = (uint8_t)proof;
		}
}

static void apply_proof(struct order_state *s, uint32_t from, const struct order_message *m)
{
	struct order_pending *p = pending(s, m->id);

	if (m->result) {
		if (p)
			order_finish(s, p, (enum fence_result)m->result, m->text);
		return;
	}
	order_domain_down(s, from, m->incarnation);
	prove(s, from, NULL, m->incarnation, m->alive ? ORDER_KILLED : ORDER_FOUND);
	advance_all(s);
}

static void apply_give_up(struct order_state *s, const struct order_message *m)
{
	struct order_pending *p = pending(s, m->id);
	char text[ORDER_TEXT];

	if (!p)
		return;
	order_waits_for(s, p, text, sizeof(text));
	order_finish(s, p, FENCE_FAILED, text);
}

/* Nothing of that boot runs any more. */
static void bury(struct order_state *s, uint32_t nodeid, const char *boot)
{
	for (uint32_t i = 0; i < s->ndomains; i++)
		if (s->domain[i].host == nodeid && s->domain[i].up &&
		    !strcmp(s->domain[i].boot, boot))
			order_domain_down(s, nodeid, s->domain[i].incarnation);
	prove(s, nodeid, boot, NULL, ORDER_HOST_DEAD);
	advance_all(s);
}

static void apply_host_dead(struct order_state *s, const struct order_message *m)
{
	struct order_host *h = order_host(s, m->nodeid);

	/* One that is here, or is here again as another boot, was not meant. */
	if (!h || h->present || h->dead || strcmp(h->boot, m->boot))
		return;
	h->dead = true;
	bury(s, m->nodeid, m->boot);
}

static void apply_announce(struct order_state *s, uint32_t from, const struct order_message *m)
{
	struct order_domain *list = calloc(ORDER_DOMAINS_MAX, sizeof(*list));
	int n = list ? order_domains_decode(m->blob, m->blob_len, list, ORDER_DOMAINS_MAX) : -1;

	for (uint32_t i = 0; n >= 0 && i < s->ndomains; i++) {
		struct order_domain *d = &s->domain[i];
		bool there = false;

		if (d->host != from || !d->up)
			continue;
		for (int k = 0; k < n && !there; k++)
			there = !strcmp(list[k].incarnation, d->incarnation);
		if (!there)
			order_domain_down(s, from, d->incarnation);
	}
	for (int i = 0; i < n; i++)
		order_domain_up(s, from, list[i].name, list[i].incarnation, list[i].group,
				list[i].resource);
	free(list);
	advance_all(s);
}

void order_apply(struct order_state *s, uint32_t from, const struct order_message *m)
{
	s->seq++;
	take_time(s, m->time_ms);
	switch ((enum order_kind)m->kind) {
	case ORDER_MSG_ANNOUNCE: apply_announce(s, from, m); break;
	case ORDER_MSG_UP:
		order_domain_up(s, from, m->name, m->incarnation, m->group, m->resource);
		advance_all(s);
		break;
	case ORDER_MSG_DOWN:
		order_domain_down(s, from, m->incarnation);
		advance_all(s);
		break;
	case ORDER_MSG_REQUEST: apply_request(s, from, m); break;
	case ORDER_MSG_MARKED: apply_marked(s, m); break;
	case ORDER_MSG_PROOF: apply_proof(s, from, m); break;
	case ORDER_MSG_SETTLED: apply_step(s, m, ORDER_SETTLE, ORDER_DOWN); break;
	case ORDER_MSG_GIVE_UP: apply_give_up(s, m); break;
	case ORDER_MSG_HOST_DEAD: apply_host_dead(s, m); break;
	case ORDER_MSG_HELLO:
	case ORDER_MSG_SNAPSHOT:
	case ORDER_MSG_RESYNC:
	case ORDER_MSG_KINDS: break; /* sync.c's */
	}
}

void order_member(struct order_state *s, uint32_t nodeid, const char *name, const char *boot)
{
	struct order_host *h = order_host(s, nodeid);
	char before[ORDER_UUID];

	if (!h)
		return;
	order_copy(before, sizeof(before), h->boot);
	order_copy(h->name, sizeof(h->name), name);
	order_copy(h->boot, sizeof(h->boot), boot);
	h->present = true;
	h->dead = false;
	if (*before && strcmp(before, boot))
		bury(s, nodeid, before);
}

void order_absent(struct order_state *s, const uint32_t *present, size_t n)
{
	uint32_t lowest = n ? present[0] : 0;

	for (uint32_t i = 0; i < s->nhosts; i++) {
		bool here = false;

		for (size_t k = 0; k < n; k++)
			here |= present[k] == s->host[i].nodeid;
		if (!here)
			s->host[i].present = false;
	}
	for (size_t k = 1; k < n; k++)
		lowest = present[k] < lowest ? present[k] : lowest;
	for (uint32_t i = 0; i < s->npending; i++) {
		const struct order_host *h = order_find_host(s, s->pending[i].coordinator);

		if (lowest && (!h || !h->present))
			s->pending[i].coordinator = lowest;
	}
}
