/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device's side of a split virtqueue; see queue.h. */
#include "hvcore/vmm/virtio/queue.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "hvcore/vmm/ram.h"
#include "hvcore/vmm/virtio/virtio.h"

/*
 * Layout (§2.7.6, §2.7.8), all little-endian as the host (amd64) is:
 *
 *   available: u16 flags, u16 idx, u16 ring[size],                u16 used_event
 *   used:      u16 flags, u16 idx, {u32 id, u32 len} ring[size],  u16 avail_event
 */
enum {
	RING_FLAGS = 0,
	RING_IDX = 2,
	RING_ENTRIES = 4,
	AVAIL_ENTRY = 2,
	USED_ENTRY = 8,
};

/* The guest may store to any of these while we look: one load, one store each. */
static uint16_t get16(const uint8_t *p)
{
	return __atomic_load_n((const uint16_t *)(const void *)p, __ATOMIC_RELAXED);
}

static void put16(uint8_t *p, uint16_t v)
{
	__atomic_store_n((uint16_t *)(void *)p, v, __ATOMIC_RELAXED);
}

static unsigned avail_bytes(const struct virtq *q)
{
	return RING_ENTRIES + q->size * AVAIL_ENTRY + 2;
}

static unsigned used_bytes(const struct virtq *q)
{
	return RING_ENTRIES + q->size * USED_ENTRY + 2;
}

static uint8_t *used_event_at(const struct virtq *q)
{
	return q->avail_at + RING_ENTRIES + q->size * AVAIL_ENTRY;
}

void virtq_reset(struct virtq *q, uint16_t size)
{
	q->size = size;
	q->vector = VIRTQ_NO_VECTOR;
	q->enabled = false;
	q->desc = q->avail = q->used = 0;
	q->desc_at = q->avail_at = q->used_at = NULL;
	q->next_avail = q->next_used = q->held = q->staged = q->signalled = 0;
	q->signalled_valid = false;
}

int virtq_enable(struct virtq *q)
{
	/* Alignment: §2.7, table; a ring that is not aligned cannot be read atomically. */
	if (q->size == 0 || q->size > q->size_max || (q->size & (q->size - 1)) || (q->desc & 15) ||
	    (q->avail & 1) || (q->used & 3)) {
		virtio_broken(q->owner,
			      "queue %u: size %u, rings at %#llx %#llx %#llx: not a power of two "
			      "or not aligned",
			      q->index, q->size, (unsigned long long)q->desc,
			      (unsigned long long)q->avail, (unsigned long long)q->used);
		return -EINVAL;
	}
	q->desc_at = ram_ptr(board.ram, q->desc, q->size * sizeof(struct vring_desc));
	q->avail_at = ram_ptr(board.ram, q->avail, avail_bytes(q));
	q->used_at = ram_ptr(board.ram, q->used, used_bytes(q));
	if (!q->desc_at || !q->avail_at || !q->used_at) {
		virtio_broken(q->owner, "queue %u: rings at %#llx %#llx %#llx are outside memory",
			      q->index, (unsigned long long)q->desc, (unsigned long long)q->avail,
			      (unsigned long long)q->used);
		return -EINVAL;
	}
	q->enabled = true;
	return 0;
}

/* Where a chain is being walked: the ring's own descriptors, or an indirect table. */
struct table {
	const uint8_t *at;
	unsigned size;
	bool indirect;
};

/* One descriptor, copied once: what is checked is what is used. */
static struct vring_desc desc_read(const struct table *t, unsigned i)
{
	struct vring_desc d;

	memcpy(&d, t->at + (size_t)i * sizeof(d), sizeof(d));
	/* The compiler must not read guest memory again where the copy is used. */
	__asm__ volatile("" : "+m"(d) : : "memory");
	return d;
}

