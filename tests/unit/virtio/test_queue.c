/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The split queue against a driver's model: what is right, and everything that is wrong. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/virtio/toy.h"

enum { RINGS = 0x10000, DATA = 0x20000, TABLE = 0x30000, SIZE = 16 };

static const uint64_t INDIRECT = F(VIRTIO_RING_F_INDIRECT_DESC);
static const uint64_t EVENT = F(VIRTIO_RING_F_EVENT_IDX);

static struct toy *start(struct drv *d, uint64_t features)
{
	struct toy *t = toy_new();

	assert_true(drv_negotiate(&t->v, features));
	drv_queue(d, &t->v, 0, SIZE, RINGS);
	drv_ok(&t->v);
	assert_true(virtio_live(&t->v));
	return t;
}

static void chains_arrive_as_sent(void **state)
{
	struct piece p[] = {{DATA, 10, false}, {DATA + 100, 20, false}, {DATA + 200, 30, true}};
	static struct virtq_chain c;
	struct drv d;
	struct toy *t = start(&d, 0);
	struct virtq *q = &t->v.queue[0];
	uint32_t id, len;

	assert_int_equal(virtq_pop(q, &c), 0);
	drv_add(&d, p, 3);
	drv_add(&d, p + 2, 1);
	assert_int_equal(virtq_pop(q, &c), 1);
	assert_int_equal(c.head, 0);
	assert_int_equal(c.nout, 2);
	assert_int_equal(c.nin, 1);
	assert_int_equal(c.out_len, 30);
	assert_int_equal(c.in_len, 30);
	for (unsigned i = 0; i < 3; i++) {
		assert_ptr_equal(c.seg[i].at, drv_at(p[i].addr));
		assert_int_equal(c.seg[i].len, p[i].len);
	}
	virtq_push(q, c.head, 7);
	assert_true(drv_used(&d, &id, &len));
	assert_int_equal(id, 0);
	assert_int_equal(len, 7);
	assert_int_equal(virtq_pop(q, &c), 1);
	assert_int_equal(c.head, 3);
	virtq_unpop(q, 1);
	assert_int_equal(virtq_pop(q, &c), 1);
	assert_int_equal(c.head, 3);
	assert_int_equal(virtq_pop(q, &c), 0);
	assert_false(drv_used(&d, &id, &len));
	assert_int_equal(rig_unreported(), -1);
	assert_int_equal(rig.faults, 0);
	toy_free(t);
}

static void copies_cross_segments(void **state)
{
	struct piece p[] = {{DATA, 3, false},
			    {DATA + 64, 0, false},
			    {DATA + 128, 5, false},
			    {DATA + 256, 2, true},
			    {DATA + 300, 9, true}};
	static struct virtq_chain c;
	struct drv d;
	struct toy *t = start(&d, 0);
	char buf[16] = {0};

	drv_put(DATA, "abc", 3);
	drv_put(DATA + 128, "defgh", 5);
	drv_add(&d, p, 5);
	assert_int_equal(virtq_pop(&t->v.queue[0], &c), 1);
	assert_int_equal(virtq_out(&c, 1, buf, sizeof(buf)), 7);
	assert_string_equal(buf, "bcdefgh");
	assert_int_equal(virtq_out(&c, 8, buf, 1), 0);
	assert_int_equal(virtq_in(&c, 1, "12345", 5), 5);
	assert_memory_equal(drv_at(DATA + 256),
			    "\0"
			    "1",
			    2);
	assert_memory_equal(drv_at(DATA + 300), "2345", 4);
	/* Nothing beyond what the driver gave. */
	assert_int_equal(virtq_in(&c, 9, "zzzzz", 5), 2);
	assert_int_equal(((uint8_t *)drv_at(DATA))[309], 0);
	assert_int_equal(rig_unreported(), -1);
	toy_free(t);
}

