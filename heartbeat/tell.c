// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reports on their way: what report_decide() says is done, through the reporter.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hv/daemon.h"
#include "hv/rundir.h"
#include "hvcore/lib/turn.h"

#include "heartbeatd.h"
#include "reporter.h"
#include "timer.h"

enum {
	ANSWER_MS = 3000,      /* a request without an answer is made again */
	LATER_MS = 20,         /* between two looks at a domain that somebody starts or ends */
	MAINTENANCE_MS = 2000, /* between two questions whether maintenance is over */
};

/* starting() - Whether somebody holds RUN/NAME/starter: it starts or is being killed now. */
static bool starting(const char *name)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[4096];
	bool held;
	int fd;

	if (hv_run_path(path, sizeof(path), name, HV_TURN_FILE))
		return false;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return false;
	held = !fcntl(fd, F_OFD_GETLK, &fl) && fl.l_type != F_UNLCK;
	close(fd);
	return held;
}

static enum report_step decide(struct domain *dom)
{
	char *incarnation = hv_run_read(dom->name, "incarnation");
	char *resource = hv_run_read(dom->name, "resource");
	enum hv_intent intent = hv_intent_read(dom->name, NULL);
	struct report_view v = {
		.judged = dom->incarnation,
		.incarnation = incarnation,
		.resource = resource,
		/* What is reloaded is not to die of it. */
		.intended = intent == HV_INTENT_STOP || intent == HV_INTENT_MIGRATE ||
			    (intent == HV_INTENT_RELOAD && !dom->det.gone),
		.starting = starting(dom->name),
		.was_owned = dom->resource[0],
		.recovered = dom->det.state != HB_FAILED,
		.reported = dom->state.reported,
		.notify_only = dom->settings.action == HV_HEARTBEAT_NOTIFY,
	};
	enum report_step s = report_decide(&v);

	if (resource)
		snprintf(dom->resource, sizeof(dom->resource), "%s", resource);
	free(incarnation);
	free(resource);
	return s;
}

