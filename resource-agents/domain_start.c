// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * start, and validate-all, which is the first half of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/definition.h"
#include "hv/launch.h"
#include "hv/ledger.h"

#include "domain.h"
#include "fencing_enabled.h"

enum {
	CONFLICTS_TIMEOUT_MS = 5000,
	FENCING_TIMEOUT_MS = 10000,
	LEAVE_MS = 1000, /* of the timeout, to say what went wrong */
};

static int at_most(int ms)
{
	int left = ocf_left_ms() - LEAVE_MS;

	return left < ms ? (left > 0 ? left : 1) : ms;
}

/* prerequisites() - What has to hold whatever the definition says. */
static enum ocf_rc prerequisites(void)
{
	const char *timeout = ocf_param("shutdown_timeout"), *ledger = ocf_param("ledger");

	if (!*ocf_instance())
		return ocf_exit_reason(OCF_ERR_ARGS,
				       "OCF_RESOURCE_INSTANCE is not set: an agent is "
				       "run by Pacemaker, or by ocf-tester");
	if (ocf_is_clone())
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "%s is a clone; a domain runs once: take the clone away",
				       ocf_instance());
	if (timeout && ocf_parse_ms(timeout) < 0)
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "parameter shutdown_timeout: \"%s\" is not a time; write "
				       "\"60s\"",
				       timeout);
	if (ledger && strcmp(ledger, "ignore") && strcmp(ledger, "refuse"))
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "parameter ledger: \"%s\" is not \"refuse\" or \"ignore\"",
				       ledger);
	return OCF_SUCCESS;
}

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
	on = fencing_enabled(at_most(FENCING_TIMEOUT_MS), &err);
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

/* already() - What start says of a domain of ours that is there: started is started. */
static enum ocf_rc already(const char *name)
{
	struct domain_view v;
	struct domain_verdict verdict;

	domain_look(name, at_most(ocf_timeout_ms() / 2), &v);
	verdict = domain_judge(&v);
	if (verdict.rc == OCF_SUCCESS || verdict.rc == OCF_NOT_RUNNING)
		return verdict.rc;
	if (verdict.rc == OCF_DEGRADED) {
		ocf_log("WARNING", "domain %s %s, and stays so", name, verdict.what);
		return OCF_SUCCESS;
	}
	return ocf_exit_reason(OCF_ERR_GENERIC, "domain %s %s; stop it first", name, verdict.what);
}

bool domain_ignores_ledger(void)
{
	const char *ledger = ocf_param("ledger");

	return ledger && !strcmp(ledger, "ignore");
}

/* A step of a squeeze. */
static void said(void *arg, const char *name, const char *line)
{
	(void)arg;
	ocf_log("INFO", "domain %s %s", name, line);
}

static enum ocf_rc launch(const struct hv_config *c, const char *text)
{
	struct hv_error err = {""};
	struct domain_view v;
	bool fencing;
	enum ocf_rc rc;
	int res;

	rc = guard(c, &fencing);
	if (rc)
		return rc;
	struct hv_launch l = {
		.config = c,
		.definition = text,
		.resource = ocf_instance(),
		.fencing_enabled = fencing,
		.timeout_ms = at_most(ocf_timeout_ms()),
	};
	/* The ledger is the last line: it has the numbers, where the cluster's booking was wrong. */
	res = hv_ledger_launch(&l, NULL, domain_ignores_ledger() ? HV_LEDGER_FORCE : 0, said, NULL,
			       &err);
	if (res)
		return ocf_exit_reason(domain_launch_rc(res), "%s",
				       err.text[0] ? err.text : strerror(-res));
	domain_look(c->name, at_most(ocf_timeout_ms()), &v);
	struct domain_verdict verdict = domain_judge(&v);
	if (verdict.rc != OCF_SUCCESS)
		return ocf_exit_reason(OCF_ERR_GENERIC, "domain %s was started, but %s%s%s",
				       c->name, verdict.what, v.err.text[0] ? ": " : "",
				       v.err.text);
	ocf_log("INFO", "domain %s is running", c->name);
	return OCF_SUCCESS;
}

enum ocf_rc domain_start(void)
{
	struct domain_list l = {0};
	struct hv_error err;
	struct hv_config c;
	char *text = NULL;
	enum ocf_rc rc = prerequisites();

	if (rc)
		return rc;
	if (domain_find(&l)) {
		rc = ocf_exit_reason(OCF_ERR_GENERIC, "%s", l.err.text);
		goto out_list;
	}
	rc = l.running ? already(l.name[0]) : OCF_NOT_RUNNING;
	if (rc != OCF_NOT_RUNNING)
		goto out_list;
	rc = domain_config(&c, &text, &err);
	if (rc) {
		ocf_exit_reason(rc, "%s", err.text);
		goto out_list;
	}
	domain_resources(&c);
	if (hv_conflicts(&c, at_most(CONFLICTS_TIMEOUT_MS), &err))
		rc = ocf_exit_reason(OCF_ERR_GENERIC, "%s", err.text);
	else
		rc = launch(&c, text);
	if (!rc)
		domain_resources_started(c.name);
	hv_config_free(&c);
	free(text);
out_list:
	domain_list_free(&l);
	return rc;
}

/* files() - Whether what the domain is made of is on this host. */
static enum ocf_rc files(const struct hv_config *c)
{
	const char *const boot[] = {c->kernel, c->initrd, c->loader};

	for (size_t i = 0; i < sizeof(boot) / sizeof(boot[0]); i++)
		if (boot[i] && access(boot[i], R_OK))
			return ocf_exit_reason(OCF_ERR_INSTALLED, "%s: %s; install it on this host",
					       boot[i], strerror(errno));
	for (unsigned i = 0; i < c->ndisks; i++)
		if (access(c->disk[i].path, c->disk[i].readonly ? R_OK : R_OK | W_OK))
			return ocf_exit_reason(OCF_ERR_INSTALLED, "disk %s: %s: %s",
					       c->disk[i].target, c->disk[i].path, strerror(errno));
	return OCF_SUCCESS;
}

enum ocf_rc domain_validate(void)
{
	struct hv_error err;
	struct hv_config c;
	enum ocf_rc rc = prerequisites();

	if (rc)
		return rc;
	rc = domain_config(&c, NULL, &err);
	if (rc)
		return ocf_exit_reason(rc, "%s", err.text);
	rc = domain_resources_validate(&c);
	if (!rc && ocf_check_level() >= 10)
		rc = files(&c);
	hv_config_free(&c);
	return rc;
}
