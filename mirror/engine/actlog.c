// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "mirror/engine/actlog.h"

enum { NONE = UINT32_MAX };

enum slot_state { SLOT_FREE, SLOT_COMING, SLOT_FLYING, SLOT_HOT };

struct actlog_slot {
	uint32_t extent; /* MD_AL_FREE */
	uint32_t held;
	uint32_t next;    /* in its hash chain */
	uint32_t was;     /* on disk: what the transaction replaces */
	uint8_t state;    /* enum slot_state */
	struct list link; /* lru or coming */
};

static uint32_t index_of(const struct actlog *a, const struct actlog_slot *s)
{
	return (uint32_t)(s - a->slot);
}

static uint32_t *chain(const struct actlog *a, uint32_t extent)
{
	return &a->hash[(extent * UINT32_C(2654435761) >> 7) % a->buckets];
}

int actlog_init(struct actlog *a, uint32_t slots)
{
	*a = (struct actlog){.slots = slots, .buckets = slots * 2};
	a->slot = calloc(slots, sizeof(*a->slot));
	a->hash = malloc(a->buckets * sizeof(*a->hash));
	list_init(&a->lru);
	list_init(&a->coming);
	list_init(&a->going);
	if (!a->slot || !a->hash) {
		actlog_free(a);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < a->buckets; i++)
		a->hash[i] = NONE;
	for (uint32_t i = 0; i < slots; i++) {
		a->slot[i].extent = a->slot[i].was = MD_AL_FREE;
		list_append(&a->lru, &a->slot[i].link);
	}
	return 0;
}

void actlog_free(struct actlog *a)
{
	free(a->slot);
	free(a->hash);
	a->slot = NULL;
	a->hash = NULL;
}

static struct actlog_slot *find(const struct actlog *a, uint32_t extent)
{
	for (uint32_t i = *chain(a, extent); i != NONE; i = a->slot[i].next)
		if (a->slot[i].extent == extent)
			return &a->slot[i];
	return NULL;
}

static void unhash(struct actlog *a, struct actlog_slot *s)
{
	uint32_t *at = chain(a, s->extent);

	while (*at != index_of(a, s))
		at = &a->slot[*at].next;
	*at = s->next;
}

/* gather() - @extent is wanted: it takes the place of the least recently used.  Whether there was one. */
static bool gather(struct actlog *a, uint32_t extent)
{
	struct list *l;
	struct actlog_slot *s;

	if (a->changes == MD_AL_UPDATES)
		return true; /* after the next transaction */
	l = list_take(&a->lru);
	if (!l)
		return false;
	s = list_entry(l, struct actlog_slot, link);
	if (s->extent != MD_AL_FREE)
		unhash(a, s);
	s->extent = extent;
	s->state = SLOT_COMING;
	s->next = *chain(a, extent);
	*chain(a, extent) = index_of(a, s);
	list_append(&a->coming, &s->link);
	a->changes++;
	return true;
}

enum actlog_answer actlog_get(struct actlog *a, uint32_t first, uint32_t last)
{
	enum actlog_answer answer = ACTLOG_HOT;

	for (uint32_t e = first; e <= last; e++) {
		struct actlog_slot *s = find(a, e);

		if (s && s->state == SLOT_HOT)
			continue;
		if (answer == ACTLOG_HOT)
			answer = ACTLOG_WAIT;
		if (!s && !gather(a, e)) {
			a->starved++;
			answer = ACTLOG_STARVED;
		}
	}
	for (uint32_t e = first; answer == ACTLOG_HOT && e <= last; e++) {
		struct actlog_slot *s = find(a, e);

		if (!s->held++)
			list_remove(&s->link);
	}
	return answer;
}

void actlog_put(struct actlog *a, uint32_t first, uint32_t last)
{
	for (uint32_t e = first; e <= last; e++) {
		struct actlog_slot *s = find(a, e);

		if (!--s->held)
			list_append(&a->lru, &s->link);
	}
}

static void repeat(struct actlog *a, struct md_al *t)
{
	t->context_first = (uint16_t)a->context_first;
	for (uint32_t i = 0; i < MD_AL_CONTEXT; i++) {
		uint32_t n = a->context_first + i;
		t->context[i] = n < a->slots ? a->slot[n].extent : MD_AL_FREE;
	}
	a->context_first += MD_AL_CONTEXT;
	if (a->context_first >= a->slots)
		a->context_first = 0;
}

bool actlog_begin(struct actlog *a, struct md_al *t, uint32_t cold[MD_AL_UPDATES], unsigned *ncold)
{
	struct list *l;

	if (a->flying || list_empty(&a->coming))
		return false;
	*t = (struct md_al){.transaction = a->transaction++, .context_size = (uint16_t)a->slots};
	*ncold = 0;
	while ((l = list_take(&a->coming))) {
		struct actlog_slot *s = list_entry(l, struct actlog_slot, link);

		if (s->was != MD_AL_FREE)
			cold[(*ncold)++] = s->was;
		t->slot[t->updates] = (uint16_t)index_of(a, s);
		t->extent[t->updates++] = s->extent;
		s->was = s->extent;
		s->state = SLOT_FLYING;
		list_append(&a->going, &s->link);
	}
	repeat(a, t);
	a->changes = 0;
	a->flying = true;
	a->transactions++;
	return true;
}

void actlog_commit(struct actlog *a)
{
	a->flying = false;
	list_for_each (l, &a->going)
		list_entry(l, struct actlog_slot, link)->state = SLOT_HOT;
	list_move(&a->lru, &a->going);
}

bool actlog_is_hot(const struct actlog *a, uint32_t extent)
{
	const struct actlog_slot *s = find(a, extent);

	return s && s->state == SLOT_HOT;
}
