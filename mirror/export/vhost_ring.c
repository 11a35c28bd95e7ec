// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "mirror/export/vhost_ring.h"

/* Bytes before the entries of either ring; of an entry; behind them, for the events. */
enum { RING_HEAD = 4, AVAIL_ENTRY = 2, USED_ENTRY = 8, EVENT = 2, DESC = 16 };

static uint16_t load16(const uint8_t *at)
{
	return __atomic_load_n((const uint16_t *)(const void *)at, __ATOMIC_ACQUIRE);
}

static void store16(uint8_t *at, uint16_t v)
{
	__atomic_store_n((uint16_t *)(void *)at, v, __ATOMIC_RELEASE);
}

static int broken(struct vhost_ring *r, const char *why)
{
	r->why = why;
	return -EINVAL;
}

/* ---- its beginning ---- */

int vhost_ring_find(struct vhost_ring *r, const struct vhost_memory *m)
{
	uint64_t avail = RING_HEAD + r->size * (uint64_t)AVAIL_ENTRY + EVENT;
	uint64_t used = RING_HEAD + r->size * (uint64_t)USED_ENTRY + EVENT;

	r->desc_at = vhost_front(m, r->desc, r->size * (uint64_t)DESC);
	r->avail_at = vhost_front(m, r->avail, avail);
	r->used_at = vhost_front(m, r->used, used);
	if (!r->size || !r->desc_at || !r->avail_at || !r->used_at)
		return broken(r, "it is not in the guest's memory");
	if ((uintptr_t)r->desc_at % 16 || (uintptr_t)r->avail_at % 2 || (uintptr_t)r->used_at % 4)
		return broken(r, "it is not aligned");
	return 0;
}

int vhost_ring_map(struct vhost_ring *r, const struct vhost_memory *m, void *records, uint64_t room)
{
	r->why = NULL;
	r->nagain = r->at_again = 0;
	r->signalled_valid = false;
	r->records = records;
	if (vhost_ring_find(r, m))
		return -EINVAL;
	r->next_used = load16(r->used_at + 2);
	r->next_avail = r->base;
	return records ? vhost_records_load(r, room) : 0;
}

/* ---- chains ---- */

/* add() - What a descriptor points at, in as many pieces as the memory has it. */
static int add(struct vhost_ring *r, const struct vhost_memory *m, struct vhost_chain *c,
	       const struct vring_desc *d)
{
	bool in = d->flags & VRING_DESC_F_WRITE;
	uint64_t gpa = d->addr, left = d->len;

	if (c->nin && !in)
		return broken(r, "a chain has what is read after what is written");
	while (left) {
		uint64_t len = left;
		uint8_t *at = vhost_guest(m, gpa, &len);

		if (!at)
			return broken(r, "a descriptor points outside of the guest's memory");
		if (c->nout + c->nin == VHOST_SEGS_MAX)
			return broken(r, "a chain is too long");
		c->seg[c->nout + c->nin] = (struct vhost_seg){at, (uint32_t)len};
		*(in ? &c->nin : &c->nout) += 1;
		*(in ? &c->in_len : &c->out_len) += len;
		gpa += len;
		left -= len;
	}
	return 0;
}

/* One table of descriptors, the ring's own or an indirect one. */
static int follow(struct vhost_ring *r, const struct vhost_memory *m, struct vhost_chain *c,
		  const uint8_t *table, unsigned size, uint16_t i, struct vring_desc *indirect)
{
	for (unsigned n = 0; n < size; n++) {
		struct vring_desc d;

		if (i >= size)
			return broken(r, "a chain leads outside of its table");
		memcpy(&d, table + i * DESC, DESC);
		if (d.flags & VRING_DESC_F_INDIRECT) {
			if (!indirect || !r->indirect || d.flags & VRING_DESC_F_NEXT)
				return broken(r, "an indirect descriptor where none may be");
			*indirect = d;
			return 0;
		}
		if (add(r, m, c, &d))
			return -EINVAL;
		if (!(d.flags & VRING_DESC_F_NEXT))
			return 0;
		i = d.next;
	}
	return broken(r, "a chain has no end");
}

static int chain(struct vhost_ring *r, const struct vhost_memory *m, struct vhost_chain *c)
{
	struct vring_desc indirect = {0};
	const uint8_t *table;
	uint64_t len;

	c->nout = c->nin = 0;
	c->out_len = c->in_len = 0;
	if (c->head >= r->size)
		return broken(r, "a head that is no descriptor");
	if (follow(r, m, c, r->desc_at, r->size, c->head, &indirect))
		return -EINVAL;
	if (!(indirect.flags & VRING_DESC_F_INDIRECT))
		return 0;
	len = indirect.len;
	table = vhost_guest(m, indirect.addr, &len);
	if (!table || len != indirect.len || !len || len % DESC || len / DESC > VHOST_SEGS_MAX)
		return broken(r, "an indirect table that is none");
	return follow(r, m, c, table, (unsigned)(len / DESC), 0, NULL);
}

static void taken(struct vhost_ring *r, uint16_t head)
{
	if (!r->records)
		return;
	r->records->record[head].counter = r->counter++;
	__atomic_store_n(&r->records->record[head].inflight, 1, __ATOMIC_RELEASE);
}

int vhost_ring_pop(struct vhost_ring *r, const struct vhost_memory *m, struct vhost_chain *c)
{
	uint16_t avail;

	if (r->why)
		return -EINVAL;
	if (r->at_again < r->nagain) {
		c->head = r->again[r->at_again++];
		return chain(r, m, c) ? -EINVAL : 1;
	}
	avail = (uint16_t)(load16(r->avail_at + 2) - r->next_avail);
	if (!avail)
		return 0;
	if (avail > r->size)
		return broken(r, "more is available than the ring has room for");
	c->head = load16(r->avail_at + RING_HEAD + r->next_avail % r->size * AVAIL_ENTRY);
	if (chain(r, m, c))
		return -EINVAL;
	r->next_avail++;
	taken(r, c->head);
	return 1;
}

bool vhost_ring_listen(struct vhost_ring *r)
{
	if (r->event_idx)
		store16(r->used_at + RING_HEAD + r->size * USED_ENTRY, r->next_avail);
	else
		store16(r->used_at, 0);
	/* the driver sees that, or we see what it has added (§2.7.10) */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return load16(r->avail_at + 2) != r->next_avail;
}

/* ---- answers ---- */

void vhost_ring_push(struct vhost_ring *r, uint16_t head, uint32_t len)
{
	const struct vring_used_elem e = {head, len};
	struct vhost_records *k = r->records;

	memcpy(r->used_at + RING_HEAD + r->next_used % r->size * USED_ENTRY, &e, USED_ENTRY);
	if (k) {
		k->record[head].next = k->last;
		__atomic_store_n(&k->last, head, __ATOMIC_RELEASE);
	}
	store16(r->used_at + 2, ++r->next_used);
	if (k) {
		__atomic_store_n(&k->record[head].inflight, 0, __ATOMIC_RELEASE);
		__atomic_store_n(&k->used_idx, r->next_used, __ATOMIC_RELEASE);
	}
}

bool vhost_ring_calls(struct vhost_ring *r)
{
	uint16_t was = r->signalled, event;
	bool valid = r->signalled_valid;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	r->signalled = r->next_used;
	r->signalled_valid = true;
	if (!r->event_idx)
		return !(load16(r->avail_at) & VRING_AVAIL_F_NO_INTERRUPT);
	event = load16(r->avail_at + RING_HEAD + r->size * AVAIL_ENTRY);
	return !valid || vring_need_event(event, r->next_used, was);
}
