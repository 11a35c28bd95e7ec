// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whole lives of a pool in virtual time: domains start (adopting or cold), stop and crash;
 * adopters die between any two of their steps; twins die, panic and hang; definitions change;
 * the pool is killed and starts again knowing nothing, also in the middle of its steps.
 *
 * At every moment: no place is made twice, none is made where its domain runs or starts,
 * nobody touches what is being adopted, and no more guests boot than may.  When the world
 * calms down, everything that is wanted is ready, and nothing else is there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "resource-agents/poold/decide.h"

enum { PLACES = 6, SPARES = 2, STEP_MS = 100, BOOT_MS = 3000, TIMEOUT = 10000, GRACE = 5000 };

/* How far an adopter of this place is. */
enum adopter {
	NO_ADOPTER,
	HAS_TURN,     /* of its domain; it has not looked yet */
	HAS_CLAIM,    /* and of the standby */
	HAS_RESOURCE, /* and has written whose it is now */
};

struct world {
	uint64_t random;
	int64_t now;
	const char *last; /* what happened last */
	unsigned pools;   /* how often it was started */

	struct {
		bool wanted, here;            /* its domain runs */
		bool present, ours, stale;    /* its process */
		bool panicked, hangs, paused; /* its guest */
		bool remains;
		enum adopter adopter;
		int64_t made;
	} real[PLACES];

	/* What the pool knows, and its steps. */
	struct {
		bool known;
		enum pool_guest guest;
		int64_t since, not_before;
		unsigned failures;
		enum pool_do job;
		bool job_failed;
		int64_t job_ends;
	} mind[PLACES];
	struct pool_limits limits;
};

static unsigned roll(struct world *w, unsigned n)
{
	w->random = w->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(w->random >> 33) % n;
}

static bool spare(unsigned i)
{
	return i >= PLACES - SPARES;
}

#define must(w, that)                                                                      \
	do {                                                                               \
		if (!(that))                                                               \
			fail_msg("%lld ms, after \"%s\": not " #that, (long long)(w)->now, \
				 (w)->last);                                               \
	} while (0)

/* look() - As the daemon does: files, locks, and what the guest has said. */
static void look(struct world *w, struct pool_place *p)
{
	for (unsigned i = 0; i < PLACES; i++) {
		if (!w->real[i].present) {
			w->mind[i].known = false;
			w->mind[i].guest = POOL_UNSEEN;
		} else if (!w->mind[i].known) {
			w->mind[i].known = true;
			w->mind[i].guest = POOL_UNSEEN;
			w->mind[i].since = w->now;
		}
		if (w->real[i].present) {
			enum pool_guest was = w->mind[i].guest;

			w->mind[i].guest = w->real[i].panicked                   ? POOL_LOST
					   : w->real[i].paused                   ? POOL_PAUSED
					   : w->real[i].hangs                    ? was
					   : w->now - w->real[i].made >= BOOT_MS ? POOL_READY
										 : POOL_BOOTING;
			if (w->mind[i].guest == POOL_PAUSED && was != POOL_PAUSED)
				w->mind[i].since = w->now;
			if (w->mind[i].guest == POOL_READY)
				w->mind[i].failures = 0;
		}
		p[i] = (struct pool_place){
			.wanted = w->real[i].wanted,
			.spare = spare(i),
			.domain = w->real[i].here      ? POOL_HERE
				  : w->real[i].adopter ? POOL_STARTING
						       : POOL_AWAY,
			.presence = w->real[i].present ? HV_PRESENT : HV_ABSENT,
			.remains = w->real[i].remains && !w->real[i].present,
			.claimed = w->real[i].adopter >= HAS_CLAIM,
			.ours = w->real[i].ours,
			.stale = w->real[i].stale,
			.guest = w->mind[i].guest,
			.since = w->mind[i].since,
			.busy = w->mind[i].job != POOL_WAIT,
			.launching = w->mind[i].job == POOL_LAUNCH,
			.not_before = w->mind[i].not_before,
		};
		if (spare(i))
			p[i].domain = POOL_AWAY;
	}
}

