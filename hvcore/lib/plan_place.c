// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where Pacemaker places each item: among the hosts with room, by score.
 */
#include <string.h>

#include "plan.h"

static void place(const struct hv_plan *p, struct hv_plan_work *w, unsigned i);

void plan_find_settled(const struct hv_plan *p, struct hv_plan_work *w)
{
	for (unsigned i = 0; i < p->nitems; i++) {
		const struct hv_plan_item *it = &p->item[i];
		bool best = it->runs_on >= 0;
		int here = best ? hv_plan_add(it->score[it->runs_on], it->stickiness) : -1;

		for (unsigned h = 0; h < p->nhosts && best; h++)
			best = (int)h == it->runs_on || it->score[h] < here;
		w->settled[i] = best && here >= 0 && it->wanted && it->managed &&
				it->what != HV_PLAN_CLONE &&
				w->first_link[i] == w->first_link[i + 1];
	}
}

static int lacks(const struct hv_plan *p, const struct hv_plan_work *w, unsigned h,
		 const int64_t *need)
{
	for (unsigned k = 0; k < p->nkinds; k++)
		if (need[k] > 0 && need[k] > w->room[h][k])
			return (int)k;
	return -1;
}

static unsigned with_room(const struct hv_plan *p, const struct hv_plan_work *w, const int *row,
			  const int64_t *need, bool *has)
{
	unsigned n = 0;

	for (unsigned h = 0; h < p->nhosts; h++) {
		has[h] = plan_available(w, row, h) && lacks(p, w, h, need) < 0;
		n += has[h];
	}
	return n;
}

/* Of what there is too little, and who has most of it. */
static void say_no_room(const struct hv_plan *p, struct hv_plan_work *w, unsigned i)
{
	struct hv_plan_place *at = &w->place[i];
	const int *row = plan_scores(p, w, i);

	at->why = HV_PLAN_NO_ROOM;
	for (unsigned h = 0; h < p->nhosts; h++) {
		int k = plan_available(w, row, h) ? lacks(p, w, h, p->item[i].book) : -1;

		if (k < 0 || (at->roomiest >= 0 && w->room[h][at->kind] <= at->most))
			continue;
		if (at->roomiest < 0)
			at->kind = (unsigned)k;
		at->roomiest = (int)h;
		at->most = w->room[h][at->kind];
	}
}

static int best_of(const struct hv_plan *p, struct hv_plan_work *w, const int *row, const bool *has,
		   int runs_on)
{
	int best = -1;

	for (unsigned h = 0; h < p->nhosts; h++)
		if (has[h] &&
		    (best < 0 || row[h] > row[best] ||
		     (row[h] == row[best] && plan_host_before(p, w, h, (unsigned)best, runs_on))))
			best = (int)h;
	/* With a score of 0 Pacemaker does not care that it would have to move. */
	if (best >= 0 && row[best] > 0 && runs_on >= 0 && has[runs_on] && row[runs_on] == row[best])
		return runs_on;
	for (unsigned h = 0; best >= 0 && h < p->nhosts; h++)
		if ((int)h != best && has[h] && row[h] == row[best] &&
		    plan_host_before(p, w, h, (unsigned)best, runs_on))
			w->circle = true;
	return best;
}

/* Where no host has room for all that is bound together, the roomiest that may be. */
static int roomiest(const struct hv_plan *p, struct hv_plan_work *w, const int *row,
		    const bool *has, int best)
{
	int most = -1;
	bool tie = false;

	for (unsigned h = 0; h < p->nhosts; h++) {
		int more = most < 0 ? 1 : plan_roomier(p, w->room[h], w->room[most]);

		if (!plan_available(w, row, h))
			continue;
		tie = more == 0 || (tie && more < 0);
		most = more > 0 ? (int)h : most;
	}
	w->circle = w->circle || tie;
	return most >= 0 && has[most] && best >= 0 && row[most] >= row[best] ? most : best;
}

static void settle(const struct hv_plan *p, struct hv_plan_work *w, unsigned i, int h)
{
	w->at[i] = h;
	w->place[i].host = h;
	if (h < 0)
		return;
	w->on[i] |= UINT64_C(1) << h;
	w->count[h]++;
	for (unsigned k = 0; k < p->nkinds; k++)
		if (w->room[h][k] != HV_PLAN_UNKNOWN)
			w->room[h][k] -= p->item[i].book[k];
}

