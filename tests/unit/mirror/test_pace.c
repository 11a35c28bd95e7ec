// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A resync beside clients, in virtual time: what they keep, what it gets, and how much is on its way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mirror/engine/pace.h"
#include "mirror/engine/window.h"

#define MS     UINT64_C(1000000)
#define SECOND (1000 * MS)
#define MIB    ((double)(1 << 20))

/* Clients that send the next request when one is done, and a resync; a turn is a millisecond. */
struct both {
	double alone; /* requests/s of clients without a resync; 0: there are none */
	double size;  /* bytes of one */
	double harm; /* the part of their rate that they lose while the resync has work under way */
	double rate; /* bytes/s of the resync */
	double window, under_way;      /* bytes: while it may, it has the window under way */
	double requests, bytes, moved; /* done */
	uint64_t now, look;
	struct pace pace;
};

static struct pace_seen seen(const struct both *b)
{
	return (struct pace_seen){.now = b->now,
				  .requests = (uint64_t)b->requests,
				  .bytes = (uint64_t)b->bytes,
				  .in_flight = b->alone >= 10,
				  .moved = (uint64_t)b->moved,
				  .outstanding = (uint64_t)b->under_way};
}

static void turn(struct both *b)
{
	double clients = b->alone * (b->under_way >= 1 ? 1 - b->harm : 1) / 1000;
	double done = b->rate / 1000;

	if (pace_open(&b->pace))
		b->under_way = b->window;
	if (done > b->under_way)
		done = b->under_way;
	b->under_way -= done;
	b->moved += done;
	b->requests += clients;
	b->bytes += clients * b->size;
	b->now += MS;
	if (b->now >= b->look) {
		struct pace_seen s = seen(b);

		b->look = b->now + pace_look(&b->pace, &s);
	}
}

static void run(struct both *b, double s)
{
	for (uint64_t end = b->now + (uint64_t)(s * 1e9); b->now < end;)
		turn(b);
}

static void start(struct both *b, uint64_t min_rate)
{
	struct pace_seen s = seen(b);

	pace_begin(&b->pace, min_rate, &s);
}

static void test_shares(void **state)
{
	static const struct {
		const char *what;
		double alone, size, harm, rate, window; /* as in struct both; MiB */
		double min_rate;                        /* MiB/s */
		double kept,
			got; /* at least, of what each would get alone; after the first second */
	} row[] = {
		{"no clients", 0, 0, 0, 500, 8, .25, 1, .99},
		{"clients that do not notice", 5000, 4096, 0, 500, 8, .25, .99, .85},
		{"they lose a fifth", 5000, 4096, .2, 500, 8, .25, .75, .85},
		{"they lose half", 5000, 4096, .5, 500, 8, .25, .75, .3},
		{"they stand still", 5000, 4096, 1, 500, 8, .25, .75, .15},
		{"large requests, and they stand still", 200, 1 << 20, 1, 500, 8, .25, .75, .15},
		{"a slow disk: few, and they stand still", 40, 4096, 1, 100, 2, .25, .7, .1},
		{"a slow peer, with much on its way", 5000, 4096, 1, 20, 8, .25, .7, .1},
		{"two requests a second", 2, 4096, 0, 500, 8, .25, .99, .4},
		{"a rate that it is to have", 5000, 4096, 1, 500, 8, 250, 0, .45},
		{"it need not yield", 5000, 4096, 1, 500, 8, 0, 0, .99},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct both b = {.alone = row[i].alone,
				 .size = row[i].size,
				 .harm = row[i].harm,
				 .rate = row[i].rate * MIB,
				 .window = row[i].window * MIB};
		double requests, moved, kept, got;

		start(&b, (uint64_t)(row[i].min_rate * MIB));
		run(&b, 1);
		requests = b.requests;
		moved = b.moved;
		run(&b, 10);
		kept = b.alone > 0 ? (b.requests - requests) / 10 / b.alone : 1;
		got = (b.moved - moved) / 10 / b.rate;
		if (kept < row[i].kept || got < row[i].got)
			fail_msg("%s: clients keep %.2f, the resync gets %.2f", row[i].what, kept,
				 got);
	}
}

