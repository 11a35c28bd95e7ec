/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the resources of domains should say so that failures and twins lead where they should.
 * check_domain() is pure.
 */
#ifndef CLI_CHECK_DOMAINS_H
#define CLI_CHECK_DOMAINS_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "cli.h"

/* What is set for one domain, anywhere Pacemaker would find it. */
struct check_domain {
	const char *threshold;  /* migration-threshold, or NULL */
	const char *stickiness; /* resource-stickiness, or NULL */
	bool pool;              /* some pool keeps a twin of it */
	bool preferred;         /* a rule prefers hosts where its twin waits */
};

/* One setting that is not as it should be. */
struct check_finding {
	const char *setting; /* "migration-threshold" */
	const char *has;     /* its value, or "not set" */
	const char *needs;   /* what it should be */
	const char *why;     /* what goes wrong otherwise */
	bool apply;          /* nobody has set it: `hv plan --apply` does */
};

enum { CHECK_FINDINGS_MAX = 3 };

/* check_domain() - What is wrong with @d, into @out; how many. */
size_t check_domain(const struct check_domain *d, struct check_finding out[CHECK_FINDINGS_MAX]);

/*
 * check_domains() - Every domain of the cluster; what is wrong is printed, or (@list not NULL)
 * appended to it.  How many findings, or -errno with @err.
 */
int check_domains(const struct options *o, json_t *list, struct hv_error *err);

#endif
