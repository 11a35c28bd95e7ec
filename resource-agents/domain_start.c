// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * start, and validate-all, which is the first half of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hvcore/lib/turn.h"

#include "domain.h"

enum {
	LEAVE_MS = 1000, /* of the timeout, to say what went wrong */
	STEP_US = 20000, /* between two looks at an adoption that somebody else is at */
};

int domain_at_most(int ms)
{
	int left = ocf_left_ms() - LEAVE_MS;

	return left < ms ? (left > 0 ? left : 1) : ms;
}

/* prerequisites() - What has to hold whatever the definition says. */
static enum ocf_rc prerequisites(void)
{
	static const char *const times[] = {"shutdown_timeout", "role_timeout"};
	const char *ledger = ocf_param("ledger");
	unsigned from;

	if (!*ocf_instance())
		return ocf_exit_reason(OCF_ERR_ARGS,
				       "OCF_RESOURCE_INSTANCE is not set: an agent is "
				       "run by Pacemaker, or by ocf-tester");
	if (ocf_is_clone())
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "%s is a clone; a domain runs once: take the clone away",
				       ocf_instance());
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (ocf_param(times[i]) && ocf_param_ms(times[i]) < 0)
			return ocf_exit_reason(OCF_ERR_CONFIGURED,
					       "parameter %s: \"%s\" is not a time; write "
					       "\"60s\"",
					       times[i], ocf_param(times[i]));
	if (ledger && strcmp(ledger, "ignore") && strcmp(ledger, "refuse"))
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "parameter ledger: \"%s\" is not \"refuse\" or \"ignore\"",
				       ledger);
	if (domain_adopt_from(ocf_param("standby"), &from))
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "parameter standby: \"%s\" is not one of twin, spare, "
				       "\"twin,spare\" and none",
				       ocf_param("standby"));
	return OCF_SUCCESS;
}

/* wait_adopted() - Another start of it may be at that; it is waited for. */
static void wait_adopted(const char *name, struct domain_view *v)
{
	int64_t until = ocf_now_ms() + domain_at_most(ocf_timeout_ms() / 2);

	while (v->adopting && hv_turn_taken(name) && ocf_now_ms() < until) {
		usleep(STEP_US);
		domain_look(name, domain_at_most(ocf_timeout_ms() / 2), v);
	}
}

enum ocf_rc domain_already(const char *name)
{
	struct domain_view v;
	struct domain_verdict verdict;

	domain_look(name, domain_at_most(ocf_timeout_ms() / 2), &v);
	wait_adopted(name, &v);
	verdict = domain_judge(&v);
	if (verdict.rc == OCF_SUCCESS || verdict.rc == OCF_NOT_RUNNING)
		return verdict.rc;
	if (verdict.rc == OCF_DEGRADED) {
		ocf_log("WARNING", "domain %s %s, and stays so", name, verdict.what);
		return OCF_SUCCESS;
	}
	return ocf_exit_reason(OCF_ERR_GENERIC, "domain %s %s; stop it first", name, verdict.what);
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
	rc = l.running ? domain_already(l.name[0]) : OCF_NOT_RUNNING;
	if (rc != OCF_NOT_RUNNING)
		goto out_list;
	rc = domain_config(&c, &text, &err);
	if (rc) {
		ocf_exit_reason(rc, "%s", err.text);
		goto out_list;
	}
	domain_resources(&c);
	rc = domain_bring_up(&c, text);
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
