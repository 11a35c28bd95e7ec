// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The decisions of ocf:taiki:domain, without I/O.
 */
#include <errno.h>
#include <string.h>

#include "hv/adopt.h"
#include "hv/role.h"

#include "domain.h"

/*
 * A disk that hangs is shown after so long.  It is no failure by itself: what hangs for every
 * host would have every host fenced, since no stop can be proven.
 */
enum { OWING_MS = 30000 };

/* QMP's run states.  What is not here is a state this agent does not know: failed. */
static const struct {
	const char *status;
	struct domain_verdict verdict;
} states[] = {
	{"running", {OCF_SUCCESS, STOP_ORDERED, "is running"}},
	{"paused", {OCF_DEGRADED, STOP_RESUME, "is paused by an administrator"}},
	{"prelaunch", {OCF_DEGRADED, STOP_KILL, "was started paused and has not run yet"}},
	{"shutdown", {OCF_ERR_GENERIC, STOP_KILL, "has powered itself off and was preserved"}},
	{"guest-panicked", {OCF_ERR_GENERIC, STOP_KILL, "has panicked"}},
	{"internal-error", {OCF_ERR_GENERIC, STOP_KILL, "stopped: its engine could not go on"}},
	{"io-error", {OCF_ERR_GENERIC, STOP_KILL, "is paused: its storage failed"}},
	{"watchdog", {OCF_ERR_GENERIC, STOP_KILL, "was stopped by its watchdog"}},
};

/* refine() - Where a state's verdict depends on how long it has lasted. */
static void refine(const struct domain_view *v, struct domain_verdict *verdict)
{
	bool waits = !strcmp(v->status, "io-error") && v->io_error_ms < v->io_grace_ms;

	/* It goes on by itself where its disk is back in time; there is nothing to save either way. */
	if (waits) {
		verdict->rc = OCF_DEGRADED;
		verdict->what = "is paused: its storage failed; it goes on when that is back";
	} else if (verdict->rc == OCF_SUCCESS && v->owing_ms >= OWING_MS) {
		verdict->rc = OCF_DEGRADED;
		verdict->what = "runs, but a disk of its has not answered for long (hv info)";
	} else if (verdict->rc == OCF_SUCCESS && v->role != ROLE_FINE) {
		verdict->rc = OCF_DEGRADED;
		verdict->what =
			v->role == ROLE_FAILED
				? "runs, but a script of its role failed in the guest"
				: "runs, but its guest has not taken the role that it was told";
	}
}

struct domain_verdict domain_judge(const struct domain_view *v)
{
	switch (v->presence) {
	case HV_ABSENT: return (struct domain_verdict){OCF_NOT_RUNNING, STOP_DONE, "does not run"};
	case HV_UNKNOWN:
		return (struct domain_verdict){OCF_ERR_GENERIC, STOP_KILL,
					       "may run or not: cannot tell"};
	case HV_PRESENT: break;
	}
	/* Some of its disks may be closed, and its guest may not know what it is to do. */
	if (v->adopting)
		return (struct domain_verdict){OCF_ERR_GENERIC, STOP_KILL,
					       "is a standby whose adoption was not completed"};
	if (v->qmp)
		return (struct domain_verdict){OCF_ERR_GENERIC, STOP_KILL,
					       "has a process, but cannot tell its state"};
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct domain_verdict verdict = states[i].verdict;

		if (strcmp(states[i].status, v->status))
			continue;
		refine(v, &verdict);
		/* Who does not beat does not hear the power button either (design 5.8). */
		if (v->failed && verdict.stop != STOP_KILL) {
			verdict.stop = STOP_KILL;
			verdict.what = "was found failed by heartbeat";
		}
		return verdict;
	}
	return (struct domain_verdict){OCF_ERR_GENERIC, STOP_KILL,
				       "is in a state this agent does not know"};
}

enum domain_role domain_role(const char *kept, const char *last, int64_t told_ms,
			     int64_t patience_ms)
{
	struct hv_role told, said;

	if (!kept || !last || hv_role_parse(kept, strlen(kept), &told))
		return ROLE_FINE;
	if (!hv_role_parse(last, strlen(last), &said) && said.seq == told.seq)
		return said.status ? ROLE_FAILED : ROLE_FINE;
	return patience_ms > 0 && told_ms >= patience_ms ? ROLE_UNTAKEN : ROLE_FINE;
}

int domain_ordered_ms(int timeout_ms, int wanted_ms)
{
	/* A fifth for the kill, 3 to 15 seconds, but never more than half. */
	int reserve = timeout_ms / 5;

	if (reserve < 3000)
		reserve = 3000;
	if (reserve > 15000)
		reserve = 15000;
	if (reserve > timeout_ms / 2)
		reserve = timeout_ms / 2;
	if (wanted_ms > 0 && wanted_ms < timeout_ms - reserve)
		return wanted_ms;
	return timeout_ms - reserve;
}

enum ocf_rc domain_launch_rc(int rc)
{
	switch (-rc) {
	case 0: return OCF_SUCCESS;
	/* Something it needs is not on this host; it may be on another. */
	case ENOENT:
	case ENOTDIR:
	case ENODEV:
	case ENXIO:
	case EOPNOTSUPP:
	case ENOSYS: return OCF_ERR_INSTALLED;
	case EACCES:
	case EPERM:
	case EROFS: return OCF_ERR_PERM;
	default: return OCF_ERR_GENERIC;
	}
}

enum domain_owner domain_owner(const struct domain_seen *s, const char *resource)
{
	if (s->resource)
		return strcmp(s->resource, resource) ? OWNER_OTHER : OWNER_US;
	return s->presence == HV_ABSENT ? OWNER_OTHER : OWNER_UNSAID;
}

int domain_adopt_from(const char *text, unsigned *from)
{
	static const struct {
		const char *text;
		unsigned from;
	} table[] = {
		{"none", 0},
		{"twin", HV_ADOPT_TWIN},
		{"spare", HV_ADOPT_SPARE},
		{"twin,spare", HV_ADOPT_TWIN | HV_ADOPT_SPARE},
		{"spare,twin", HV_ADOPT_TWIN | HV_ADOPT_SPARE}, /* there is one order */
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(table[i].text, text)) {
			*from = table[i].from;
			return 0;
		}
	return -EINVAL;
}
