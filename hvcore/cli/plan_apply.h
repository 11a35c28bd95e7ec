/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hv plan --apply, and what hv failback shares with it.
 */
#ifndef CLI_PLAN_APPLY_H
#define CLI_PLAN_APPLY_H

#include "plan.h"

/*
 * plan_patch() - Make the cluster's configuration, whose text was @before, @after, in one
 * change (@after gets the next version).  0; -EAGAIN it has changed since; -ENOTCONN; -errno.
 */
int plan_patch(const char *before, size_t len, xmlDocPtr after, int timeout_ms,
	       struct hv_error *err);

/* plan_text() - The text of the cluster's configuration, or of --cib; the caller's to free. */
int plan_text(const struct options *o, char **text, size_t *len, struct hv_error *err);

/* plan_full() - @text as a tree with everything in it, read into @c. */
int plan_full(struct plan_cluster *c, const char *text, size_t len, struct hv_error *err);

/* plan_measure() - What this host itself can give, where nobody has said it. */
void plan_measure(struct plan_cluster *c);

int plan_apply(const struct options *o);
int plan_publish(const struct options *o);

#endif
