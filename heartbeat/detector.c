// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the evidence amounts to.  Every question is a row of a table, asked in
 * the order of its strength; the first that applies is the answer.
 */
#include <stddef.h>

#include "detector.h"

enum {
	FLOOR_MS = 50, /* nothing is suspected before it is so late */
	FAR_S = 3600,  /* "nothing will change by itself" */
	ANSWER_S = 60, /* hv-domain may take so long until it answers for the first time */
};

int64_t strand_silence(const struct detector *d, const struct strand *s, int64_t now)
{
	int64_t blind = d->blind - s->owed, starved = d->starved - s->owed_starved;
	/* While the daemon was stopped, its domains may have been starved: the same time, once. */
	int64_t ns = now - s->last - (blind > starved ? blind : starved);

	return ns > 0 ? ns : 0;
}

static bool silent(const struct detector *d, const struct strand *s, int64_t now)
{
	return s->expected && strand_silence(d, s, now) >= s->timeout;
}

/* beats_limit() - The silence of beats at which one looks twice. */
static int64_t beats_limit(const struct detector *d)
{
	int64_t limit = intervals_limit(&d->intervals), half = d->beats.timeout / 2;

	if (!limit || limit > half)
		limit = half;
	return limit < FLOOR_MS * MS_NS ? FLOOR_MS * MS_NS : limit;
}

static bool in_grace(const struct detector *d, int64_t now)
{
	return strand_silence(d, &d->boot, now) < d->boot.timeout;
}

static bool does_io(const struct detector *d, int64_t now)
{
	return d->io_at && now - d->io_at < (int64_t)d->settings.io_window * MS_NS;
}

/* For strands of the guest's own: what boots, said goodbye or does not run owes nothing. */
static bool guest_silent(const struct detector *d, const struct strand *s, int64_t now)
{
	return silent(d, s, now) && (s->seen || !in_grace(d, now));
}

