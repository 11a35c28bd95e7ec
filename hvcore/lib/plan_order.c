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

/* What an item is compared by: its priority, its score where it runs, those of hosts by room. */
enum { KEY_PRIORITY, KEY_WHERE, KEY_HOSTS };

static unsigned key_size(const struct hv_plan *p)
{
	return KEY_HOSTS + p->nhosts;
}

static void make_key(const struct hv_plan *p, struct hv_plan_work *w, unsigned i)
{
	const struct hv_plan_item *it = &p->item[i];
	const int *row = &w->sorting[i * p->nhosts];
	int *key = &w->key[i * key_size(p)];

	key[KEY_PRIORITY] = it->priority;
	key[KEY_WHERE] = plan_runs(p, w, it) ? row[it->runs_on] : -HV_PLAN_INFINITY;
	for (unsigned n = 0; n < p->nhosts; n++)
		key[KEY_HOSTS + n] = row[w->by_room[n]];
}

struct context {
	struct hv_plan_work *w;
	unsigned size, counts; /* of a key, and as much of it as is looked at */
};

static int compare(const void *a, const void *b, void *arg)
{
	const struct context *c = arg;
	unsigned i = *(const unsigned *)a, j = *(const unsigned *)b;
	const int *x = &c->w->key[i * c->size], *y = &c->w->key[j * c->size];

	for (unsigned n = 0; n < c->counts; n++) {
		if (x[n] == y[n])
			continue;
		if (n >= KEY_HOSTS && c->w->in_circle)
			c->w->circle = true;
		return x[n] > y[n] ? -1 : 1;
	}
	return i < j ? -1 : 1;
}

/*
 * The order of the loss before is nearly that of this one, and sorted in half the time.  Only in a
 * circle what is compared with what makes a difference: there each loss begins anew.
 */
void plan_order(const struct hv_plan *p, struct hv_plan_work *w)
{
	struct context c = {w, key_size(p),
			    p->strategy == HV_PLAN_DEFAULT ? KEY_PRIORITY + 1U : key_size(p)};

	sort_hosts(p, w);
	find_circle(p, w);
	for (unsigned i = 0; i < p->nitems; i++) {
		if (w->in_circle)
			w->order[i] = i;
		plan_lead_by_primaries(p, w, i);
		make_key(p, w, i);
	}
	qsort_r(w->order, p->nitems, sizeof(w->order[0]), compare, &c);
}
