// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whole lives of guests in virtual time, generated and recorded.  No guest that
 * lives is ever found failed, whatever happens to it, its host, or the daemon;
 * every guest that hangs is, within its timeout and 300 ms.
 *
 * The daemon is played as domain.c runs it: it judges when the last judgement
 * said, and at least SAMPLES times in a timeout, a little late each time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "heartbeat/detector.h"

#define HOUR_NS  (3600 * S_NS)
#define NEVER    INT64_MAX
#define LATE_MAX (20 * MS_NS) /* of a timer of the daemon's */
#define TICK     (100 * MS_NS)

enum { SAMPLES = 4, QUEUE = 512 };

struct life {
	struct detector d;
	struct hv_heartbeat h;
	uint64_t random;
	int64_t now, judge_at;

	/* The guest. */
	int64_t beat_at; /* when it sends the next one */
	int64_t jitter;  /* the most that a beat is off */
	int64_t clock;   /* its own, ms; steps */
	struct beat beat;
	int64_t held_until; /* nothing leaves the guest before */
	bool hung;
	bool booting;

	/* What it has sent and nobody has read. */
	struct beat queue[QUEUE];
	unsigned queued;

	/* The host. */
	int64_t daemon_stopped_until, starved_until, paused_until;
	struct hb_sample sample;
	int64_t waited_from; /* since when the domain waits for a CPU, 0 */
	int64_t io_until;    /* it does I/O until then */

	uint64_t failures;
	int64_t failed_at;
	enum hb_reason failed_why;
	unsigned happened; /* the last of happenings[] */
};

static uint64_t roll(struct life *l)
{
	l->random = l->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return l->random >> 33;
}

/* between() - A random time from @a to @b. */
static int64_t between(struct life *l, int64_t a, int64_t b)
{
	return a + (int64_t)((double)roll(l) / (double)(1ULL << 31) * (double)(b - a));
}

static void born(struct life *l, uint64_t seed, unsigned timeout, unsigned interval)
{
	*l = (struct life){.random = seed * 2 + 1, .now = 1000 * S_NS, .failed_at = NEVER};
	l->h = (struct hv_heartbeat){.beats = true,
				     .timeout = timeout,
				     .interval = interval,
				     .boot_grace = 120000,
				     .io_window = timeout / 2};
	l->jitter = interval * MS_NS / 10;
	l->beat = (struct beat){.kind = BEAT_BEAT, .role = "none"};
	l->beat_at = l->now + between(l, 0, 20 * S_NS);
	l->judge_at = l->now;
	l->booting = true;
	l->sample = (struct hb_sample){
		.vcpus = 1, .has_io = true, .has_turns = true, .tells_stuck = true};
	detector_init(&l->d, &l->h, l->now, l->now);
	detector_saw_run(&l->d, RUN_RUNNING, l->now);
}

static void deliver(struct life *l)
{
	if (l->now < l->daemon_stopped_until)
		return;
	for (unsigned i = 0; i < l->queued; i++)
		detector_saw_beat(&l->d, &l->queue[i], l->now);
	l->queued = 0;
}

static void send_beat(struct life *l)
{
	l->beat.seq++;
	l->beat.clock = (uint64_t)(l->clock += l->h.interval);
	if (l->queued < QUEUE)
		l->queue[l->queued++] = l->beat;
	l->beat_at = l->now + l->h.interval * MS_NS + between(l, -l->jitter, l->jitter);
	l->booting = false;
	if (l->now >= l->held_until)
		deliver(l);
}

/* The kernel's account at this moment, and the page's. */
static void take_sample(struct life *l)
{
	if (l->waited_from) {
		int64_t until = l->now < l->starved_until ? l->now : l->starved_until;

		l->sample.waited += (uint64_t)(until - l->waited_from);
		l->waited_from = l->now < l->starved_until ? l->now : 0;
	}
	/* Who is paused, or waits for a CPU, gets nothing done. */
	if (l->now >= l->paused_until && !l->waited_from)
		l->sample.vcpu[0].work += 1000;
	if (l->now < l->io_until)
		l->sample.io++;
	l->sample.turns++;
	detector_saw_sample(&l->d, &l->sample, l->now);
}

