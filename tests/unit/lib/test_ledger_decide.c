// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the ledger decides, case by case.
 */
#include "util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/ledger.h"

#define MIB (1ULL << 20)
enum { NOW = 1000000 };

static struct hv_capacity host(uint64_t mib, uint64_t cpu)
{
	return (struct hv_capacity){.room = {mib * MIB, cpu}, .guarantee = 400};
}

static struct hv_ledger_entry domain(const char *name, unsigned priority, uint64_t full,
				     uint64_t minimum)
{
	struct hv_ledger_entry e = {.priority = priority,
				    .now = {full * MIB, 100},
				    .target = {full * MIB, 100},
				    .minimum = {minimum * MIB, 100},
				    .full = {full * MIB, 100}};

	snprintf(e.name, sizeof(e.name), "%s", name);
	return e;
}

static struct hv_ledger_entry twin(const char *name, unsigned priority, uint64_t full,
				   const char *host_of_active)
{
	struct hv_ledger_entry e = domain(name, priority, full, full);

	e.kind = HV_LEDGER_TWIN;
	e.now = e.target = (struct hv_room){64 * MIB, 5};
	snprintf(e.active_on, sizeof(e.active_on), "%s", host_of_active);
	return e;
}

static uint64_t change_of(const struct hv_ledger_answer *a, const char *name)
{
	for (size_t i = 0; i < a->nchanges; i++)
		if (!strcmp(a->change[i].name, name))
			return a->change[i].to.memory / MIB;
	return 0;
}

static void yes_and_no(void **state)
{
	struct hv_ledger_entry have[] = {domain("a", 0, 400, 400), twin("b@twin", 0, 300, "x")};
	struct hv_ledger l = {have, 2};
	struct hv_capacity cap = host(1000, HV_CPU_UNLIMITED);
	struct hv_ledger_entry want = domain("new", 5, 536, 536);
	struct hv_ledger_answer a;

	assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
	assert_int_equal(a.verdict, HV_LEDGER_YES);
	assert_int_equal(a.granted.memory, 536 * MIB);
	assert_int_equal(a.at_once.memory, 536 * MIB);
	assert_non_null(strstr(a.reason, "536 MiB of 536 MiB"));
	want = domain("new", 5, 537, 537);
	assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
	assert_int_equal(a.verdict, HV_LEDGER_NO);
	assert_int_equal(a.lacking.memory, MIB);
	assert_string_equal(a.reason,
			    "no room: it takes 537 MiB, and of 1000 MiB 2 others hold 464; "
			    "1 MiB of memory are missing, all that may shrink counted");
	/* What each process takes itself counts. */
	want = domain("new", 5, 536, 536);
	cap.each = 1;
	assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
	assert_int_equal(a.verdict, HV_LEDGER_NO);
	assert_int_equal(a.lacking.memory, 3);
	/* An adoption takes the twin's place. */
	cap.each = 0;
	want = domain("b@twin", 5, 600, 600);
	assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
	assert_int_equal(a.verdict, HV_LEDGER_YES);
	want = domain("b@twin", 5, 601, 601);
	assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
	assert_int_equal(a.verdict, HV_LEDGER_NO);
	assert_non_null(strstr(a.reason, "1 others hold 400"));
}

static void guarantees(void **state)
{
	struct hv_ledger_entry have[] = {domain("a", 0, 1, 1), twin("b@twin", 0, 1, "x")};
	struct hv_ledger l = {have, 2};
	struct hv_capacity cap = host(1000, HV_CPU_UNLIMITED);
	struct hv_ledger_entry want = domain("new", 5, 1, 1);
	struct hv_ledger_answer a;

	have[0].guaranteed = 100;
	have[1].guaranteed = 400; /* when it is adopted, not before */
	want.full.cpu = want.target.cpu = want.minimum.cpu = want.guaranteed = 300;
	assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
	assert_int_equal(a.verdict, HV_LEDGER_YES);
	want.guaranteed = 301;
	assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
	assert_int_equal(a.verdict, HV_LEDGER_NO);
	assert_non_null(strstr(a.reason, "301% CPU are to be guaranteed"));
	assert_non_null(strstr(a.reason, "100% are guaranteed to others"));
	/* CPU is shared without a limit, unless one is configured. */
	want.guaranteed = 0;
	cap.room.cpu = 404;
	assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
	assert_int_equal(a.verdict, HV_LEDGER_NO);
	assert_int_equal(a.lacking.cpu, 1);
	assert_non_null(strstr(a.reason, "1% CPU are missing"));
	want.minimum.cpu = 299;
	assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
	assert_int_equal(a.verdict, HV_LEDGER_SQUEEZE);
	assert_int_equal(a.granted.cpu, 299);
}

