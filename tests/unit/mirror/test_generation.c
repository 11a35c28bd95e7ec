// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Generation identifiers: DRBD's table of rules, row by row and from both sides; and a
 * model of two nodes whose random histories must never end with data silently lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mirror/engine/handshake.h"
#include "tool.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define STEP     (UINT64_C(1) << 48)

/* Shorthand for roles and crashes: P/S, capital C when it crashed as Primary. */
struct row {
	unsigned rule;
	int result;
	uint64_t mine[4], peer[4];
	const char *me, *it; /* "S", "P", "SC", "PC" */
	bool tie, old;
};

enum {
	A = 0x1000,
	B = 0x2000,
	C = 0x3000,
	E = 0x4000,
	F = 0x5000,
	G = 0x6000,
	H = 0x7000,
	I = 0x8000
};

static const struct row rows[] = {
	{10, 0, {4}, {4}, "S", "S"},
	{10, 0, {5}, {4}, "P", "S"},
	{20, -2, {4}, {A}, "S", "S"},
	{20, -2, {0}, {A, B}, "S", "P"},
	{30, 2, {A}, {4}, "S", "S"},
	{30, 2, {A, 4}, {0}, "P", "S"},
	{34, 1, {A, B, C}, {A, 0, B, C}, "S", "S"},
	{36, 1, {A, B, C}, {A, 0, C, E}, "S", "S"},
	{36, 1, {A, B}, {A}, "S", "S"},
	{36, 1, {A, 1, B}, {A, 0, C}, "S", "S"},
	{35, -1, {A, 0, B, C}, {A, B, C}, "S", "S"},
	{37, -1, {A, 0, C, E}, {A, B, C}, "S", "S"},
	{40, 0, {A}, {A}, "S", "S"},
	{40, 0, {A | 1, 0, B}, {A, 0, C}, "P", "S"},
	{40, 0, {A, B}, {A, C}, "S", "S"},
	{40, 1, {A}, {A}, "SC", "S"},
	{40, -1, {A}, {A}, "S", "SC"},
	{40, 1, {A}, {A}, "SC", "SC"},
	{40, -1, {A}, {A}, "SC", "SC", true},
	{41, 1, {A}, {A}, "PC", "S"},
	{41, 1, {A}, {A}, "P", "SC"},
	{41, -1, {A}, {A}, "SC", "P"},
	{41, -100, {A}, {A}, "PC", "P"},
	{41, -1001, {A}, {A}, "PC", "S", false, true},
	{50, -1, {A}, {B, A}, "S", "S"},
	{50, -1, {A | 1}, {B, A}, "P", "S"},
	{51, -1, {A, 0, B}, {C, A + STEP, A}, "S", "S"},
	{60, -2, {A, 0, B}, {C, E, A}, "S", "S"},
	{60, -2, {A}, {C, E, F, A}, "S", "S"},
	{70, 1, {B, A}, {A}, "P", "S"},
	{71, 1, {C, A + STEP, A}, {A, 0, B}, "S", "S"},
	{80, 2, {C, E, A}, {A, 0, B}, "S", "S"},
	{80, 2, {C, E, F, A}, {A}, "S", "S"},
	{90, 100, {A, C}, {B, C}, "S", "S"},
	{100, -100, {A, 1}, {B, 1}, "S", "S"},
	{90, 100, {A, 4}, {B, 4}, "P", "P"},
	{100, -100, {A, C, E}, {B, F, E, G}, "S", "S"},
	{100, -100, {A, C, E, H}, {B, F, G, H}, "S", "S"},
	{100, -100, {A}, {B}, "S", "S"},
	{100, -1000, {A, B, C, E}, {F, G, H, I}, "S", "S"},
};

static struct gen_side side(const uint64_t uuid[4], const char *is)
{
	struct gen_side s = {.role = is[0] == 'P' ? ROLE_PRIMARY : ROLE_SECONDARY,
			     .crashed = is[1]};

	memcpy(s.gen.uuid, uuid, sizeof(s.gen.uuid));
	return s;
}

static struct gen_compare compare(const struct row *r, bool swapped)
{
	struct gen_compare c = {.tie_break = r->tie ^ swapped, .knows_41 = !r->old};