static void judge(struct life *l)
{
	struct hb_finding f;
	enum hb_state before = l->d.state;
	int64_t every = (int64_t)l->h.timeout * MS_NS / SAMPLES;

	every = every < TICK ? TICK : every > 1250 * MS_NS ? 1250 * MS_NS : every;
	take_sample(l);
	f = detector_find(&l->d, l->now);
	/* Before anybody is accused, what has come is read. */
	if (f.sign == SIGN_SILENT && l->now >= l->held_until)
		deliver(l);
	detector_step(&l->d, l->now, &f);
	if (l->d.state == HB_FAILED && before != HB_FAILED) {
		l->failures++;
		l->failed_at = l->now;
		l->failed_why = l->d.reason;
	}
	l->judge_at = (f.look < l->now + every ? f.look : l->now + every) + between(l, 0, LATE_MAX);
}

/* The daemon runs again after @stopped: attend() excuses everybody before anything is judged. */
static void daemon_wakes(struct life *l, int64_t stopped)
{
	int64_t late = stopped - between(l, 0, TICK);

	l->now = l->daemon_stopped_until;
	if (late > 50 * MS_NS)
		detector_was_blind(&l->d, late);
	/* The worst order: it judges before it reads. */
	l->judge_at = l->now;
}

static void run_until(struct life *l, int64_t end)
{
	while (l->now < end) {
		int64_t next = l->judge_at;

		if (!l->hung && l->beat_at < next)
			next = l->beat_at;
		if (next >= end)
			break;
		l->now = next;
		if (l->now == l->judge_at)
			judge(l);
		else
			send_beat(l);
	}
	l->now = end;
}

static void jitters(struct life *l)
{
	l->jitter = between(l, 0, l->h.interval * MS_NS * 9 / 10);
}

/* Beats are held back inside the guest, for less than the timeout in all, then come at once. */
static void bursts(struct life *l)
{
	int64_t most = ((int64_t)l->h.timeout - 2 * (int64_t)l->h.interval) * MS_NS;
	int64_t end = l->now + between(l, 0, most);

	l->held_until = end;
	run_until(l, end);
	deliver(l);
}

static void clock_steps(struct life *l)
{
	l->clock += between(l, -3600000, 3600000);
	if (l->clock < 0)
		l->clock = 0;
}

/* The daemon alone is stopped; guests beat on. */
static void daemon_stops(struct life *l)
{
	int64_t stopped = between(l, 10 * MS_NS, 60 * S_NS), from = l->now;

	l->daemon_stopped_until = from + stopped;
	while (l->beat_at < l->daemon_stopped_until) {
		l->now = l->beat_at;
		send_beat(l);
	}
	daemon_wakes(l, stopped);
}

/* The whole host stands still, the guests on it too. */
static void host_stalls(struct life *l)
{
	int64_t stalled = between(l, 10 * MS_NS, 60 * S_NS);

	l->daemon_stopped_until = l->now + stalled;
	l->beat_at += stalled;
	daemon_wakes(l, stalled);
}

/* Others have the CPUs: the domain waits, its beats wait with it. */
static void host_is_busy(struct life *l)
{
	int64_t starved = between(l, 50 * MS_NS, 30 * S_NS);

	take_sample(l);
	l->waited_from = l->now;
	l->starved_until = l->now + starved;
	l->beat_at += starved;
	run_until(l, l->starved_until);
}

static void ordered(struct life *l, enum hb_run run)
{
	int64_t paused = between(l, 100 * MS_NS, 300 * S_NS);

	l->paused_until = l->now + paused;
	l->beat_at += paused;
	detector_saw_run(&l->d, run, l->now);
	run_until(l, l->paused_until);
	detector_saw_run(&l->d, RUN_RUNNING, l->now);
}
static void is_paused(struct life *l)
{
	ordered(l, RUN_PAUSED);
}
static void is_saved(struct life *l)
{
	ordered(l, RUN_SAVING);
}
static void migrates(struct life *l)
{
	ordered(l, RUN_MIGRATING);
}

