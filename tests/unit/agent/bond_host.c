// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bond_host.h"

#define OURS "taiki:net"

static struct link host[16];
struct link_list all = {host, 0};
static int last_index;

struct link *add(const char *name, const char *kind, const char *alias)
{
	struct link *l = &host[all.n++];

	*l = (struct link){.index = ++last_index, .carrier = true};
	strcpy(l->name, name);
	strcpy(l->kind, kind);
	strcpy(l->alias, alias);
	return l;
}

struct link *mine(const struct link *l)
{
	return &host[l - host];
}

void enslave(struct link *l, const struct link *to)
{
	l->master = to->index;
	strcpy(l->port_kind, to->kind);
	l->port = (struct link_port){.up = true, .active = true};
	l->up = true;
}

void remove_link(const struct link *l)
{
	int index = l->index;

	*mine(l) = host[--all.n];
	for (unsigned i = 0; i < all.n; i++)
		if (host[i].master == index)
			host[i].master = 0;
}

void take(const struct bond_settings *s, const struct bond_step *o)
{
	struct link *l;

	switch (o->what) {
	case BOND_MAKE:
		l = add(s->name, "bond", s->mark);
		l->bond = s->bond;
		break;
	case BOND_MAKE_VLAN:
		l = add(o->bridge->port, "vlan", s->mark);
		l->lower = o->link->index;
		l->vlan = o->bridge->vlan;
		break;
	case BOND_MAKE_BRIDGE: add(o->bridge->bridge, "bridge", s->mark); break;
	case BOND_REMOVE: remove_link(o->link); break;
	case BOND_DOWN: mine(o->link)->up = false; break;
	case BOND_UP: mine(o->link)->up = true; break;
	case BOND_ENSLAVE: enslave(mine(o->link), o->to); break;
	case BOND_PRIMARY: mine(o->link)->bond.primary = o->to->index; break;
	case BOND_MTU: mine(o->link)->mtu = s->mtu; break;
	case BOND_DONE:
	case BOND_REFUSE: break;
	}
}

unsigned follow(const struct bond_settings *s, struct bond_step *o, bool to_end)
{
	for (unsigned i = 0;; i++) {
		(to_end ? bond_next_end : bond_next)(s, &all, o);
		if (o->what == BOND_DONE || o->what == BOND_REFUSE)
			return i;
		if (i == 100)
			fail_msg("it does not end");
		take(s, o);
	}
}

struct bond_settings settings(void)
{
	struct bond_settings s = {.name = "bond0",
				  .mark = OURS,
				  .link = {"eth0", "eth1"},
				  .links = 2,
				  .primary = "eth1",
				  .minimum = 1,
				  .mtu = 9000,
				  .bridge = {{0, "bond0", "br0"}, {10, "bond0.10", "br10"}},
				  .bridges = 2};

	s.bond.given[LINK_MODE] = true;
	s.bond.value[LINK_MODE] = LINK_MODE_ACTIVE_BACKUP;
	return s;
}

int two_links(void **state)
{
	all.n = 0;
	last_index = 0;
	add("lo", "", "");
	add("eth0", "", "")->up = true;
	add("eth1", "", "");
	return 0;
}

const struct link *named(const char *name)
{
	const struct link *l = link_named(&all, name);

	if (!l)
		fail_msg("there is no %s", name);
	return l;
}