/* begin() - A step, as its worker begins it: under the turns, or not at all. */
static void begin(struct world *w, const struct pool_step *s, const struct pool_place *p)
{
	unsigned i = s->at;

	must(w, w->mind[i].job == POOL_WAIT);
	must(w, w->real[i].adopter < HAS_CLAIM);
	if (s->what == POOL_LAUNCH) {
		unsigned boots = 0;

		for (unsigned k = 0; k < PLACES; k++)
			boots += w->mind[k].job == POOL_LAUNCH ||
				 (p[k].presence == HV_PRESENT && p[k].ours && !p[k].claimed &&
				  !p[k].busy && p[k].guest <= POOL_BOOTING);
		must(w, boots < w->limits.boots);
		must(w, w->real[i].wanted && !w->real[i].present);
		must(w, !w->real[i].here && !w->real[i].adopter);
	} else if (s->what == POOL_KILL) {
		must(w, w->real[i].present);
	} else {
		must(w, !w->real[i].present && w->real[i].remains);
	}
	w->mind[i].job = s->what;
	w->mind[i].job_failed = s->failed;
	w->mind[i].job_ends = w->now + STEP_MS;
}

static void made(struct world *w, unsigned i)
{
	must(w, !w->real[i].present);
	must(w, !w->real[i].here && !w->real[i].adopter);
	w->real[i].present = w->real[i].ours = w->real[i].remains = true;
	w->real[i].panicked = w->real[i].hangs = w->real[i].paused = w->real[i].stale = false;
	w->real[i].made = w->now;
}

static void ended(struct world *w, unsigned i)
{
	w->real[i].present = w->real[i].stale = false;
}

static void end_jobs(struct world *w)
{
	for (unsigned i = 0; i < PLACES; i++) {
		enum pool_do job = w->mind[i].job;

		if (job == POOL_WAIT || w->now < w->mind[i].job_ends)
			continue;
		w->mind[i].job = POOL_WAIT;
		if (job == POOL_LAUNCH) {
			if (roll(w, 20))
				made(w, i);
			else
				w->mind[i].job_failed = true;
		} else {
			ended(w, i);
			w->real[i].remains = false;
		}
		if (w->mind[i].job_failed)
			w->mind[i].not_before = w->now + pool_backoff(++w->mind[i].failures);
	}
}

/* An adopter waits for turns that a step of the pool has. */
static void adopter_goes_on(struct world *w, unsigned i)
{
	if (!w->real[i].adopter || w->mind[i].job != POOL_WAIT)
		return;
	switch (w->real[i].adopter) {
	case HAS_TURN:
		if (w->real[i].present && w->real[i].ours && !w->real[i].panicked) {
			w->real[i].adopter = HAS_CLAIM;
			return;
		}
		ended(w, i); /* cold: nothing of it may be in the way */
		break;
	case HAS_CLAIM:
		w->real[i].ours = false;
		w->real[i].adopter = HAS_RESOURCE;
		return;
	case HAS_RESOURCE: /* renamed: what stays under the name is what the domain left */
		ended(w, i);
		break;
	case NO_ADOPTER: return;
	}
	w->real[i].here = !spare(i);
	w->real[i].adopter = NO_ADOPTER;
}

static void pool_killed(struct world *w)
{
	for (unsigned i = 0; i < PLACES; i++) {
		/* Its workers die with it, before or after the deed. */
		if (w->mind[i].job == POOL_LAUNCH && roll(w, 2))
			made(w, i);
		if (w->mind[i].job == POOL_KILL && roll(w, 2))
			ended(w, i);
	}
	memset(w->mind, 0, sizeof(w->mind));
	w->pools++;
}

/* Whoever wants a spare has another place's turn, and comes for this one only if it is there. */
static void a_domain_starts(struct world *w, unsigned i)
{
	if (w->real[i].here || w->real[i].adopter || w->mind[i].job == POOL_LAUNCH)
		return;
	if (!spare(i))
		w->real[i].adopter = HAS_TURN;
	else if (w->real[i].present && w->real[i].ours && w->mind[i].job == POOL_WAIT)
		w->real[i].adopter = HAS_CLAIM;
}