static void announced(struct life *l)
{
	detector_saw_intent(&l->d, true, l->now);
	l->beat_at += between(l, 0, 90 * S_NS);
	run_until(l, l->beat_at);
	detector_saw_intent(&l->d, false, l->now);
}

/* It reboots: with or without a goodbye, silent while it boots, counting from 1. */
static void reboots(struct life *l)
{
	if (roll(l) % 2) {
		detector_saw_beat(&l->d, &(struct beat){.kind = BEAT_BYE, .seq = l->beat.seq + 1},
				  l->now);
		l->beat_at = l->now + between(l, 0, 60 * S_NS);
		run_until(l, l->beat_at);
	}
	l->queued = 0;
	detector_saw_reset(&l->d, l->now);
	l->beat.seq = 0;
	l->beat_at = l->now + between(l, 0, 100 * S_NS);
	run_until(l, l->beat_at + 1);
}

/* taiki-guest ends and comes again: no hang, for it has taken its leave. */
static void guest_program_restarts(struct life *l)
{
	detector_saw_beat(&l->d, &(struct beat){.kind = BEAT_BYE, .seq = l->beat.seq + 1}, l->now);
	l->beat.seq = 0;
	l->beat_at = l->now + between(l, 0, 600 * S_NS);
	run_until(l, l->beat_at + 1);
}

/* Too busy to beat for longer than the timeout, but its disk works all that time. */
static void works_hard(struct life *l)
{
	int64_t silent = between(l, 0, 5 * (int64_t)l->h.timeout * MS_NS);

	l->beat_at = l->now + silent;
	l->io_until = l->beat_at + l->h.interval * MS_NS;
	run_until(l, l->beat_at + 1);
}

static void (*const happenings[])(struct life *l) = {
	jitters,    bursts,   clock_steps, daemon_stops, host_stalls, host_is_busy,
	is_paused,  is_saved, migrates,    announced,    reboots,     guest_program_restarts,
	works_hard,
};

enum { HAPPENINGS = sizeof(happenings) / sizeof(happenings[0]) };

/* lives() - Hours of a guest to which everything happens; returns the hours. */
static double lives(struct life *l, double hours)
{
	int64_t from = l->now, end = l->now + (int64_t)(hours * (double)HOUR_NS);

	while (l->now < end && !l->failures) {
		run_until(l, l->now + between(l, S_NS, 180 * S_NS));
		l->happened = (unsigned)(roll(l) % HAPPENINGS);
		happenings[l->happened](l);
	}
	return (double)(l->now - from) / (double)HOUR_NS;
}

static void test_no_false_verdict(void **state)
{
	static const struct {
		unsigned timeout, interval, guests;
		double hours;
	} fleets[] = {{10000, 1000, 40, 5}, {1000, 200, 20, 2}, {3000, 500, 20, 2}};
	static struct life l;
	double hours = 0;
	uint64_t beats = 0, judgements = 0;

	for (size_t f = 0; f < sizeof(fleets) / sizeof(fleets[0]); f++)
		for (unsigned g = 0; g < fleets[f].guests; g++) {
			born(&l, 1000 * f + g, fleets[f].timeout, fleets[f].interval);
			hours += lives(&l, fleets[f].hours);
			beats += l.d.nbeats;
			judgements += l.d.steps;
			if (l.failures)
				fail_msg(
					"fleet %zu guest %u was found failed: %s, last happening %u",
					f, g, verdict_reason_name(l.failed_why), l.happened);
		}
	printf("# %.0f guest-hours, %llu beats, %llu judgements, no false verdict\n", hours,
	       (unsigned long long)beats, (unsigned long long)judgements);
	assert_true(hours >= 200);
}

