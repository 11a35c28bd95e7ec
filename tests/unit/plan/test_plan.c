// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The planner: who runs where when hosts are lost, in full or squeezed, and
 * why not.  plan.bats holds it against Pacemaker itself.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hv/plan.h"

enum { A, B, C, MAX = 8 };
enum { INF = HV_PLAN_INFINITY };

/* Three hosts of 1024 MiB and four processors, and nothing on them. */
struct scene {
	struct hv_plan plan;
	struct hv_plan_host host[3];
	struct hv_plan_item item[MAX];
	struct hv_plan_colocation colocation[4];
	int score[MAX][3];
	bool twin[MAX][3];
	struct hv_plan_place place[MAX];
	struct hv_plan_loss sum;
};

static struct scene scene(void)
{
	static const char *const names[] = {"a", "b", "c"};
	struct scene s = {.plan = {.nkinds = HV_PLAN_OURS,
				   .nhosts = 3,
				   .strategy = HV_PLAN_BALANCED,
				   .fenced = true}};

	for (unsigned h = 0; h < 3; h++)
		s.host[h] = (struct hv_plan_host){
			.name = names[h], .up = true, .capacity = {1024, 400}};
	return s;
}

/* One more domain that needs @memory, and at least @least, and runs on @host. */
static struct hv_plan_item *domain(struct scene *s, int host, int memory, int least)
{
	static const char *const names[MAX] = {"d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7"};
	unsigned n = s->plan.nitems++;

	s->item[n] = (struct hv_plan_item){
		.what = HV_PLAN_DOMAIN,
		.name = names[n],
		.resource = names[n],
		.wanted = true,
		.managed = true,
		.stickiness = 1000,
		.runs_on = host,
		.home = -1,
		.book = {least, 100},
		.full = {memory, 100},
		.least = {least, 100},
	};
	return &s->item[n];
}

static void lose(struct scene *s, unsigned n, ...)
{
	struct hv_error err = {""};
	struct hv_plan_work *w;
	unsigned lost[HV_PLAN_LOST_MAX];
	va_list ap;

	va_start(ap, n);
	for (unsigned i = 0; i < n; i++)
		lost[i] = va_arg(ap, unsigned);
	va_end(ap);
	s->plan.host = s->host;
	s->plan.item = s->item;
	s->plan.colocation = s->colocation;
	for (unsigned i = 0; i < s->plan.nitems; i++) {
		s->item[i].score = s->score[i];
		s->item[i].twin = s->twin[i];
	}
	assert_int_equal(hv_plan_check(&s->plan, &err), 0);
	w = hv_plan_work_new(&s->plan);
	assert_non_null(w);
	hv_plan_lose(&s->plan, w, lost, n, s->place, &s->sum);
	hv_plan_work_free(w);
}

