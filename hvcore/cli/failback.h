/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One domain's way home: failback.c decides and says, failback_move.c moves.
 */
#ifndef CLI_FAILBACK_H
#define CLI_FAILBACK_H

#include <libxml/tree.h>

#include "plan.h"

struct failback {
	const struct options *o;
	char domain[256], resource[256]; /* copies: the cluster is read anew as it moves */
	char from[256], to[256];         /* hosts */
};

/*
 * failback_move() - Move it with a constraint that ends by itself, wait until it runs there, take
 * the constraint away in any case.  An exit code, and what went wrong has been said.
 */
int failback_move(const struct failback *f);

/* failback_expired() - Whether @constraint is a failback's whose time is over. */
bool failback_expired(struct plan_cluster *c, xmlNodePtr constraint);
/* failback_constraint() - The one of @resource, or NULL. */
xmlNodePtr failback_constraint(const struct plan_cluster *c, const char *resource);

#endif
