// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is to be done next.  Pure: interfaces as they are in, one step out.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bond.h"

bool bond_is_ours(const struct bond_settings *s, const struct link *l)
{
	return s->mark[0] && !strcmp(l->alias, s->mark);
}

/* step() - What @o is from now on; true, so that callers end with it. */
static bool step(struct bond_step *o, enum bond_step_what what, const struct link *l,
		 const struct link *to)
{
	o->what = what;
	o->link = l;
	o->to = to;
	return true;
}

static bool refuse(struct bond_step *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(struct bond_step *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(o->why, sizeof(o->why), fmt, ap);
	va_end(ap);
	return step(o, BOND_REFUSE, NULL, NULL);
}

/* ---- the bond ---- */

static bool differs(const struct link_bond *want, const struct link_bond *is)
{
	/* The driver rounds the delays to what it can measure. */
	for (int o = 0; o < LINK_OPTIONS; o++)
		if (want->given[o] && o != LINK_UPDELAY && o != LINK_DOWNDELAY &&
		    (!is->given[o] || want->value[o] != is->value[o]))
			return true;
	return want->arp_targets && (want->arp_targets != is->arp_targets ||
				     memcmp(want->arp_target, is->arp_target,
					    want->arp_targets * sizeof(want->arp_target[0])));
}

static bool any_link(const struct bond_settings *s, const struct link_list *all)
{
	for (unsigned i = 0; i < s->links; i++)
		if (link_named(all, s->link[i]))
			return true;
	return false;
}

static bool has_port(const struct link_list *all, const struct link *b)
{
	for (unsigned i = 0; i < all->n; i++)
		if (all->link[i].master == b->index)
			return true;
	return false;
}

static bool the_bond(const struct bond_settings *s, const struct link_list *all,
		     struct bond_step *o)
{
	const struct link *b = link_named(all, s->name);

	if (b && strcmp(b->kind, "bond") != 0)
		return refuse(o, "%s is there and is no bond; give another name, or remove it",
			      s->name);
	if (b && s->links && !bond_is_ours(s, b) && !b->up && !has_port(all, b))
		return refuse(
			o,
			"%s is there, down and without links, as the driver makes one when it is "
			"loaded; remove it (ip link del %s), and have the driver loaded with "
			"max_bonds=0",
			s->name, s->name);
	if (b)
		return bond_is_ours(s, b) && differs(&s->bond, &b->bond)
			       ? step(o, BOND_REMOVE, b, NULL)
			       : false;
	if (!s->links)
		return refuse(
			o,
			"there is no bond %s to adopt; have the distribution make it, or give "
			"links to make it of",
			s->name);
	if (!any_link(s, all))
		return refuse(o, "none of the links of %s is there (%s...): see `ip link`", s->name,
			      s->link[0]);
	return step(o, BOND_MAKE, NULL, NULL);
}

/* ---- its links ---- */

static bool one_link(const struct bond_settings *s, const struct link_list *all,
		     const struct link *b, const char *name, struct bond_step *o)
{
	const struct link *l = link_named(all, name), *master;

	/* One that is missing is not waited for: the others carry what there is. */
	if (!l || l->master == b->index)
		return false;
	if (l->master) {
		master = link_indexed(all, l->master);
		return refuse(o, "link %s is a port of %s; set it free, or leave it out of %s",
			      name, master ? master->name : "another", s->name);
	}
	o->repair = true;
	/* The driver takes no link that is up. */
	return l->up ? step(o, BOND_DOWN, l, NULL) : step(o, BOND_ENSLAVE, l, b);
}

static bool the_links(const struct bond_settings *s, const struct link_list *all,
		      const struct link *b, struct bond_step *o)
{
	const struct link *primary = link_named(all, s->primary);

	for (unsigned i = 0; i < s->links; i++)
		if (one_link(s, all, b, s->link[i], o))
			return true;
	if (primary && primary->master == b->index && b->bond.primary != primary->index) {
		o->repair = true;
		return step(o, BOND_PRIMARY, b, primary);
	}
	if (s->mtu && b->mtu != s->mtu)
		return step(o, BOND_MTU, b, NULL);
	return b->up ? false : step(o, BOND_UP, b, NULL);
}

/* ---- what stands on it ---- */

static bool the_vlan(const struct bond_settings *s, const struct link_list *all,
		     const struct link *b, const struct bond_bridge *br, struct bond_step *o)
{
	const struct link *v = link_named(all, br->port);

	o->bridge = br;
	if (!v)
		return step(o, BOND_MAKE_VLAN, b, NULL);
	if (strcmp(v->kind, "vlan") != 0 || v->lower != b->index || v->vlan != br->vlan)
		return refuse(o, "%s is there and is not VLAN %u of %s", br->port, br->vlan,
			      s->name);
	return bond_is_ours(s, v) && !v->up ? step(o, BOND_UP, v, NULL) : false;
}

static bool the_bridge(const struct bond_settings *s, const struct link_list *all,
		       const struct bond_bridge *br, struct bond_step *o)
{
	const struct link *port = link_named(all, br->port), *bridge = link_named(all, br->bridge);

	o->bridge = br;
	if (!bridge)
		return step(o, BOND_MAKE_BRIDGE, NULL, NULL);
	if (strcmp(bridge->kind, "bridge") != 0)
		return refuse(o, "%s is there and is no bridge", br->bridge);
	if (!port)
		return refuse(o, "%s has gone while it was set up", br->port);
	if (port->master != bridge->index && !bond_is_ours(s, port))
		return refuse(o,
			      "%s was not made by this resource and is not a port of %s: have who "
			      "made it do that, or leave the bridge out",
			      br->port, br->bridge);
	if (port->master && port->master != bridge->index)
		return refuse(o, "%s is a port of another master than %s", br->port, br->bridge);
	if (!port->master)
		return step(o, BOND_ENSLAVE, port, bridge);
	return bond_is_ours(s, bridge) && !bridge->up ? step(o, BOND_UP, bridge, NULL) : false;
}

void bond_next(const struct bond_settings *s, const struct link_list *all, struct bond_step *o)
{
	const struct link *b;

	*o = (struct bond_step){.what = BOND_DONE};
	if (the_bond(s, all, o))
		return;
	b = link_named(all, s->name);
	if (!bond_is_ours(s, b) || !the_links(s, all, b, o))
		bond_next_above(s, all, b, o);
}

void bond_next_above(const struct bond_settings *s, const struct link_list *all,
		     const struct link *b, struct bond_step *o)
{
	*o = (struct bond_step){.what = BOND_DONE};
	for (unsigned i = 0; i < s->bridges; i++) {
		const struct bond_bridge *br = &s->bridge[i];

		if ((br->vlan && the_vlan(s, all, b, br, o)) ||
		    (br->bridge[0] && the_bridge(s, all, br, o)))
			return;
	}
}

void bond_next_end(const struct bond_settings *s, const struct link_list *all, struct bond_step *o)
{
	/* From the top: what stands on something goes before it. */
	static const char *const kinds[] = {"bridge", "vlan", "bond"};

	*o = (struct bond_step){.what = BOND_DONE};
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (unsigned i = 0; i < all->n; i++)
			if (bond_is_ours(s, &all->link[i]) &&
			    !strcmp(all->link[i].kind, kinds[k])) {
				step(o, BOND_REMOVE, &all->link[i], NULL);
				return;
			}
}