#define RUNS(n, at, fated)                                          \
	do {                                                        \
		assert_int_equal(s.place[n].host, at);              \
		assert_int_equal(s.place[n].fate, HV_PLAN_##fated); \
	} while (0)

static void test_room(void **state)
{
	struct scene s = scene();

	domain(&s, A, 600, 600);
	domain(&s, B, 600, 600);
	domain(&s, C, 300, 300);
	lose(&s, 0);
	for (int n = 0; n < 3; n++) {
		RUNS(n, n, FULL);
		assert_int_equal(s.place[n].how, HV_PLAN_STAYS);
	}
	lose(&s, 1, A);
	RUNS(0, C, FULL);
	assert_int_equal(s.place[0].how, HV_PLAN_COLD);
	assert_int_equal(s.sum.displaced, 1);
	assert_int_equal(s.sum.how[HV_PLAN_STAYS], 2);
	/* With C gone as well its 600 MiB have no room beside those of B. */
	lose(&s, 2, A, C);
	RUNS(0, -1, NOT);
	assert_int_equal(s.place[0].why, HV_PLAN_NO_ROOM);
	assert_int_equal(s.place[0].kind, HV_PLAN_MEMORY);
	assert_int_equal(s.place[0].roomiest, B);
	assert_int_equal(s.place[0].most, 424 - 300 + 300);
	RUNS(2, B, FULL);
	assert_int_equal(s.sum.count[HV_PLAN_NOT], 1);
	/* Who comes first is a matter of priority. */
	s.item[0].priority = 1;
	s.item[1].priority = 2;
	s.item[2].full[0] = s.item[2].least[0] = s.item[2].book[0] = 500;
	lose(&s, 2, A, C);
	RUNS(0, -1, NOT);
	s.item[0].priority = 3;
	lose(&s, 2, A, C);
	RUNS(0, B, FULL);
	/* ... even to the point that what runs has to go: Pacemaker's order, and said by name. */
	RUNS(1, -1, NOT);
	assert_int_equal(s.sum.pushed, 1);
	/* Nothing is left without hosts. */
	lose(&s, 3, A, B, C);
	RUNS(1, -1, NOT);
	assert_int_equal(s.place[1].why, HV_PLAN_NO_HOST);
}

static void test_squeeze(void **state)
{
	struct scene s = scene();

	domain(&s, A, 800, 400)->shrink = 5;
	domain(&s, B, 800, 200)->shrink = 5;
	s.host[C].up = false;
	lose(&s, 1, A);
	RUNS(0, B, SQUEEZED);
	RUNS(1, B, SQUEEZED);
	assert_int_equal(s.place[0].given[0] + s.place[1].given[0], 1024);
	assert_int_equal(s.place[0].given[0], 800 - 230); /* 576 missing, of 400 and 600 to give */
	/* The lower priority gives first, and all it has before the higher gives anything. */
	s.item[1].shrink = 4;
	lose(&s, 1, A);
	RUNS(0, B, FULL);
	assert_int_equal(s.place[1].given[0], 224);
	/* Nobody shrinks for the sake of a lower priority: its ledger refuses it. */
	s.item[1].shrink = 6;
	s.item[0].least[0] = s.item[0].book[0] = 300;
	lose(&s, 1, A);
	RUNS(0, -1, NOT);
	assert_int_equal(s.place[0].why, HV_PLAN_NO_LEDGER);
	RUNS(1, B, FULL);
	s.item[0].least[0] = s.item[0].book[0] = 200;
	lose(&s, 1, A);
	RUNS(0, B, SQUEEZED);
	assert_int_equal(s.place[0].given[0], 224);
	RUNS(1, B, FULL);
	/* Whoever runs has no twin there: what the capacity lacks for that is its own. */
	s.item[0].waits = (const int64_t[]){0, 24, 0, 0};
	lose(&s, 1, A);
	RUNS(0, B, SQUEEZED);
	assert_int_equal(s.place[0].given[0], 248);
	s.item[1].waits = (const int64_t[]){0, 1000, 0, 0};
	lose(&s, 1, A);
	RUNS(0, B, FULL);
	RUNS(1, B, FULL);
}

static void test_standbys(void **state)
{
	struct scene s = scene();

	for (int n = 0; n < 4; n++) {
		domain(&s, A, 100, 100);
		s.item[n].spare = n > 0;
	}
	s.twin[0][B] = true;
	s.score[0][B] = HV_SCORE_TWIN;
	s.host[C].spares = 1;
	for (int n = 1; n < 3; n++)
		s.score[n][C] = HV_SCORE_SPARE;
	s.score[3][B] = 1;
	lose(&s, 1, A);
	RUNS(0, B, FULL);
	assert_int_equal(s.place[0].how, HV_PLAN_TWIN);
	RUNS(1, C, FULL);
	assert_int_equal(s.place[1].how, HV_PLAN_SPARE);
	RUNS(2, C, FULL); /* the only spare is taken */
	assert_int_equal(s.place[2].how, HV_PLAN_COLD);
	assert_int_equal(s.place[3].how, HV_PLAN_COLD);
	assert_int_equal(s.sum.how[HV_PLAN_TWIN], 1);
	assert_int_equal(s.sum.how[HV_PLAN_COLD], 2);
}

static void test_bans(void **state)
{
	struct scene s = scene();

	domain(&s, A, 100, 100);
	s.score[0][B] = s.score[0][C] = -INF;
	lose(&s, 1, A);
	RUNS(0, -1, NOT);
	assert_int_equal(s.place[0].why, HV_PLAN_NO_HOST);
	s.score[0][B] = 0;
	s.item[0].managed = false;
	lose(&s, 1, A);
	RUNS(0, -1, NOT);
	assert_int_equal(s.place[0].why, HV_PLAN_UNMANAGED);
	s.item[0].managed = true;
	s.item[0].wanted = false;
	lose(&s, 1, A);
	RUNS(0, -1, OFF);
	assert_int_equal(s.sum.count[HV_PLAN_NOT], 0);
	s.item[0].wanted = true;
	s.host[B].capacity[0] = HV_PLAN_UNKNOWN;
	lose(&s, 1, A);
	RUNS(0, B, DOUBT);
}

static void test_colocations(void **state)
{
	struct scene s = scene();

	domain(&s, A, 600, 600);
	domain(&s, A, 600, 600);
	s.host[A].capacity[0] = 2048;
	s.host[C].capacity[0] = 1500;
	s.colocation[0] = (struct hv_plan_colocation){0, 1, INF};
	s.plan.ncolocations = 1;
	lose(&s, 1, A); /* together they fit on C only */
	RUNS(0, C, FULL);
	RUNS(1, C, FULL);
	s.host[C].up = false;
	lose(&s, 1, A); /* one of them fits on B, the one that the other depends on */
	RUNS(0, -1, NOT);
	RUNS(1, B, FULL);
	s.host[C].up = true;
	s.colocation[0].score = -INF;
	lose(&s, 1, A);
	assert_int_equal(s.place[0].host + s.place[1].host, B + C);
	lose(&s, 2, A, B);
	assert_int_equal(s.sum.count[HV_PLAN_NOT], 1);
	RUNS(0, -1, NOT);
	assert_int_equal(s.place[0].why, HV_PLAN_COLOCATED);
	/* A circle of colocations ends. */
	s.colocation[1] = (struct hv_plan_colocation){1, 0, INF};
	s.colocation[0].score = INF;
	s.plan.ncolocations = 2;
	lose(&s, 1, A);
	RUNS(0, C, FULL);
	RUNS(1, C, FULL);
}

static void test_losses(void **state)
{
	struct scene s = scene();
	struct hv_plan_loss *loss;
	size_t n;

	domain(&s, A, 600, 600);
	domain(&s, B, 600, 600);
	lose(&s, 0);
	assert_int_equal(hv_plan_losses(&s.plan, 0, &loss, &n), -EINVAL);
	assert_int_equal(hv_plan_losses(&s.plan, HV_PLAN_LOST_MAX + 1, &loss, &n), -EINVAL);
	assert_int_equal(hv_plan_losses(&s.plan, 2, &loss, &n), 0);
	assert_int_equal(n, 6);
	/* Of two hosts each leaves room for one of the two; the pair that had both is the worst. */
	assert_int_equal(loss[0].nlost, 2);
	assert_int_equal(loss[0].count[HV_PLAN_NOT], 1);
	assert_int_equal(loss[0].lost[0], A);
	assert_int_equal(loss[0].lost[1], B);
	assert_int_equal(loss[2].count[HV_PLAN_NOT], 1);
	assert_int_equal(loss[3].count[HV_PLAN_NOT], 0);
	assert_int_equal(loss[5].displaced, 0); /* C alone */
	free(loss);
	assert_int_equal(hv_plan_losses(&s.plan, 4, &loss, &n), 0);
	assert_int_equal(n, 7);
	free(loss);
}

static void test_checks(void **state)
{
	struct scene s = scene();
	struct hv_error err = {""};

	domain(&s, A, 600, 600);
	lose(&s, 0);
#define REFUSED(change)                                                  \
	do {                                                             \
		struct scene t = s;                                      \
		t.plan.host = t.host;                                    \
		t.plan.item = t.item;                                    \
		t.plan.colocation = t.colocation;                        \
		change;                                                  \
		assert_int_equal(hv_plan_check(&t.plan, &err), -EINVAL); \
		assert_true(err.text[0] != '\0');                        \
	} while (0)
	REFUSED(t.plan.nhosts = HV_PLAN_HOSTS_MAX + 1);
	REFUSED(t.plan.nkinds = HV_PLAN_KINDS + 1);
	REFUSED(t.item[0].runs_on = 3);
	REFUSED(t.item[0].book[0] = -1);
	REFUSED(t.item[0].full[1] = INT64_MAX);
	REFUSED(t.item[0].least[0] = 601);
	REFUSED(t.host[1].capacity[0] = INT64_MAX - 1);
	REFUSED(t.plan.ncolocations = 1); /* of 0 with 0 */
	assert_int_equal(hv_plan_add(INF, -INF), -INF);
	assert_int_equal(hv_plan_add(INF, -5), INF);
	assert_int_equal(hv_plan_add(999999, 5), INF);
	assert_int_equal(hv_plan_add(-999999, -5), -INF);
	assert_int_equal(hv_plan_add(100, -1), 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room),        cmocka_unit_test(test_squeeze),
		cmocka_unit_test(test_standbys),    cmocka_unit_test(test_bans),
		cmocka_unit_test(test_colocations), cmocka_unit_test(test_losses),
		cmocka_unit_test(test_checks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
