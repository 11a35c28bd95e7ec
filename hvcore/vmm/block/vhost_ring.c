/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps in the ring that is shared with a vhost-user-blk server: the driver's side of a split virtqueue (virtio 1.2 §2.7).
 * Slot i is descriptor i, which points at a table of its own (§2.7.5.3), so that a step takes one.
 *
 *   chain  out 16 bytes of header · data, or a range · in data · in status     (§5.2.6)
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "hvcore/vmm/block/later.h"
#include "hvcore/vmm/block/ring.h"
#include "hvcore/vmm/block/vhost.h"
#include "hvcore/vmm/board.h"
#include "hvcore/vmm/ram.h"

enum { STEP_MAX = 16 << 20, SECTOR = 512 };

struct block_vhost *vhost_all;

/* ---- what a step is ---- */

/* in_guest() - Whether the server can reach it. */
static bool in_guest(const struct iovec *v)
{
	return ram_ok(board.ram, (uint64_t)((uint8_t *)v->iov_base - board.ram->base), v->iov_len);
}

/* transferred() - Bytes of @r that one chain takes: whole blocks. */
static uint32_t transferred(const struct block_vhost *v, const struct block_request *r)
{
	uint32_t most = v->export.segments < VHOST_SEGMENTS ? v->export.segments : VHOST_SEGMENTS;
	uint64_t len = 0;

	if (!in_guest(r->iov))
		return r->len <= VHOST_PAGE ? (uint32_t)r->len : 0;
	for (unsigned i = 0; i < r->niov && i < most && len < STEP_MAX; i++)
		len += r->iov[i].iov_len;
	len = len < STEP_MAX ? len : STEP_MAX;
	return (uint32_t)(len - len % v->export.block);
}

/* at_most() - Bytes of @r when @sectors may be had at once. */
static uint32_t at_most(const struct block_vhost *v, const struct block_request *r,
			uint32_t sectors)
{
	uint64_t max = (uint64_t)sectors * SECTOR;

	max -= max % v->export.block;
	max = max < 1 << 30 ? max : 1 << 30;
	return (uint32_t)(r->len < max ? r->len : max);
}

/* plan() - The type of @r's next step, and its bytes in r->step; -errno: there can be none. */
static int plan(const struct block_vhost *v, struct block_request *r)
{
	r->step = 0;
	switch (r->op) {
	case BLOCK_READ:
	case BLOCK_WRITE:
		r->step = transferred(v, r);
		if (!r->step)
			return -EINVAL;
		return r->op == BLOCK_READ ? VIRTIO_BLK_T_IN : VIRTIO_BLK_T_OUT;
	case BLOCK_FLUSH: return VIRTIO_BLK_T_FLUSH;
	case BLOCK_DISCARD:
		r->step = at_most(v, r, v->export.discard);
		return r->step ? VIRTIO_BLK_T_DISCARD : -EOPNOTSUPP;
	case BLOCK_ZEROES: break;
	}
	if (r->block->no_zero_range) {
		r->step = at_most(v, r, VHOST_ZERO_BYTES / SECTOR);
		return VIRTIO_BLK_T_OUT;
	}
	r->step = at_most(v, r, v->export.zeroes);
	return r->step ? VIRTIO_BLK_T_WRITE_ZEROES : -EOPNOTSUPP;
}

/* ---- the chain ---- */

static void add(struct vhost_chain *c, unsigned *n, const void *at, uint32_t len, uint16_t flags)
{
	c->table[*n] = (struct vring_desc){
		.addr = (uintptr_t)at, .len = len, .flags = flags, .next = (uint16_t)(*n + 1)};
	if (*n)
		c->table[*n - 1].flags |= VRING_DESC_F_NEXT;
	++*n;
}

static void add_data(struct block_vhost *v, struct vhost_chain *c, unsigned *n,
		     const struct block_request *r)
{
	uint16_t flags = r->op == BLOCK_READ ? VRING_DESC_F_WRITE : 0;
	uint32_t left = r->step;

	if (r->op == BLOCK_ZEROES) {
		add(c, n, v->area->zeroes, left, 0);
		return;
	}
	if (!in_guest(r->iov)) {
		if (r->op == BLOCK_WRITE)
			memcpy(v->area->bounce, r->iov->iov_base, left);
		add(c, n, v->area->bounce, left, flags);
		return;
	}
	for (unsigned i = 0; left; i++) {
		uint32_t part = r->iov[i].iov_len < left ? (uint32_t)r->iov[i].iov_len : left;

		add(c, n, r->iov[i].iov_base, part, flags);
		left -= part;
	}
}

static void fill(struct block_vhost *v, uint16_t i, uint32_t type)
{
	const struct block_request *r = v->slot[i].r;
	struct vhost_chain *c = &v->area->chain[i];
	uint64_t sector = r->op == BLOCK_FLUSH ? 0 : r->off / SECTOR;
	unsigned n = 0;

	c->head = (struct virtio_blk_outhdr){.type = type, .sector = sector};
	c->status = 0xff;
	add(c, &n, &c->head, sizeof(c->head), 0);
	if (type == VIRTIO_BLK_T_DISCARD || type == VIRTIO_BLK_T_WRITE_ZEROES) {
		c->range = (struct virtio_blk_discard_write_zeroes){
			.sector = sector,
			.num_sectors = r->step / SECTOR,
			.flags = type == VIRTIO_BLK_T_WRITE_ZEROES && r->unmap};
		c->head.sector = 0;
		add(c, &n, &c->range, sizeof(c->range), 0);
	} else if (r->step) {
		add_data(v, c, &n, r);
	}
	add(c, &n, &c->status, 1, VRING_DESC_F_WRITE);
	v->area->desc[i] = (struct vring_desc){.addr = (uintptr_t)c->table,
					       .len = n * (uint32_t)sizeof(c->table[0]),
					       .flags = VRING_DESC_F_INDIRECT};
	v->area->avail.ring[v->avail % VHOST_SLOTS] = i;
	/* the server sees the index after what it counts (§2.7.13) */
	__atomic_store_n(&v->area->avail.idx, ++v->avail, __ATOMIC_RELEASE);
	v->offered = true;
}

