// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger_private.h"

struct hv_room hv_ledger_held(const struct hv_capacity *cap, const struct hv_ledger *l, bool target)
{
	struct hv_room sum = {0};

	for (size_t i = 0; i < l->n; i++) {
		const struct hv_room *r = target ? &l->entry[i].target : &l->entry[i].now;

		sum.memory += r->memory + cap->each;
		sum.cpu += r->cpu;
	}
	return sum;
}

struct hv_ledger_entry *ledger_find(const struct hv_ledger *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->entry[i].name, name))
			return &l->entry[i];
	return NULL;
}

int ledger_change(struct hv_ledger_answer *a, const struct hv_ledger_entry *e,
		  const struct hv_room *to)
{
	struct hv_ledger_change *more = realloc(a->change, (a->nchanges + 1) * sizeof(*a->change));

	if (!more)
		return -ENOMEM;
	a->change = more;
	more[a->nchanges] = (struct hv_ledger_change){.from = e->target, .to = *to};
	memcpy(more[a->nchanges++].name, e->name, sizeof(e->name));
	return 0;
}

void hv_ledger_answer_free(struct hv_ledger_answer *a)
{
	free(a->change);
	a->change = NULL;
	a->nchanges = 0;
}

void hv_ledger_free(struct hv_ledger *l)
{
	free(l->entry);
	l->entry = NULL;
	l->n = 0;
}
