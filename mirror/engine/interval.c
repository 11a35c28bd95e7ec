// SPDX-License-Identifier: GPL-2.0-or-later
#include "mirror/engine/interval.h"

void intervals_init(struct intervals *s)
{
	for (int i = 0; i < INTERVAL_BUCKETS; i++)
		list_init(&s->bucket[i]);
	list_init(&s->wide);
	s->order = 0;
	s->count = 0;
}

static struct list *bucket_of(struct intervals *s, uint64_t n)
{
	return &s->bucket[n % INTERVAL_BUCKETS];
}

static uint64_t first_bucket(const struct interval *i)
{
	return i->sector / INTERVAL_BUCKET_SECTORS;
}

static uint64_t last_bucket(const struct interval *i)
{
	return (i->end - 1) / INTERVAL_BUCKET_SECTORS;
}

static bool conflict(const struct interval *a, const struct interval *b)
{
	return a->sector < b->end && b->sector < a->end && !(a->shared && b->shared);
}

typedef void visit(struct interval *other, struct interval *i, void *arg);

/*
 * each_conflict() - Call @f for every other one that conflicts with @i, once: one that is in two
 * buckets is seen by its second node only where the first is in no bucket that is looked at.
 */
static void each_conflict(struct intervals *s, struct interval *i, visit *f, void *arg)
{
	uint64_t first = first_bucket(i), last = last_bucket(i);
	bool all = last - first >= INTERVAL_BUCKETS - 1;

	if (all) {
		first = 0;
		last = INTERVAL_BUCKETS - 1;
	}
	for (uint64_t n = first; n <= last; n++) {
		struct list *head = bucket_of(s, n);

		for (struct list *l = head->next, *next; next = l->next, l != head; l = next) {
			struct interval_node *node = list_entry(l, struct interval_node, link);
			struct interval *o = node->of;
			bool seen = node != &o->node[0] && (all || n > first);

			if (!seen && o != i && conflict(o, i))
				f(o, i, arg);
		}
	}
	list_for_each (l, &s->wide) {
		struct interval *o = list_entry(l, struct interval_node, link)->of;

		if (o != i && conflict(o, i))
			f(o, i, arg);
	}
}

static void count_earlier(struct interval *o, struct interval *i, void *arg)
{
	i->blockers++;
}

bool interval_add(struct intervals *s, struct interval *i)
{
	uint64_t n = last_bucket(i) - first_bucket(i) + 1;

	i->order = s->order++;
	i->blockers = 0;
	i->wide = n > INTERVAL_NODES;
	list_init(&i->ready);
	for (int k = 0; k < INTERVAL_NODES; k++) {
		list_init(&i->node[k].link);
		i->node[k].of = i;
	}
	each_conflict(s, i, count_earlier, NULL);
	if (i->wide)
		list_append(&s->wide, &i->node[0].link);
	for (uint64_t k = 0; !i->wide && k < n; k++)
		list_append(bucket_of(s, first_bucket(i) + k), &i->node[k].link);
	s->count++;
	return !i->blockers;
}

/* In the order they came, whichever bucket they were found in. */
static void insert_by_order(struct list *ready, struct interval *o)
{
	struct list *at = ready->prev;

	while (at != ready && list_entry(at, struct interval, ready)->order > o->order)
		at = at->prev;
	list_append(at->next, &o->ready);
}

static void release(struct interval *o, struct interval *i, void *arg)
{
	if (o->order > i->order && !--o->blockers)
		insert_by_order(arg, o);
}

void interval_remove(struct intervals *s, struct interval *i, struct list *ready)
{
	struct list freed = LIST_INIT(freed);

	for (int k = 0; k < INTERVAL_NODES; k++)
		list_remove(&i->node[k].link);
	list_remove(&i->ready);
	s->count--;
	each_conflict(s, i, release, &freed);
	list_move(ready, &freed);
}

static void note(struct interval *o, struct interval *i, void *arg)
{
	*(bool *)arg = true;
}

bool interval_busy(const struct intervals *s, uint64_t sector, uint64_t end)
{
	struct interval i = {.sector = sector, .end = end};
	bool busy = false;

	each_conflict((struct intervals *)(uintptr_t)s, &i, note, &busy);
	return busy;
}
