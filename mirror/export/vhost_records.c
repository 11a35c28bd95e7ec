// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What was in flight when a process before this one ended.  The records are in memory that the front-end
 * has, too: any bytes at all.
 */
#include <errno.h>
#include <stdlib.h>

#include "mirror/export/vhost_ring.h"

enum { VERSION = 1, ALIGN = 64 };

uint64_t vhost_records_size(unsigned size)
{
	uint64_t bytes = sizeof(struct vhost_records) + size * sizeof(struct vhost_record);

	return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

/* As they are when nothing is in flight. */
static void begin(struct vhost_ring *r)
{
	struct vhost_records *k = r->records;

	k->size = r->size;
	k->used_idx = r->next_used;
	k->version = VERSION;
}

/* The last answers were there to see, and their records not yet cleared. */
static int finish_last(struct vhost_ring *r)
{
	struct vhost_records *k = r->records;
	uint16_t n = (uint16_t)(r->next_used - k->used_idx), head = k->last;

	if (n > r->size)
		return -EINVAL;
	for (; n; n--) {
		if (head >= r->size)
			return -EINVAL;
		k->record[head].inflight = 0;
		head = k->record[head].next;
	}
	k->used_idx = r->next_used;
	return 0;
}

struct place {
	uint64_t counter;
	uint16_t head;
};

static int earlier(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->counter > y->counter) - (x->counter < y->counter);
}

int vhost_records_load(struct vhost_ring *r, uint64_t room)
{
	struct vhost_records *k = r->records;
	struct place place[VHOST_RING_MAX];
	unsigned n = 0;

	if (vhost_records_size(r->size) > room) {
		r->why = "the records of what is in flight have no room for it";
		return -EINVAL;
	}
	if (!k->version) {
		begin(r);
		return 0;
	}
	if (k->version != VERSION || k->size != r->size || finish_last(r)) {
		r->why = "the records of what is in flight are not ours";
		return -EINVAL;
	}
	for (unsigned i = 0; i < r->size; i++)
		if (k->record[i].inflight)
			place[n++] = (struct place){k->record[i].counter, (uint16_t)i};
	qsort(place, n, sizeof(place[0]), earlier);
	for (unsigned i = 0; i < n; i++)
		r->again[i] = place[i].head;
	r->nagain = n;
	r->counter = n ? place[n - 1].counter + 1 : 0;
	/* what came was taken in order, and is either answered or still here */
	r->next_avail = (uint16_t)(r->next_used + n);
	return 0;
}
