// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "report.h"

enum report_step report_decide(const struct report_view *v)
{
	/* The order is the argument: who else acts on it comes before what is to be done. */
	if (v->incarnation && strcmp(v->incarnation, v->judged))
		return REPORT_OUTRUN;
	if (v->intended)
		return REPORT_INTENDED;
	if (v->starting)
		return REPORT_LATER;
	if (!v->incarnation || (v->was_owned && !v->resource))
		return REPORT_OUTRUN;
	if (v->recovered)
		return REPORT_RECOVERED;
	if (v->reported)
		return REPORT_REPEATED;
	if (!v->resource || !v->resource[0])
		return REPORT_NOBODY;
	if (v->notify_only)
		return REPORT_NOTIFIED;
	return REPORT_SEND;
}

const char *report_step_text(enum report_step s)
{
	static const char *const text[REPORT_STEPS] = {
		[REPORT_SEND] = "told to Pacemaker",
		[REPORT_LATER] = "waits for who starts or ends it at this moment",
		[REPORT_NOBODY] = "nobody to tell: it belongs to no cluster resource",
		[REPORT_NOTIFIED] = "not told to Pacemaker, as its definition says: action notify",
		[REPORT_REPEATED] = "Pacemaker was told of this incarnation before",
		[REPORT_INTENDED] = "not told to Pacemaker: its agent ends or moves it",
		[REPORT_RECOVERED] = "not told to Pacemaker: it came back by itself before",
		[REPORT_MAINTENANCE] = "not told to Pacemaker while it is in maintenance",
		[REPORT_OUTRUN] = "not told to Pacemaker: it was stopped or started anew meanwhile",
	};

	return text[s];
}

int64_t report_backoff(unsigned tries)
{
	/* 20, 40, 80, ... ms, at most 2 s: a controller is back within seconds, or not for long. */
	return (tries >= 8 ? 2000 : 10LL << tries) * 1000000;
}
