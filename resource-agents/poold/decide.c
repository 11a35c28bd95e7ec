// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>

#include "decide.h"

enum {
	TRANSIT_MS = 500, /* a lock that is let go of tells nobody */
	BACKOFF_MS = 1000,
	BACKOFF_MAX_MS = 300000,
};

struct when {
	const struct pool_place *p;
	const struct pool_limits *l;
	int64_t now;
};

static bool busy(const struct when *w)
{
	return w->p->busy;
}
static bool claimed(const struct when *w)
{
	return w->p->claimed;
}
static bool unknown(const struct when *w)
{
	return w->p->presence == HV_UNKNOWN;
}
static bool starting(const struct when *w)
{
	return w->p->domain == POOL_STARTING;
}
static bool undecided(const struct when *w)
{
	return w->p->undecided;
}
static bool too_soon(const struct when *w)
{
	return w->now < w->p->not_before;
}
static bool runs(const struct when *w)
{
	return w->p->presence == HV_PRESENT;
}
static bool runs_unwanted(const struct when *w)
{
	return runs(w) && !w->p->wanted;
}
static bool runs_for_another(const struct when *w)
{
	return runs(w) && !w->p->ours;
}
static bool runs_beside_its_domain(const struct when *w)
{
	return runs(w) && w->p->domain == POOL_HERE;
}
static bool runs_stale(const struct when *w)
{
	return runs(w) && w->p->stale;
}
static bool is_lost(const struct when *w)
{
	return runs(w) && w->p->guest == POOL_LOST;
}

static bool late(const struct when *w, int64_t grace)
{
	return grace && w->now - w->p->since >= grace;
}
static bool boots_too_long(const struct when *w)
{
	return runs(w) && (w->p->guest == POOL_BOOTING || w->p->guest == POOL_UNSEEN) &&
	       late(w, w->l->boot_timeout);
}
static bool paused_too_long(const struct when *w)
{
	return runs(w) && w->p->guest == POOL_PAUSED && late(w, w->l->pause_grace);
}
static bool boots(const struct when *w)
{
	return runs(w) && (w->p->guest == POOL_BOOTING || w->p->guest == POOL_UNSEEN);
}
static bool paused(const struct when *w)
{
	return runs(w) && w->p->guest == POOL_PAUSED;
}
static bool remains_unwanted(const struct when *w)
{
	return w->p->remains && (!w->p->wanted || w->p->domain == POOL_HERE);
}
static bool unwanted(const struct when *w)
{
	return !w->p->wanted;
}
static bool beside_its_domain(const struct when *w)
{
	return w->p->domain == POOL_HERE;
}
static bool otherwise(const struct when *w)
{
	return true;
}

/*
 * The first that holds counts.  Down to too_soon it is somebody's turn; then follow the
 * places with a process, then those without.
 */
static const struct rule {
	bool (*holds)(const struct when *w);
	enum pool_do what;
	const char *why;
	bool failed;
} rules[] = {
	{busy, POOL_WAIT, "a step is under way"},
	{claimed, POOL_WAIT, "it is being adopted"},
	{unknown, POOL_WAIT, "whether it runs cannot be told"},
	{starting, POOL_WAIT, "its domain is being started here, or cannot be told to be off"},
	{undecided, POOL_WAIT, "what it is to be is not known yet"},
	{too_soon, POOL_WAIT, "it failed, and is tried again later"},

	{runs_for_another, POOL_KILL, "it is half adopted, and who adopted it is gone"},
	{runs_unwanted, POOL_KILL, "it is not wanted any more"},
	{runs_beside_its_domain, POOL_KILL, "its domain runs on this host"},
	{is_lost, POOL_KILL, "its guest is lost", true},
	{runs_stale, POOL_KILL, "its definition has changed"},
	{boots_too_long, POOL_KILL, "it was not ready in time", true},
	{paused_too_long, POOL_KILL, "it was paused for too long", true},
	{boots, POOL_WAIT, "it boots"},
	{paused, POOL_WAIT, "it is paused"},
	{runs, POOL_WAIT, "it is ready"},

	{remains_unwanted, POOL_CLEAN, "its run directory is left"},
	{unwanted, POOL_WAIT, "it is not wanted"},
	{beside_its_domain, POOL_WAIT, "its domain runs on this host"},
	{otherwise, POOL_LAUNCH, "it is missing"},
};

static struct pool_step judge(const struct when *w)
{
	size_t i = 0;

	while (!rules[i].holds(w))
		i++;
	return (struct pool_step){
		.what = rules[i].what, .why = rules[i].why, .failed = rules[i].failed};
}

struct pool_step pool_judge(const struct pool_place *p, const struct pool_limits *l, int64_t now)
{
	return judge(&(struct when){p, l, now});
}

/* wake_of() - When a place that waits is to be looked at again though nothing happens. */
static int64_t wake_of(const struct when *w)
{
	const struct pool_place *p = w->p;

	if (p->busy)
		return POOL_NEVER;
	if (p->claimed || p->domain == POOL_STARTING || p->presence == HV_UNKNOWN)
		return w->now + TRANSIT_MS;
	if (too_soon(w))
		return p->not_before;
	if (boots(w) && w->l->boot_timeout)
		return p->since + w->l->boot_timeout;
	if (paused(w) && w->l->pause_grace)
		return p->since + w->l->pause_grace;
	return POOL_NEVER;
}

/* counts_as_boot() - Whether it takes what a booting guest takes. */
static bool counts_as_boot(const struct when *w)
{
	return w->p->launching || (!w->p->busy && !w->p->claimed && w->p->ours && boots(w));
}

struct pool_step pool_decide(const struct pool_place *p, unsigned n, const struct pool_limits *l,
			     int64_t now, int64_t *wake)
{
	struct pool_step launch = {.what = POOL_WAIT, .why = "there is nothing to do"};
	unsigned booting = 0;

	*wake = POOL_NEVER;
	for (unsigned i = 0; i < n; i++) {
		struct when w = {&p[i], l, now};
		struct pool_step s = judge(&w);

		s.at = i;
		booting += counts_as_boot(&w);
		/* What frees something goes before what takes something. */
		if (s.what == POOL_KILL || s.what == POOL_CLEAN)
			return s;
		/* Twins before spares, each in the order they were named in. */
		if (s.what == POOL_LAUNCH &&
		    (launch.what != POOL_LAUNCH || (p[launch.at].spare && !p[i].spare)))
			launch = s;
		if (s.what == POOL_WAIT && wake_of(&w) < *wake)
			*wake = wake_of(&w);
	}
	if (launch.what == POOL_LAUNCH && booting >= l->boots)
		launch = (struct pool_step){.what = POOL_WAIT, .why = "another guest boots"};
	return launch;
}

bool pool_ready(const struct pool_place *p)
{
	return p->wanted && p->ours && p->presence == HV_PRESENT && p->guest == POOL_READY &&
	       !p->stale && !p->claimed && !p->busy && p->domain != POOL_HERE;
}

int64_t pool_backoff(unsigned failures)
{
	int64_t ms = BACKOFF_MS;

	if (!failures)
		return 0;
	while (--failures && ms < BACKOFF_MAX_MS)
		ms *= 2;
	return ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
}
