// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Losses: one, or every one of up to r hosts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

enum { AMOUNT_MAX = INT32_MAX }; /* Pacemaker's own; sums of them cannot overflow */

static bool sane_item(const struct hv_plan *p, const struct hv_plan_item *it)
{
	for (unsigned k = 0; k < p->nkinds; k++)
		if (it->book[k] < 0 || it->book[k] > AMOUNT_MAX)
			return false;
	for (unsigned k = 0; k < HV_PLAN_OURS; k++)
		if (it->least[k] < 0 || it->least[k] > it->full[k] || it->full[k] > AMOUNT_MAX)
			return false;
	return it->name && it->score && it->runs_on >= -1 && it->runs_on < (int)p->nhosts &&
	       it->shrink >= 0 && abs(it->stickiness) <= HV_PLAN_INFINITY;
}

int hv_plan_check(const struct hv_plan *p, struct hv_error *err)
{
	if (p->nhosts > HV_PLAN_HOSTS_MAX)
		return hv_err(err, -EINVAL, "the cluster has %u hosts, a plan at most %d",
			      p->nhosts, HV_PLAN_HOSTS_MAX);
	if (p->nkinds < HV_PLAN_OURS || p->nkinds > HV_PLAN_KINDS)
		return hv_err(err, -EINVAL, "a plan has %d to %d kinds of utilization, not %u",
			      HV_PLAN_OURS, HV_PLAN_KINDS, p->nkinds);
	for (unsigned h = 0; h < p->nhosts; h++)
		for (unsigned k = 0; k < p->nkinds; k++)
			if (p->host[h].capacity[k] != HV_PLAN_UNKNOWN &&
			    llabs(p->host[h].capacity[k]) > AMOUNT_MAX)
				return hv_err(err, -EINVAL, "host %s: a capacity is out of range",
					      p->host[h].name);
	for (unsigned i = 0; i < p->nitems; i++)
		if (!sane_item(p, &p->item[i]))
			return hv_err(err, -EINVAL, "%s: an amount is out of range",
				      p->item[i].name ? p->item[i].name : "a resource");
	if (p->ncolocations > HV_PLAN_COLOCATIONS_MAX)
		return hv_err(err, -EINVAL, "the cluster has %u colocations, a plan at most %d",
			      p->ncolocations, HV_PLAN_COLOCATIONS_MAX);
	for (unsigned n = 0; n < p->ncolocations; n++)
		if (p->colocation[n].dependent >= p->nitems ||
		    p->colocation[n].primary >= p->nitems ||
		    p->colocation[n].dependent == p->colocation[n].primary)
			return hv_err(err, -EINVAL, "colocation %u: of what is not there", n);
	return 0;
}

/* Who is looked at first: the higher priority, then clones, then the lower name. */
static int by_priority(const void *a, const void *b, void *arg)
{
	const struct hv_plan *p = arg;
	const struct plan_link *x = a, *y = b;
	const struct hv_plan_item *i = &p->item[x->other], *j = &p->item[y->other];

	if (i->priority != j->priority)
		return i->priority > j->priority ? -1 : 1;
	if ((i->what == HV_PLAN_CLONE) != (j->what == HV_PLAN_CLONE))
		return i->what == HV_PLAN_CLONE ? -1 : 1;
	return strcmp(i->resource, j->resource);
}

/* The colocations of each item, counted and then laid side by side. */
static void link_up(const struct hv_plan *p, struct hv_plan_work *w)
{
	unsigned *fill = w->order; /* not in use yet */

	for (unsigned n = 0; n < p->ncolocations; n++) {
		w->first_link[p->colocation[n].dependent + 1]++;
		w->first_link[p->colocation[n].primary + 1]++;
	}
	for (unsigned i = 0; i < p->nitems; i++) {
		w->first_link[i + 1] += w->first_link[i];
		fill[i] = w->first_link[i];
	}
	for (unsigned n = 0; n < p->ncolocations; n++) {
		const struct hv_plan_colocation *c = &p->colocation[n];

		w->link[fill[c->dependent]++] = (struct plan_link){c->primary, c->score, true};
		w->link[fill[c->primary]++] = (struct plan_link){c->dependent, c->score, false};
	}
	for (unsigned i = 0; i < p->nitems; i++)
		qsort_r(&w->link[w->first_link[i]], w->first_link[i + 1] - w->first_link[i],
			sizeof(*w->link), by_priority, (void *)(uintptr_t)p);
}

