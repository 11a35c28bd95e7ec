// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What was seen, taken down for the detector.
 */
#include <string.h>

#include "detector.h"

/* life() - A strand has shown life: it is waited for anew from now on. */
static void life(struct detector *d, struct strand *s, int64_t now)
{
	s->seen = true;
	s->last = now;
	s->owed = d->blind;
	s->owed_starved = d->starved;
}

/* anew() - Wait for a strand from now on, as if it had just shown life. */
static void anew(struct detector *d, struct strand *s, int64_t now)
{
	bool seen = s->seen;

	life(d, s, now);
	s->seen = seen;
}

void detector_init(struct detector *d, const struct hv_heartbeat *s, int64_t boot_at, int64_t now)
{
	*d = (struct detector){.settings = *s, .state = HB_UNKNOWN, .since = now};
	d->beats.expected = s->beats;
	d->beats.timeout = (int64_t)s->timeout * MS_NS;
	d->agent.expected = s->agent_timeout != 0;
	d->agent.timeout = (int64_t)s->agent_timeout * MS_NS;
	d->hypervisor.timeout = d->vcpus.timeout = (int64_t)s->timeout * MS_NS;
	d->boot.timeout = (int64_t)s->boot_grace * MS_NS;
	d->boot.last = boot_at;
	anew(d, &d->beats, now);
	anew(d, &d->agent, now);
	anew(d, &d->hypervisor, now);
	anew(d, &d->vcpus, now);
	d->hypervisor.expected = true;
	for (unsigned i = 0; i < HV_VCPUS_MAX; i++)
		anew(d, &d->vcpu[i], now);
	d->run_since = now;
}

static uint64_t cpu_time(const struct detector *d)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < d->sample.vcpus; i++)
		sum += d->sample.vcpu[i].cpu;
	return sum;
}

static void saw_health(struct detector *d, enum beat_health h, int64_t now)
{
	if (h != BEAT_HEALTH_TIMEOUT)
		d->health_bad_since = 0;
	else if (!d->health_bad_since)
		d->health_bad_since = now;
}

void detector_saw_beat(struct detector *d, const struct beat *b, int64_t now)
{
	if (b->kind == BEAT_BYE) {
		d->goodbye = true;
		d->health_bad_since = 0;
		return;
	}
	if (b->kind != BEAT_BEAT)
		return; /* what a guest may not say is nothing */
	/* An interval with a restart, a pause or a stall in it says nothing about regularity. */
	if (d->beats.seen && !d->goodbye && b->seq == d->beat.seq + 1 &&
	    d->beats.owed == d->blind && now > d->beats.last)
		intervals_add(&d->intervals, now - d->beats.last);
	d->goodbye = false;
	d->beat = *b;
	d->nbeats++;
	d->cpu_at_beat = d->sampled ? cpu_time(d) : 0;
	saw_health(d, b->health, now);
	life(d, &d->beats, now);
}

void detector_saw_agent(struct detector *d, int64_t now)
{
	life(d, &d->agent, now);
}

void detector_saw_hypervisor(struct detector *d, int64_t now)
{
	life(d, &d->hypervisor, now);
}

static void saw_vcpus(struct detector *d, const struct hb_sample *s, int64_t now)
{
	int64_t longest = -1;

	d->vcpus.expected = s->tells_stuck && s->vcpus;
	for (unsigned i = 0; i < s->vcpus && i < HV_VCPUS_MAX; i++) {
		struct strand *v = &d->vcpu[i];

		if (!d->sampled || d->run != RUN_RUNNING || s->vcpu[i].halted ||
		    s->vcpu[i].work != d->sample.vcpu[i].work ||
		    s->vcpu[i].cpu != d->sample.vcpu[i].cpu)
			life(d, v, now);
		if (strand_silence(d, v, now) > longest) {
			longest = strand_silence(d, v, now);
			d->vcpus.last = v->last;
			d->vcpus.owed = v->owed;
			d->vcpus.owed_starved = v->owed_starved;
			d->vcpus.seen = true;
		}
	}
}

void detector_saw_sample(struct detector *d, const struct hb_sample *s, int64_t now)
{
	if (d->sampled && s->waited > d->sample.waited)
		d->starved += (int64_t)(s->waited - d->sample.waited);
	if (d->sampled && s->has_io && s->io != d->sample.io)
		d->io_at = now;
	if (d->sampled && s->has_turns && s->turns != d->sample.turns)
		detector_saw_hypervisor(d, now);
	saw_vcpus(d, s, now);
	d->sample = *s;
	d->sampled = true;
}

void detector_saw_run(struct detector *d, enum hb_run run, int64_t now)
{
	if (run == d->run)
		return;
	/* What was stopped has not booted meanwhile. */
	if (d->run != RUN_RUNNING && d->run != RUN_UNSEEN)
		d->boot.last += now - d->run_since;
	d->run = run;
	d->run_since = now;
	/* After a pause everything may take as long as it ever may. */
	anew(d, &d->beats, now);
	anew(d, &d->agent, now);
	anew(d, &d->vcpus, now);
	for (unsigned i = 0; i < HV_VCPUS_MAX; i++)
		anew(d, &d->vcpu[i], now);
}

void detector_saw_reset(struct detector *d, int64_t now)
{
	anew(d, &d->boot, now);
	d->said = WHY_NOTHING_YET;
	d->goodbye = false;
	d->health_bad_since = 0;
	d->io_at = 0;
	d->beats.seen = d->agent.seen = false;
	anew(d, &d->beats, now);
	anew(d, &d->agent, now);
	anew(d, &d->vcpus, now);
	d->intervals.n = d->intervals.next = 0;
	for (unsigned i = 0; i < HV_VCPUS_MAX; i++)
		anew(d, &d->vcpu[i], now);
}

void detector_saw_said(struct detector *d, enum hb_reason why)
{
	d->said = why;
}

void detector_saw_gone(struct detector *d)
{
	d->gone = true;
}

void detector_saw_intent(struct detector *d, bool there, int64_t now)
{
	if (d->intent && !there) {
		anew(d, &d->beats, now);
		anew(d, &d->agent, now);
	}
	d->intent = there;
}

void detector_was_blind(struct detector *d, int64_t ns)
{
	d->blind += ns;
}

void detector_was_starved(struct detector *d, int64_t ns)
{
	d->starved += ns;
}
