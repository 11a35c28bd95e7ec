/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `hv plan --apply` wants of a configuration.
 */
#ifndef CLI_PLAN_WANT_H
#define CLI_PLAN_WANT_H

#include "plan.h"
#include "plan_edit.h"

struct plan_want {
	bool rehome;              /* home is where each runs now */
	struct plan_edit edit;    /* what was changed */
	struct plan_edit unknown; /* capacities without which nothing may be booked */
	struct plan_edit needs;   /* what somebody else's settings should be */
};

/* plan_want() - Change @c's tree, whose indices stay as they were read. */
void plan_want(struct plan_cluster *c, struct plan_want *w);
/* plan_want_rules() - The part of it that prefers what waits (plan_rules.c). */
void plan_want_rules(struct plan_cluster *c, struct plan_want *w);
/* plan_want_promises() - Write down where each item goes when its host is lost; NULL: nowhere. */
void plan_want_promises(struct plan_cluster *c, struct plan_want *w, const char *const *promise);

#endif
