/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host with interfaces in memory, on which a bond's steps are taken. */
#ifndef BOND_HOST_H
#define BOND_HOST_H

#include "resource-agents/bond.h"

extern struct link_list all;

/* two_links() - A test's setup: lo, eth0 (up) and eth1, and nothing else. */
int two_links(void **state);
/* add() - One more interface.  named() - One that is there; mine() - The same, to be changed. */
struct link *add(const char *name, const char *kind, const char *alias);
const struct link *named(const char *name);
struct link *mine(const struct link *l);
void enslave(struct link *l, const struct link *to);
void remove_link(const struct link *l);

/* settings() - eth0 and eth1 as bond0, on br0, its VLAN 10 on br10. */
struct bond_settings settings(void);

/* take() - Do what @o says.  follow() - Until it ends; how many steps.  The last one is in @o. */
void take(const struct bond_settings *s, const struct bond_step *o);
unsigned follow(const struct bond_settings *s, struct bond_step *o, bool to_end);

#endif