static int add_seg(struct virtq *q, struct virtq_chain *c, const struct vring_desc *d)
{
	unsigned n = c->nout + c->nin;
	bool in = d->flags & VRING_DESC_F_WRITE;
	uint8_t *at;

	if (!in && c->nin) {
		virtio_broken(q->owner, "queue %u: a readable descriptor after a writable one",
			      q->index);
		return -EINVAL;
	}
	/* A loop, or longer than any ring of ours (§2.7.13.3.1 allows the ring's size). */
	if (n == VIRTQ_SIZE_MAX) {
		virtio_broken(q->owner, "queue %u: a chain of more than %u descriptors", q->index,
			      n);
		return -EINVAL;
	}
	at = ram_ptr(board.ram, d->addr, d->len);
	if (!at) {
		virtio_broken(q->owner, "queue %u: a buffer of %u bytes at %#llx is outside memory",
			      q->index, d->len, (unsigned long long)d->addr);
		return -EINVAL;
	}
	c->seg[n] = (struct virtq_seg){.at = at, .gpa = d->addr, .len = d->len};
	if (in) {
		c->nin++;
		c->in_len += d->len;
	} else {
		c->nout++;
		c->out_len += d->len;
	}
	return 0;
}

/* Step into the indirect table @d describes (§2.7.7). */
static int enter_indirect(struct virtq *q, const struct vring_desc *d, struct table *t)
{
	if (t->indirect || (d->flags & VRING_DESC_F_NEXT) || d->len == 0 ||
	    d->len % sizeof(struct vring_desc) ||
	    !virtio_has(q->owner, VIRTIO_RING_F_INDIRECT_DESC)) {
		virtio_broken(q->owner,
			      "queue %u: an indirect table of %u bytes, flags %#x: nested, "
			      "chained, not negotiated or of a wrong length",
			      q->index, d->len, d->flags);
		return -EINVAL;
	}
	t->at = ram_ptr(board.ram, d->addr, d->len);
	if (!t->at) {
		virtio_broken(q->owner,
			      "queue %u: an indirect table of %u bytes at %#llx is outside memory",
			      q->index, d->len, (unsigned long long)d->addr);
		return -EINVAL;
	}
	t->size = d->len / sizeof(struct vring_desc);
	t->indirect = true;
	return 0;
}

static int walk(struct virtq *q, struct virtq_chain *c)
{
	struct table t = {.at = q->desc_at, .size = q->size};
	unsigned i = c->head;

	/* Ends: add_seg() counts, and an indirect table is entered once. */
	for (;;) {
		struct vring_desc d;

		if (i >= t.size) {
			virtio_broken(q->owner, "queue %u: descriptor %u of %u", q->index, i,
				      t.size);
			return -EINVAL;
		}
		d = desc_read(&t, i);
		if (d.flags & VRING_DESC_F_INDIRECT) {
			if (enter_indirect(q, &d, &t))
				return -EINVAL;
			i = 0;
			continue;
		}
		if (add_seg(q, c, &d))
			return -EINVAL;
		if (!(d.flags & VRING_DESC_F_NEXT))
			return 0;
		i = d.next;
	}
}