	c.mine = swapped ? side(r->peer, r->it) : side(r->mine, r->me);
	c.peer = swapped ? side(r->mine, r->me) : side(r->peer, r->it);
	gen_compare(&c);
	return c;
}

static int mirror_of(int result)
{
	return abs(result) < 100 ? -result : result;
}

static void test_rules(void **state)
{
	static const unsigned pairs[][2] = {{20, 30}, {34, 35}, {36, 37},
					    {50, 70}, {51, 71}, {60, 80}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct gen_compare c = compare(&rows[i], false), d = compare(&rows[i], true);
		unsigned other = rows[i].rule;

		assert_int_equal(c.rule, rows[i].rule);
		assert_int_equal(c.result, rows[i].result);
		for (size_t k = 0; k < COUNT(pairs); k++) {
			if (pairs[k][0] == c.rule)
				other = pairs[k][1];
			else if (pairs[k][1] == c.rule)
				other = pairs[k][0];
		}
		assert_int_equal(d.rule, other);
		assert_int_equal(d.result, mirror_of(c.result));
		/* what one side corrects of its own, the other has corrected of what it was sent */
		assert_memory_equal(c.mine.gen.uuid, d.peer.gen.uuid, sizeof(c.mine.gen));
		assert_memory_equal(c.peer.gen.uuid, d.mine.gen.uuid, sizeof(c.mine.gen));
		assert_int_equal(c.corrected, c.rule == 34 || c.rule == 71);
		assert_int_equal(d.corrected, d.rule == 34 || d.rule == 71);
	}
}

/* As two kernels were seen to do it: primary --force, full sync, both equal in the end. */
static void test_sync_as_seen(void **state)
{
	struct generation s = {{4}}, t = {{4}}, shown;
	uint64_t sync;

	gen_new(&s, 0x8C11E19E7E8DB7DC, ROLE_PRIMARY);
	assert_true(s.uuid[MD_CURRENT] == 0x8C11E19E7E8DB7DD && s.uuid[MD_BITMAP] == 4);
	shown = s;
	sync = gen_sync_begin_source(&s, 0x017BD49D37DE7DC7);
	assert_true(sync == 0x017BD49D37DE7DC7 && s.uuid[MD_BITMAP] == sync &&
		    s.uuid[MD_HISTORY1] == 4);
	gen_sync_begin_target(&t, sync);
	assert_true(t.uuid[MD_CURRENT] == 0x017BD49D37DE7DC6 && t.uuid[MD_BITMAP] == 0);
	gen_sync_end_source(&s);
	gen_sync_end_target(&t, &shown, ROLE_SECONDARY);
	for (int i = 0; i < 4; i++)
		assert_true(gen_equal(s.uuid[i], t.uuid[i]));
	assert_true(s.uuid[MD_BITMAP] == 0 && s.uuid[MD_HISTORY1] == sync &&
		    s.uuid[MD_HISTORY2] == 4);
	assert_true(t.uuid[MD_CURRENT] == 0x8C11E19E7E8DB7DC);
	gen_role(&s, ROLE_SECONDARY);
	assert_true(s.uuid[MD_CURRENT] == 0x8C11E19E7E8DB7DC);
	/* and derived where something can be */
	s.uuid[MD_BITMAP] = 0x8C91000000000001;
	assert_true(gen_sync_begin_source(&s, 1) == 0x8C92000000000001);
}

#define INC DISK_INCONSISTENT
#define OUT DISK_OUTDATED
#define CON DISK_CONSISTENT
#define UPD DISK_UP_TO_DATE

/* The first row of @rule where we are @me. */
static const struct row *row_of(unsigned rule, int result, const char *me)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].rule == rule && rows[i].result == result && !strcmp(rows[i].me, me))
			return &rows[i];
	fail();
	return NULL;
}

