// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "fencing/order_table.h"

void order_copy(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	memset(to + n, 0, size - n);
}

struct order_host *order_host(struct order_state *s, uint32_t nodeid)
{
	struct order_host *h = NULL;

	for (uint32_t i = 0; i < s->nhosts; i++)
		if (s->host[i].nodeid == nodeid)
			return &s->host[i];
	if (s->nhosts < ORDER_HOSTS_MAX) {
		h = &s->host[s->nhosts++];
		*h = (struct order_host){.nodeid = nodeid};
	}
	return h;
}

const struct order_host *order_find_host(const struct order_state *s, uint32_t nodeid)
{
	for (uint32_t i = 0; i < s->nhosts; i++)
		if (s->host[i].nodeid == nodeid)
			return &s->host[i];
	return NULL;
}

/* The entry of @host: its newest is all that counts, for it runs one of a name at most. */
static struct order_domain *entry(struct order_state *s, uint32_t host, const char *name)
{
	for (uint32_t i = 0; i < s->ndomains; i++)
		if (s->domain[i].host == host && !strcmp(s->domain[i].name, name))
			return &s->domain[i];
	return NULL;
}

static struct order_domain *new_entry(struct order_state *s)
{
	struct order_domain *oldest = NULL;

	if (s->ndomains < ORDER_DOMAINS_MAX)
		return &s->domain[s->ndomains++];
	for (uint32_t i = 0; i < s->ndomains; i++)
		if (!s->domain[i].up && (!oldest || s->domain[i].seq < oldest->seq))
			oldest = &s->domain[i];
	return oldest;
}

bool order_domain_up(struct order_state *s, uint32_t host, const char *name,
		     const char *incarnation, const char *group, const char *resource)
{
	const struct order_host *h = order_find_host(s, host);
	struct order_domain *d = entry(s, host, name);

	/*
	 * Another boot's entry is no longer in the way: order_member() has seen to it.
	 * An entry of this boot and another incarnation has ended: one lock, one holder.
	 */
	if (!d)
		d = new_entry(s);
	if (!d || !h)
		return false;
	memset(d, 0, sizeof(*d));
	order_copy(d->name, sizeof(d->name), name);
	order_copy(d->incarnation, sizeof(d->incarnation), incarnation);
	order_copy(d->group, sizeof(d->group), group);
	order_copy(d->resource, sizeof(d->resource), resource);
	order_copy(d->boot, sizeof(d->boot), h->boot);
	d->host = host;
	d->up = true;
	d->seq = s->seq;
	return true;
}

void order_domain_down(struct order_state *s, uint32_t host, const char *incarnation)
{
	for (uint32_t i = 0; i < s->ndomains; i++)
		if (s->domain[i].host == host && s->domain[i].up &&
		    !strcmp(s->domain[i].incarnation, incarnation)) {
			s->domain[i].up = false;
			s->domain[i].seq = s->seq;
		}
}

bool order_any_up(const struct order_state *s, const char *name)
{
	for (uint32_t i = 0; i < s->ndomains; i++)
		if (s->domain[i].up && !strcmp(s->domain[i].name, name))
			return true;
	return false;
}

const struct order_domain *order_find_domain(const struct order_state *s, const char *name)
{
	const struct order_domain *best = NULL;

	for (uint32_t i = 0; i < s->ndomains; i++) {
		const struct order_domain *d = &s->domain[i];

		if (strcmp(d->name, name))
			continue;
		if (!best || d->up > best->up || (d->up == best->up && d->seq > best->seq))
			best = d;
	}
	return best;
}

enum fence_power order_power(const struct order_state *s, const char *name)
{
	enum fence_power power = FENCE_POWER_OFF;

	for (uint32_t i = 0; i < s->ndomains; i++) {
		const struct order_domain *d = &s->domain[i];
		const struct order_host *h;

		if (!d->up || strcmp(d->name, name))
			continue;
		h = order_find_host(s, d->host);
		if (h && h->present)
			return FENCE_POWER_ON;
		power = FENCE_POWER_UNKNOWN;
	}
	return power;
}

void order_condemn(struct order_state *s, const char *incarnation, const uint8_t *by)
{
	struct order_condemned *c;

	if (order_condemned(s, incarnation))
		return;
	if (s->ncondemned == ORDER_CONDEMNED_MAX)
		memmove(&s->condemned[0], &s->condemned[1],
			--s->ncondemned * sizeof(s->condemned[0]));
	c = &s->condemned[s->ncondemned++];
	order_copy(c->incarnation, sizeof(c->incarnation), incarnation);
	memcpy(c->by, by, ORDER_ID);
}

bool order_condemned(const struct order_state *s, const char *incarnation)
{
	for (uint32_t i = 0; i < s->ncondemned; i++)
		if (!strcmp(s->condemned[i].incarnation, incarnation))
			return true;
	return false;
}

const struct order_pending *order_find_pending(const struct order_state *s, const uint8_t *id)
{
	for (uint32_t i = 0; i < s->npending; i++)
		if (!memcmp(s->pending[i].id, id, ORDER_ID))
			return &s->pending[i];
	return NULL;
}

const struct order_outcome *order_find_outcome(const struct order_state *s, const uint8_t *id)
{
	for (uint32_t i = s->noutcomes; i-- > 0;)
		if (!memcmp(s->outcome[i].id, id, ORDER_ID))
			return &s->outcome[i];
	return NULL;
}

/* Outcomes are in order: the oldest first, which goes first by age or for room. */
static struct order_outcome *new_outcome(struct order_state *s)
{
	uint32_t old = s->noutcomes == ORDER_OUTCOMES_MAX;
	struct order_outcome *o;

	while (old < s->noutcomes &&
	       s->time_ms > s->outcome[old].time_ms + ORDER_OUTCOME_AGE_S * 1000ull)
		old++;
	s->noutcomes -= old;
	if (old)
		memmove(&s->outcome[0], &s->outcome[old], s->noutcomes * sizeof(s->outcome[0]));
	o = &s->outcome[s->noutcomes++];
	memset(o, 0, sizeof(*o));
	o->seq = s->seq;
	o->time_ms = s->time_ms;
	return o;
}

void order_finish(struct order_state *s, struct order_pending *p, enum fence_result result,
		  const char *text)
{
	struct order_outcome *o = new_outcome(s);
	size_t at = (size_t)(p - s->pending);

	memcpy(o->id, p->id, ORDER_ID);
	o->op = p->op;
	o->result = (uint16_t)result;
	order_copy(o->target, sizeof(o->target), p->target);
	order_copy(o->incarnation, sizeof(o->incarnation),
		   p->ninstances ? p->instance[0].incarnation : "");
	order_copy(o->sender_name, sizeof(o->sender_name), p->sender_name);
	order_copy(o->text, sizeof(o->text), text);
	s->npending--;
	memmove(p, p + 1, (s->npending - at) * sizeof(*p));
	memset(&s->pending[s->npending], 0, sizeof(*p));
}

void order_record(struct order_state *s, const struct order_message *m, const char *incarnation,
		  enum fence_result result, const char *text)
{
	struct order_outcome *o = new_outcome(s);

	memcpy(o->id, m->id, ORDER_ID);
	o->op = m->op;
	o->result = (uint16_t)result;
	order_copy(o->target, sizeof(o->target), m->target);
	order_copy(o->incarnation, sizeof(o->incarnation), incarnation);
	order_copy(o->sender_name, sizeof(o->sender_name), m->sender_name);
	order_copy(o->text, sizeof(o->text), text);
}