static void squeezes_in_order(void **state)
{
	struct hv_ledger_entry have[] = {
		domain("high", 20, 200, 10), domain("low1", 1, 200, 100),
		domain("low2", 1, 100, 50),  domain("mid", 10, 100, 60),
		domain("none", 0, 100, 100), /* nothing above its minimum */
	};
	struct hv_ledger l = {have, 5};
	struct hv_capacity cap = host(700, HV_CPU_UNLIMITED);
	struct hv_ledger_entry want = domain("new", 10, 90, 90);
	struct hv_ledger_answer a;

	/* 90 of the 150 that low1 and low2 have above their minimum, in proportion. */
	assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
	assert_int_equal(a.verdict, HV_LEDGER_SQUEEZE);
	assert_int_equal(a.nchanges, 2);
	assert_int_equal(change_of(&a, "low1"), 140);
	assert_int_equal(change_of(&a, "low2"), 70);
	assert_int_equal(a.granted.memory, 90 * MIB);
	assert_int_equal(a.at_once.memory, 0);
	assert_non_null(strstr(a.reason, "0 MiB are free, 2 others shrink"));
	hv_ledger_answer_free(&a);
	/* All of theirs, then mid's: the same priority as the new one's. */
	want = domain("new", 10, 170, 170);
	assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
	assert_int_equal(a.verdict, HV_LEDGER_SQUEEZE);
	assert_int_equal(a.nchanges, 3);
	assert_string_equal(a.change[2].name, "mid"); /* the least needed first */
	assert_int_equal(change_of(&a, "mid"), 80);
	hv_ledger_answer_free(&a);
	/* high is more important than the new one, whatever it could spare. */
	want = domain("new", 10, 191, 191);
	assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
	assert_int_equal(a.verdict, HV_LEDGER_NO);
	assert_int_equal(a.lacking.memory, MIB);
	/* With less than it asked for: its own share of the squeeze comes in its turn. */
	want = domain("new", 10, 191, 100);
	assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
	assert_int_equal(a.verdict, HV_LEDGER_SQUEEZE);
	assert_true(a.granted.memory < 191 * MIB && a.granted.memory > 150 * MIB);
	assert_int_equal(change_of(&a, "low1"), 100);
	hv_ledger_answer_free(&a);
	/* The least important of all is squeezed itself, and nobody else. */
	want = domain("new", 0, 191, 100);
	cap = host(850, HV_CPU_UNLIMITED);
	assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
	assert_int_equal(a.verdict, HV_LEDGER_SQUEEZE);
	assert_int_equal(a.nchanges, 0);
	assert_int_equal(a.granted.memory, 150 * MIB);
	assert_int_equal(a.at_once.memory, 150 * MIB);
	hv_ledger_answer_free(&a);
}

static void leaves_alone(void **state)
{
	struct hv_ledger_entry have[] = {domain("booked", 0, 400, 1), domain("refused", 0, 300, 1),
					 twin("t@twin", 0, 900, "x"),
					 domain("squeezed", 0, 200, 1)};
	struct hv_ledger l = {have, 4};
	struct hv_capacity cap = host(964, HV_CPU_UNLIMITED);
	struct hv_ledger_entry want = domain("new", 5, 200, 200);
	struct hv_ledger_answer a;

	have[0].state = HV_LEDGER_BOOKED;
	have[1].refused = NOW - HV_LEDGER_REFUSED_MS + 1;
	assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
	assert_int_equal(a.verdict, HV_LEDGER_NO);
	assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW + 1, &a), 0);
	assert_int_equal(a.verdict, HV_LEDGER_SQUEEZE);
	hv_ledger_answer_free(&a);
	/* One that shrinks already has that to give only once. */
	have[1].refused = NOW;
	have[3].target.memory = 50 * MIB;
	want = domain("new", 5, 100, 100);
	assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
	assert_int_equal(a.verdict,
			 HV_LEDGER_SQUEEZE); /* it has to wait, nobody has to shrink more */
	assert_int_equal(a.nchanges, 0);
	assert_int_equal(a.at_once.memory, 0);
	want = domain("new", 5, 200, 200);
	assert_int_equal(hv_ledger_admit(&cap, &l, &want, NOW, &a), 0);
	assert_int_equal(a.verdict, HV_LEDGER_NO);
	assert_int_equal(a.lacking.memory, MIB);
}

