// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sharing a host's room among the domains placed there, as its ledger does
 * (hv_ledger_admit()): whoever starts makes those of no higher priority shrink, the
 * lowest first and none below its minimum, or is refused.  Pacemaker counts
 * bookings only, and knows nothing of that.
 */
#include <string.h>

#include "plan.h"

/* The domains that this host runs, as far as its ledger lets it. */
static bool granted(const struct hv_plan_work *w, unsigned i)
{
	return w->granted[i];
}

/* What the domains of this host can have: what it has less what others book.  Who runs here has no twin here. */
static int64_t for_domains(const struct hv_plan *p, const struct hv_plan_work *w, unsigned h,
			   unsigned k)
{
	int64_t left = w->room[h][k];

	if (left == HV_PLAN_UNKNOWN)
		return HV_PLAN_UNKNOWN;
	for (unsigned n = w->first_here[h]; n < w->first_here[h + 1]; n++) {
		const struct hv_plan_item *it = &p->item[w->here[n]];

		left += it->book[k];
		if (k == HV_PLAN_MEMORY && it->waits)
			left += it->waits[h];
	}
	return left;
}

/* The lowest shrink priority above @below on @h, or -1. */
static int next_priority(const struct hv_plan *p, const struct hv_plan_work *w, unsigned h,
			 int below)
{
	int next = -1;

	for (unsigned n = w->first_here[h]; n < w->first_here[h + 1]; n++) {
		int shrink = p->item[w->here[n]].shrink;

		if (granted(w, w->here[n]) && shrink > below && (next < 0 || shrink < next))
			next = shrink;
	}
	return next;
}

/* What the domains of one priority have above their minimum. */
static int64_t slack(const struct hv_plan *p, const struct hv_plan_work *w, unsigned h, unsigned k,
		     int priority)
{
	int64_t sum = 0;

	for (unsigned n = w->first_here[h]; n < w->first_here[h + 1]; n++) {
		unsigned i = w->here[n];

		if (granted(w, i) && p->item[i].shrink == priority)
			sum += w->place[i].given[k] - p->item[i].least[k];
	}
	return sum;
}

/* Takes @over from those of one priority, in proportion to what each has above its minimum. */
static void take(const struct hv_plan *p, struct hv_plan_work *w, unsigned h, unsigned k,
		 int priority, int64_t over)
{
	int64_t of = slack(p, w, h, k, priority);

	for (unsigned n = w->first_here[h]; n < w->first_here[h + 1] && over > 0; n++) {
		unsigned i = w->here[n];
		int64_t has = w->place[i].given[k] - p->item[i].least[k], part;

		if (!granted(w, i) || p->item[i].shrink != priority || has <= 0)
			continue;
		part = (over * has + of - 1) / of;
		part = part < has ? part : has;
		part = part < over ? part : over;
		w->place[i].given[k] -= part;
		over -= part;
		of -= has;
	}
}

/*
 * Make @h hold what was given of @k: the lowest priorities shrink first, and none
 * above @most.  What is missing then.
 */
static int64_t squeeze(const struct hv_plan *p, struct hv_plan_work *w, unsigned h, unsigned k,
		       int most)
{
	int64_t have = for_domains(p, w, h, k), over = -have;

	if (have == HV_PLAN_UNKNOWN)
		return 0;
	for (unsigned n = w->first_here[h]; n < w->first_here[h + 1]; n++)
		if (granted(w, w->here[n]))
			over += w->place[w->here[n]].given[k];
	for (int turn = next_priority(p, w, h, -1); over > 0 && turn >= 0 && turn <= most;
	     turn = next_priority(p, w, h, turn)) {
		int64_t part = slack(p, w, h, k, turn);

		part = part < over ? part : over;
		take(p, w, h, k, turn, part);
		over -= part;
	}
	return over > 0 ? over : 0;
}

static void grant(const struct hv_plan *p, struct hv_plan_work *w, unsigned i)
{
	w->granted[i] = true;
	for (unsigned k = 0; k < HV_PLAN_OURS; k++)
		w->place[i].given[k] = p->item[i].full[k];
}

static void keep(struct hv_plan_work *w, unsigned h, int64_t (*to)[HV_PLAN_OURS], bool back)
{
	for (unsigned n = w->first_here[h]; n < w->first_here[h + 1]; n++)
		memcpy(back ? w->place[w->here[n]].given : to[n],
		       back ? to[n] : w->place[w->here[n]].given, sizeof(*to));
}

/* What is free of @h beside all that was given; negative: so much is over. */
static void count_free(const struct hv_plan *p, const struct hv_plan_work *w, unsigned h,
		       int64_t free[HV_PLAN_OURS])
{
	for (unsigned k = 0; k < HV_PLAN_OURS; k++) {
		free[k] = for_domains(p, w, h, k);
		for (unsigned n = w->first_here[h];
		     free[k] != HV_PLAN_UNKNOWN && n < w->first_here[h + 1]; n++)
			if (granted(w, w->here[n]))
				free[k] -= w->place[w->here[n]].given[k];
	}
}

