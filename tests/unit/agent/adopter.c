// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * adopter DEFINITION AT: adopts as the agent does for $OCF_RESOURCE_INSTANCE, and dies on the way, or
 * lets the standby die.  AT is "step:NAME" (killed when that step is reached), "call:N" (killed
 * before the N-th change of a run directory), "domain:NAME" (hv-domain is killed at that
 * step), "hang:NAME" (hv-domain stands still from that step on, SIGSTOP), "stop:NAME" (the
 * adopter does) or "never".  Prints hv_adopt()'s result, and
 * its error.
 *
 * $READY: the standby whose guest has said that it is booted, which guests of one page cannot say.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/adopt.h"
#include "hv/definition.h"
#include "hv/qmp.h"
#include "hv/rundir.h"
#include "hvcore/lib/probe.h"
#include "hvcore/lib/run_file.h"
#include "hvcore/lib/turn.h"

static const char *at;
static unsigned calls;
static bool asks_ready; /* whoever was asked last */

/* The linker puts these before libhv's own (--wrap). */
int __real_hv_run_put(const char *name, const char *file, const char *text, struct hv_error *err);
int __wrap_hv_run_put(const char *name, const char *file, const char *text, struct hv_error *err);
int __real_hv_run_rename(const char *from, const char *to, struct hv_error *err);
int __wrap_hv_run_rename(const char *from, const char *to, struct hv_error *err);
int __real_hv_run_remove(const char *name, struct hv_error *err);
int __wrap_hv_run_remove(const char *name, struct hv_error *err);

int __real_hv_qmp_open_domain(const char *name, int timeout_ms, struct hv_qmp **out,
			      struct hv_error *err);
int __wrap_hv_qmp_open_domain(const char *name, int timeout_ms, struct hv_qmp **out,
			      struct hv_error *err);
int __real_hv_qmp_call(struct hv_qmp *q, const char *command, json_t *args, int timeout_ms,
		       json_t **ret, struct hv_error *err);
int __wrap_hv_qmp_call(struct hv_qmp *q, const char *command, json_t *args, int timeout_ms,
		       json_t **ret, struct hv_error *err);

static void call(void)
{
	char now[32];

	snprintf(now, sizeof(now), "call:%u", ++calls);
	if (!strcmp(now, at))
		raise(SIGKILL);
}

int __wrap_hv_run_put(const char *name, const char *file, const char *text, struct hv_error *err)
{
	call();
	return __real_hv_run_put(name, file, text, err);
}

int __wrap_hv_run_rename(const char *from, const char *to, struct hv_error *err)
{
	call();
	return __real_hv_run_rename(from, to, err);
}

int __wrap_hv_run_remove(const char *name, struct hv_error *err)
{
	call();
	return __real_hv_run_remove(name, err);
}

int __wrap_hv_qmp_open_domain(const char *name, int timeout_ms, struct hv_qmp **out,
			      struct hv_error *err)
{
	const char *ready = getenv("READY");

	asks_ready = ready && !strcmp(ready, name);
	return __real_hv_qmp_open_domain(name, timeout_ms, out, err);
}

int __wrap_hv_qmp_call(struct hv_qmp *q, const char *command, json_t *args, int timeout_ms,
		       json_t **ret, struct hv_error *err)
{
	if (!asks_ready || strcmp(command, "x-taiki-query-role") != 0)
		return __real_hv_qmp_call(q, command, args, timeout_ms, ret, err);
	*ret = json_pack("{s:b, s:s}", "open", 1, "last", "hello");
	return 0;
}

/* to_domain() - Send @sig to the hv-domain of @domain, which may still be called @standby. */
static void to_domain(const char *domain, const char *standby, int sig)
{
	pid_t pid = 0;

	if (hv_presence(domain, &pid, NULL) != HV_PRESENT)
		hv_presence(standby, &pid, NULL);
	if (!pid || kill(pid, sig))
		printf("nobody to kill at %s\n", strchr(at, ':') + 1);
}

static void reached(void *arg, enum hv_adopt_step step, const char *standby, uint64_t ns)
{
	static const struct {
		const char *how;
		int sig;
		bool domain;
	} faults[] = {
		{"step:", SIGKILL, false},
		{"stop:", SIGSTOP, false},
		{"domain:", SIGKILL, true},
		{"hang:", SIGSTOP, true},
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		size_t n = strlen(faults[i].how);

		if (strncmp(at, faults[i].how, n) != 0 ||
		    strcmp(at + n, hv_adopt_step_name(step)) != 0)
			continue;
		if (faults[i].domain)
			to_domain(arg, standby, faults[i].sig);
		else
			raise(faults[i].sig);
	}
}

int main(int argc, char **argv)
{
	struct hv_error err = {""};
	struct hv_definition d;
	struct hv_adopt a = {.config = &d.config,
			     .resource = getenv("OCF_RESOURCE_INSTANCE"),
			     .from = HV_ADOPT_TWIN | HV_ADOPT_SPARE,
			     .fencing_enabled = true,
			     .timeout_ms = 10000,
			     .step = reached};
	int rc, turn;

	if (argc != 3 || !a.resource)
		return 2;
	at = argv[2];
	rc = hv_definition_load(&d, argv[1], &err);
	if (rc)
		goto out;
	a.definition = d.text;
	a.arg = d.config.name;
	turn = hv_turn(d.config.name, hv_clock_ms() + a.timeout_ms, &err);
	a.turn = &turn;
	rc = turn < 0 ? turn : hv_adopt(&a, &err);
out:
	printf("%s %s\n", rc ? strerrorname_np(-rc) : "adopted", err.text);
	hv_definition_free(&d);
	return rc != 0;
}
