// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What follows from a verdict: the log, RUN/NAME/verdict, the node attribute,
 * and what act_decide() says.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "hv/daemon.h"
#include "hv/replace.h"
#include "hv/rundir.h"

#include "heartbeatd.h"

/* write_verdict() - RUN/NAME/verdict: one line for people and the agent. */
static void write_verdict(const struct domain *dom)
{
	const struct detector *det = &dom->det;
	char path[4096], line[512], at[32];
	time_t now = time(NULL);
	struct tm tm;
	int n;

	if (hv_run_path(path, sizeof(path), dom->name, "verdict"))
		return;
	gmtime_r(&now, &tm);
	strftime(at, sizeof(at), "%FT%TZ", &tm);
	n = snprintf(line, sizeof(line), "%s since %s: %s (%s), incarnation %s\n",
		     verdict_state_name(det->state), at, verdict_reason_text(det->reason),
		     verdict_reason_name(det->reason), dom->incarnation);
	/* Where its run directory has gone so has the need. */
	hv_replace(path, line, (size_t)n, 0644, false);
}

static void say(const struct domain *dom, enum hb_state before)
{
	const struct detector *det = &dom->det;
	bool bad = det->state == HB_FAILED, quiet = det->state != HB_FAILED && before != HB_FAILED;

	hv_log_line(bad     ? LOG_WARNING
		    : quiet ? LOG_INFO
			    : LOG_NOTICE,
		    "domain %s: %s: %s%s%s%s", dom->name, verdict_state_name(det->state),
		    verdict_reason_text(det->reason), bad && dom->cause[0] ? " (" : "",
		    bad ? dom->cause : "", bad && dom->cause[0] ? ")" : "");
	journal_add(dom, "verdict",
		    json_pack("{s:s, s:s, s:s, s:s, s:f, s:f, s:s}", "from",
			      verdict_state_name(before), "to", verdict_state_name(det->state),
			      "reason", verdict_reason_name(det->reason), "text",
			      verdict_reason_text(det->reason), "silence_ms",
			      (double)dom->finding.silence / 1e6, "phi", dom->finding.phi, "cause",
			      dom->cause));
}

static void tell(struct domain *dom, enum act a)
{
	if (a != ACT_TELL) /* whether it is told, and when, is said then */
		hv_log_line(LOG_NOTICE, "domain %s: %s", dom->name, act_text(a));
	tell_failed(dom);
}

void act_reset_failed(struct domain *dom, const char *why)
{
	dom->qmp.reset_at = 0;
	hv_log_line(LOG_WARNING, "domain %s: cannot be reset in place: %s", dom->name, why);
	tell(dom, ACT_TELL);
}

static void failed(struct domain *dom)
{
	int64_t now = state_now();
	enum act a = act_decide(&dom->settings, dom->det.reason, &dom->state, now);

	if (a != ACT_RESET) {
		tell(dom, a);
		return;
	}
	hv_log_line(LOG_NOTICE, "domain %s: %s (%u of %u in %u s)", dom->name, act_text(a),
		    act_resets(&dom->settings, &dom->state, now) + 1, dom->settings.max_resets,
		    dom->settings.reset_window);
	/* Counted before it is done: a daemon that dies here must not begin to count anew. */
	state_note_reset(&dom->state, now);
	domain_save(dom);
	if (qmp_watch_reset(dom))
		act_reset_failed(dom, "hv-domain takes no command");
}

void act_changed(struct domain *dom, enum hb_state before)
{
	struct detector *det = &dom->det;
	char value[96];

	if (det->state != before)
		dom->verdicts[det->state]++;
	/* Within one state only what led to failure is news. */
	if (det->state != before || det->state == HB_FAILED)
		say(dom, before);
	write_verdict(dom);
	if (det->state == HB_FAILED) {
		snprintf(value, sizeof(value), "failed:%s", verdict_reason_name(det->reason));
		failed(dom); /* first of all */
		tell_attribute(dom, value);
	} else if (before == HB_FAILED) {
		tell_attribute(dom, "");
	}
}