struct hv_plan_work *hv_plan_work_new(const struct hv_plan *p)
{
	struct hv_plan_work *w = calloc(1, sizeof(*w));
	size_t n = p->nitems + 1;

	if (!w)
		return NULL;
	w->order = calloc(n, sizeof(*w->order));
	w->key = calloc(n * (p->nhosts + 2), sizeof(*w->key));
	w->at = calloc(n, sizeof(*w->at));
	w->score = calloc(n * (p->nhosts + 1), sizeof(*w->score));
	w->sorting = calloc(n * (p->nhosts + 1), sizeof(*w->sorting));
	w->on = calloc(n, sizeof(*w->on));
	w->settled = calloc(n, sizeof(*w->settled));
	w->busy = calloc(n, sizeof(*w->busy));
	w->seen = calloc(n, sizeof(*w->seen));
	w->place = calloc(n, sizeof(*w->place));
	w->here = calloc(n, sizeof(*w->here));
	w->granted = calloc(n, sizeof(*w->granted));
	w->before = calloc(n, sizeof(*w->before));
	w->first_link = calloc(n + 1, sizeof(*w->first_link));
	w->link = calloc(2 * (size_t)p->ncolocations + 1, sizeof(*w->link));
	if (!w->order || !w->key || !w->at || !w->score || !w->sorting || !w->on || !w->settled ||
	    !w->busy || !w->seen || !w->place || !w->here || !w->granted || !w->before ||
	    !w->first_link || !w->link) {
		hv_plan_work_free(w);
		return NULL;
	}
	link_up(p, w);
	for (unsigned i = 0; i < p->nitems; i++)
		w->order[i] = i;
	plan_find_settled(p, w);
	return w;
}

void hv_plan_work_free(struct hv_plan_work *w)
{
	if (!w)
		return;
	free(w->order);
	free(w->key);
	free(w->at);
	free(w->score);
	free(w->sorting);
	free(w->on);
	free(w->settled);
	free(w->busy);
	free(w->seen);
	free(w->place);
	free(w->here);
	free(w->granted);
	free(w->before);
	free(w->first_link);
	free(w->link);
	free(w);
}

static bool is_lost(const struct hv_plan_loss *l, int h)
{
	for (unsigned n = 0; n < l->nlost; n++)
		if ((int)l->lost[n] == h)
			return true;
	return false;
}

static void count(const struct hv_plan *p, const struct hv_plan_work *w, struct hv_plan_loss *sum)
{
	for (unsigned i = 0; i < p->nitems; i++) {
		const struct hv_plan_item *it = &p->item[i];
		const struct hv_plan_place *at = &w->place[i];

		if (it->what != HV_PLAN_DOMAIN)
			continue;
		sum->count[at->fate]++;
		if (at->fate == HV_PLAN_OFF)
			continue;
		if (at->fate != HV_PLAN_NOT)
			sum->how[at->how]++;
		if (it->runs_on < 0)
			continue;
		if (is_lost(sum, it->runs_on))
			sum->displaced++;
		else if (w->up[it->runs_on] && at->host != it->runs_on)
			sum->pushed++;
	}
}