static int request(struct hbd *d, uint32_t kind, const char *name, const char *value)
{
	struct reporter_request q = {.id = ++d->last_id, .kind = kind};

	snprintf(q.name, sizeof(q.name), "%s", name);
	snprintf(q.value, sizeof(q.value), "%s", value);
	return send(d->reporter, &q, sizeof(q), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void proceed(void *data);

static void again_in(struct domain *dom, int64_t ns)
{
	timer_set(&dom->report.timer, ns, dom, proceed);
}

static void ended(struct domain *dom, enum report_step step)
{
	dom->report.phase = REPORT_ENDED;
	hv_log_line(LOG_NOTICE, "domain %s: %s", dom->name, report_step_text(step));
	journal_add(dom, "report",
		    json_pack("{s:b, s:s}", "told", 0, "text", report_step_text(step)));
}

static void retry(struct domain *dom, int error)
{
	struct report *r = &dom->report;

	r->phase = REPORT_WANTED;
	if (error == -ESHUTDOWN) {
		if (r->step != REPORT_MAINTENANCE)
			hv_log_line(LOG_NOTICE, "domain %s: %s", dom->name,
				    report_step_text(REPORT_MAINTENANCE));
		r->step = REPORT_MAINTENANCE;
		again_in(dom, MAINTENANCE_MS * MS_NS);
		return;
	}
	if (error != r->error)
		hv_log_line(LOG_WARNING,
			    "domain %s: the controller cannot be told: %s; it is tried again",
			    dom->name, strerror(-error));
	r->error = error;
	again_in(dom, report_backoff(r->tries));
}

/* wait_for_others() - While who starts, ends or moves it may still be at it. */
static bool wait_for_others(struct domain *dom, enum report_step step)
{
	uint64_t until = 0;
	int64_t now_ms = state_now() / MS_NS, ms = LATER_MS;

	if (step == REPORT_INTENDED) {
		hv_intent_read(dom->name, &until); /* inotify says when it is taken back */
		ms = (int64_t)until > now_ms ? (int64_t)until - now_ms + 1 : LATER_MS;
	} else if (step != REPORT_LATER) {
		return false;
	}
	again_in(dom, ms * MS_NS);
	return true;
}

static void proceed(void *data)
{
	struct domain *dom = data;
	struct report *r = &dom->report;
	enum report_step step;
	int rc;

	if (r->phase == REPORT_WAITING) {
		retry(dom, -ETIMEDOUT);
		return;
	}
	if (r->phase != REPORT_WANTED)
		return;
	step = decide(dom);
	if (r->step != REPORT_MAINTENANCE || step != REPORT_SEND)
		r->step = step;
	if (wait_for_others(dom, step))
		return;
	if (step != REPORT_SEND) {
		ended(dom, step);
		return;
	}
	r->tries++;
	r->sent_at = now_ns();
	rc = request(dom->d, REPORTER_FAIL, dom->resource, "");
	if (rc) {
		retry(dom, rc);
		return;
	}
	r->id = dom->d->last_id;
	r->phase = REPORT_WAITING;
	again_in(dom, ANSWER_MS * MS_NS);
}

static void answered(struct hbd *d, const struct reporter_answer *a)
{
	struct domain *dom = d->domains;
	struct report *r;

	while (dom && (dom->report.phase != REPORT_WAITING || dom->report.id != a->id))
		dom = dom->next;
	if (!dom)
		return; /* an attribute's, or one that came too late */
	r = &dom->report;
	if (a->rc) {
		retry(dom, a->rc);
		return;
	}
	timer_clear(&r->timer);
	r->phase = REPORT_DONE;
	r->step = REPORT_SEND;
	r->acked_at = now_ns();
	r->error = 0;
	memcpy(r->node, a->node, sizeof(r->node));
	dom->state.reported = true;
	domain_save(dom);
	hv_log_line(
		LOG_NOTICE,
		"domain %s: Pacemaker was told that %s has failed on %s, %.1f ms after the verdict",
		dom->name, dom->resource, r->node, (double)(r->acked_at - r->verdict_at) / 1e6);
	journal_add(dom, "report",
		    json_pack("{s:b, s:s, s:f, s:i}", "told", 1, "node", r->node, "ms",
			      (double)(r->acked_at - r->verdict_at) / 1e6, "tries", (int)r->tries));
}

static int32_t answers_ready(int32_t fd, int32_t events, void *data)
{
	struct reporter_answer a;

	while (recv(fd, &a, sizeof(a), MSG_DONTWAIT) == sizeof(a)) {
		a.node[sizeof(a.node) - 1] = '\0';
		answered(data, &a);
	}
	return 0;
}

int tell_start(struct hbd *d)
{
	return qb_loop_poll_add(d->loop, QB_LOOP_HIGH, d->reporter, POLLIN, d, answers_ready);
}

void tell_failed(struct domain *dom)
{
	struct report *r = &dom->report;

	if (r->phase != REPORT_NONE && r->phase != REPORT_ENDED)
		return;
	*r = (struct report){.phase = REPORT_WANTED, .verdict_at = now_ns()};
	proceed(dom);
}

void tell_look(struct domain *dom)
{
	if (dom->report.phase != REPORT_WANTED)
		return;
	timer_clear(&dom->report.timer);
	proceed(dom);
}

void tell_forget(struct domain *dom)
{
	timer_clear(&dom->report.timer);
	dom->report = (struct report){.phase = REPORT_NONE};
}

void tell_attribute(struct domain *dom, const char *value)
{
	char name[HV_NAME_MAX + 32];
	int rc;

	if (!*value && !dom->attribute_set)
		return;
	snprintf(name, sizeof(name), "taiki-heartbeat-%s", dom->name);
	rc = request(dom->d, REPORTER_ATTR, name, value);
	if (rc)
		hv_log_line(LOG_WARNING, "domain %s: its node attribute cannot be set: %s",
			    dom->name, strerror(-rc));
	dom->attribute_set = *value && !rc;
}
