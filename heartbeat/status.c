// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is told to who asks: everything that was seen, and why it was judged so.
 */
#include <string.h>

#include "hv/daemon.h"

#include "heartbeatd.h"

static double ms(int64_t ns)
{
	return (double)ns / 1e6;
}

static json_t *strand_json(const struct domain *dom, const struct strand *s, int64_t now)
{
	return json_pack("{s:b, s:b, s:f, s:f}", "expected", s->expected, "seen", s->seen,
			 "silence_ms", s->expected ? ms(strand_silence(&dom->det, s, now)) : 0.0,
			 "timeout_ms", ms(s->timeout));
}

static json_t *evidence_json(const struct domain *dom, int64_t now)
{
	static const char *const runs[RUNS] = {
		[RUN_UNSEEN] = "unseen",        [RUN_RUNNING] = "running",
		[RUN_PRELAUNCH] = "prelaunch",  [RUN_PAUSED] = "paused",
		[RUN_IO_ERROR] = "io-error",    [RUN_WATCHDOG] = "watchdog",
		[RUN_MIGRATING] = "migrating",  [RUN_SAVING] = "saving",
		[RUN_OFF] = "shutdown",         [RUN_PANICKED] = "guest-panicked",
		[RUN_ERROR] = "internal-error",
	};
	const struct detector *det = &dom->det;

	return json_pack("{s:b, s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:f, s:f, s:f, s:s}", "process",
			 dom->pidfd >= 0, "run", runs[det->run], "intent", det->intent, "goodbye",
			 det->goodbye, "beats", strand_json(dom, &det->beats, now), "agent",
			 strand_json(dom, &det->agent, now), "hypervisor",
			 strand_json(dom, &det->hypervisor, now), "vcpus",
			 strand_json(dom, &det->vcpus, now), "io_age_ms",
			 det->io_at ? ms(now - det->io_at) : -1.0, "blind_ms", ms(det->blind),
			 "starved_ms", ms(det->starved), "cause", dom->cause);
}

static json_t *beats_json(const struct domain *dom)
{
	const struct detector *det = &dom->det;
	const struct beat *b = &det->beat;

	return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:f, s:s, s:s, s:I}", "connected",
			 dom->beats.link.fd > 0, "count", (json_int_t)det->nbeats, "bad",
			 (json_int_t)dom->beats.framer.bad, "connects",
			 (json_int_t)dom->beats.link.connects, "seq", (json_int_t)b->seq,
			 "clock_ms", (json_int_t)b->clock, "load", b->load / 100.0, "role", b->role,
			 "health", beat_health_name(b->health), "health_failures",
			 (json_int_t)b->failures);
}

static json_t *progress_json(const struct domain *dom)
{
	const struct hb_sample *s = &dom->det.sample;
	uint64_t work = 0, cpu = 0;

	for (unsigned i = 0; i < s->vcpus; i++) {
		work += s->vcpu[i].work;
		cpu += s->vcpu[i].cpu;
	}
	return json_pack("{s:b, s:i, s:I, s:I, s:I, s:I}", "page", dom->sample.page != NULL,
			 "vcpus", (int)s->vcpus, "work", (json_int_t)work, "cpu_ns",
			 (json_int_t)cpu, "io", (json_int_t)s->io, "turns", (json_int_t)s->turns);
}

static json_t *report_json(const struct domain *dom)
{
	static const char *const phases[] = {
		[REPORT_NONE] = "none", [REPORT_WANTED] = "wanted", [REPORT_WAITING] = "waiting",
		[REPORT_DONE] = "done", [REPORT_ENDED] = "ended",
	};
	const struct report *r = &dom->report;
	bool done = r->phase == REPORT_DONE;

	return json_pack("{s:s, s:s, s:b, s:i, s:f, s:s}", "phase", phases[r->phase], "text",
			 r->phase == REPORT_NONE ? "" : report_step_text(r->step), "reported",
			 dom->state.reported, "tries", (int)r->tries, "latency_ms",
			 done ? ms(r->acked_at - r->verdict_at) : -1.0, "error",
			 r->error ? strerror(-r->error) : "");
}

static json_t *settings_json(const struct domain *dom)
{
	static const char *const actions[] = {[HV_HEARTBEAT_RECOVER] = "recover",
					      [HV_HEARTBEAT_RESET] = "reset",
					      [HV_HEARTBEAT_NOTIFY] = "notify"};
	const struct hv_heartbeat *h = &dom->settings;

	return json_pack("{s:b, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:s}", "beats", h->beats,
			 "timeout_ms", (int)h->timeout, "interval_ms", (int)h->interval,
			 "boot_grace_ms", (int)h->boot_grace, "min_uptime_ms", (int)h->min_uptime,
			 "max_resets", (int)h->max_resets, "reset_window_s", (int)h->reset_window,
			 "io_window_ms", (int)h->io_window, "agent_timeout_ms",
			 (int)h->agent_timeout, "action", actions[h->action]);
}

static json_t *domain_json(const struct domain *dom, int64_t now)
{
	const struct detector *det = &dom->det;
	json_t *entered = json_object();

	for (int s = HB_UNKNOWN; s < HB_STATES; s++)
		json_object_set_new(entered, verdict_state_name((enum hb_state)s),
				    json_integer((json_int_t)dom->verdicts[s]));
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:f, s:f, s:f, s:I, s:i, s:o, s:o, s:o, "
		"s:o, s:o, s:o}",
		"name", dom->name, "verdict", verdict_state_name(det->state), "incarnation",
		dom->incarnation, "resource", dom->resource, "pid",
		dom->pidfd >= 0 ? (int)dom->pid : 0, "reason", verdict_reason_name(det->reason),
		"text", verdict_reason_text(det->reason), "now",
		verdict_reason_name(dom->finding.reason), "since_ms", ms(now - det->since),
		"silence_ms", ms(dom->finding.silence), "phi", dom->finding.phi, "judgements",
		(json_int_t)det->steps, "resets",
		(int)act_resets(&dom->settings, &dom->state, state_now()), "entered", entered,
		"evidence", evidence_json(dom, now), "beats", beats_json(dom), "progress",
		progress_json(dom), "report", report_json(dom), "settings", settings_json(dom));
}

static json_t *daemon_json(const struct hbd *d, int64_t now)
{
	return json_pack("{s:s, s:f, s:i, s:f, s:f, s:f, s:I, s:I}", "version", TAIKI_VERSION,
			 "uptime_s", (double)(now - d->started) / 1e9, "domains", (int)d->ndomains,
			 "late_last_ms", ms(d->late_last), "late_most_ms", ms(d->late_most),
			 "blind_ms", ms(d->blind), "stalls", (json_int_t)d->stalls, "log_lost",
			 (json_int_t)hv_log_lost());
}

json_t *status_json(struct hbd *d, const char *name)
{
	json_t *domains = json_array();
	int64_t now = attend(d);

	for (struct domain *dom = d->domains; dom; dom = dom->next) {
		if ((*name && strcmp(name, dom->name)) || !dom->incarnation[0])
			continue;
		if (dom->pidfd >= 0)
			domain_judge(dom); /* what is shown is what is */
		json_array_append_new(domains, domain_json(dom, now));
	}
	return json_pack("{s:i, s:o, s:o}", "format", 1, "daemon", daemon_json(d, now), "domains",
			 domains);
}