static void test_handshake(void **state)
{
	static const struct {
		unsigned rule;
		int result;
		const char *me;
		enum disk mine, peer;
		int discard; /* 1 mine, 2 peer, 3 both */
		enum meeting what;
		bool full;
	} cases[] = {
		{10, 0, "S", INC, INC, 0, MEET_NOTHING},
		{10, 0, "S", UPD, INC, 0, MEET_SOURCE},
		{40, 0, "S", INC, UPD, 0, MEET_TARGET},
		{40, 0, "S", UPD, UPD, 1, MEET_NOTHING},
		{20, -2, "S", INC, UPD, 0, MEET_TARGET, true},
		{20, -2, "S", UPD, INC, 0, MEET_SOURCE, true},
		{20, -2, "S", INC, INC, 0, MEET_SOURCE_INCONSISTENT},
		{30, 2, "S", INC, INC, 0, MEET_SOURCE_INCONSISTENT},
		{50, -1, "S", CON, UPD, 0, MEET_TARGET},
		{50, -1, "P", UPD, UPD, 0, MEET_PRIMARY_WOULD_LOSE},
		{50, -1, "P", INC, UPD, 0, MEET_TARGET},
		{50, -1, "P", OUT, UPD, 0, MEET_TARGET},
		{70, 1, "P", UPD, OUT, 0, MEET_SOURCE},
		{80, 2, "S", UPD, UPD, 0, MEET_SOURCE, true},
		{90, 100, "S", UPD, UPD, 0, MEET_SPLIT_BRAIN},
		{90, 100, "S", UPD, UPD, 1, MEET_TARGET},
		{90, 100, "S", UPD, UPD, 2, MEET_SOURCE},
		{90, 100, "S", UPD, UPD, 3, MEET_SPLIT_BRAIN},
		{90, 100, "P", UPD, UPD, 1, MEET_PRIMARY_WOULD_LOSE},
		{100, -100, "S", UPD, UPD, 1, MEET_TARGET, true},
		{100, -100, "S", INC, UPD, 0, MEET_TARGET, true},
		{100, -1000, "S", UPD, UPD, 1, MEET_UNRELATED},
		{100, -1000, "S", INC, UPD, 0, MEET_UNRELATED},
		{41, -1001, "PC", UPD, UPD, 0, MEET_TOO_OLD},
	};

	/* a Primary whose disk was attached again is brought up to date, and brings nobody */
	static const struct {
		unsigned rule;
		int result;
		const char *me;
		bool mine;
		enum meeting what;
	} attached[] = {
		{50, -1, "P", true, MEET_TARGET},
		{50, -1, "S", true, MEET_TARGET},
		{70, 1, "P", true, MEET_PRIMARY_WOULD_LOSE},
		{70, 1, "P", false, MEET_SOURCE},
		{50, -1, "P", false, MEET_PRIMARY_WOULD_LOSE},
		{40, 0, "P", true, MEET_NOTHING},
	};

	for (size_t i = 0; i < COUNT(attached); i++) {
		struct handshake h = {.my_disk = UPD,
				      .peer_disk = UPD,
				      .i_attach = attached[i].mine,
				      .peer_attaches = !attached[i].mine};

		h.compare = compare(row_of(attached[i].rule, attached[i].result, attached[i].me),
				    false);
		assert_int_equal(handshake(&h).what, attached[i].what);
	}
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct handshake h = {.my_disk = cases[i].mine,
				      .peer_disk = cases[i].peer,
				      .my_discard = cases[i].discard & 1,
				      .peer_discard = cases[i].discard & 2};
		struct meeting_of m;

		h.compare = compare(row_of(cases[i].rule, cases[i].result, cases[i].me), false);
		m = handshake(&h);
		assert_int_equal(m.what, cases[i].what);
		assert_int_equal(m.full, cases[i].full);
		assert_int_equal(m.manual, cases[i].discard && (m.what == MEET_SOURCE ||
								m.what == MEET_TARGET ||
								cases[i].me[0] == 'P'));
		assert_true(strlen(meeting_text(m.what)) > 5);
	}
}

/*
 * The model.  A write is a bit; what a node's disk holds is a set of them.  A block is never
 * written twice, so that what is missing can be told.
 */
struct node {
	struct generation gen;
	uint64_t data, bits; /* written; possibly not on the peer */
	enum disk disk;
	enum role role;
	bool crashed, up;
};