static void promises(void **state)
{
	struct hv_ledger_entry have[] = {
		domain("low", 0, 200, 100),   twin("a1@twin", 5, 164, "a"),
		twin("a2@twin", 1, 264, "a"), twin("b1@twin", 5, 364, "b"),
		twin("c1@twin", 5, 4000, ""),
	};
	struct hv_ledger l = {have, 5};
	struct hv_capacity cap = host(656, HV_CPU_UNLIMITED); /* 200 are free */
	struct hv_ledger_promise *p;
	size_t n;

	assert_int_equal(hv_ledger_promises(&cap, &l, NOW, &p, &n), 0);
	assert_int_equal(n, 3);
	assert_string_equal(p[0].host, "");
	assert_int_equal(p[0].refused, 1);
	assert_string_equal(p[1].host, "a");
	assert_int_equal(p[1].twins, 2);
	assert_int_equal(p[1].takes.memory, 300 * MIB);
	assert_int_equal(p[1].refused, 0);
	assert_true(p[1].squeezed);
	assert_string_equal(p[2].host, "b");
	assert_int_equal(p[2].takes.memory, 300 * MIB);
	assert_int_equal(p[2].refused, 0);
	free(p);
	have[0].minimum.memory = 101 * MIB;
	assert_int_equal(hv_ledger_promises(&cap, &l, NOW, &p, &n), 0);
	assert_int_equal(p[1].refused, 1);
	assert_int_equal(p[2].refused, 1);
	free(p);
	l.n = 1;
	assert_int_equal(hv_ledger_promises(&cap, &l, NOW, &p, &n), 0);
	assert_int_equal(n, 0);
	free(p);
}

/* The twin whose room @want would take, or NULL. */
static const char *broken(const struct hv_capacity *cap, const struct hv_ledger *l,
			  struct hv_ledger_entry want)
{
	const struct hv_ledger_entry *twin;
	struct hv_ledger_answer a;
	int rc;

	assert_int_equal(hv_ledger_admit(cap, l, &want, NOW, &a), 0);
	assert_int_not_equal(a.verdict, HV_LEDGER_NO);
	rc = hv_ledger_breaks(cap, l, &want, &a, NOW, &twin);
	hv_ledger_answer_free(&a);
	assert_int_equal(rc, twin != NULL);
	return twin ? twin->name : NULL;
}

/* New work beside what was promised: 400 are free, and each loss takes 300 of them at most. */
static void keeps_promises(void **state)
{
	struct hv_ledger_entry have[] = {
		domain("run", 5, 200, 200),   twin("a1@twin", 5, 164, "a"),
		twin("a2@twin", 1, 264, "a"), twin("b1@twin", 5, 364, "b"),
		twin("c1@twin", 9, 4000, ""),
	};
	struct hv_ledger l = {have, 5};
	struct hv_capacity cap = host(856, HV_CPU_UNLIMITED);

	assert_null(broken(&cap, &l, domain("new", 5, 100, 100)));
	assert_string_equal(broken(&cap, &l, domain("new", 5, 101, 101)), "b1@twin");
	/* Of the two of host a the lower is the one without room; it yields to who is above it. */
	have[3].full.memory = have[3].minimum.memory = 64 * MIB;
	assert_string_equal(broken(&cap, &l, domain("new", 1, 101, 101)), "a2@twin");
	assert_null(broken(&cap, &l, domain("new", 5, 101, 101)));
	assert_string_equal(broken(&cap, &l, domain("new", 5, 301, 301)), "a1@twin");
	assert_null(broken(&cap, &l, domain("new", 6, 400, 400)));
	/* What can shrink when it comes to that breaks nothing. */
	assert_null(broken(&cap, &l, domain("new", 5, 400, 100)));
	/* One that has no room already is no reason. */
	have[2].full.memory = have[2].minimum.memory = 1000 * MIB;
	assert_null(broken(&cap, &l, domain("new", 1, 300, 300)));
	/* Another twin takes its 64 as it waits; whether it could be adopted itself is not asked. */
	have[2].full.memory = have[2].minimum.memory = 364 * MIB;
	assert_string_equal(broken(&cap, &l, twin("x@twin", 1, 164, "d")), "a2@twin");
	assert_null(broken(&cap, &l, twin("x@twin", 5, 164, "d")));
	have[2].full.memory = have[2].minimum.memory = 264 * MIB;
	have[2].priority = 5;
	assert_null(broken(&cap, &l, twin("x@twin", 5, 900, "d")));
	/* What takes the place of its own entry is not counted twice. */
	assert_null(broken(&cap, &l, domain("run", 5, 300, 300)));
	assert_string_equal(broken(&cap, &l, domain("run", 5, 301, 301)), "a2@twin");
}

