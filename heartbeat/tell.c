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

#include "hv/rundir.h"

#include "heartbeatd.h"
#include "log.h"
#include "reporter.h"

enum {
	ANSWER_MS = 3000, /* a request without an answer is made again */
	LATER_MS = 20,    /* between two looks at a domain that somebody starts or ends */
};

/* starting() - Whether somebody holds RUN/NAME/starter: it starts or is being killed now. */
static bool starting(const char *name)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[4096];
	bool held;
	int fd;

	if (hv_run_path(path, sizeof(path), name, "starter"))
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
	char *intent = hv_run_read(dom->name, "intent");
	struct report_view v = {
		.judged = dom->incarnation,
		.incarnation = incarnation,
		.resource = resource,
		.intent = intent,
		.starting = starting(dom->name),
		.notify_only = dom->settings.action == HV_HEARTBEAT_NOTIFY,
	};
	enum report_step s = report_decide(&v);

	snprintf(dom->resource, sizeof(dom->resource), "%s", resource ? resource : "");
	free(incarnation);
	free(resource);
	free(intent);
	return s;
}

static void proceed(void *data);

static void again_in(struct domain *dom, int64_t ns)
{
	struct report *r = &dom->report;

	qb_loop_timer_del(dom->d->loop, r->timer);
	r->timer = 0;
	r->next = now_ns() + ns;
	qb_loop_timer_add(dom->d->loop, QB_LOOP_HIGH, (uint64_t)ns, dom, proceed, &r->timer);
}

static int request(struct hbd *d, uint32_t kind, const char *name, const char *value)
{
	struct reporter_request q = {.id = ++d->last_id, .kind = kind};

	snprintf(q.name, sizeof(q.name), "%s", name);
	snprintf(q.value, sizeof(q.value), "%s", value);
	return send(d->reporter, &q, sizeof(q), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void retry(struct domain *dom, int error)
{
	struct report *r = &dom->report;

	if (error != r->error)
		log_line(LOG_WARNING,
			 "domain %s: the controller cannot be told: %s; it is tried again",
			 dom->name, strerror(-error));
	r->error = error;
	r->phase = REPORT_WANTED;
	again_in(dom, report_backoff(r->tries));
}

static void proceed(void *data)
{
	struct domain *dom = data;
	struct report *r = &dom->report;
	int rc;

	r->timer = 0;
	if (r->phase == REPORT_WAITING) {
		retry(dom, -ETIMEDOUT);
		return;
	}
	if (r->phase != REPORT_WANTED)
		return;
	r->step = decide(dom);
	if (r->step == REPORT_LATER) {
		again_in(dom, LATER_MS * 1000000LL);
		return;
	}
	if (r->step != REPORT_SEND) {
		r->phase = REPORT_ENDED;
		log_line(LOG_NOTICE, "domain %s: %s", dom->name, report_step_text(r->step));
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
	again_in(dom, ANSWER_MS * 1000000LL);
}

static void answered(struct hbd *d, const struct reporter_answer *a)
{
	struct domain *dom = d->domains;

	while (dom && (dom->report.phase != REPORT_WAITING || dom->report.id != a->id))
		dom = dom->next;
	if (!dom)
		return;
	struct report *r = &dom->report;

	if (a->rc) {
		retry(dom, a->rc);
		return;
	}
	qb_loop_timer_del(d->loop, r->timer);
	r->timer = 0;
	r->phase = REPORT_DONE;
	r->acked_at = now_ns();
	r->error = 0;
	memcpy(r->node, a->node, sizeof(r->node));
	log_line(
		LOG_NOTICE,
		"domain %s: Pacemaker was told that %s has failed on %s, %.1f ms after the verdict",
		dom->name, dom->resource, r->node, (double)(r->acked_at - r->verdict_at) / 1e6);
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

	if (r->phase != REPORT_NONE)
		return;
	*r = (struct report){.phase = REPORT_WANTED, .verdict_at = now_ns()};
	proceed(dom);
}

void tell_forget(struct domain *dom)
{
	qb_loop_timer_del(dom->d->loop, dom->report.timer);
	dom->report = (struct report){.phase = REPORT_NONE};
}