static void indirect_tables(void **state)
{
	static struct virtq_chain c;
	struct drv d;
	struct toy *t = start(&d, INDIRECT);
	struct virtq *q = &t->v.queue[0];

	/* One direct descriptor, then a table of three: 1 -> 0 -> 2. */
	drv_desc(d.desc, 0, DATA, 8, VRING_DESC_F_NEXT, 5);
	drv_desc(d.desc, 5, TABLE, 3 * 16, VRING_DESC_F_INDIRECT, 0);
	drv_desc(TABLE, 0, DATA + 64, 4, VRING_DESC_F_NEXT, 2);
	drv_desc(TABLE, 1, 0, 0, 0, 0);
	drv_desc(TABLE, 2, DATA + 128, 6, VRING_DESC_F_WRITE, 0);
	drv_make_available(&d, 0);
	assert_int_equal(virtq_pop(q, &c), 1);
	assert_int_equal(c.nout, 2);
	assert_int_equal(c.nin, 1);
	assert_int_equal(c.out_len, 12);
	assert_ptr_equal(c.seg[2].at, drv_at(DATA + 128));
	assert_int_equal(rig.faults, 0);
	toy_free(t);
}

/*
 * Many chains, far beyond the wrap of the 16-bit indices, in random batches
 * with random interrupt wishes.  Each interrupt must come exactly when the
 * driver's formula (§2.7.7.1, vring_need_event) says, and no chain may be lost.
 */
static void random_traffic(void **state)
{
	struct piece p[] = {{DATA, 16, false}, {DATA + 64, 16, true}};
	static struct virtq_chain c;
	unsigned in_flight = 0, heads[SIZE], n;
	struct drv d;
	struct toy *t = start(&d, EVENT);
	struct virtq *q = &t->v.queue[0];
	bool empty = true;

	rig.msix = true;
	srandom(1);
	for (unsigned round = 0; round < 40000; round++) {
		uint16_t event, old = q->next_used, popped = 0;
		unsigned before = rig.fired[1];
		uint32_t id, len;

		for (n = random() % 8; n && in_flight < SIZE / 2; n--, in_flight++) {
			/* A device that said "empty" must have asked for a doorbell here. */
			if (empty)
				assert_int_equal(*(uint16_t *)drv_at(d.used + 4 + SIZE * 8),
						 d.avail_idx);
			empty = false;
			drv_add(&d, p, 2);
		}
		event = old + random() % 6 - 1;
		drv_put16(d.avail + 4 + SIZE * 2, event);
		for (n = random() % 8; n && virtq_pop(q, &c) == 1; n--)
			heads[popped++] = c.head;
		for (unsigned i = 0; i < popped; i++)
			virtq_fill(q, heads[i], i);
		assert_false(drv_used(&d, &id, &len)); /* staged, not visible */
		virtq_flush(q);
		if (popped && round)
			assert_int_equal(
				rig.fired[1] - before,
				vring_need_event(event, q->next_used,
						 q->signalled_valid
							 ? (uint16_t)(q->next_used - popped)
							 : 0));
		for (unsigned i = 0; i < popped; i++, in_flight--) {
			assert_true(drv_used(&d, &id, &len));
			assert_int_equal(id, heads[i]);
			assert_int_equal(len, i);
		}
		if (in_flight == 0) {
			assert_false(virtq_listen(q));
			empty = true;
		}
	}
	assert_int_equal(rig.faults, 0);
	assert_int_equal(rig_unreported(), -1);
	toy_free(t);
}

