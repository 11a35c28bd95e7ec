// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stop, which is a fence (design 5.8): it ends in proof that the domain can
 * touch nothing any more, or it fails.  It needs neither the definition nor an
 * answering process.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hv/launch.h"
#include "hv/qmp.h"

#include "domain.h"

enum {
	STEP_MS = 250,          /* between two looks at a guest that shuts down */
	ANSWER_MS = 5000,       /* for QMP to answer; who does not is not waited for any longer */
	PRESS_AGAIN_MS = 10000, /* a guest that still boots does not see the power button */
	LEAVE_MS = 1000,        /* of the timeout, to say what went wrong */
};

enum progress { GOING, GUEST_IS_OFF, GUEST_IS_LOST };

/* note_event() - What an event means to a shutdown.  After SHUTDOWN the process ends by itself. */
static enum progress note_event(const json_t *event)
{
	static const struct {
		const char *name;
		enum progress means;
	} table[] = {
		{"RESET", GUEST_IS_OFF}, /* on_poweroff=restart: it went down, which counts */
		{"STOP", GUEST_IS_OFF},  /* on_poweroff=preserve */
		{"GUEST_PANICKED", GUEST_IS_LOST},
	};
	const char *name = json_string_value(json_object_get(event, "event"));

	for (size_t i = 0; name && i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(name, table[i].name))
			return table[i].means;
	return GOING;
}

static enum progress watch_events(struct hv_qmp *q)
{
	enum progress p = GOING;
	json_t *event;

	while (p == GOING && !hv_qmp_event(q, 0, &event, NULL)) {
		p = note_event(event);
		json_decref(event);
	}
	return p;
}

/*
 * wait_off() - Until the process is gone, or nothing is left to wait for.  A
 * guest that is off while its process stays has written what it had to: the
 * kill that follows loses nothing.
 */
static void wait_off(const char *name, struct hv_qmp *q, int64_t until)
{
	int64_t pressed = ocf_now_ms();
	enum progress p = GOING;

	while (ocf_now_ms() < until && p == GOING) {
		if (!hv_wait_gone(name, STEP_MS, NULL))
			return;
		p = watch_events(q);
		if (ocf_now_ms() - pressed > PRESS_AGAIN_MS) {
			pressed = ocf_now_ms();
			hv_qmp_call(q, "system_powerdown", NULL, ANSWER_MS, NULL, NULL);
		}
	}
	if (p == GUEST_IS_LOST)
		ocf_log("WARNING", "domain %s failed while it shut down; it is killed", name);
	else if (p == GOING)
		ocf_log("WARNING", "domain %s did not shut down in time; it is killed", name);
}

static void shut_down(const char *name, bool resume, int64_t until)
{
	struct hv_error err;
	struct hv_qmp *q;
	int rc = hv_qmp_open_domain(name, ANSWER_MS, &q, &err);

	if (!rc && resume)
		rc = hv_qmp_call(q, "cont", NULL, ANSWER_MS, NULL, &err);
	if (!rc)
		rc = hv_qmp_call(q, "system_powerdown", NULL, ANSWER_MS, NULL, &err);
	if (rc)
		ocf_log("WARNING", "domain %s cannot be shut down in order: %s", name, err.text);
	else
		wait_off(name, q, until);
	hv_qmp_close(q);
}

/* announce() - Whoever watches the domain must not take its end for a failure. */
static void announce(const char *name)
{
	struct hv_error err;
	int rc = hv_intent_write(name, HV_INTENT_STOP, (uint64_t)ocf_left_ms(), &err);

	/* Then it may be reported as failed while it stops, which is recovered by a stop. */
	if (rc && rc != -ENOENT)
		ocf_log("WARNING", "%s", err.text);
}

/* disown() - Proven stopped: the run directory it leaves is nobody's. */
static void disown(const char *name)
{
	static const char *const files[] = {"resource", "adopting"};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!hv_run_path(path, sizeof(path), name, files[i]))
			unlink(path);
}

static enum ocf_rc stop_one(const char *name)
{
	int ordered = domain_ordered_ms(ocf_timeout_ms(), ocf_param_ms("shutdown_timeout"));
	int64_t until = ocf_now_ms() + ocf_left_ms() - (ocf_timeout_ms() - ordered);
	struct domain_verdict verdict;
	struct domain_view v;
	struct hv_error err;
	int left;

	announce(name);
	domain_look(name, ocf_timeout_ms() < 10 * ANSWER_MS ? ocf_timeout_ms() / 10 : ANSWER_MS,
		    &v);
	verdict = domain_judge(&v);
	if (ocf_param_true("force_stop") && verdict.stop != STOP_DONE)
		verdict.stop = STOP_KILL;
	if (verdict.stop == STOP_KILL)
		ocf_log("INFO", "domain %s %s: no ordered shutdown", name, verdict.what);
	else if (verdict.stop != STOP_DONE)
		shut_down(name, verdict.stop == STOP_RESUME, until);
	left = ocf_left_ms() - LEAVE_MS;
	if (hv_kill(name, left > LEAVE_MS ? left : LEAVE_MS, &err))
		return ocf_exit_reason(OCF_ERR_GENERIC,
				       "domain %s: it is not proven that it has stopped: %s", name,
				       err.text);
	disown(name);
	return OCF_SUCCESS;
}

enum ocf_rc domain_stop(void)
{
	struct domain_list l;
	enum ocf_rc rc = OCF_SUCCESS;

	if (domain_find(&l))
		rc = ocf_exit_reason(OCF_ERR_GENERIC, "cannot tell which domains run here: %s",
				     l.err.text);
	for (unsigned i = 0; i < l.n && !rc; i++)
		rc = stop_one(l.name[i]);
	domain_list_free(&l);
	return rc;
}
