// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In which order Pacemaker places: by priority, by the score where it runs, by
 * the scores on the roomiest hosts, and else as the configuration has it.
 */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

bool plan_runs(const struct hv_plan *p, const struct hv_plan_work *w,
	       const struct hv_plan_item *item)
{
	return item->runs_on >= 0 && (p->fenced || w->up[item->runs_on]);
}

int plan_roomier(const struct hv_plan *p, const int64_t *a, const int64_t *b)
{
	int sum = 0;

	for (unsigned k = 0; k < p->nkinds; k++)
		sum += (a[k] > b[k]) - (a[k] < b[k]);
	return sum;
}

bool plan_host_before(const struct hv_plan *p, const struct hv_plan_work *w, unsigned a, unsigned b,
		      int runs_on)
{
	int more = p->strategy == HV_PLAN_BALANCED ? plan_roomier(p, w->room[a], w->room[b]) : 0;

	if (more)
		return more > 0;
	if (p->strategy != HV_PLAN_MINIMAL) {
		if (w->count[a] != w->count[b])
			return w->count[a] < w->count[b];
		if ((int)a == runs_on || (int)b == runs_on)
			return (int)a == runs_on;
	}
	return strcmp(p->host[a].name, p->host[b].name) < 0;
}

/* An insertion sort: few hosts, and "before" need not be transitive. */
static void sort_hosts(const struct hv_plan *p, struct hv_plan_work *w)
{
	for (unsigned h = 0; h < p->nhosts; h++) {
		unsigned at = h;

		for (; at > 0; at--) {
			unsigned before = w->by_room[at - 1];

			if (w->up[before] > w->up[h] ||
			    (w->up[before] == w->up[h] && !plan_host_before(p, w, h, before, -1)))
				break;
			w->by_room[at] = before;
		}
		w->by_room[at] = h;
	}
}

static void find_circle(const struct hv_plan *p, struct hv_plan_work *w)
{
	w->in_circle = false;
	for (unsigned i = 0; i < p->nhosts; i++)
		for (unsigned j = i + 1; j < p->nhosts && w->up[w->by_room[j]]; j++)
			if (plan_host_before(p, w, w->by_room[j], w->by_room[i], -1))
				w->in_circle = true;
}

struct context {
	const struct hv_plan *p;
	struct hv_plan_work *w;
};

static int where_it_runs(const struct context *c, unsigned i)
{
	const struct hv_plan_item *it = &c->p->item[i];

	return plan_runs(c->p, c->w, it) ? c->w->sorting[i * c->p->nhosts + (unsigned)it->runs_on]
					 : -HV_PLAN_INFINITY;
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct context *c = arg;
	unsigned i = *(const unsigned *)a, j = *(const unsigned *)b;
	const struct hv_plan_item *x = &c->p->item[i], *y = &c->p->item[j];
	const int *row_x = &c->w->sorting[i * c->p->nhosts],
		  *row_y = &c->w->sorting[j * c->p->nhosts];
	int sx = where_it_runs(c, i), sy = where_it_runs(c, j);

	if (x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	if (c->p->strategy == HV_PLAN_DEFAULT)
		return i < j ? -1 : 1;
	if (sx != sy)
		return sx > sy ? -1 : 1;
	for (unsigned n = 0; n < c->p->nhosts; n++) {
		unsigned h = c->w->by_room[n];

		if (row_x[h] == row_y[h])
			continue;
		c->w->circle = c->w->circle || c->w->in_circle;
		return row_x[h] > row_y[h] ? -1 : 1;
	}
	return i < j ? -1 : 1;
}

void plan_order(const struct hv_plan *p, struct hv_plan_work *w)
{
	struct context c = {p, w};

	sort_hosts(p, w);
	find_circle(p, w);
	for (unsigned i = 0; i < p->nitems; i++) {
		w->order[i] = i;
		plan_lead_by_primaries(p, w, i);
	}
	qsort_r(w->order, p->nitems, sizeof(w->order[0]), compare, &c);
}
