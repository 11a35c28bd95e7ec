// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A domain's QMP server: its events, and its state when asked.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/daemon.h"
#include "hv/rundir.h"

#include "heartbeatd.h"
#include "qmp_read.h"

static int command(struct domain *dom, const char *name, enum qmp_id id)
{
	char text[96];
	int n = snprintf(text, sizeof(text), "{\"execute\":\"%s\",\"id\":%d}\n", name, (int)id);

	return link_send(&dom->qmp.link, text, (size_t)n);
}

void qmp_watch_ask(struct domain *dom)
{
	if (!dom->qmp.asked && !command(dom, "query-status", QMP_ID_STATUS))
		dom->qmp.asked = true;
}

int qmp_watch_reset(struct domain *dom)
{
	int rc = command(dom, "system_reset", QMP_ID_RESET);

	if (!rc && dom->det.run != RUN_RUNNING)
		rc = command(dom, "cont", QMP_ID_CONT);
	if (!rc)
		dom->qmp.reset_at = now_ns();
	return rc;
}

static void up(void *owner)
{
	struct domain *dom = owner;

	dom->qmp.lines.len = 0;
	dom->qmp.lines.overlong = dom->qmp.asked = false;
}

static void greeted(struct domain *dom)
{
	if (command(dom, "qmp_capabilities", QMP_ID_CAPABILITIES) ||
	    command(dom, "query-cpus-fast", QMP_ID_CPUS) ||
	    command(dom, "x-taiki-info", QMP_ID_INFO))
		return;
	qmp_watch_ask(dom);
}

/* unordered() - It was reset because it failed: too often is a failure of its own. */
static void unordered(struct domain *dom)
{
	state_note_reset(&dom->state, state_now());
	if (act_resets(&dom->settings, &dom->state, state_now()) > dom->settings.max_resets)
		detector_saw_said(&dom->det, WHY_RESET_STORM);
}

static void was_reset(struct domain *dom, const struct qmp_meaning *m, int64_t now)
{
	bool storm = dom->det.said == WHY_RESET_STORM;

	hv_log_line(LOG_NOTICE, "domain %s: its guest was reset (%s)", dom->name,
		    dom->qmp.reset_at ? "by us" : m->cause);
	journal_add(dom, "reset",
		    json_pack("{s:b, s:s}", "ours", dom->qmp.reset_at != 0, "cause", m->cause));
	dom->qmp.reset_at = 0;
	detector_saw_reset(&dom->det, now);
	if (storm)
		detector_saw_said(&dom->det, WHY_RESET_STORM);
	dom->state.boot = state_now();
	dom->state.beaten = dom->state.goodbye = false;
	domain_save(dom);
}

static void was_lost(struct domain *dom, const struct qmp_meaning *m, enum hb_reason why)
{
	snprintf(dom->cause, sizeof(dom->cause), "%s: %s", verdict_reason_name(why), m->cause);
	if (!strcmp(m->cause, "reset"))
		unordered(dom); /* hv-domain resets it itself, as its definition says */
	else if (m->ends || m->run != RUN_UNSEEN || why == WHY_PANICKED)
		detector_saw_said(&dom->det, why);
}

static void saw_run(struct domain *dom, const struct qmp_meaning *m, int64_t now)
{
	if (m->id == QMP_ID_STATUS)
		dom->qmp.asked = false;
	if (m->run == RUN_UNSEEN) {
		if (m->id != QMP_ID_STATUS)
			qmp_watch_ask(dom);
		return;
	}
	detector_saw_run(&dom->det, m->run, now);
	if (m->run == RUN_PAUSED && m->id != QMP_ID_STATUS)
		qmp_watch_ask(dom); /* by whom, or on what? */
}

static void refused(struct domain *dom, const struct qmp_meaning *m)
{
	if (m->id == QMP_ID_RESET && dom->qmp.reset_at)
		act_reset_failed(dom, "hv-domain refused");
	else if (m->id == QMP_ID_STATUS)
		dom->qmp.asked = false;
}

static void one(struct domain *dom, const struct qmp_meaning *m, int64_t now)
{
	switch (m->says) {
	case QMP_GREETING: greeted(dom); break;
	case QMP_RUN: saw_run(dom, m, now); break;
	case QMP_VCPUS: sample_watch_threads(dom, m->thread, m->vcpus); break;
	case QMP_ENGINE: dom->qmp.soft = m->soft; break;
	case QMP_RESET: was_reset(dom, m, now); break;
	case QMP_PANICKED: was_lost(dom, m, WHY_PANICKED); break;
	case QMP_WATCHDOG: was_lost(dom, m, WHY_WATCHDOG); break;
	case QMP_SHUTDOWN:
		snprintf(dom->cause, sizeof(dom->cause), "shutdown: %s", m->cause);
		break;
	case QMP_IO_ERROR:
		snprintf(dom->cause, sizeof(dom->cause), "I/O error: %s", m->cause);
		if (m->run == RUN_IO_ERROR)
			detector_saw_run(&dom->det, RUN_IO_ERROR, now);
		break;
	case QMP_REFUSED: refused(dom, m); break;
	case QMP_ROLE: /* the pool's */
	case QMP_OTHER:
	case QMP_DONE: break;
	}
}

static void bytes(void *owner, const char *data, size_t len)
{
	struct domain *dom = owner;
	int64_t now = attend(dom->d);

	detector_saw_hypervisor(&dom->det, now);
	while (lines_next(&dom->qmp.lines, &data, &len)) {
		struct qmp_meaning m = qmp_read(dom->qmp.lines.text, dom->qmp.lines.len);

		dom->qmp.events += m.id == QMP_ID_NONE;
		one(dom, &m, now);
	}
	domain_judge(dom);
}

static void down(void *owner)
{
}

static const struct link_ops ops = {.up = up, .bytes = bytes, .down = down};

void qmp_watch_open(struct domain *dom)
{
	char path[512];

	if (hv_run_path(path, sizeof(path), dom->name, "qmp.sock"))
		return;
	link_init(&dom->qmp.link, path, &ops, dom);
	link_open(&dom->qmp.link);
}

void qmp_watch_close(struct domain *dom)
{
	if (dom->qmp.link.ops)
		link_close(&dom->qmp.link);
	lines_free(&dom->qmp.lines);
	dom->qmp.soft = false;
	dom->qmp.reset_at = 0;
}
