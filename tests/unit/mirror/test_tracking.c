// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bitmap, intervals and activity log against models that are too simple to be wrong.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mirror/engine/actlog.h"
#include "mirror/engine/bitmap.h"
#include "mirror/engine/interval.h"
#include "tool.h"

enum { SECTORS = 300 * 262144 + 12345 }; /* of a bitmap: 301 pages, the last of them short */

static void same_as(struct bitmap *b, const uint8_t *model, uint64_t bits)
{
	uint64_t weight = 0, next = BITMAP_END;

	for (uint64_t i = bits; i-- > 0;) {
		weight += model[i];
		next = model[i] ? i : next;
		if (i % 977 == 0 || i > bits - 70) {
			assert_int_equal(bitmap_test(b, i), model[i]);
			assert_true(bitmap_next(b, i, true) == next);
		}
	}
	assert_true(b->weight == weight);
	assert_false(bitmap_test(b, bits));
	assert_true(bitmap_next(b, bits, true) == BITMAP_END);
	assert_true(bitmap_next(b, bits, false) == BITMAP_END);
}

static void test_bitmap(void **state)
{
	uint64_t bits = bitmap_bits(SECTORS), seed = 99;
	uint8_t *model = calloc(1, bits), page[BITMAP_PAGE_SIZE];
	struct bitmap b, c;

	assert_int_equal(bitmap_init(&b, SECTORS), 0);
	assert_int_equal(b.npages, 301);
	assert_int_equal(bitmap_dirty(&b, 0), 301);
	for (int turn = 0; turn < 3000; turn++) {
		uint64_t from = rnd(&seed) % bits, len = rnd(&seed) % (turn % 9 ? 3000 : 200000),
			 n = 0;
		bool set = rnd(&seed) % 5 > 1;

		for (uint64_t i = from; i < from + len && i < bits; i++) {
			n += model[i] != set;
			model[i] = set;
		}
		assert_true((set ? bitmap_set : bitmap_clear)(&b, from, from + len) == n);
		if (turn % 600 == 0)
			same_as(&b, model, bits);
	}
	same_as(&b, model, bits);
	/* by pages through a disk */
	assert_int_equal(bitmap_init(&c, SECTORS), 0);
	for (uint32_t i = 0; i < b.npages; i++) {
		bitmap_page_take(&b, i, page);
		if (i == b.npages - 1)
			page[BITMAP_PAGE_SIZE - 1] = 0xff; /* behind the end */
		bitmap_page_load(&c, i, page);
	}
	assert_int_equal(bitmap_dirty(&b, 0), b.npages);
	assert_int_equal(bitmap_dirty(&c, 0), b.npages);
	same_as(&c, model, bits);
	/* by words through a peer */
	bitmap_clear(&c, 0, bits);
	assert_true(c.weight == 0);
	for (uint64_t w = 0; w < bitmap_words(&b); w++)
		bitmap_merge(&c, w,
			     bitmap_word(&b, w) | (w == bitmap_words(&b) - 1 ? 1UL << 63 : 0));
	same_as(&c, model, bits);
	bitmap_set(&c, 0, BITMAP_END);
	assert_true(c.weight == bits && bitmap_next(&c, 0, false) == BITMAP_END);
	bitmap_free(&b);
	bitmap_free(&c);
	free(model);
}

static void test_bitmap_rounding(void **state)
{
	struct bitmap b;

	assert_int_equal(bitmap_init(&b, 100), 0);       /* 12.5 blocks */
	assert_true(bitmap_set_range(&b, 7, 1024) == 2); /* sectors 7 and 8 */
	assert_true(bitmap_clear_range(&b, 1, 14 * 512, 100) == 0);
	assert_true(bitmap_clear_range(&b, 0, 15 * 512, 100) == 1);
	assert_true(bitmap_test(&b, 1));
	assert_true(bitmap_clear_range(&b, 8, 8 * 512, 100) == 1);
	assert_true(bitmap_set_range(&b, 99, 512) == 1);
	assert_true(bitmap_clear_range(&b, 97, 3 * 512, 100) == 0);
	assert_true(bitmap_clear_range(&b, 96, 3 * 512, 100) == 0);
	assert_true(bitmap_clear_range(&b, 96, 4 * 512, 100) == 1);
	assert_true(b.weight == 0);
	assert_int_equal(bitmap_dirty(&b, 0), 0);
	assert_int_equal(bitmap_page_of(262144 * 3 - 1), 2);
	bitmap_free(&b);
}