static bool gone(const struct detector *d, int64_t now)
{
	return d->gone;
}
static bool said(const struct detector *d, int64_t now)
{
	return d->said != WHY_NOTHING_YET;
}
static bool run_panicked(const struct detector *d, int64_t now)
{
	return d->run == RUN_PANICKED;
}
static bool run_watchdog(const struct detector *d, int64_t now)
{
	return d->run == RUN_WATCHDOG;
}
static bool run_error(const struct detector *d, int64_t now)
{
	return d->run == RUN_ERROR;
}
static bool run_io_error(const struct detector *d, int64_t now)
{
	return d->run == RUN_IO_ERROR &&
	       now - d->run_since >= (int64_t)d->settings.io_grace * MS_NS;
}
static bool run_io_error_yet(const struct detector *d, int64_t now)
{
	return d->run == RUN_IO_ERROR;
}
static bool intent(const struct detector *d, int64_t now)
{
	return d->intent;
}
static bool run_prelaunch(const struct detector *d, int64_t now)
{
	return d->run == RUN_PRELAUNCH;
}
static bool run_paused(const struct detector *d, int64_t now)
{
	return d->run == RUN_PAUSED;
}
static bool run_migrating(const struct detector *d, int64_t now)
{
	return d->run == RUN_MIGRATING;
}
static bool run_saving(const struct detector *d, int64_t now)
{
	return d->run == RUN_SAVING;
}
static bool run_off(const struct detector *d, int64_t now)
{
	return d->run == RUN_OFF;
}
static bool hypervisor_silent(const struct detector *d, int64_t now)
{
	return silent(d, &d->hypervisor, now) &&
	       (d->hypervisor.seen || strand_silence(d, &d->hypervisor, now) >= ANSWER_S * S_NS);
}
static bool vcpu_stuck(const struct detector *d, int64_t now)
{
	return silent(d, &d->vcpus, now);
}
static bool beats_stopped(const struct detector *d, int64_t now)
{
	return !d->goodbye && guest_silent(d, &d->beats, now);
}
static bool beats_but_io(const struct detector *d, int64_t now)
{
	return beats_stopped(d, now) && does_io(d, now);
}
static bool never_beat(const struct detector *d, int64_t now)
{
	return beats_stopped(d, now) && !d->beats.seen;
}
/* ran() - Whether its vCPUs had a tenth of the time since the last beat. */
static bool beats_stopped_runs(const struct detector *d, int64_t now)
{
	uint64_t cpu = 0;

	if (!beats_stopped(d, now) || !d->sampled)
		return false;
	for (unsigned i = 0; i < d->sample.vcpus; i++)
		cpu += d->sample.vcpu[i].cpu;
	return d->cpu_at_beat && cpu > d->cpu_at_beat &&
	       cpu - d->cpu_at_beat > (uint64_t)(now - d->beats.last) / 10;
}
static bool agent_stopped(const struct detector *d, int64_t now)
{
	return !d->goodbye && guest_silent(d, &d->agent, now);
}
static bool agent_but_io(const struct detector *d, int64_t now)
{
	return agent_stopped(d, now) && does_io(d, now);
}
static bool health_failed(const struct detector *d, int64_t now)
{
	return d->beats.seen && !d->goodbye && d->beat.health == BEAT_HEALTH_FAILED;
}
static bool health_timed_out(const struct detector *d, int64_t now)
{
	return d->beats.seen && !d->goodbye && d->health_bad_since &&
	       now - d->health_bad_since >= (int64_t)d->settings.timeout * MS_NS;
}
static bool health_late(const struct detector *d, int64_t now)
{
	return d->beats.seen && !d->goodbye && d->health_bad_since;
}
static bool hypervisor_late(const struct detector *d, int64_t now)
{
	return d->hypervisor.expected && d->hypervisor.seen &&
	       strand_silence(d, &d->hypervisor, now) >= d->hypervisor.timeout * 3 / 4;
}
static bool vcpu_late(const struct detector *d, int64_t now)
{
	return d->vcpus.expected && strand_silence(d, &d->vcpus, now) >= d->vcpus.timeout / 2;
}
static bool beats_late(const struct detector *d, int64_t now)
{
	return d->beats.expected && d->beats.seen && !d->goodbye &&
	       strand_silence(d, &d->beats, now) >= beats_limit(d);
}
static bool agent_late(const struct detector *d, int64_t now)
{
	return d->agent.expected && d->agent.seen && !d->goodbye &&
	       strand_silence(d, &d->agent, now) >= d->agent.timeout * 3 / 4;
}
static bool beating(const struct detector *d, int64_t now)
{
	return d->beats.expected && d->beats.seen && !d->goodbye;
}
static bool agent_answers(const struct detector *d, int64_t now)
{
	return d->agent.expected && d->agent.seen && !d->goodbye;
}
static bool booting(const struct detector *d, int64_t now)
{
	return !d->goodbye &&
	       ((d->beats.expected && !d->beats.seen) || (d->agent.expected && !d->agent.seen)) &&
	       in_grace(d, now);
}
static bool goodbye(const struct detector *d, int64_t now)
{
	return d->goodbye;
}
static bool lives(const struct detector *d, int64_t now)
{
	return d->run == RUN_RUNNING && (d->hypervisor.seen || d->vcpus.seen);
}
static bool expects_nothing(const struct detector *d, int64_t now)
{
	return d->run != RUN_UNSEEN;
}
static bool always(const struct detector *d, int64_t now)
{
	return true;
}

/* WHY_NOTHING_YET in `why`: what was said. */
static const struct {
	bool (*applies)(const struct detector *d, int64_t now);
	enum hb_reason why;
} questions[] = {
	{gone, WHY_PROCESS_GONE},
	{said, WHY_NOTHING_YET},
	{run_panicked, WHY_PANICKED},
	{run_watchdog, WHY_WATCHDOG},
	{run_error, WHY_INTERNAL_ERROR},
	{intent, WHY_INTENT},
	{hypervisor_silent, WHY_HYPERVISOR}, /* it cannot be trusted about the rest then */
	{run_io_error, WHY_IO_ERROR},
	{run_io_error_yet, WHY_IO_ERROR_GRACE},
	{run_prelaunch, WHY_NOT_STARTED},
	{run_paused, WHY_PAUSED},
	{run_migrating, WHY_MIGRATING},
	{run_saving, WHY_SAVING},
	{run_off, WHY_POWERED_OFF},
	{vcpu_stuck, WHY_VCPU},
	{beats_but_io, WHY_DOES_IO},
	{never_beat, WHY_NEVER_BEAT},
	{beats_stopped_runs, WHY_NO_BEATS_RUNS},
	{beats_stopped, WHY_NO_BEATS},
	{health_failed, WHY_HEALTH},
	{health_timed_out, WHY_HEALTH},
	{agent_but_io, WHY_DOES_IO},
	{agent_stopped, WHY_NO_AGENT},
	{booting, WHY_BOOTING},
	{beats_late, WHY_LATE_BEATS},
	{agent_late, WHY_LATE_AGENT},
	{vcpu_late, WHY_LATE_VCPU},
	{hypervisor_late, WHY_LATE_HYPERVISOR},
	{health_late, WHY_HEALTH_GRACE},
	{beating, WHY_BEATS},
	{agent_answers, WHY_AGENT},
	{goodbye, WHY_GOODBYE},
	{lives, WHY_LIVES},
	{expects_nothing, WHY_NOT_WATCHED},
	{always, WHY_NOTHING_YET},
};