static void something_happens(struct world *w)
{
	static const char *const names[] = {
		"nothing",         "a domain starts", "a domain ends",      "an adopter goes on",
		"an adopter dies", "a twin dies",     "a guest panics",     "a guest hangs",
		"a guest pauses",  "it goes on",      "a definition",       "the configuration",
		"the pool dies",   "nothing",         "an adopter goes on", "a domain starts",
	};
	unsigned i = roll(w, PLACES), what = roll(w, sizeof(names) / sizeof(names[0]));

	w->last = names[what];
	switch (what) {
	case 1:
	case 15: a_domain_starts(w, i); break;
	case 2: w->real[i].here = false; break;
	case 3:
	case 14: adopter_goes_on(w, i); break;
	case 4: w->real[i].adopter = NO_ADOPTER; break;
	case 5: ended(w, i); break;
	case 6: w->real[i].panicked = w->real[i].present; break;
	case 7: w->real[i].hangs = w->real[i].present && roll(w, 2); break;
	case 8: w->real[i].paused = w->real[i].present; break;
	case 9: w->real[i].paused = false; break;
	case 10: w->real[i].stale = w->real[i].present; break;
	case 11: w->real[i].wanted = !w->real[i].wanted; break;
	case 12: pool_killed(w); break;
	}
}

/* turn() - One turn of the daemon's loop: all the steps there are. */
static int64_t turn(struct world *w)
{
	struct pool_place p[PLACES];
	struct pool_step s;
	int64_t wake;

	end_jobs(w);
	for (unsigned n = 0;; n++) {
		look(w, p);
		s = pool_decide(p, PLACES, &w->limits, w->now, &wake);
		if (s.what == POOL_WAIT)
			return wake;
		must(w, n < 2 * PLACES);
		begin(w, &s, p);
	}
}

static void calms_down(struct world *w)
{
	w->last = "calm";
	for (unsigned i = 0; i < PLACES; i++) {
		w->real[i].hangs = w->real[i].hangs && w->real[i].present;
		while (w->real[i].adopter)
			adopter_goes_on(w, i), end_jobs(w), w->now += STEP_MS;
	}
	/* Whoever hangs or is paused has its time, and failed places have theirs. */
	for (int64_t until = w->now + 700000; w->now < until; w->now += STEP_MS)
		turn(w);
	for (unsigned i = 0; i < PLACES; i++) {
		bool wanted = w->real[i].wanted && !w->real[i].here;
		struct pool_place p[PLACES];

		look(w, p);
		must(w, w->real[i].present == wanted);
		must(w, pool_ready(&p[i]) == wanted);
		must(w, wanted || !w->real[i].remains);
	}
}

static void lives(void **state)
{
	unsigned restarts = 0;

	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct world w = {.random = seed, .now = 100000, .last = "the beginning"};

		w.limits = (struct pool_limits){
			.boots = 1 + roll(&w, 3), .boot_timeout = TIMEOUT, .pause_grace = GRACE};
		for (unsigned i = 0; i < PLACES; i++)
			w.real[i].wanted = roll(&w, 4) != 0;
		for (unsigned n = 0; n < 2000; n++) {
			if (roll(&w, 3) == 0)
				something_happens(&w);
			turn(&w);
			w.now += 1 + roll(&w, 400);
		}
		calms_down(&w);
		restarts += w.pools;
	}
	print_message("# 400 lives, the pool killed %u times in them\n", restarts);
	assert_true(restarts > 1000);
}

/* Asked only when it said, and when something happened, it does the same. */
static void sleeps_until_it_said(void **state)
{
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct world w = {.random = seed, .now = 100000, .last = "the beginning"};
		unsigned turns = 0;

		w.limits = (struct pool_limits){.boots = 1, .boot_timeout = TIMEOUT};
		for (unsigned i = 0; i < PLACES; i++)
			w.real[i].wanted = true;
		for (int64_t wake = turn(&w); wake != POOL_NEVER || turns < 200; turns++) {
			int64_t next = wake < w.now + BOOT_MS ? wake : w.now + BOOT_MS;

			must(&w, turns < 1000);
			for (unsigned i = 0; i < PLACES; i++)
				if (w.mind[i].job != POOL_WAIT && w.mind[i].job_ends < next)
					next = w.mind[i].job_ends;
			w.now = next;
			wake = turn(&w);
		}
		for (unsigned i = 0; i < PLACES; i++)
			must(&w, w.real[i].present);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lives),
		cmocka_unit_test(sleeps_until_it_said),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("a pool's lives", tests, NULL, NULL);
}