/* Whether @i gets all it wants of what is @free, which most do: nobody has to be looked at then. */
static bool fits(const struct hv_plan_item *it, int64_t free[HV_PLAN_OURS])
{
	for (unsigned k = 0; k < HV_PLAN_OURS; k++)
		if (free[k] != HV_PLAN_UNKNOWN && free[k] < it->full[k])
			return false;
	for (unsigned k = 0; k < HV_PLAN_OURS; k++)
		free[k] -= free[k] != HV_PLAN_UNKNOWN ? it->full[k] : 0;
	return true;
}

/* A start: those of no higher priority make room, or it is refused and they need not. */
static void admit(const struct hv_plan *p, struct hv_plan_work *w, unsigned h, unsigned i)
{
	keep(w, h, w->before, false);
	grant(p, w, i);
	for (unsigned k = 0; k < HV_PLAN_OURS; k++) {
		if (!squeeze(p, w, h, k, p->item[i].shrink))
			continue;
		keep(w, h, w->before, true);
		w->granted[i] = false;
		w->place[i].why = HV_PLAN_NO_LEDGER;
		w->place[i].kind = k;
		w->place[i].roomiest = (int)h;
		return;
	}
}

/* What runs here already, then what starts, as it was placed. */
static void share_host(const struct hv_plan *p, struct hv_plan_work *w, unsigned h)
{
	int64_t free[HV_PLAN_OURS];

	for (unsigned n = w->first_here[h]; n < w->first_here[h + 1]; n++)
		if (p->item[w->here[n]].runs_on == (int)h)
			grant(p, w, w->here[n]);
	for (unsigned k = 0; k < HV_PLAN_OURS; k++)
		squeeze(p, w, h, k, INT32_MAX);
	count_free(p, w, h, free);
	for (unsigned n = w->first_here[h]; n < w->first_here[h + 1]; n++) {
		unsigned i = w->here[n];

		if (p->item[i].runs_on == (int)h)
			continue;
		if (fits(&p->item[i], free)) {
			grant(p, w, i);
			continue;
		}
		admit(p, w, h, i);
		count_free(p, w, h, free);
	}
}

static enum hv_plan_how how(struct hv_plan_work *w, const struct hv_plan_item *it, int h)
{
	if (it->runs_on == h)
		return HV_PLAN_STAYS;
	if (it->twin && it->twin[h])
		return HV_PLAN_TWIN;
	if (it->spare && w->spares[h]) {
		w->spares[h]--;
		return HV_PLAN_SPARE;
	}
	return HV_PLAN_COLD;
}

static void judge(const struct hv_plan *p, struct hv_plan_work *w, unsigned i)
{
	const struct hv_plan_item *it = &p->item[i];
	struct hv_plan_place *at = &w->place[i];
	bool doubt = false, squeezed = false;

	if (it->what != HV_PLAN_DOMAIN || !it->wanted) {
		at->fate = HV_PLAN_OFF;
		return;
	}
	if (at->host < 0 || at->why == HV_PLAN_NO_LEDGER) {
		at->host = PLAN_NOWHERE;
		at->fate = HV_PLAN_NOT;
		return;
	}
	for (unsigned k = 0; k < HV_PLAN_OURS; k++) {
		doubt = doubt || (p->host[at->host].capacity[k] == HV_PLAN_UNKNOWN && it->full[k]);
		squeezed = squeezed || at->given[k] < it->full[k];
	}
	at->how = how(w, it, at->host);
	at->fate = squeezed ? HV_PLAN_SQUEEZED : doubt ? HV_PLAN_DOUBT : HV_PLAN_FULL;
}

static void gather(const struct hv_plan *p, struct hv_plan_work *w)
{
	unsigned fill[HV_PLAN_HOSTS_MAX];

	memset(w->first_here, 0, sizeof(w->first_here));
	for (unsigned i = 0; i < p->nitems; i++)
		if (p->item[i].what == HV_PLAN_DOMAIN && w->at[i] >= 0)
			w->first_here[w->at[i] + 1]++;
	for (unsigned h = 0; h < p->nhosts; h++) {
		w->first_here[h + 1] += w->first_here[h];
		fill[h] = w->first_here[h];
	}
	for (unsigned n = 0; n < p->nitems; n++) {
		unsigned i = w->order[n];

		if (p->item[i].what == HV_PLAN_DOMAIN && w->at[i] >= 0)
			w->here[fill[w->at[i]]++] = i;
	}
}

void plan_share(const struct hv_plan *p, struct hv_plan_work *w)
{
	memset(w->granted, 0, p->nitems * sizeof(*w->granted));
	gather(p, w);
	for (unsigned h = 0; h < p->nhosts; h++)
		if (w->up[h])
			share_host(p, w, h);
	for (unsigned n = 0; n < p->nitems; n++)
		judge(p, w, w->order[n]);
}
