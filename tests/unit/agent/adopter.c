// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * adopter DEFINITION AT: adopts as the agent does for $OCF_RESOURCE_INSTANCE, and dies on the way, or
 * lets the standby die.  AT is "step:NAME" (killed when that step is reached), "call:N" (killed
 * before the N-th change of a run directory), "domain:NAME" (hv-domain is killed at that
 * step), "stop:NAME" (stands still there, SIGSTOP) or "never".  Prints hv_adopt()'s result, and
 * its error.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/adopt.h"
#include "hv/definition.h"
#include "hv/rundir.h"
#include "hvcore/lib/probe.h"
#include "hvcore/lib/run_file.h"
#include "hvcore/lib/turn.h"

static const char *at;
static unsigned calls;

/* The linker puts these before libhv's own (--wrap). */
int __real_hv_run_put(const char *name, const char *file, const char *text, struct hv_error *err);
int __wrap_hv_run_put(const char *name, const char *file, const char *text, struct hv_error *err);
int __real_hv_run_rename(const char *from, const char *to, struct hv_error *err);
int __wrap_hv_run_rename(const char *from, const char *to, struct hv_error *err);
int __real_hv_run_remove(const char *name, struct hv_error *err);
int __wrap_hv_run_remove(const char *name, struct hv_error *err);

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

static void reached(void *arg, enum hv_adopt_step step, const char *standby, uint64_t ns)
{
	const char *domain = arg, *name = hv_adopt_step_name(step);
	pid_t pid = 0;

	if (!strncmp(at, "step:", 5) && !strcmp(at + 5, name))
		raise(SIGKILL);
	if (!strncmp(at, "stop:", 5) && !strcmp(at + 5, name))
		raise(SIGSTOP);
	if (strncmp(at, "domain:", 7) != 0 || strcmp(at + 7, name) != 0)
		return;
	if (hv_presence(domain, &pid, NULL) != HV_PRESENT)
		hv_presence(standby, &pid, NULL);
	if (!pid || kill(pid, SIGKILL))
		printf("nobody to kill at %s\n", name);
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
