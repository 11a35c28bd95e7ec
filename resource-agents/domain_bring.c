// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bringing the domain up: the guards it relies on, room on this host, then what
 * waits for it here, and only where nothing does, a cold start.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/adopt.h"
#include "hv/definition.h"
#include "hv/launch.h"
#include "hv/ledger.h"
#include "hvcore/lib/probe.h"
#include "hvcore/lib/turn.h"

#include "domain.h"
#include "fencing_enabled.h"

enum {
	CONFLICTS_TIMEOUT_MS = 5000,
	FENCING_TIMEOUT_MS = 10000,
	ADOPT_TIMEOUT_MS =
		20000, /* at most, and at most half of what is left: cold takes the rest */
};

static bool relies_on_fencing(const struct hv_config *c, const char **target)
{
	for (unsigned i = 0; i < c->ndisks; i++) {
		*target = c->disk[i].target;
		if (!c->disk[i].readonly && c->disk[i].guard == HV_GUARD_FENCING)
			return true;
	}
	return false;
}

/* guard() - Nothing but Pacemaker's fencing keeps such a disk to one writer: is there any? */
static enum ocf_rc guard(const struct hv_config *c, bool *fencing)
{
	struct hv_error err;
	const char *target;
	int on;

	*fencing = false;
	if (!relies_on_fencing(c, &target))
		return OCF_SUCCESS;
	if (ocf_param_true("assume_fencing")) {
		*fencing = true;
		return OCF_SUCCESS;
	}
	on = fencing_enabled(domain_at_most(FENCING_TIMEOUT_MS), &err);
	if (on < 0)
		return ocf_exit_reason(OCF_ERR_GENERIC,
				       "disk %s has the guard \"fencing\", and whether the cluster "
				       "fences cannot be told: %s",
				       target, err.text);
	if (!on)
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "disk %s has the guard \"fencing\", but stonith-enabled is "
				       "false: configure fencing, or give the disk another guard",
				       target);
	*fencing = true;
	return OCF_SUCCESS;
}

/* A start: what all its ways have in common. */
struct bring {
	struct hv_config *c;
	const char *text;
	bool fencing;
	int turn;
};

static void say_step(void *arg, enum hv_adopt_step step, const char *standby, uint64_t ns)
{
	const struct bring *b = arg;

	ocf_log("INFO", "domain %s: adopts %s: %s after %llu.%03llu ms", b->c->name, standby,
		hv_adopt_step_name(step), (unsigned long long)(ns / 1000000),
		(unsigned long long)(ns / 1000 % 1000));
}

/* running() - Started is what answers. */
static enum ocf_rc running(const char *name, const char *how)
{
	struct domain_verdict verdict;
	struct domain_view v;

	domain_look(name, domain_at_most(ocf_timeout_ms()), &v);
	verdict = domain_judge(&v);
	if (verdict.rc != OCF_SUCCESS)
		return ocf_exit_reason(OCF_ERR_GENERIC, "domain %s was %s, but %s%s%s", name, how,
				       verdict.what, v.err.text[0] ? ": " : "", v.err.text);
	ocf_log("INFO", "domain %s is running", name);
	return OCF_SUCCESS;
}

bool domain_ignores_ledger(void)
{
	const char *ledger = ocf_param("ledger");

	return ledger && !strcmp(ledger, "ignore");
}

static unsigned ledger_flags(void)
{
	return domain_ignores_ledger() ? HV_LEDGER_FORCE : 0;
}

/* A step of a squeeze. */
static void said(void *arg, const char *name, const char *line)
{
	(void)arg;
	ocf_log("INFO", "domain %s %s", name, line);
}

static bool waits_for_lease(const struct hv_config *c)
{
	for (unsigned i = 0; i < c->ndisks; i++)
		if (c->disk[i].gated && c->disk[i].guard == HV_GUARD_LEASE)
			return true;
	return false;
}

/* adopt() - OCF_NOT_RUNNING: nothing waits here that could be it; it has to be started cold. */
static enum ocf_rc adopt(struct bring *b)
{
	struct hv_error err = {""};
	struct hv_adopt a = {
		.config = b->c,
		.definition = b->text,
		.resource = ocf_instance(),
		.fencing_enabled = b->fencing,
		.book = true,
		.book_flags = ledger_flags(),
		.timeout_ms = domain_at_most(ocf_left_ms() / 2),
		.step = say_step,
		.arg = b,
		.turn = &b->turn,
	};
	int rc;

	domain_adopt_from(ocf_param("standby"), &a.from);
	/* A dead owner's lease runs out in its own time, which a cold start would wait for as well. */
	if (waits_for_lease(b->c))
		a.timeout_ms = domain_at_most(ocf_left_ms() / 10 * 9);
	else if (a.timeout_ms > ADOPT_TIMEOUT_MS)
		a.timeout_ms = ADOPT_TIMEOUT_MS;
	rc = hv_adopt(&a, &err);
	switch (rc) {
	case 0: return running(b->c->name, "adopted");
	case -ENOENT: return OCF_NOT_RUNNING;
	case -EEXIST:
	case -ENOSPC:
	case -ENOTRECOVERABLE: return ocf_exit_reason(OCF_ERR_GENERIC, "%s", err.text);
	default:
		ocf_log("WARNING", "domain %s is started cold: %s", b->c->name, err.text);
		return OCF_NOT_RUNNING;
	}
}

static enum ocf_rc cold(struct bring *b)
{
	struct hv_error err = {""};
	struct hv_launch l = {
		.config = b->c,
		.definition = b->text,
		.resource = ocf_instance(),
		.fencing_enabled = b->fencing,
		.has_turn = true,
	};
	int res;

	if (hv_conflicts(b->c, domain_at_most(CONFLICTS_TIMEOUT_MS), &err))
		return ocf_exit_reason(OCF_ERR_GENERIC, "%s", err.text);
	l.timeout_ms = domain_at_most(ocf_timeout_ms());
	/* The ledger is the last line: it has the numbers, where the cluster's booking was wrong. */
	res = hv_ledger_launch(&l, NULL, ledger_flags(), said, NULL, &err);
	if (res)
		return ocf_exit_reason(domain_launch_rc(res), "%s",
				       err.text[0] ? err.text : strerror(-res));
	return running(b->c->name, "started");
}

/* ours_runs() - Whoever had the turn before us may have started it. */
static bool ours_runs(const char *name)
{
	char *resource = hv_run_read(name, "resource");
	bool ours = resource && !strcmp(resource, ocf_instance());

	free(resource);
	return ours && hv_presence(name, NULL, NULL) == HV_PRESENT;
}

enum ocf_rc domain_bring_up(struct hv_config *c, const char *text)
{
	struct bring b = {.c = c, .text = text, .turn = -1};
	struct hv_error err;
	enum ocf_rc rc = guard(c, &b.fencing);

	if (rc)
		return rc;
	b.turn = hv_turn(c->name, hv_clock_ms() + domain_at_most(ocf_timeout_ms()), &err);
	if (b.turn < 0)
		return ocf_exit_reason(OCF_ERR_GENERIC, "%s", err.text);
	rc = ours_runs(c->name) ? domain_already(c->name) : OCF_NOT_RUNNING;
	if (rc == OCF_NOT_RUNNING)
		rc = adopt(&b);
	if (rc == OCF_NOT_RUNNING)
		rc = cold(&b);
	close(b.turn);
	return rc;
}
