// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is left of a map.  Fewer paths than wanted is degraded; fewer than the minimum is degraded as long
 * as a domain on it may wait for its disk, and failed then.  Pure.
 */
#include "multipath.h"

static void note(int64_t *since, bool is, int64_t now)
{
	/* A time to come is another boot's. */
	if (!is)
		*since = 0;
	else if (!*since || *since > now)
		*since = now > 0 ? now : 1;
}

static enum multipath_act act_of(const struct multipath_map *m, const struct multipath_limits *l,
				 const struct multipath_past *past, int64_t now)
{
	if (m->working)
		return past->unqueued ? MULTIPATH_REQUEUE : MULTIPATH_NOTHING;
	if (m->queueing == MULTIPATH_WAITS && l->queue_ms && now - past->none_since >= l->queue_ms)
		return MULTIPATH_UNQUEUE;
	return MULTIPATH_NOTHING;
}

static const char *without_paths(const struct multipath_map *m)
{
	static const char *const what[] = {
		[MULTIPATH_FAILS] = "has no path, and its I/O fails",
		[MULTIPATH_WAITS_BOUNDED] = "has no path; its I/O waits for no_path_retry's time",
		[MULTIPATH_WAITS] = "has no path, and its I/O waits (queue_if_no_path)",
	};

	return what[m->queueing];
}

struct multipath_verdict multipath_judge(const struct multipath_map *m, unsigned up,
					 const struct multipath_limits *l,
					 struct multipath_past *past, int64_t now)
{
	struct multipath_verdict v = {OCF_SUCCESS, MULTIPATH_NOTHING, "has its paths"};

	note(&past->short_since, m->working < l->minimum || !m->working, now);
	note(&past->none_since, !m->working, now);
	v.act = act_of(m, l, past, now);
	if (past->short_since) {
		v.rc = now - past->short_since < l->grace_ms ? OCF_DEGRADED : OCF_ERR_GENERIC;
		v.what = m->working ? "has fewer paths than the minimum" : without_paths(m);
	} else if (up < l->wanted) {
		v.rc = OCF_DEGRADED;
		v.what = m->working < l->wanted ? "has fewer paths than wanted"
						: "has a path that is only just back";
	} else if (m->suspended) {
		v.rc = OCF_DEGRADED;
		v.what = "is suspended: nothing passes until multipathd resumes it";
	}
	return v;
}