static void spread(const struct hv_plan *p, struct hv_plan_work *w, unsigned i)
{
	for (unsigned h = 0; h < p->nhosts; h++) {
		if (!w->up[h] || p->item[i].score[h] < 0 || lacks(p, w, h, p->item[i].book) >= 0)
			continue;
		settle(p, w, i, (int)h);
	}
	w->at[i] = PLAN_NOWHERE; /* more than one: w->on has them */
}

static void stay(const struct hv_plan *p, struct hv_plan_work *w, unsigned i)
{
	const struct hv_plan_item *it = &p->item[i];

	settle(p, w, i, it->runs_on >= 0 && w->up[it->runs_on] ? it->runs_on : PLAN_NOWHERE);
	if (w->at[i] < 0)
		w->place[i].why = HV_PLAN_UNMANAGED;
}

static void into_room(const struct hv_plan *p, struct hv_plan_work *w, unsigned i)
{
	const struct hv_plan_item *it = &p->item[i];
	const int *row = plan_scores(p, w, i);
	int runs_on = plan_runs(p, w, it) ? it->runs_on : -1, best;
	int64_t sum[HV_PLAN_KINDS] = {0};
	bool has[HV_PLAN_HOSTS_MAX], together;

	if (p->strategy != HV_PLAN_DEFAULT)
		plan_bound(p, w, i, sum);
	together = with_room(p, w, row, sum, has) > 0;
	if (!together)
		with_room(p, w, row, it->book, has);
	best = best_of(p, w, row, has, runs_on);
	settle(p, w, i, together ? best : roomiest(p, w, row, has, best));
	if (w->at[i] < 0)
		say_no_room(p, w, i);
}

/* What it depends on goes first and tells it where; then what depends on it has a say. */
static void bind(const struct hv_plan *p, struct hv_plan_work *w, unsigned i)
{
	unsigned from = w->first_link[i], to = w->first_link[i + 1];
	int before[HV_PLAN_HOSTS_MAX], *row = plan_scores(p, w, i);

	for (unsigned n = from; n < to; n++) {
		const struct plan_link *l = &w->link[n];

		if (!l->depends)
			continue;
		memcpy(before, row, p->nhosts * sizeof(*before));
		if (!w->busy[l->other])
			place(p, w, l->other);
		plan_follow(p, w, i, l);
		if (l->score < 0 && l->score > -HV_PLAN_INFINITY && !plan_any_available(p, w, row))
			memcpy(row, before, p->nhosts * sizeof(*before));
	}
	for (unsigned n = from; n < to; n++)
		if (!w->link[n].depends)
			plan_lead_by(p, w, i, &w->link[n]);
}

static void place(const struct hv_plan *p, struct hv_plan_work *w, unsigned i)
{
	const struct hv_plan_item *it = &p->item[i];
	bool could;

	if (w->at[i] != PLAN_OPEN)
		return;
	w->busy[i] = true;
	could = plan_any_available(p, w, plan_scores(p, w, i));
	bind(p, w, i);
	if (!it->wanted) {
		settle(p, w, i, PLAN_NOWHERE);
	} else if (!it->managed) {
		stay(p, w, i);
	} else if (it->what == HV_PLAN_CLONE) {
		spread(p, w, i);
	} else if (plan_any_available(p, w, plan_scores(p, w, i))) {
		into_room(p, w, i);
	} else {
		settle(p, w, i, PLAN_NOWHERE);
		w->place[i].why = could ? HV_PLAN_COLOCATED : HV_PLAN_NO_HOST;
	}
	w->busy[i] = false;
}

/*
 * Most are bound to nothing and run where their score is above that of every other host: if
 * there is room for them they stay, whatever has become of the others.
 */
static bool stays(const struct hv_plan *p, struct hv_plan_work *w, unsigned i)
{
	const struct hv_plan_item *it = &p->item[i];
	unsigned h = (unsigned)it->runs_on;

	if (!w->settled[i] || !w->up[h] || lacks(p, w, h, it->book) >= 0)
		return false;
	settle(p, w, i, it->runs_on);
	return true;
}

void plan_place_all(const struct hv_plan *p, struct hv_plan_work *w)
{
	for (unsigned i = 0; i < p->nitems; i++) {
		w->at[i] = PLAN_OPEN;
		w->busy[i] = false;
		w->on[i] = 0;
		w->place[i] = (struct hv_plan_place){.host = PLAN_NOWHERE, .roomiest = -1};
	}
	for (unsigned n = 0; n < p->nitems; n++)
		if (!stays(p, w, w->order[n]))
			place(p, w, w->order[n]);
}