/* What a terabyte needs while it is as it mostly is. */
static void test_bitmap_memory(void **state)
{
	struct bitmap b;

	assert_int_equal(bitmap_init(&b, UINT64_C(1) << 31), 0);
	assert_int_equal(b.npages, 8192);
	assert_true(bitmap_set(&b, 0, BITMAP_END) == UINT64_C(1) << 28);
	assert_true(bitmap_next(&b, 0, false) == BITMAP_END);
	assert_true(bitmap_clear(&b, 5, 6) == 1);
	assert_true(bitmap_next(&b, 0, false) == 5);
	assert_true(bitmap_set(&b, 5, 6) == 1);
	assert_true(bitmap_clear(&b, 0, BITMAP_END) == UINT64_C(1) << 28);
	bitmap_free(&b);
}

/* Random ranges: nothing runs beside what it conflicts with, and everything runs in the end. */
static void test_intervals(void **state)
{
	enum { N = 4000, LIVE = 60 };
	static struct intervals s;
	static struct interval in[N];
	static struct {
		bool waits, runs, over;
	} is[N];
	uint64_t seed = 5;
	unsigned waited = 0, wide = 0;
	int next = 0, oldest = 0;

	intervals_init(&s);
	while (oldest < N) {
		struct list ready = LIST_INIT(ready), *l;
		int k;

		if (next < N && next - oldest < LIVE) {
			struct interval *i = &in[next];
			bool free_now = true;

			i->sector = rnd(&seed) % 20000;
			i->end = i->sector + 1 + rnd(&seed) % (rnd(&seed) % 10 ? 64 : 7000);
			if (rnd(&seed) % 100 == 0) {
				i->sector = 0;
				i->end = 1025 * 2048 + rnd(&seed) % 5000;
			}
			i->shared = rnd(&seed) % 4 == 0;
			for (k = oldest; k < next; k++)
				if (!is[k].over && in[k].sector < i->end && i->sector < in[k].end &&
				    !(in[k].shared && i->shared))
					free_now = false;
			is[next].runs = interval_add(&s, i);
			assert_int_equal(is[next].runs, free_now);
			is[next].waits = !free_now;
			waited += !free_now;
			wide += i->wide;
			next++;
			if (rnd(&seed) % 3)
				continue;
		}
		/* one that runs ends, or one that waits gives up */
		k = oldest + (int)(rnd(&seed) % (uint64_t)(next - oldest));
		if (is[k].over || (!is[k].runs && rnd(&seed) % 8))
			continue;
		interval_remove(&s, &in[k], &ready);
		is[k].over = true;
		is[k].runs = is[k].waits = false;
		for (uint64_t order = 0; (l = list_take(&ready));) {
			struct interval *i = list_entry(l, struct interval, ready);

			assert_true(i->order >= order);
			order = i->order;
			assert_true(is[i - in].waits);
			is[i - in].waits = false;
			is[i - in].runs = true;
		}
		for (int a = oldest; a < next; a++) {
			bool may = !is[a].over;

			for (int b = oldest; b < a; b++)
				if (!is[b].over && in[b].sector < in[a].end &&
				    in[a].sector < in[b].end && !(in[a].shared && in[b].shared))
					may = false;
			assert_int_equal(is[a].runs, may);
		}
		while (oldest < next && is[oldest].over)
			oldest++;
	}
	assert_int_equal(s.count, 0);
	assert_false(interval_busy(&s, 0, UINT64_MAX / 2));
	assert_true(waited > 1000 && wide > 100);
}

static void test_interval_busy(void **state)
{
	static struct intervals s;
	struct interval a = {.sector = 2040, .end = 2060};
	struct list ready = LIST_INIT(ready);

	intervals_init(&s);
	assert_true(interval_add(&s, &a));
	assert_true(interval_busy(&s, 2059, 2060));
	assert_false(interval_busy(&s, 2060, 2061));
	assert_false(interval_busy(&s, 0, 2040));
	assert_false(interval_busy(&s, 2040 + 2048 * 1024, 2060 + 2048 * 1024));
	interval_remove(&s, &a, &ready);
	assert_true(list_empty(&ready));
}

/* What is on disk, by the replay that a crash would bring. */
static void on_disk(const uint8_t *log, uint32_t blocks, uint8_t *hot, uint32_t extents)
{
	memset(hot, 0, extents);
	assert_true(md_al_replay(log, blocks, hot, extents) >= 0);
}

/*
 * Random writers: at every moment, with and without the transaction that is on its way, and with
 * it torn, the replay of what is on disk has every extent that is held.
 */