static void wait(struct block_vhost *v, struct block_request *r)
{
	r->next = NULL;
	*v->waiting_tail = r;
	v->waiting_tail = &r->next;
}

void vhost_step(struct block_request *r)
{
	struct block_vhost *v = r->block->vhost;
	uint16_t i = v->free;
	int type;

	if (v->failed) {
		block_step_later(r, -EIO);
		return;
	}
	if (!v->up || i == VHOST_SLOTS) {
		wait(v, r);
		return;
	}
	type = plan(v, r);
	if (type < 0) {
		block_step_later(r, type);
		return;
	}
	v->free = v->slot[i].next;
	v->slot[i].r = r;
	v->slot[i].serial = ++v->serial;
	fill(v, i, (uint32_t)type);
}

void vhost_kick(void)
{
	const uint64_t one = 1;

	for (struct block_vhost *v = vhost_all; v; v = v->next) {
		if (!v->offered)
			continue;
		v->offered = false;
		/* either it sees what was added, or we see that it asks for a kick (§2.7.13.4) */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (!(__atomic_load_n(&v->area->used.flags, __ATOMIC_RELAXED) &
		      VRING_USED_F_NO_NOTIFY) &&
		    write(v->kick, &one, sizeof(one)) < 0)
			continue; /* it is full: it rings already */
	}
}

/* ---- answers ---- */

static void start_waiting(struct block_vhost *v)
{
	struct block_request *r = v->waiting;

	v->waiting = r->next;
	if (!v->waiting)
		v->waiting_tail = &v->waiting;
	vhost_step(r);
}

static void finish(struct block_vhost *v, uint16_t i, int result)
{
	struct block_request *r = v->slot[i].r;

	if (result >= 0 && r->op == BLOCK_READ && !in_guest(r->iov))
		memcpy(r->iov->iov_base, v->area->bounce, r->step);
	v->slot[i].r = NULL;
	v->slot[i].next = v->free;
	v->free = i;
	if (v->waiting)
		start_waiting(v);
	block_step_done(r, result);
}

/* take() - The next answer.  False: it cannot be. */
static bool take(struct block_vhost *v)
{
	const volatile struct vring_used_elem *e = &v->area->used.ring[v->used % VHOST_SLOTS];
	uint32_t i = e->id; /* read once: it may change */
	uint8_t status;

	if (i >= VHOST_SLOTS || !v->slot[i].r)
		return false;
	v->used++;
	status = *(const volatile uint8_t *)&v->area->chain[i].status;
	switch (status) {
	case VIRTIO_BLK_S_OK: finish(v, (uint16_t)i, (int)v->slot[i].r->step); break;
	case VIRTIO_BLK_S_IOERR: finish(v, (uint16_t)i, -EIO); break;
	case VIRTIO_BLK_S_UNSUPP: finish(v, (uint16_t)i, -EOPNOTSUPP); break;
	default: return false;
	}
	return true;
}

void vhost_ring_ready(struct loop_fd *w, uint32_t events)
{
	struct block_vhost *v =
		(struct block_vhost *)((char *)w - offsetof(struct block_vhost, call));
	uint64_t count;
	uint16_t n;

	/* Read first: an answer after this read rings again. */
	if (read(w->fd, &count, sizeof(count)) < 0 || !v->up)
		return;
	n = (uint16_t)(__atomic_load_n(&v->area->used.idx, __ATOMIC_ACQUIRE) - v->used);
	for (; n && v->up; n--)
		if (!take(v))
			vhost_lost(v, "answers what was not asked", 0);
	block_kick();
}

/* ---- its life ---- */

void vhost_ring_begin(struct block_vhost *v)
{
	memset(&v->area->avail, 0, sizeof(v->area->avail));
	memset(&v->area->used, 0, sizeof(v->area->used));
	v->avail = v->used = 0;
	v->offered = false;
	v->free = 0;
	for (uint16_t i = 0; i < VHOST_SLOTS; i++)
		v->slot[i] = (struct vhost_slot){.next = (uint16_t)(i + 1)};
}

void vhost_ring_end(struct block_vhost *v)
{
	for (;;) {
		struct vhost_slot *last = NULL;

		for (unsigned i = 0; i < VHOST_SLOTS; i++)
			if (v->slot[i].r && (!last || v->slot[i].serial > last->serial))
				last = &v->slot[i];
		if (!last)
			break;
		last->r->next = v->waiting;
		if (!v->waiting)
			v->waiting_tail = &last->r->next;
		v->waiting = last->r;
		last->r = NULL;
	}
	v->offered = false;
}

void vhost_ring_go(struct block_vhost *v)
{
	while (v->waiting && v->up && v->free != VHOST_SLOTS)
		start_waiting(v);
}

void vhost_ring_fail(struct block_vhost *v)
{
	while (v->waiting) {
		struct block_request *r = v->waiting;

		v->waiting = r->next;
		block_step_later(r, -EIO);
	}
	v->waiting_tail = &v->waiting;
}
