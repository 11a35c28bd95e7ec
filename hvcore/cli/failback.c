// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hv failback: back to where a domain is at home, by hand and never by itself.
 * Whether it can be is planned first; how is in failback_move.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failback.h"

/* The plan with item @i drawn to @host, beside the one without. */
struct outlook {
	struct hv_plan_place *before, *after;
	struct hv_plan_item *item;
	int *score;
};

/* Where everything of @p belongs while nothing is lost. */
static int settle(const struct hv_plan *p, struct hv_plan_place *place)
{
	struct hv_plan_work *w = hv_plan_work_new(p);
	struct hv_plan_loss sum;

	if (!w)
		return -ENOMEM;
	hv_plan_lose(p, w, NULL, 0, place, &sum);
	hv_plan_work_free(w);
	return 0;
}

static int look(const struct plan_cluster *c, unsigned i, unsigned host, struct outlook *l)
{
	struct hv_plan p = c->plan;
	size_t n = p.nitems;
	int rc;

	l->before = calloc(n, sizeof(*l->before));
	l->after = calloc(n, sizeof(*l->after));
	l->item = malloc(n * sizeof(*l->item));
	l->score = malloc(p.nhosts * sizeof(*l->score));
	if (!l->before || !l->after || !l->item || !l->score)
		return -ENOMEM;
	rc = settle(&p, l->before);
	if (rc)
		return rc;
	memcpy(l->item, p.item, n * sizeof(*l->item));
	memcpy(l->score, p.item[i].score, p.nhosts * sizeof(*l->score));
	l->score[host] = hv_plan_add(l->score[host], HV_PLAN_INFINITY);
	l->item[i].score = l->score;
	p.item = l->item;
	return settle(&p, l->after);
}

static void forget(struct outlook *l)
{
	free(l->before);
	free(l->after);
	free(l->item);
	free(l->score);
}

/* Why it would not get to @host. */
static int explain(const struct plan_cluster *c, unsigned i, unsigned host, struct hv_error *err)
{
	const struct hv_plan_item *it = &c->item[i];

	if (it->score[host] < 0)
		return hv_err(
			err, -EPERM,
			"%s may not run on %s: a constraint forbids it, or it has failed there (then: crm_resource --cleanup --resource %s --node %s)",
			it->name, c->host[host].name, it->resource, c->host[host].name);
	if (it->stickiness >= HV_PLAN_INFINITY)
		return hv_err(
			err, -EPERM,
			"%s has a resource-stickiness of INFINITY, so nothing can draw it to %s; make it %d",
			it->name, c->host[host].name, HV_SCORE_STICKINESS);
	return hv_err(
		err, -EPERM,
		"%s has no room for %s (it books %ld MiB of memory and %ld %% of a processor), or a colocation keeps it away",
		c->host[host].name, it->name, (long)it->book[HV_PLAN_MEMORY],
		(long)it->book[HV_PLAN_CPU]);
}

/* Who would pay for it: not run any more, or leave the host it runs on. */
static int others(const struct plan_cluster *c, unsigned i, const struct outlook *l,
		  struct hv_error *err)
{
	for (unsigned n = 0; n < c->plan.nitems; n++) {
		const struct hv_plan_place *was = &l->before[n], *is = &l->after[n];

		if (n == i || c->item[n].what != HV_PLAN_DOMAIN || was->host == is->host)
			continue;
		if (was->host >= 0 && is->host < 0)
			return hv_err(err, -EPERM,
				      "%s would not run any more; --force does it all the same",
				      c->item[n].name);
		if (c->item[n].runs_on == was->host)
			return hv_err(err, -EPERM,
				      "%s would have to leave %s; --force does it all the same",
				      c->item[n].name, c->host[was->host].name);
	}
	return 0;
}

static int target(const struct plan_cluster *c, const struct options *o, unsigned i, int *host,
		  struct hv_error *err)
{
	const struct hv_plan_item *it = &c->item[i];

	*host = o->to ? plan_host(c, o->to) : it->home;
	if (o->to && *host < 0)
		return hv_err(err, -EPERM, "--to %s: the cluster has no such host", o->to);
	if (*host < 0)
		return hv_err(
			err, -EPERM,
			"nothing says where %s is at home: `hv plan --apply` writes it down, or give --to HOST",
			it->name);
	if (it->runs_on < 0)
		return hv_err(err, -ESRCH, "%s does not run", it->name);
	if (!it->managed)
		return hv_err(err, -EPERM, "the cluster does not manage %s now", it->name);
	if (!c->host[*host].up)
		return hv_err(err, -EPERM,
			      "%s stays on %s: %s is not there, or in standby or maintenance",
			      it->name, c->host[it->runs_on].name, c->host[*host].name);
	return 0;
}