struct model {
	struct node n[2];
	bool linked;
	int source; /* of the resync that runs, or -1 */
	uint64_t next, seed, acked;
	struct generation shown; /* the source's, at the handshake */
	unsigned splits, syncs, fulls;
};

static uint64_t any(struct model *m)
{
	return (rnd(&m->seed) | 2) & ~UINT64_C(1);
}

/* What is only here is recorded before anybody is told that it is written. */
static void alone(struct model *m, struct node *p)
{
	if (!p->gen.uuid[MD_BITMAP])
		gen_new(&p->gen, any(m), p->role);
}

static void cut(struct model *m)
{
	m->linked = false;
	m->source = -1;
}

static void write_one(struct model *m, int i)
{
	struct node *p = &m->n[i], *q = &m->n[!i];
	uint64_t w = UINT64_C(1) << m->next;

	if (!p->up || p->role != ROLE_PRIMARY || p->disk != DISK_UP_TO_DATE || m->next >= 62)
		return;
	m->next++;
	if (m->linked) {
		q->data |= w;
		if (m->source >= 0)
			p->bits |= w, q->bits |= w; /* cleared by the resync */
	} else {
		alone(m, p);
		p->bits |= w;
	}
	p->data |= w;
	m->acked |= w;
}

/* A Primary stops in the middle of a write: on its disk, on the peer's, on both, acknowledged to nobody. */
static void crash(struct model *m, int i)
{
	struct node *p = &m->n[i], *q = &m->n[!i];
	uint64_t w = UINT64_C(1) << m->next;

	if (!p->up)
		return;
	if (p->role == ROLE_PRIMARY) {
		if (p->disk == DISK_UP_TO_DATE && m->next < 62) {
			m->next++;
			p->bits |= w; /* its extent was hot */
			if (rnd(&m->seed) & 1)
				p->data |= w;
			if (m->linked && rnd(&m->seed) & 1)
				q->data |= w;
		}
		p->crashed = true;
	}
	p->up = false;
	p->role = ROLE_SECONDARY;
	gen_role(&p->gen, ROLE_SECONDARY);
	if (m->linked && q->role == ROLE_PRIMARY)
		alone(m, q);
	cut(m);
}

static void check_direction(struct model *m, const struct meeting_of *w, int s)
{
	struct node *p = &m->n[s], *q = &m->n[!s];
	uint64_t lost = q->data & ~p->data & m->acked, differ = p->data ^ q->data;

	/* the target may only lose what nobody was told to be written */
	assert_false(lost);
	if (!w->full)
		assert_false(differ & ~(p->bits | q->bits));
}

static void begin_sync(struct model *m, const struct meeting_of *w, int s)
{
	struct node *p = &m->n[s], *q = &m->n[!s];
	uint64_t sync;

	check_direction(m, w, s);
	p->bits = q->bits = w->full ? UINT64_MAX : p->bits | q->bits;
	m->shown = p->gen;
	sync = gen_sync_begin_source(&p->gen, any(m));
	m->source = s;
	m->syncs++;
	m->fulls += w->full;
	if (rnd(&m->seed) % 8 == 0) { /* the target never hears of it */
		cut(m);
		if (p->role == ROLE_PRIMARY)
			alone(m, p);
		return;
	}
	gen_sync_begin_target(&q->gen, sync);
	q->disk = DISK_INCONSISTENT;
	q->crashed = false;
}

static void link_up(struct model *m)
{
	struct handshake h[2];
	struct meeting_of w[2];

	if (m->linked || !m->n[0].up || !m->n[1].up)
		return;
	for (int i = 0; i < 2; i++) {
		struct node *p = &m->n[i], *q = &m->n[!i];

		h[i] = (struct handshake){.my_disk = p->disk, .peer_disk = q->disk};
		h[i].compare = (struct gen_compare){.mine = {p->gen, p->role, p->crashed},
						    .peer = {q->gen, q->role, q->crashed},
						    .tie_break = i,
						    .knows_41 = true};
		w[i] = handshake(&h[i]);
	}
	for (int i = 0; i < 2; i++)
		m->n[i].gen = h[i].compare.mine.gen;
	assert_int_equal(w[0].full, w[1].full);
	if (w[0].what >= MEET_SPLIT_BRAIN) {
		assert_int_equal(w[0].what, w[1].what);
		m->splits++;
		return;
	}
	assert_true((w[0].what == MEET_SOURCE) == (w[1].what == MEET_TARGET));
	assert_true((w[1].what == MEET_SOURCE) == (w[0].what == MEET_TARGET));
	m->linked = true;
	if (w[0].what != MEET_NOTHING) {
		begin_sync(m, &w[0], w[0].what == MEET_SOURCE ? 0 : 1);
		return;
	}
	if (m->n[0].disk == DISK_UP_TO_DATE && m->n[1].disk == DISK_UP_TO_DATE)
		assert_false((m->n[0].data ^ m->n[1].data) & ~(m->n[0].bits | m->n[1].bits));
}