void hv_plan_lose(const struct hv_plan *p, struct hv_plan_work *w, const unsigned *lost,
		  unsigned nlost, struct hv_plan_place *place, struct hv_plan_loss *sum)
{
	*sum = (struct hv_plan_loss){.nlost = nlost};
	for (unsigned n = 0; n < nlost; n++)
		sum->lost[n] = lost[n];
	for (unsigned h = 0; h < p->nhosts; h++) {
		w->up[h] = p->host[h].up && !is_lost(sum, (int)h);
		w->count[h] = 0;
		w->spares[h] = p->host[h].spares;
		memcpy(w->room[h], p->host[h].capacity, sizeof(w->room[h]));
	}
	w->circle = false;
	w->merges = 0;
	plan_own_scores(p, w);
	plan_order(p, w);
	plan_place_all(p, w);
	plan_share(p, w);
	count(p, w, sum);
	sum->circle = w->circle;
	if (place)
		memcpy(place, w->place, p->nitems * sizeof(*place));
}

int hv_plan_worse(const void *a, const void *b)
{
	static const enum hv_plan_fate by[] = {HV_PLAN_NOT, HV_PLAN_DOUBT, HV_PLAN_SQUEEZED};
	const struct hv_plan_loss *x = a, *y = b;

	for (size_t n = 0; n < sizeof(by) / sizeof(by[0]); n++)
		if (x->count[by[n]] != y->count[by[n]])
			return x->count[by[n]] > y->count[by[n]] ? -1 : 1;
	if (x->how[HV_PLAN_COLD] != y->how[HV_PLAN_COLD])
		return x->how[HV_PLAN_COLD] > y->how[HV_PLAN_COLD] ? -1 : 1;
	if (x->displaced != y->displaced)
		return x->displaced > y->displaced ? -1 : 1;
	if (x->nlost != y->nlost)
		return x->nlost < y->nlost ? -1 : 1;
	for (unsigned n = 0; n < x->nlost; n++)
		if (x->lost[n] != y->lost[n])
			return x->lost[n] < y->lost[n] ? -1 : 1;
	return 0;
}

/* The next @r of @n in lexical order; false after the last. */
static bool next_choice(unsigned *at, unsigned r, unsigned n)
{
	unsigned i = r;

	while (i > 0 && at[i - 1] == n - r + i - 1)
		i--;
	if (!i)
		return false;
	for (at[i - 1]++; i < r; i++)
		at[i] = at[i - 1] + 1;
	return true;
}

static size_t choices(unsigned r, unsigned n)
{
	size_t c = 1;

	for (unsigned i = 0; i < r; i++)
		c = c * (n - i) / (i + 1);
	return r > n ? 0 : c;
}

int hv_plan_losses(const struct hv_plan *p, unsigned r, struct hv_plan_loss **out, size_t *n)
{
	unsigned up[HV_PLAN_HOSTS_MAX], nup = 0, at[HV_PLAN_LOST_MAX], lost[HV_PLAN_LOST_MAX];
	struct hv_plan_work *w;
	size_t all = 0;

	*n = 0;
	*out = NULL;
	if (!r || r > HV_PLAN_LOST_MAX)
		return -EINVAL;
	for (unsigned h = 0; h < p->nhosts; h++)
		if (p->host[h].up)
			up[nup++] = h;
	for (unsigned k = 1; k <= r; k++)
		all += choices(k, nup);
	w = hv_plan_work_new(p);
	*out = calloc(all + 1, sizeof(**out));
	if (!w || !*out) {
		hv_plan_work_free(w);
		free(*out);
		*out = NULL;
		return -ENOMEM;
	}
	for (unsigned k = 1; k <= r && k <= nup; k++) {
		for (unsigned i = 0; i < k; i++)
			at[i] = i;
		do {
			for (unsigned i = 0; i < k; i++)
				lost[i] = up[at[i]];
			hv_plan_lose(p, w, lost, k, NULL, &(*out)[(*n)++]);
		} while (next_choice(at, k, nup));
	}
	hv_plan_work_free(w);
	qsort(*out, *n, sizeof(**out), hv_plan_worse);
	return 0;
}
