// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hv plan --apply: make the configuration what the plan needs, in one change.
 */
#include <errno.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan_apply.h"
#include "plan_want.h"

enum { TRIES = 20 };

struct apply {
	const struct options *o;
	char *text; /* as it was read */
	size_t len;
	struct plan_cluster c; /* as it will be */
	struct plan_want want;
	char *upset; /* who would have to leave where it runs */
};

int plan_full(struct plan_cluster *c, const char *text, size_t len, struct hv_error *err)
{
	c->doc = xmlReadMemory(text, (int)len, "cib", NULL,
			       XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
				       XML_PARSE_HUGE | XML_PARSE_NOBLANKS);
	return c->doc ? plan_read(c, err) : hv_err(err, -EIO, "the configuration is not XML");
}

/* The configuration as it has been made, read anew, so that it is seen as the cluster will. */
static int look(const struct apply *a, struct plan_cluster *m, struct hv_error *err)
{
	xmlChar *text = NULL;
	int n = 0, rc;

	xmlDocDumpMemory(a->c.doc, &text, &n);
	rc = text ? plan_full(m, (const char *)text, (size_t)n, err) : -ENOMEM;
	xmlFree(text);
	return rc;
}

static void add_name(char **list, const char *name, const char *host)
{
	char *more = NULL;

	if (asprintf(&more, "%s%s%s (%s)", *list ? *list : "", *list ? ", " : "", name, host) < 0)
		return;
	free(*list);
	*list = more;
}

/* Where each goes when the host it runs on is lost; and who could not even stay as things are. */
static int foresee(struct apply *a, const struct plan_cluster *m, const char **promise)
{
	const struct hv_plan *p = &m->plan;
	struct hv_plan_work *w = hv_plan_work_new(p);
	struct hv_plan_place *place = calloc(p->nitems + 1, sizeof(*place));
	struct hv_plan_loss sum;

	for (unsigned h = 0; w && place && h < p->nhosts; h++) {
		hv_plan_lose(p, w, &h, 1, place, &sum);
		for (unsigned i = 0; i < p->nitems; i++)
			if (p->item[i].runs_on == (int)h && place[i].host >= 0)
				promise[i] = a->c.host[place[i].host].name;
	}
	if (w && place)
		hv_plan_lose(p, w, NULL, 0, place, &sum);
	for (unsigned i = 0; w && place && i < p->nitems; i++) {
		const struct hv_plan_item *it = &p->item[i];

		if (it->what == HV_PLAN_DOMAIN && it->wanted && it->runs_on >= 0 &&
		    p->host[it->runs_on].up && place[i].host != it->runs_on)
			add_name(&a->upset, it->name, p->host[it->runs_on].name);
	}
	hv_plan_work_free(w);
	free(place);
	return w && place ? 0 : -ENOMEM;
}

static int prepare(struct apply *a, struct hv_error *err)
{
	struct plan_cluster m = {0};
	const char **promise = NULL;
	int rc = plan_text(a->o, &a->text, &a->len, err);

	rc = rc ? rc : plan_full(&a->c, a->text, a->len, err);
	if (rc)
		return rc;
	if (!(a->o->given & OPT_CIB))
		plan_measure(&a->c);
	plan_want(&a->c, &a->want);
	promise = calloc(a->c.plan.nitems + 1, sizeof(*promise));
	rc = promise ? look(a, &m, err) : -ENOMEM;
	rc = rc ? rc : foresee(a, &m, promise);
	if (!rc)
		plan_want_promises(&a->c, &a->want, promise);
	if (!rc && (a->want.edit.failed || a->want.needs.failed || a->want.unknown.failed))
		rc = -ENOMEM;
	free(promise);
	plan_free(&m);
	return rc;
}

static void clean(struct apply *a)
{
	free(a->text);
	free(a->upset);
	plan_free(&a->c);
	plan_edit_free(&a->want.edit);
	plan_edit_free(&a->want.unknown);
	plan_edit_free(&a->want.needs);
	*a = (struct apply){.o = a->o};
	a->want.rehome = (a->o->given & OPT_REHOME) != 0;
}

static int refuse(struct apply *a, struct hv_error *err)
{
	if (a->want.unknown.n)
		return hv_err(
			err, -EPERM,
			"%s.  Where a host books nothing, Pacemaker starts nothing that books something; so nothing is booked yet",
			a->want.unknown.line[0]);
	if (a->upset && !(a->o->given & OPT_FORCE))
		return hv_err(
			err, -EPERM,
			"with these bookings there is no place any more for what runs: %s.  Make room, correct the definitions, or say --force",
			a->upset);
	return 0;
}

static json_t *lines(const struct plan_edit *e)
{
	json_t *list = json_array();

	for (size_t i = 0; i < e->n; i++)
		json_array_append_new(list, json_string(e->line[i]));
	return list;
}

static int report(const struct apply *a, bool written)
{
	const struct plan_want *w = &a->want;

	if (a->o->given & OPT_JSON)
		return print_json(json_pack("{s:o, s:o, s:b}", "changes", lines(&w->edit), "needs",
					    lines(&w->needs), "written", (int)written),
				  HV_EXIT_OK);
	for (size_t i = 0; i < w->edit.n; i++)
		puts(w->edit.line[i]);
	if (!w->edit.n)
		puts("Nothing to change.");
	else if (written)
		printf("%zu changes, written at once.\n", w->edit.n);
	else
		printf("%zu changes, and nothing written.\n", w->edit.n);
	for (size_t i = 0; i < w->needs.n; i++)
		printf("Needed: %s.\n", w->needs.line[i]);
	for (size_t i = 0; i < a->c.nnotes; i++)
		printf("Note: %s.\n", a->c.note[i]);
	return HV_EXIT_OK;
}

int plan_apply(const struct options *o)
{
	bool dry = (o->given & OPT_DRY_RUN) != 0;
	struct apply a = {.o = o};
	struct hv_error err = {""};
	int rc = -EAGAIN, code;

	if (o->given & OPT_CIB && !dry)
		return usage("--apply writes to the cluster; with --cib say --dry-run");
	for (int n = 0; rc == -EAGAIN && n < TRIES && left(o) > 1; n++) {
		clean(&a);
		rc = prepare(&a, &err);
		rc = rc ? rc : refuse(&a, &err);
		if (!rc && a.want.edit.n && !dry)
			rc = plan_patch(a.text, a.len, a.c.doc, left(o), &err);
	}
	code = rc ? fail(rc == -ENOENT ? -EIO : rc, &err) : report(&a, !dry && a.want.edit.n);
	clean(&a);
	return code;
}