static void grows_back(void **state)
{
	struct hv_ledger_entry have[] = {domain("high", 9, 200, 100), domain("low", 0, 400, 80),
					 domain("low2", 0, 400, 80)};
	struct hv_ledger l = {have, 3};
	struct hv_capacity cap = host(700, HV_CPU_UNLIMITED);
	struct hv_ledger_answer a;

	cap.slack = 10 * MIB;
	have[0].now.memory = have[0].target.memory = 150 * MIB;
	have[1].now.memory = have[1].target.memory = 100 * MIB;
	have[2].now.memory = have[2].target.memory = 200 * MIB;
	/* 240 free beside the slack: 50 for high, the rest 3:2 for the others. */
	assert_int_equal(hv_ledger_grow(&cap, &l, NOW, &a), 0);
	assert_int_equal(a.nchanges, 3);
	assert_int_equal(change_of(&a, "high"), 200);
	assert_int_equal(change_of(&a, "low"), 100 + 114);
	assert_int_equal(change_of(&a, "low2"), 200 + 76);
	hv_ledger_answer_free(&a);
	/* Not while it was squeezed a moment ago, and what it leaves is not for the others. */
	have[0].changed = NOW - HV_LEDGER_HOLD_MS + 1;
	assert_int_equal(hv_ledger_grow(&cap, &l, NOW, &a), 0);
	assert_int_equal(change_of(&a, "high"), 0);
	hv_ledger_answer_free(&a);
	have[0].changed = 0;
	/* A trifle is not worth it (1/16 of 320 is 20), unless it is the rest. */
	cap.room.memory = 529 * MIB;
	assert_int_equal(hv_ledger_grow(&cap, &l, NOW, &a), 0);
	assert_int_equal(a.nchanges, 1);
	assert_int_equal(change_of(&a, "high"), 200);
	hv_ledger_answer_free(&a);
	have[0].now.memory = have[0].target.memory = 199 * MIB;
	assert_int_equal(hv_ledger_grow(&cap, &l, NOW, &a), 0);
	assert_int_equal(a.nchanges, 1);
	hv_ledger_answer_free(&a);
	/* Nothing is free: nothing moves. */
	cap.room.memory = 509 * MIB;
	assert_int_equal(hv_ledger_grow(&cap, &l, NOW, &a), 0);
	assert_int_equal(a.nchanges, 0);
}

/* Whoever asked for a squeeze has died: what was told to shrink keeps what it has. */
static void orphans(void **state)
{
	struct hv_ledger_entry have[] = {domain("a", 0, 400, 100), domain("waits", 5, 300, 300)};
	struct hv_ledger l = {have, 2};
	struct hv_capacity cap = host(400, HV_CPU_UNLIMITED);
	struct hv_ledger_answer a;

	have[0].target.memory = 100 * MIB;
	have[1].state = HV_LEDGER_BOOKED;
	have[1].now.memory = 0;
	assert_int_equal(hv_ledger_grow(&cap, &l, NOW, &a), 0);
	assert_int_equal(a.nchanges, 0);
	l.n = 1;
	assert_int_equal(hv_ledger_grow(&cap, &l, NOW, &a), 0);
	assert_int_equal(a.nchanges, 1);
	assert_int_equal(change_of(&a, "a"), 400);
	hv_ledger_answer_free(&a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(yes_and_no),        cmocka_unit_test(guarantees),
		cmocka_unit_test(squeezes_in_order), cmocka_unit_test(leaves_alone),
		cmocka_unit_test(promises),          cmocka_unit_test(grows_back),
		cmocka_unit_test(orphans),           cmocka_unit_test(keeps_promises),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ledger_decide", tests, NULL, NULL);
}
