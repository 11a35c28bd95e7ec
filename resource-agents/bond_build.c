// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A look at the interfaces, a step, and so on (bond_plan.c says which).
 */
#include <errno.h>
#include <string.h>

#include "hvcore/lib/probe.h"

#include "bond.h"

enum { STEPS_MAX = 64 + 4 * BOND_LINKS_MAX + 6 * BOND_BRIDGES_MAX };

int bond_see(const struct bond_settings *s, struct link_list *all, struct hv_error *err)
{
	int rc = link_dump(all, err);
	const struct link *b = rc ? NULL : link_named(all, s->name);

	for (unsigned i = 0; b && i < all->n; i++)
		if (all->link[i].master == b->index)
			link_speed(&all->link[i]);
	return rc;
}

static int make_bridge(const struct bond_settings *s, const struct bond_step *o,
		       struct hv_error *err)
{
	return link_make_bridge(o->bridge->bridge, s->mark, err);
}

static int take(const struct bond_settings *s, const struct bond_step *o, struct hv_error *err)
{
	switch (o->what) {
	case BOND_MAKE: return link_make_bond(s->name, s->mark, &s->bond, err);
	case BOND_MAKE_VLAN:
		return link_make_vlan(o->bridge->port, s->mark, o->link->index, o->bridge->vlan,
				      err);
	case BOND_MAKE_BRIDGE: return make_bridge(s, o, err);
	case BOND_REMOVE: return link_remove(o->link, err);
	case BOND_DOWN: return link_set_up(o->link, false, err);
	case BOND_UP: return link_set_up(o->link, true, err);
	case BOND_ENSLAVE: return link_set_master(o->link, o->to->index, err);
	case BOND_PRIMARY: return link_set_primary(o->link, o->to->index, err);
	case BOND_MTU: return link_set_mtu(o->link, s->mtu, err);
	case BOND_DONE:
	case BOND_REFUSE: break;
	}
	return hv_err(err, -EINVAL, "%s", o->why);
}

/* How the exit code tells the cluster whether another host, or another attempt, may do better. */
static enum ocf_rc failed(int rc, const struct hv_error *err)
{
	return ocf_exit_reason(rc == -EOPNOTSUPP ? OCF_ERR_INSTALLED
			       : rc == -EPERM    ? OCF_ERR_PERM
						 : OCF_ERR_GENERIC,
			       "%s", err->text);
}

typedef void next_step(const struct bond_settings *, const struct link_list *, struct bond_step *);

static enum ocf_rc follow(const struct bond_settings *s, next_step *next, int64_t deadline)
{
	for (int i = 0; i < STEPS_MAX && hv_left_ms(deadline); i++) {
		struct link_list all;
		struct bond_step o;
		struct hv_error err = {""};
		int rc = link_dump(&all, &err);

		if (rc)
			return failed(rc, &err);
		next(s, &all, &o);
		if (o.what != BOND_DONE && o.what != BOND_REFUSE)
			rc = take(s, &o, &err);
		link_list_free(&all);
		if (o.what == BOND_DONE)
			return OCF_SUCCESS;
		if (o.what == BOND_REFUSE)
			return ocf_exit_reason(OCF_ERR_INSTALLED, "%s", o.why);
		/* What is gone, or there, by now was done by somebody else meanwhile: look again. */
		if (rc && rc != -ENODEV && rc != -EEXIST)
			return failed(rc, &err);
	}
	return ocf_exit_reason(OCF_ERR_GENERIC,
			       "%s does not become what it should be; somebody else changes it, or "
			       "its driver does not take the options",
			       s->name);
}

enum ocf_rc bond_build(const struct bond_settings *s, int64_t deadline)
{
	return follow(s, bond_next, deadline);
}

enum ocf_rc bond_end(const struct bond_settings *s, int64_t deadline)
{
	return follow(s, bond_next_end, deadline);
}

void bond_repair(const struct bond_settings *s, int64_t deadline)
{
	for (int i = 0; i < STEPS_MAX && hv_left_ms(deadline); i++) {
		struct hv_error err = {""};
		struct link_list all;
		struct bond_step o;
		int rc = link_dump(&all, &err);

		if (rc)
			return;
		bond_next(s, &all, &o);
		if (o.repair &&
		    (o.what == BOND_ENSLAVE || o.what == BOND_DOWN || o.what == BOND_PRIMARY))
			rc = take(s, &o, &err);
		else
			rc = -EINVAL;
		if (!rc)
			ocf_log("NOTICE", "%s: %s is taken in again", s->name, o.link->name);
		link_list_free(&all);
		if (rc)
			return;
	}
}
