// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hv check cluster: what is set for each domain's resource, and with which command it is put right.
 */
#include <stdio.h>
#include <string.h>

#include "check_domains.h"
#include "plan.h"

enum { COMMAND = 320 };

static void find(struct check_finding *out, size_t *n, const char *setting, const char *has,
		 const char *needs, const char *why)
{
	out[(*n)++] = (struct check_finding){.setting = setting,
					     .has = has ? has : "not set",
					     .needs = needs,
					     .why = why,
					     .apply = !has};
}

size_t check_domain(const struct check_domain *d, struct check_finding out[CHECK_FINDINGS_MAX])
{
	int threshold = d->threshold ? plan_score(d->threshold) : HV_PLAN_INFINITY;
	int stickiness = plan_score(d->stickiness);
	size_t n = 0;

	/* Of 0 Pacemaker makes: never. */
	if (d->pool && threshold != 1)
		find(out, &n, "migration-threshold", d->threshold, "1",
		     "after a failure it is started anew where it failed, and its twin is left waiting");
	else if (threshold > 1 && threshold < HV_PLAN_INFINITY)
		find(out, &n, "migration-threshold", d->threshold, "1, or INFINITY",
		     "Pacemaker counts a failure that taiki-heartbeatd reports as one, two or three");
	if (d->pool && stickiness <= HV_SCORE_TWIN + HV_SCORE_SPARE)
		find(out, &n, "resource-stickiness", d->stickiness, "1000",
		     "it leaves its host for its twin, and moves again when that was adopted");
	else if (stickiness >= HV_PLAN_INFINITY)
		find(out, &n, "resource-stickiness", d->stickiness, "1000",
		     "`hv failback` cannot move it");
	if (d->pool && !d->preferred)
		find(out, &n, "rule", NULL, "taiki-twin-NAME eq 1",
		     "nothing prefers the host where its twin waits");
	return n;
}

/* Whether a rule below @node looks at the attribute @name. */
static bool looks_at(xmlNodePtr node, const char *name)
{
	for (xmlNodePtr n = node ? node->children : NULL; n; n = n->next) {
		const char *is = plan_is(n, "expression") ? plan_attr(n, "attribute") : NULL;

		if ((is && !strcmp(is, name)) || looks_at(n, name))
			return true;
	}
	return false;
}

static void command(const char *resource, const struct check_finding *f, char out[COMMAND])
{
	if (f->apply)
		snprintf(out, COMMAND, "hv plan --apply");
	else
		snprintf(out, COMMAND,
			 "crm_resource --resource %.200s --meta --set-parameter %s "
			 "--parameter-value %.4s",
			 resource, f->setting, strcmp(f->needs, "1000") ? "1" : "1000");
}

static void say(const char *name, const char *resource, const struct check_finding *f, json_t *list)
{
	char run[COMMAND], what[HV_NAME_MAX + 32];

	command(resource, f, run);
	if (list) {
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", name,
						"setting", f->setting, "has", f->has, "needs",
						f->needs, "why", f->why, "run", run));
		return;
	}
	snprintf(what, sizeof(what), "%s: %s", name, f->setting);
	printf("%-9s %-37s %-12s needs %s: %s\n          run: %s\n", "wrong", what, f->has,
	       f->needs, f->why, run);
}

int check_domains(const struct options *o, json_t *list, struct hv_error *err)
{
	struct plan_cluster c = {0};
	int rc = plan_load(&c, o, err), sum = 0;

	for (unsigned i = 0; !rc && i < c.plan.nitems; i++) {
		struct check_finding f[CHECK_FINDINGS_MAX];
		char twin[HV_NAME_MAX + sizeof(HV_ATTR_TWIN)];
		struct check_domain d = {.pool = c.items[i].pool};
		size_t n;

		if (c.item[i].what != HV_PLAN_DOMAIN)
			continue;
		snprintf(twin, sizeof(twin), HV_ATTR_TWIN "%s", c.item[i].name);
		d.threshold = plan_meta(&c, &c.items[i], "migration-threshold");
		d.stickiness = plan_meta(&c, &c.items[i], "resource-stickiness");
		d.preferred = looks_at(c.constraints, twin);
		n = check_domain(&d, f);
		for (size_t k = 0; k < n; k++)
			say(c.item[i].name, c.item[i].resource, &f[k], list);
		sum += (int)n;
	}
	plan_free(&c);
	return rc ? rc : sum;
}