int virtq_pop(struct virtq *q, struct virtq_chain *c)
{
	uint16_t pending;

	if (!q->enabled || q->owner->broken)
		return 0;
	pending = get16(q->avail_at + RING_IDX) - q->next_avail;
	if (pending == 0)
		return 0;
	if (pending > q->size) {
		virtio_broken(q->owner, "queue %u: %u chains made available in a ring of %u",
			      q->index, pending, q->size);
		return -EINVAL;
	}
	/*
	 * Each chain has a descriptor of its own, so more than the ring has
	 * cannot be out: a driver that hands in the same ones again would have
	 * us hold any number of requests.
	 */
	if (q->held == q->size) {
		virtio_broken(q->owner, "queue %u: more than %u chains without an answer", q->index,
			      q->size);
		return -EINVAL;
	}
	/* The driver filled entry and descriptors before it moved idx: read them after it. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	c->head = get16(q->avail_at + RING_ENTRIES + (q->next_avail & (q->size - 1)) * AVAIL_ENTRY);
	c->nout = c->nin = 0;
	c->out_len = c->in_len = 0;
	if (walk(q, c))
		return -EINVAL;
	q->next_avail++;
	q->held++;
	return 1;
}

void virtq_unpop(struct virtq *q, uint16_t n)
{
	q->next_avail -= n;
	q->held -= n;
}

bool virtq_take(struct virtq *q, struct virtq_chain *c, unsigned *budget)
{
	int rc;

	if (*budget == 0) {
		virtq_again(q);
		return false;
	}
	(*budget)--;
	do {
		rc = virtq_pop(q, c);
	} while (rc == 0 && virtq_listen(q));
	return rc > 0;
}

bool virtq_listen(struct virtq *q)
{
	if (!q->enabled || q->owner->broken)
		return false;
	if (virtio_has(q->owner, VIRTIO_RING_F_EVENT_IDX)) {
		unsigned off = RING_ENTRIES + q->size * USED_ENTRY;

		put16(q->used_at + off, q->next_avail);
		ram_written(board.ram, q->used + off, 2);
	}
	/*
	 * Store avail_event, then load avail.idx; the driver stores idx, then
	 * loads avail_event.  With a full barrier on both sides at least one
	 * sees the other's store: no chain is left without a doorbell.
	 * (Without EVENT_IDX doorbells are never switched off.)
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return get16(q->avail_at + RING_IDX) != q->next_avail;
}

void virtq_fill(struct virtq *q, uint16_t head, uint32_t len)
{
	uint16_t at = (q->next_used + q->staged) & (q->size - 1);
	struct vring_used_elem e = {.id = head, .len = len};
	unsigned off = RING_ENTRIES + at * USED_ENTRY;

	if (!q->enabled || q->owner->broken)
		return;
	memcpy(q->used_at + off, &e, sizeof(e));
	ram_written(board.ram, q->used + off, sizeof(e));
	q->staged++;
	q->held--;
}

/* Whether the driver wants an interrupt for the used entries up to next_used (§2.7.7.1, §2.7.10). */
static bool wanted(struct virtq *q)
{
	uint16_t old = q->signalled, now = q->next_used, event;
	bool first = !q->signalled_valid;

	/*
	 * Store used.idx, then load used_event or flags; the driver stores
	 * those, then loads used.idx.  A full barrier, as in virtq_listen().
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!virtio_has(q->owner, VIRTIO_RING_F_EVENT_IDX))
		return !(get16(q->avail_at + RING_FLAGS) & VRING_AVAIL_F_NO_INTERRUPT);
	q->signalled = now;
	q->signalled_valid = true;
	event = get16(used_event_at(q));
	/* Has next_used passed event since the last interrupt? (modulo 2^16) */
	return first || (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

void virtq_flush(struct virtq *q)
{
	if (!q->enabled || q->owner->broken || q->staged == 0)
		return;
	q->next_used += q->staged;
	q->staged = 0;
	/* Entries and buffers are in memory before idx says so. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	put16(q->used_at + RING_IDX, q->next_used);
	/* After the store: a page harvested as clean in between is marked again. */
	ram_written(board.ram, q->used + RING_IDX, 2);
	if (wanted(q))
		virtio_interrupt(q->owner, q);
}

void virtq_push(struct virtq *q, uint16_t head, uint32_t len)
{
	virtq_fill(q, head, len);
	virtq_flush(q);
}

size_t virtq_out(const struct virtq_chain *c, uint64_t off, void *to, size_t len)
{
	size_t done = 0;

	for (unsigned i = 0; i < c->nout && done < len; i++) {
		const struct virtq_seg *s = &c->seg[i];
		size_t n = len - done;

		if (off >= s->len) {
			off -= s->len;
			continue;
		}
		if (n > s->len - off)
			n = s->len - off;
		memcpy((uint8_t *)to + done, s->at + off, n);
		done += n;
		off = 0;
	}
	return done;
}

size_t virtq_in(const struct virtq_chain *c, uint64_t off, const void *from, size_t len)
{
	size_t done = 0;

	for (unsigned i = c->nout; i < c->nout + c->nin && done < len; i++) {
		const struct virtq_seg *s = &c->seg[i];
		size_t n = len - done;

		if (off >= s->len) {
			off -= s->len;
			continue;
		}
		if (n > s->len - off)
			n = s->len - off;
		memcpy(s->at + off, (const uint8_t *)from + done, n);
		ram_written(board.ram, s->gpa + off, n);
		done += n;
		off = 0;
	}
	return done;
}
