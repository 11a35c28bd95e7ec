// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is so, for the agent, for `hv pool` and for people.
 */
#include <string.h>

#include "poold.h"

static const char *state_of(const struct place *p)
{
	static const char *const doing[] = {"waits", "being made", "being ended", "being ended"};
	static const char *const guests[] = {"booting", "booting", "ready", "paused", "lost"};

	if (job_runs(&p->job))
		return doing[p->doing];
	if (p->p.presence == HV_UNKNOWN)
		return "unknown";
	if (p->p.presence == HV_ABSENT)
		return p->p.domain == POOL_HERE ? "active here" : "missing";
	if (p->p.claimed)
		return "being adopted";
	return p->p.ours ? guests[p->p.guest] : "half adopted";
}

static json_t *place_json(const struct place *p, const struct pool_limits *l, bool passing)
{
	int percent = job_progress(&p->job);
	json_t *o = json_pack("{s:s, s:s, s:b, s:b, s:s}", "name", p->name, "state", state_of(p),
			      "wanted", (int)p->p.wanted, "ready", (int)pool_ready(&p->p),
			      "because", pool_judge(&p->p, l, pool_now()).why);

	if (p->source && p->source->resource)
		json_object_set_new(o, "resource", json_string(p->source->resource));
	if (p->pid)
		json_object_set_new(o, "pid", json_integer(p->pid));
	if (p->pid && passing)
		json_object_set_new(o, "seconds",
				    json_real((double)(pool_now() - p->began) / 1000));
	if (percent >= 0 && passing)
		json_object_set_new(o, "copied", json_integer(percent));
	if (p->why[0])
		json_object_set_new(o, "trouble", json_string(p->why));
	if (p->failures)
		json_object_set_new(o, "failures", json_integer((json_int_t)p->failures));
	return o;
}

static json_t *source_json(const struct source *s)
{
	json_t *o = json_pack("{s:s, s:s}", "resource", s->resource ? s->resource : "",
			      "definition", source_state_text(s->state));

	if (s->has_config)
		json_object_set_new(o, "domain", json_string(s->config.name));
	if (s->why[0])
		json_object_set_new(o, "trouble", json_string(s->why));
	if (s->resource)
		json_object_set_new(o, "here", json_boolean(s->domain == POOL_HERE));
	return o;
}

json_t *status_json(struct poold *d, bool passing)
{
	struct pool_limits l = {.boots = d->settings.boots,
				.boot_timeout = d->settings.boot_timeout_ms};
	json_t *places = json_array(), *sources = json_array(), *o;
	unsigned wanted = 0, ready = 0, known = 0, n = 0, troubles = 0;

	for (struct place *p = d->places; p; p = p->next) {
		bool missing = p->p.wanted && p->p.domain == POOL_AWAY;

		json_array_append_new(places, place_json(p, &l, passing));
		wanted += missing || pool_ready(&p->p);
		ready += pool_ready(&p->p);
		troubles += missing && p->why[0] && !pool_ready(&p->p);
	}
	for (struct source *s = d->sources; s; s = s->next) {
		if (s->dropped)
			continue;
		json_array_append_new(sources, source_json(s));
		known += s->state == SOURCE_KNOWN;
		troubles += s->why[0] != '\0';
		n++;
	}
	o = json_pack("{s:s, s:s, s:b, s:i, s:i, s:i, s:i, s:o, s:o}", "resource",
		      d->settings.resource, "node", d->node, "complete",
		      known == n && ready == wanted, "troubles", (int)troubles, "wanted",
		      (int)wanted, "ready", (int)ready, "spares", (int)d->settings.spares,
		      "standbys", places, "definitions", sources);
	return o;
}