/* hangs() - At some moment of its life; returns how long it took to find it, ns. */
static int64_t hangs(struct life *l)
{
	int64_t last;

	lives(l, 0.02);
	while (l->booting || l->d.goodbye || !l->d.beats.seen)
		run_until(l, l->now + S_NS);
	run_until(l, l->now + between(l, 0, 2 * S_NS));
	if (l->failures)
		fail_msg("timeout %u: found failed before it hung: %s, last happening %u",
			 l->h.timeout, verdict_reason_name(l->failed_why), l->happened);
	l->hung = true;
	deliver(l);
	last = l->now;
	run_until(l, l->now + 60 * S_NS);
	assert_int_equal(l->failures, 1);
	return l->failed_at - last;
}

static void test_every_hang_is_found(void **state)
{
	static const struct {
		unsigned timeout, interval;
	} kinds[] = {{1000, 200}, {10000, 1000}, {500, 100}, {200, 50}};
	static struct life l;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		int64_t worst = 0;

		for (unsigned g = 0; g < 250; g++) {
			int64_t took;

			born(&l, 77000 + 1000 * k + g, kinds[k].timeout, kinds[k].interval);
			took = hangs(&l);
			if (took > worst)
				worst = took;
		}
		printf("# timeout %u ms: 250 hangs found, the last one after %.0f ms\n",
		       kinds[k].timeout, (double)worst / 1e6);
		assert_true(worst <= (kinds[k].timeout + 300) * MS_NS);
	}
}

/* A host that is overloaded for good does not hide a hang: it takes longer, in proportion. */
static void test_a_hang_under_load_is_found(void **state)
{
	static struct life l;

	for (unsigned g = 0; g < 50; g++) {
		int64_t last;

		born(&l, 5000 + g, 1000, 200);
		l.beat_at = l.now + 1;
		run_until(&l, l.now + 30 * S_NS);
		l.hung = true;
		last = l.now;
		/* It spins, and gets half of a CPU: 10 ms of each 20. */
		while (l.failed_at == NEVER && l.now < last + 60 * S_NS) {
			l.sample.waited += 10 * MS_NS;
			run_until(&l, l.now + 20 * MS_NS);
		}
		assert_int_equal(l.failures, 1);
		assert_true(l.failed_at - last <= 2400 * MS_NS);
	}
}

/*
 * replay() - A recorded life: "b USEC SEQ CLOCK" a beat, "w USEC USEC" what its
 * threads had waited for a CPU by then.  Returns how many beats; the time of the last in *last.
 */
static unsigned replay(struct life *l, const char *path, double *seconds)
{
	FILE *f = fopen(path, "r");
	unsigned long long at, a, b;
	unsigned beats = 0;
	char line[128];
	int64_t start = l->now, last = start;

	assert_non_null(f);
	l->hung = true; /* it sends what the record says */
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "b %llu %llu %llu", &at, &a, &b) == 3) {
			run_until(l, start + (int64_t)at * 1000);
			l->queue[l->queued++] = (struct beat){
				.kind = BEAT_BEAT, .seq = a, .clock = b, .role = "none"};
			deliver(l);
			beats++;
			last = l->now;
		} else if (sscanf(line, "w %llu %llu", &at, &a) == 2) {
			run_until(l, start + (int64_t)at * 1000);
			l->sample.waited = a * 1000;
		} else {
			fail_msg("%s: not a record: %s", path, line);
		}
		if (l->failures)
			fail_msg("%s: found failed (%s) at %.3f s", path,
				 verdict_reason_name(l->d.reason), (double)(l->now - start) / 1e9);
	}
	fclose(f);
	*seconds = (double)(last - start) / 1e9;
	return beats;
}

static void test_recorded(void **state)
{
	static const char *const records[] = {
		"tests/unit/heartbeat/data/beats-overloaded.txt",
	};
	static struct life l;
	double seconds;

	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		unsigned beats;

		born(&l, i, 1000, 200);
		l.beat_at = NEVER;
		beats = replay(&l, records[i], &seconds);
		printf("# %s: %u beats in %.0f s\n", records[i], beats, seconds);
		assert_true(beats > 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_false_verdict),
		cmocka_unit_test(test_every_hang_is_found),
		cmocka_unit_test(test_a_hang_under_load_is_found),
		cmocka_unit_test(test_recorded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
