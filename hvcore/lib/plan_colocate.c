// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is bound to one another: who follows whom, and whose preferences reach
 * how far.  As Pacemaker does it, with its arithmetic (a bond's score is a factor, as
 * a float, and INFINITY is 1).
 */
#include <string.h>

#include "plan.h"

int hv_plan_add(int a, int b)
{
	if (a <= -HV_PLAN_INFINITY || b <= -HV_PLAN_INFINITY)
		return -HV_PLAN_INFINITY;
	if (a >= HV_PLAN_INFINITY || b >= HV_PLAN_INFINITY || a + b >= HV_PLAN_INFINITY)
		return HV_PLAN_INFINITY;
	return a + b <= -HV_PLAN_INFINITY ? -HV_PLAN_INFINITY : a + b;
}

int *plan_scores(const struct hv_plan *p, const struct hv_plan_work *w, unsigned i)
{
	return &w->score[i * p->nhosts];
}

bool plan_available(const struct hv_plan_work *w, const int *row, unsigned h)
{
	return w->up[h] && row[h] >= 0;
}

bool plan_any_available(const struct hv_plan *p, const struct hv_plan_work *w, const int *row)
{
	for (unsigned h = 0; h < p->nhosts; h++)
		if (plan_available(w, row, h))
			return true;
	return false;
}

void plan_own_scores(const struct hv_plan *p, struct hv_plan_work *w)
{
	for (unsigned i = 0; i < p->nitems; i++) {
		const struct hv_plan_item *it = &p->item[i];
		int *row = plan_scores(p, w, i);

		memcpy(row, it->score, p->nhosts * sizeof(*row));
		if (plan_runs(p, w, it))
			row[it->runs_on] = hv_plan_add(row[it->runs_on], it->stickiness);
		memcpy(&w->sorting[i * p->nhosts], row, p->nhosts * sizeof(*row));
		w->seen[i] = false;
	}
}

/* What is far from @from's heart has a factor below 1, what it avoids one below 0. */
static void add_scores(const struct hv_plan *p, const struct hv_plan_work *w, int *row,
		       const int *from, float factor)
{
	for (unsigned h = 0; h < p->nhosts; h++) {
		int score = w->up[h] ? from[h] : -HV_PLAN_INFINITY, delta;
		float part = factor * (float)score;

		if (factor < 0 && score < 0)
			continue;
		delta = (int)(part < 0 ? part - 0.5F : part + 0.5F);
		if (!delta && score)
			delta = factor > 0 ? 1 : -1;
		row[h] = hv_plan_add(delta, row[h]);
	}
}

/*
 * Adds @from's scores to @row, and those of all that is bound to it: of what it
 * depends on (@up), or of what depends on it.  @optional: not if no host is left then.
 */
static void merge(const struct hv_plan *p, struct hv_plan_work *w, int *row, unsigned from,
		  float factor, bool up, bool optional)
{
	int sum[HV_PLAN_HOSTS_MAX];

	if (w->seen[from] || w->merges > PLAN_MERGES_MAX)
		return;
	w->merges++;
	w->seen[from] = true;
	memcpy(sum, row, p->nhosts * sizeof(*sum));
	add_scores(p, w, sum, plan_scores(p, w, from), factor);
	if (plan_any_available(p, w, sum)) {
		for (unsigned n = w->first_link[from]; n < w->first_link[from + 1]; n++) {
			const struct plan_link *l = &w->link[n];

			if (l->depends == up)
				merge(p, w, sum, l->other,
				      factor * (float)l->score / (float)HV_PLAN_INFINITY, up,
				      optional);
		}
		memcpy(row, sum, p->nhosts * sizeof(*sum));
	} else if (!optional) {
		memcpy(row, sum, p->nhosts * sizeof(*sum));
	}
	w->seen[from] = false;
}

void plan_lead_by_primaries(const struct hv_plan *p, struct hv_plan_work *w, unsigned i)
{
	int *row = &w->sorting[i * p->nhosts];

	if (w->first_link[i] == w->first_link[i + 1] || !plan_any_available(p, w, row))
		return;
	w->seen[i] = true;
	for (unsigned n = w->first_link[i]; n < w->first_link[i + 1]; n++) {
		const struct plan_link *l = &w->link[n];

		if (l->depends)
			merge(p, w, row, l->other, (float)l->score / (float)HV_PLAN_INFINITY, true,
			      false);
	}
	w->seen[i] = false;
}

void plan_lead_by(const struct hv_plan *p, struct hv_plan_work *w, unsigned i,
		  const struct plan_link *l)
{
	merge(p, w, plan_scores(p, w, i), l->other, (float)l->score / (float)HV_PLAN_INFINITY,
	      false, true);
}

void plan_follow(const struct hv_plan *p, struct hv_plan_work *w, unsigned i,
		 const struct plan_link *l)
{
	int *row = plan_scores(p, w, i), next[HV_PLAN_HOSTS_MAX];
	bool must = l->score >= HV_PLAN_INFINITY, never = l->score <= -HV_PLAN_INFINITY;

	if (w->at[l->other] == PLAN_OPEN || (!w->on[l->other] && l->score < 0))
		return; /* a circle, or nothing to avoid */
	memcpy(next, row, p->nhosts * sizeof(*next));
	for (unsigned h = 0; h < p->nhosts; h++) {
		if (!w->on[l->other])
			next[h] = hv_plan_add(next[h], -l->score);
		else if (w->on[l->other] & UINT64_C(1) << h)
			next[h] = must ? next[h] : hv_plan_add(next[h], l->score);
		else if (must)
			next[h] = -HV_PLAN_INFINITY;
	}
	if (must || never || plan_any_available(p, w, next))
		memcpy(row, next, p->nhosts * sizeof(*next));
}

static void bound(const struct hv_plan *p, struct hv_plan_work *w, unsigned i, int64_t *sum,
		  bool clear)
{
	w->seen[i] = !clear;
	for (unsigned k = 0; k < p->nkinds && !clear && w->at[i] == PLAN_OPEN; k++)
		sum[k] += p->item[i].book[k];
	for (unsigned n = w->first_link[i]; n < w->first_link[i + 1]; n++) {
		const struct plan_link *l = &w->link[n];

		/* Of a clone's instances nobody knows which one would be bound. */
		if (l->score >= HV_PLAN_INFINITY && w->seen[l->other] == clear &&
		    p->item[l->other].what != HV_PLAN_CLONE)
			bound(p, w, l->other, sum, clear);
	}
}

void plan_bound(const struct hv_plan *p, struct hv_plan_work *w, unsigned i, int64_t *sum)
{
	bound(p, w, i, sum, false);
	bound(p, w, i, sum, true);
}
