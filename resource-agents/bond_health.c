// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which links of a bond work, and what that makes of the bond.  Pure.
 */
#include <stdio.h>
#include <string.h>

#include "bond.h"

/* 802.3ad port states, IEEE 802.1AX-2014 §6.4.2.3. */
enum { AD_SYNCHRONIZED = 1 << 3, AD_COLLECTING = 1 << 4, AD_DISTRIBUTING = 1 << 5 };

static bool no_partner(const struct link *b)
{
	static const uint8_t nobody[sizeof(b->bond.partner)];

	return !memcmp(b->bond.partner, nobody, sizeof(nobody));
}

/*
 * lacp() - What 802.3ad has against @l, or NULL.  With no partner the driver uses one port as if it were alone,
 * and so traffic may pass; the others are not used.
 */
static const char *lacp(const struct link *b, const struct link *l)
{
	const uint8_t both = AD_COLLECTING | AD_DISTRIBUTING;

	if (b->bond.value[LINK_MODE] != LINK_MODE_8023AD)
		return NULL;
	if (l->port.aggregator != b->bond.aggregator)
		return no_partner(b) ? "no LACP partner answers"
				     : "its LACP partner is not that of the others";
	if (no_partner(b))
		return NULL;
	if (!(l->port.partner & AD_SYNCHRONIZED) || (l->port.actor & both) != both)
		return "its LACP partner does not take it";
	return NULL;
}

static const char *against(const struct bond_settings *s, const struct link *b,
			   const struct link *l)
{
	if (!l)
		return "there is no such interface";
	if (!b || l->master != b->index || strcmp(l->port_kind, "bond") != 0)
		return "not a link of the bond";
	if (!l->carrier)
		return "no carrier";
	if (!l->port.up)
		return "the bond's monitor holds it for down";
	if (l->duplex == LINK_DUPLEX_HALF)
		return "half duplex";
	if (s->speed && l->speed != LINK_SPEED_UNKNOWN && l->speed < s->speed)
		return "slower than speed says";
	return lacp(b, l);
}

static void add(const struct bond_settings *s, const struct link *b, const struct link *l,
		const char *name, struct bond_health *h)
{
	struct bond_link *o = &h->link[h->n++];
	const char *why = against(s, b, l);

	*o = (struct bond_link){.works = !why, .counts = !why};
	snprintf(o->name, sizeof(o->name), "%s", name);
	snprintf(o->why, sizeof(o->why), "%s", why ? why : "");
	if (l)
		o->failures = (uint64_t)l->carrier_downs + l->port.failures;
	h->works += o->works;
}

void bond_look(const struct bond_settings *s, const struct link_list *all, struct bond_health *h)
{
	const struct link *b = link_named(all, s->name);

	*h = (struct bond_health){0};
	for (unsigned i = 0; i < s->links; i++)
		add(s, b, link_named(all, s->link[i]), s->link[i], h);
	for (unsigned i = 0; b && !s->links && i < all->n && h->n < BOND_LINKS_MAX; i++)
		if (all->link[i].master == b->index)
			add(s, b, &all->link[i], all->link[i].name, h);
	h->counts = h->works;
	h->wanted = s->wanted ? s->wanted : h->n;
}

/* Each link that is not what it should be, with its reason. */
static void reasons(const struct bond_health *h, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < h->n && len < size; i++) {
		const struct bond_link *l = &h->link[i];
		const char *why = !l->works    ? l->why
				  : !l->counts ? "works again, for too short"
					       : "";

		if (*why)
			len += (size_t)snprintf(out + len, size - len, "%s%s: %s", len ? "; " : "",
						l->name, why);
	}
}

enum ocf_rc bond_judge(const struct bond_settings *s, const struct bond_health *h,
		       char text[BOND_TEXT])
{
	char why[BOND_TEXT - 96];

	reasons(h, why, sizeof(why));
	text[0] = '\0';
	if (h->works < s->minimum) {
		snprintf(text, BOND_TEXT,
			 "%s: %u of %u links work, fewer than the minimum of %u (%s)", s->name,
			 h->works, h->n, s->minimum, *why ? why : "it has none");
		return OCF_ERR_GENERIC;
	}
	if (h->counts >= h->wanted)
		return OCF_SUCCESS;
	snprintf(text, BOND_TEXT, "%s: %u of %u wanted links work (%s)", s->name, h->counts,
		 h->wanted, *why ? why : "it has no more");
	return OCF_DEGRADED;
}