static void listening_sees_a_late_chain(void **state)
{
	struct piece p = {DATA, 16, false};
	static struct virtq_chain c;
	struct drv d;
	struct toy *t = start(&d, EVENT);
	unsigned budget = 3;

	assert_int_equal(virtq_pop(&t->v.queue[0], &c), 0);
	drv_add(&d, &p, 1);
	assert_true(virtq_listen(&t->v.queue[0]));
	drv_add(&d, &p, 1);
	drv_add(&d, &p, 1);
	drv_add(&d, &p, 1);
	rig_run(0);
	t->kicks = 0;
	for (unsigned i = 0; i < 3; i++)
		assert_true(virtq_take(&t->v.queue[0], &c, &budget));
	/* The budget is used up: the handler is called again. */
	assert_false(virtq_take(&t->v.queue[0], &c, &budget));
	rig_run(0);
	assert_int_equal(t->kicks, 1);
	toy_free(t);
}

static void interrupts_without_event_idx(void **state)
{
	struct piece p = {DATA, 16, false};
	static struct virtq_chain c;
	struct drv d;
	struct toy *t = start(&d, 0);

	rig.msix = true;
	drv_add(&d, &p, 1);
	drv_add(&d, &p, 1);
	virtq_pop(&t->v.queue[0], &c);
	virtq_push(&t->v.queue[0], c.head, 0);
	assert_int_equal(rig.fired[1], 1);
	drv_put16(d.avail, VRING_AVAIL_F_NO_INTERRUPT);
	virtq_pop(&t->v.queue[0], &c);
	virtq_push(&t->v.queue[0], c.head, 0);
	assert_int_equal(rig.fired[1], 1);
	toy_free(t);
}

/* --- hostile --- */

static void self_loop(struct drv *d)
{
	drv_desc(d->desc, 0, DATA, 16, VRING_DESC_F_NEXT, 0);
	drv_make_available(d, 0);
}

static void long_loop(struct drv *d)
{
	for (unsigned i = 0; i < SIZE; i++)
		drv_desc(d->desc, i, DATA, 16, VRING_DESC_F_NEXT, (i + 1) % SIZE);
	drv_make_available(d, 3);
}

static void head_outside(struct drv *d)
{
	drv_make_available(d, SIZE);
}

static void next_outside(struct drv *d)
{
	drv_desc(d->desc, 0, DATA, 16, VRING_DESC_F_NEXT, 0xffff);
	drv_make_available(d, 0);
}

static void outside_memory(struct drv *d)
{
	drv_desc(d->desc, 0, RIG_RAM, 1, 0, 0);
	drv_make_available(d, 0);
}

static void across_the_end(struct drv *d)
{
	drv_desc(d->desc, 0, RIG_RAM - 8, 9, 0, 0);
	drv_make_available(d, 0);
}

static void wraps_around(struct drv *d)
{
	drv_desc(d->desc, 0, ~0ULL - 3, 0xffffffff, VRING_DESC_F_WRITE, 0);
	drv_make_available(d, 0);
}

static void longest_length(struct drv *d)
{
	drv_desc(d->desc, 0, 0, 0xffffffff, VRING_DESC_F_WRITE, 0);
	drv_make_available(d, 0);
}

static void out_after_in(struct drv *d)
{
	drv_desc(d->desc, 0, DATA, 16, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 1);
	drv_desc(d->desc, 1, DATA, 16, 0, 0);
	drv_make_available(d, 0);
}

static void too_many_available(struct drv *d)
{
	drv_put16(d->avail + 2, SIZE + 1);
}

static void index_behind(struct drv *d)
{
	drv_put16(d->avail + 2, 0xffff);
}

static void indirect(struct drv *d, uint64_t at, uint32_t len, uint16_t flags)
{
	drv_desc(d->desc, 0, at, len, VRING_DESC_F_INDIRECT | flags, 1);
	drv_desc(d->desc, 1, DATA, 16, 0, 0);
	drv_desc(TABLE, 0, DATA, 16, 0, 0);
	drv_make_available(d, 0);
}

static void indirect_empty(struct drv *d)
{
	indirect(d, TABLE, 0, 0);
}

static void indirect_uneven(struct drv *d)
{
	indirect(d, TABLE, 17, 0);
}