static void sooner(int64_t *at, int64_t when, int64_t now)
{
	if (when > now && when < *at)
		*at = when;
}

/* A strand changes what it says at these silences. */
static void look_strand(const struct detector *d, const struct strand *s, int64_t limit,
			int64_t now, int64_t *at)
{
	int64_t silence = strand_silence(d, s, now);

	if (!s->expected)
		return;
	sooner(at, now + limit - silence, now);
	sooner(at, now + s->timeout - silence, now);
}

static int64_t next_look(const struct detector *d, int64_t now)
{
	int64_t at = now + FAR_S * S_NS;

	if (d->gone)
		return at;
	look_strand(d, &d->beats, beats_limit(d), now, &at);
	look_strand(d, &d->agent, d->agent.timeout * 3 / 4, now, &at);
	look_strand(d, &d->hypervisor, d->hypervisor.timeout * 3 / 4, now, &at);
	look_strand(d, &d->vcpus, d->vcpus.timeout / 2, now, &at);
	sooner(&at, now + d->boot.timeout - strand_silence(d, &d->boot, now), now);
	if (d->io_at)
		sooner(&at, d->io_at + (int64_t)d->settings.io_window * MS_NS, now);
	if (d->run == RUN_IO_ERROR)
		sooner(&at, d->run_since + (int64_t)d->settings.io_grace * MS_NS, now);
	if (d->health_bad_since)
		sooner(&at, d->health_bad_since + (int64_t)d->settings.timeout * MS_NS, now);
	return at;
}

static const struct strand *strand_of(const struct detector *d, enum hb_reason r)
{
	switch (r) {
	case WHY_LATE_AGENT:
	case WHY_NO_AGENT: return &d->agent;
	case WHY_LATE_HYPERVISOR:
	case WHY_HYPERVISOR: return &d->hypervisor;
	case WHY_LATE_VCPU:
	case WHY_VCPU: return &d->vcpus;
	default: return &d->beats;
	}
}

struct hb_finding detector_find(const struct detector *d, int64_t now)
{
	struct hb_finding f = {.look = next_look(d, now)};
	const struct strand *s;
	unsigned i = 0;

	while (!questions[i].applies(d, now))
		i++;
	f.reason = questions[i].why;
	if (questions[i].applies == said)
		f.reason = d->said;
	f.sign = verdict_reason_sign(f.reason);
	s = strand_of(d, f.reason);
	if (s->expected && d->run == RUN_RUNNING)
		f.silence = strand_silence(d, s, now);
	if (d->beats.seen && !d->goodbye && d->run == RUN_RUNNING)
		f.phi = intervals_phi(&d->intervals, strand_silence(d, &d->beats, now));
	return f;
}

bool detector_step(struct detector *d, int64_t now, struct hb_finding *f)
{
	enum hb_state before = d->state;
	enum hb_reason reason = d->reason;

	*f = detector_find(d, now);
	d->steps++;
	d->state = verdict_next(before, f->sign);
	/* What keeps a failed verdict is what led to it, until the process is gone too. */
	if (before != HB_FAILED || d->state != HB_FAILED || f->sign == SIGN_GONE)
		d->reason = f->reason;
	if (d->state != before)
		d->since = now;
	return d->state != before || d->reason != reason;
}
