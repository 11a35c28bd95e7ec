// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which spares there are, and whether a standby is still what is wanted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/standby.h"

#include "spare.h"
#include "sweep.h"

enum { RANKS = 3 };

/* rank() - The lower the sooner it is one of those that are kept; RANKS: no candidate. */
static unsigned rank(const struct place *p)
{
	if (!p->p.spare || !p->source || p->p.claimed)
		return RANKS;
	if (p->p.presence == HV_ABSENT && !p->p.busy)
		return spare_is_domain(hv_spare_number(p->name)) ? RANKS : 2;
	return p->p.guest == POOL_READY && p->p.ours && !p->p.stale ? 0 : 1;
}

static bool has_template(const struct poold *d)
{
	for (const struct source *s = d->sources; s; s = s->next)
		if (!s->resource && !s->dropped && s->has_config)
			return true;
	return false;
}

static struct place *add_one(struct poold *d)
{
	char name[HV_NAME_MAX + 1];
	struct place *p;

	for (unsigned k = 1; !hv_spare_name(name, k); k++) {
		if (place_find(d, name) || spare_in_use(k))
			continue;
		p = place_add(d, name);
		for (struct source *s = d->sources; p && s; s = s->next)
			if (!s->resource && !s->dropped)
				p->source = s;
		return p;
	}
	return NULL;
}

void spares_want(struct poold *d)
{
	unsigned want = has_template(d) ? d->settings.spares : 0;

	for (unsigned r = 0; r < RANKS; r++)
		for (struct place *p = d->places; p; p = p->next)
			if (want && rank(p) == r) {
				p->p.wanted = true;
				want--;
			}
	while (want--) {
		struct place *p = add_one(d);

		if (!p)
			return;
		p->p.wanted = true;
	}
}

/* same() - Whether @want is the configuration that @name was started with. */
static bool same(const struct hv_config *want, const char *name)
{
	char *text, *a = NULL, *b = NULL;
	struct hv_config have;
	size_t len;
	bool is = false;

	text = config_text(name, &len);
	if (text && !hv_config_from_json(&have, text, len, NULL)) {
		a = hv_config_to_json(want);
		b = hv_config_to_json(&have);
		is = a && b && !strcmp(a, b);
		hv_config_free(&have);
	}
	free(text);
	free(a);
	free(b);
	return is;
}

bool spare_or_twin_matches(const struct place *p)
{
	const struct hv_config *from = &p->source->config;
	const char *node = hv_node_name();
	struct hv_config want;
	bool is;

	if (p->p.spare ? spare_config(from, p->name, p->d->settings.directory, &want, NULL)
		       : hv_standby_config(from, p->name, node ? node : "", &want, NULL))
		return false;
	is = same(&want, p->name);
	hv_config_free(&want);
	return is;
}