static int permit(struct plan_cluster *c, const struct options *o, unsigned i, unsigned host,
		  struct hv_plan_place *place, struct hv_error *err)
{
	xmlNodePtr other = failback_constraint(c, c->item[i].resource);
	struct outlook l = {0};
	int rc = 0;

	if (other && !failback_expired(c, other) && !(o->given & OPT_FORCE))
		return hv_err(err, -EBUSY,
			      "%s is being moved already (constraint %s); --force takes over",
			      c->item[i].name, plan_attr(other, "id"));
	rc = look(c, i, host, &l);
	if (!rc && l.after[i].host != (int)host)
		rc = explain(c, i, host, err);
	if (!rc && !(o->given & OPT_FORCE))
		rc = others(c, i, &l, err);
	if (!rc)
		*place = l.after[i];
	forget(&l);
	return rc;
}

static void announce(const struct failback *f, const struct hv_plan_place *place)
{
	static const char *const how[] = {"", ", where its twin waits", ", where a spare waits",
					  ", where it boots"};

	printf("%s: %s -> %s%s%s\n", f->domain, f->from, f->to, how[place->how],
	       place->fate == HV_PLAN_SQUEEZED ? ", squeezed" : "");
	fflush(stdout);
}

/* One domain: planned on what is true now, then moved. */
static int one(const struct options *o, const char *name)
{
	struct failback f = {.o = o};
	struct plan_cluster c = {0};
	struct hv_error err = {""};
	struct hv_plan_place place = {0};
	int host = -1, i = -1, rc = plan_ask(&c, &err);

	if (!rc && (i = plan_domain(&c, name)) < 0)
		rc = hv_err(&err, -ENOENT, "the cluster has no domain %s", name);
	rc = rc ? rc : target(&c, o, (unsigned)i, &host, &err);
	if (!rc && c.item[i].runs_on == host) {
		printf("%s runs on %s.\n", name, c.host[host].name);
		plan_free(&c);
		return HV_EXIT_OK;
	}
	rc = rc ? rc : permit(&c, o, (unsigned)i, (unsigned)host, &place, &err);
	if (!rc) {
		snprintf(f.domain, sizeof(f.domain), "%s", c.item[i].name);
		snprintf(f.resource, sizeof(f.resource), "%s", c.item[i].resource);
		snprintf(f.from, sizeof(f.from), "%s", c.host[c.item[i].runs_on].name);
		snprintf(f.to, sizeof(f.to), "%s", c.host[host].name);
		announce(&f, &place);
	}
	plan_free(&c);
	if (rc)
		return fail(rc, &err);
	return o->given & OPT_DRY_RUN ? HV_EXIT_OK : failback_move(&f);
}

/* Those that are not at home, one after the other: each is planned when its turn comes. */
static int all(const struct options *o)
{
	struct plan_cluster c = {0};
	struct hv_error err = {""};
	int rc = plan_ask(&c, &err), code = HV_EXIT_OK;
	unsigned n = 0;

	if (rc)
		code = fail(rc, &err);
	for (unsigned i = 0; !rc && i < c.plan.nitems && code < 128; i++) {
		const struct hv_plan_item *it = &c.item[i];
		int said;

		if (it->what != HV_PLAN_DOMAIN || it->home < 0 || it->runs_on < 0 ||
		    it->runs_on == it->home)
			continue;
		n++;
		said = one(o, it->name);
		code = said ? said : code;
	}
	if (!rc && !n)
		puts("Every domain that runs is at home.");
	plan_free(&c);
	return code;
}

int cmd_failback(const struct options *o, int argc, char **argv)
{
	int code = HV_EXIT_OK;

	if (!!(o->given & OPT_ALL) == (argc > 0))
		return usage("hv failback NAME..., or --all");
	if (o->given & OPT_ALL)
		return o->given & OPT_TO ? usage("--all brings every domain to its own home")
					 : all(o);
	for (int n = 0; n < argc && code < 128; n++) {
		int said = one(o, argv[n]);

		code = said ? said : code;
	}
	return code;
}