static void test_actlog(void **state)
{
	enum { SLOTS = 2000, EXTENTS = 9000, HELD = 1500, BLOCKS = 4 };
	struct md_layout l = {.al_stripes = 2, .al_stripe_4k = 2};
	struct actlog a;
	uint8_t *log = calloc(BLOCKS, MD_BLOCK), *hot = malloc(EXTENTS), save[MD_BLOCK];
	static struct {
		uint32_t first, last;
	} held[HELD];
	static struct md_al t;
	uint32_t cold[MD_AL_UPDATES];
	uint64_t seed = 3, gets = 0, waits = 0;
	unsigned n = 0, ncold;

	assert_int_equal(actlog_init(&a, SLOTS), 0);
	a.transaction = 77;
	for (uint32_t i = 0; i < BLOCKS; i++)
		md_al_encode(log + i * MD_BLOCK, &(struct md_al){.initialised = true});
	for (int turn = 0; turn < 60000; turn++) {
		uint32_t e = (uint32_t)(rnd(&seed) % (turn / 10000 % 2 ? EXTENTS : 500));

		if (n < HELD && rnd(&seed) % 3) {
			uint32_t last = rnd(&seed) % 4 || e + 1 == EXTENTS ? e : e + 1;

			gets++;
			if (actlog_get(&a, e, last) == ACTLOG_HOT) {
				assert_true(actlog_is_hot(&a, e) && actlog_is_hot(&a, last));
				held[n].first = e;
				held[n++].last = last;
			} else {
				waits++;
			}
		} else if (n) {
			unsigned k = (unsigned)(rnd(&seed) % n);

			actlog_put(&a, held[k].first, held[k].last);
			held[k] = held[--n];
		}
		if (rnd(&seed) % 8 == 0 && actlog_begin(&a, &t, cold, &ncold)) {
			uint8_t *at = log + md_al_position(&l, t.transaction) * MD_BLOCK;

			assert_true(t.updates && t.updates <= MD_AL_UPDATES && ncold <= t.updates);
			for (unsigned i = 0; i < ncold; i++)
				assert_false(actlog_is_hot(&a, cold[i]));
			assert_false(actlog_begin(&a, &t, cold, &ncold));
			memcpy(save, at, MD_BLOCK);
			memset(at, 0x5a, MD_BLOCK); /* torn */
			on_disk(log, BLOCKS, hot, EXTENTS);
			for (unsigned i = 0; i < n; i++)
				assert_true(hot[held[i].first] && hot[held[i].last]);
			md_al_encode(at, &t);
			actlog_commit(&a);
		}
		if (turn % 500)
			continue;
		on_disk(log, BLOCKS, hot, EXTENTS);
		for (unsigned i = 0; i < n; i++)
			assert_true(hot[held[i].first] && hot[held[i].last]);
		for (e = 0; e < EXTENTS; e++)
			if (actlog_is_hot(&a, e))
				assert_true(hot[e]);
	}
	assert_true(a.transactions > 300 && gets - waits > 5000);
	actlog_free(&a);
	free(log);
	free(hot);
}

/* With every slot held a new extent has to wait; one that is hot has not. */
static void test_actlog_starved(void **state)
{
	struct actlog a;
	static struct md_al t;
	uint32_t cold[MD_AL_UPDATES];
	unsigned n;

	assert_int_equal(actlog_init(&a, 67), 0);
	for (uint32_t e = 0; e < 67; e++) {
		if (actlog_get(&a, e, e) == ACTLOG_HOT)
			continue;
		assert_true(actlog_begin(&a, &t, cold, &n));
		assert_int_equal(t.updates, 1);
		assert_int_equal(t.context[e], e);
		assert_int_equal(actlog_get(&a, e, e), ACTLOG_WAIT);
		actlog_commit(&a);
		assert_int_equal(actlog_get(&a, e, e), ACTLOG_HOT);
	}
	assert_int_equal(actlog_get(&a, 100, 100), ACTLOG_STARVED);
	assert_int_equal(actlog_get(&a, 66, 67), ACTLOG_STARVED);
	assert_int_equal(actlog_get(&a, 3, 4), ACTLOG_HOT);
	assert_false(actlog_begin(&a, &t, cold, &n));
	actlog_put(&a, 5, 5);
	assert_int_equal(actlog_get(&a, 100, 100), ACTLOG_WAIT);
	assert_true(actlog_begin(&a, &t, cold, &n));
	assert_int_equal(n, 1);
	assert_int_equal(cold[0], 5);
	assert_int_equal(t.slot[0], 5);
	assert_int_equal(t.extent[0], 100);
	actlog_free(&a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bitmap),         cmocka_unit_test(test_bitmap_rounding),
		cmocka_unit_test(test_bitmap_memory),  cmocka_unit_test(test_intervals),
		cmocka_unit_test(test_interval_busy),  cmocka_unit_test(test_actlog),
		cmocka_unit_test(test_actlog_starved),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