static void indirect_chained(struct drv *d)
{
	indirect(d, TABLE, 16, VRING_DESC_F_NEXT);
}

static void indirect_outside(struct drv *d)
{
	indirect(d, RIG_RAM - 8, 16, 0);
}

static void indirect_nested(struct drv *d)
{
	indirect(d, TABLE, 16, 0);
	drv_desc(TABLE, 0, TABLE + 256, 16, VRING_DESC_F_INDIRECT, 0);
}

static void indirect_loop(struct drv *d)
{
	indirect(d, TABLE, 32, 0);
	drv_desc(TABLE, 0, DATA, 16, VRING_DESC_F_NEXT, 1);
	drv_desc(TABLE, 1, DATA, 16, VRING_DESC_F_NEXT, 0);
}

static void indirect_next_outside(struct drv *d)
{
	indirect(d, TABLE, 16, 0);
	drv_desc(TABLE, 0, DATA, 16, VRING_DESC_F_NEXT, 1);
}

static void same_chain_again(struct drv *d)
{
	static struct virtq_chain c;

	drv_desc(d->desc, 0, DATA, 16, 0, 0);
	for (unsigned i = 0; i < SIZE; i++) {
		drv_make_available(d, 0);
		assert_int_equal(virtq_pop(&d->v->queue[0], &c), 1);
	}
	drv_make_available(d, 0);
}

static void hostile(void **state)
{
	static void (*const attack[])(struct drv *) = {
		self_loop,          long_loop,        head_outside,
		next_outside,       outside_memory,   across_the_end,
		wraps_around,       longest_length,   out_after_in,
		too_many_available, index_behind,     indirect_empty,
		indirect_uneven,    indirect_chained, indirect_outside,
		indirect_nested,    indirect_loop,    indirect_next_outside,
		same_chain_again,
	};
	static struct virtq_chain c;

	for (size_t i = 0; i < sizeof(attack) / sizeof(attack[0]); i++) {
		struct piece good = {DATA, 16, false};
		struct drv d;
		struct toy *t = start(&d, INDIRECT | EVENT);

		attack[i](&d);
		assert_int_equal(virtq_pop(&t->v.queue[0], &c), -EINVAL);
		assert_int_equal(rig.faults, 1);
		assert_true(reg_read(&t->v, R_STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET);
		/* Broken is broken: nothing is read or answered until the reset. */
		assert_false(virtio_live(&t->v));
		assert_int_equal(virtq_pop(&t->v.queue[0], &c), 0);
		virtq_push(&t->v.queue[0], 0, 0);
		assert_false(drv_used(&d, NULL, NULL));
		/* And a reset mends it. */
		memset(drv_at(RINGS), 0, 0x4000);
		memset(rig.shadow + RINGS, 0, 0x4000);
		assert_true(drv_negotiate(&t->v, INDIRECT | EVENT));
		drv_queue(&d, &t->v, 0, SIZE, RINGS);
		drv_ok(&t->v);
		drv_add(&d, &good, 1);
		assert_int_equal(virtq_pop(&t->v.queue[0], &c), 1);
		assert_int_equal(c.out_len, 16);
		toy_free(t);
	}
}

static void indirect_not_negotiated(void **state)
{
	static struct virtq_chain c;
	struct drv d;
	struct toy *t = start(&d, 0);

	indirect(&d, TABLE, 16, 0);
	assert_int_equal(virtq_pop(&t->v.queue[0], &c), -EINVAL);
	toy_free(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_arrive_as_sent),
		cmocka_unit_test(copies_cross_segments),
		cmocka_unit_test(indirect_tables),
		cmocka_unit_test(random_traffic),
		cmocka_unit_test(listening_sees_a_late_chain),
		cmocka_unit_test(interrupts_without_event_idx),
		cmocka_unit_test(hostile),
		cmocka_unit_test(indirect_not_negotiated),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("virtqueue", tests, NULL, NULL);
}