/* The resync moves, or ends: at either side first, and perhaps only there. */
static void sync_on(struct model *m)
{
	struct node *p, *q;
	uint64_t some;
	bool s_end, t_end;

	if (m->source < 0)
		return;
	p = &m->n[m->source];
	q = &m->n[!m->source];
	some = rnd(&m->seed) % 3 ? rnd(&m->seed) : UINT64_MAX;
	q->data = (q->data & ~(some & q->bits)) | (p->data & some & q->bits);
	p->bits &= ~some;
	q->bits &= ~some;
	if (p->bits)
		return;
	assert_true(p->data == q->data);
	t_end = rnd(&m->seed) % 8;
	s_end = t_end && rnd(&m->seed) % 8;
	gen_sync_end_source(&p->gen); /* also if the link goes before the last of it is confirmed */
	if (s_end)
		p->crashed = false;
	if (t_end) {
		gen_sync_end_target(&q->gen, &m->shown, q->role);
		q->disk = DISK_UP_TO_DATE;
	}
	m->source = -1;
	if (!s_end || !t_end) {
		cut(m);
		if (p->role ==
		    ROLE_PRIMARY) /* also where the last of the resync was sent, but not confirmed */
			gen_new(&p->gen, any(m), p->role);
	}
}

static void promote(struct model *m, int i)
{
	struct node *p = &m->n[i];

	if (!p->up || p->disk != DISK_UP_TO_DATE || (m->linked && m->n[!i].role == ROLE_PRIMARY))
		return;
	p->role = ROLE_PRIMARY;
	gen_role(&p->gen, ROLE_PRIMARY);
	if (!m->linked)
		alone(m, p);
}

static void step(struct model *m)
{
	int i = rnd(&m->seed) & 1;

	switch (rnd(&m->seed) % 9) {
	case 0:
	case 1: write_one(m, i); break;
	case 2: promote(m, i); break;
	case 3:
		m->n[i].role = ROLE_SECONDARY;
		gen_role(&m->n[i].gen, ROLE_SECONDARY);
		break;
	case 4:
		if (m->linked)
			for (int k = 0; k < 2; k++)
				if (m->n[k].role == ROLE_PRIMARY && m->n[k].up)
					alone(m, &m->n[k]);
		cut(m);
		break;
	case 5:
		if (rnd(&m->seed) % 3 == 0)
			crash(m, i);
		break;
	case 6: m->n[i].up = true; break;
	case 7: link_up(m); break;
	default: sync_on(m); break;
	}
}

static void test_model(void **state)
{
	unsigned syncs = 0, splits = 0, fulls = 0;

	for (uint64_t seed = 1; seed <= 4000; seed++) {
		struct model m = {.seed = seed * 0x9e3779b97f4a7c15, .source = -1, .linked = true};

		for (int i = 0; i < 2; i++)
			m.n[i] = (struct node){.gen = {{0x1234567890}},
					       .disk = DISK_UP_TO_DATE,
					       .role = ROLE_SECONDARY,
					       .up = true};
		for (int i = 0; i < 120 && !m.splits; i++)
			step(&m);
		syncs += m.syncs;
		splits += m.splits;
		fulls += m.fulls;
	}
	/* the model goes everywhere it should */
	assert_true(syncs > 4000 && splits > 400 && fulls > 5);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_sync_as_seen),
		cmocka_unit_test(test_handshake),
		cmocka_unit_test(test_model),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