/* Clients come, and go: it yields in the first turns, and is at its full rate within a second. */
static void test_changes(void **state)
{
	struct both b = {.rate = 500 * MIB, .window = 8 * MIB, .size = 4096, .harm = 1};
	double before;

	start(&b, 250 << 10);
	run(&b, 3);
	b.alone = 5000;
	run(&b, 1);
	assert_true(b.requests > .7 * b.alone);
	run(&b, 5);
	b.alone = 0;
	before = b.moved;
	run(&b, 1);
	assert_true(b.moved - before > .75 * b.rate);
	before = b.moved;
	run(&b, 1);
	assert_true(b.moved - before > .99 * b.rate);
	/* and what was known of the clients then is forgotten: these do not notice it */
	b.alone = 1000;
	b.harm = 0;
	run(&b, 1);
	before = b.moved;
	run(&b, 4);
	assert_true(b.moved - before > .85 * 4 * b.rate);
}

/* A disk or a peer that stands still keeps it from nothing but going on. */
static void test_stands_still(void **state)
{
	struct both b = {.alone = 1000, .size = 4096, .harm = 1, .rate = 0, .window = MIB};
	double before;

	start(&b, 250 << 10);
	run(&b, 5);
	b.rate = 100 * MIB;
	run(&b, 2);
	before = b.moved;
	run(&b, 5);
	assert_true(b.moved - before > .1 * 5 * b.rate);
}

/* ---- the window ---- */

enum { FLYING_MAX = 4096 };

/* A path that takes @rate bytes/s, one after the other, and @latency ms for each. */
struct path {
	struct window w;
	double rate, latency;
	uint64_t now, busy; /* until then it has something to do */
	struct {
		uint64_t sent, due, bytes;
	} flying[FLYING_MAX];
	unsigned first, last;
	double done;
};

static void path_turn(struct path *p, uint64_t bytes)
{
	p->now += MS / 10;
	while (p->first != p->last && p->flying[p->first % FLYING_MAX].due <= p->now) {
		unsigned i = p->first++ % FLYING_MAX;

		p->done += (double)p->flying[i].bytes;
		window_done(&p->w, p->flying[i].bytes, p->flying[i].sent, p->now);
	}
	while (window_open(&p->w, p->now)) {
		unsigned i = p->last++ % FLYING_MAX;

		p->busy = (p->busy > p->now ? p->busy : p->now) +
			  (uint64_t)((double)bytes / p->rate * 1e9);
		p->flying[i].sent = p->now;
		p->flying[i].bytes = bytes;
		p->flying[i].due = p->busy + (uint64_t)(p->latency * (double)MS);
		window_sent(&p->w, bytes, p->now);
	}
}

static void test_window(void **state)
{
	static const struct {
		double rate, latency; /* MiB/s, ms */
		uint64_t bytes;       /* of a request */
		double most;          /* MiB on their way at the end, at most */
		struct window_set set;
		double got; /* MiB/s, at least */
	} row[] = {
		{110, .2, 1 << 20, 4, {0}, 105},
		{1000, .1, 1 << 20, 16, {0}, 950},
		{110, 50, 1 << 20, 10, {0}, 100},
		{10, 1, 1 << 20, 2, {0}, 9},
		{100, .2, 4096, 4, {0}, 95},
		{110, 50, 1 << 20, 3, {.bytes = 2 << 20}, 30},
		{500, .2, 1 << 20, 16, {.rate = 40 << 20}, 38},
		{500, 5, 65536, 16, {.rate = 1 << 20}, .9},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		static struct path p;
		double before;

		p = (struct path){.rate = row[i].rate * MIB, .latency = row[i].latency};
		window_begin(&p.w, &row[i].set, p.now);
		while (p.now < SECOND)
			path_turn(&p, row[i].bytes);
		before = p.done;
		while (p.now < 5 * SECOND)
			path_turn(&p, row[i].bytes);
		if ((p.done - before) / 4 < row[i].got * MIB ||
		    (double)p.w.flying > row[i].most * MIB)
			fail_msg("row %zu: %.1f MiB/s, %.1f MiB on their way", i,
				 (p.done - before) / 4 / MIB, (double)p.w.flying / MIB);
		if (row[i].set.rate && p.done > 5.3 * (double)row[i].set.rate)
			fail_msg("row %zu: %.1f MiB/s are too many", i, p.done / 5 / MIB);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_stands_still),
		cmocka_unit_test(test_window),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);

	return cmocka_run_group_tests(tests, NULL, NULL);
}
