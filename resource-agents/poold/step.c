// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is decided is done: one look, all the steps that follow, and what the cluster is told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>

#include "hv/daemon.h"

#include "poold.h"

enum {
	STIR_MS = 5,               /* what happens together is looked at together */
	AGAIN_MS = 500,            /* somebody else was faster */
	JOB_MS = 120000,           /* at most; each has deadlines of its own */
	COPY_MS = 6 * 3600 * 1000, /* an image */
	PAUSE_GRACE_MS = 60000,
	STEPS_MAX = 4096,
	LAUNCH_PAUSE_MS = 20,
};

static const char *const verbs[] = {"waits", "is made", "is ended", "is cleared away"};

void step_failed(struct place *p, const char *what, const char *why)
{
	p->failures++;
	p->p.not_before = pool_now() + pool_backoff(p->failures);
	if (why != p->why)
		snprintf(p->why, sizeof(p->why), "%s", why);
	hv_log_line(LOG_WARNING, "%s: %s: %s; tried again in %lld s", p->name, what, why,
		    (long long)(pool_backoff(p->failures) + 999) / 1000);
}

static void launched(struct place *p, int rc, const char *why)
{
	if (!rc) {
		hv_log_line(LOG_INFO, "%s: made; it boots", p->name);
		p->expected = true;
		return;
	}
	if (rc == -EBUSY || rc == -EEXIST)
		p->p.not_before = pool_now() + AGAIN_MS;
	else
		step_failed(p, "cannot be made", why);
}

static void killed(struct place *p, int rc, const char *why)
{
	p->expected = p->expected && rc;
	if (rc == -EBUSY) {
		p->p.not_before = pool_now() + AGAIN_MS;
	} else if (rc) {
		step_failed(p, "its end is not proven", why);
	} else if (p->doing_failed) {
		step_failed(p, "ended", p->why);
	} else {
		hv_log_line(LOG_INFO, "%s: ended, proven", p->name);
	}
}

static void done(void *owner, int rc, char *text, size_t len)
{
	struct place *p = owner;
	const char *why = text && *text ? text : strerror(rc < 0 ? -rc : EIO);

	if (p->doing == POOL_LAUNCH)
		launched(p, rc, why);
	else
		killed(p, rc, why);
	p->doing = POOL_WAIT;
	pool_stir(p->d);
}

static void act(struct place *p, const struct pool_step *s)
{
	static int (*const works[])(const void *, struct job_answer *) = {NULL, work_launch,
									  work_kill, work_clean};
	int rc;

	hv_log_line(LOG_INFO, "%s %s: %s", p->name, verbs[s->what], s->why);
	/* What the guest said itself says more than the rule does. */
	if (s->failed && p->p.guest != POOL_LOST)
		snprintf(p->why, sizeof(p->why), "%s", s->why);
	p->doing = s->what;
	p->doing_failed = s->failed;
	p->job.done = done;
	p->job.owner = p;
	rc = job_start(&p->job, works[s->what], p,
		       s->what == POOL_LAUNCH && p->p.spare ? COPY_MS : JOB_MS);
	if (rc) {
		p->doing = POOL_WAIT;
		step_failed(p, "no process for it", strerror(-rc));
	}
}

static void wake(void *data)
{
	pool_stir(data);
}

/* ready_at() - When a guest that says nothing counts as ready. */
static int64_t ready_at(const struct poold *d)
{
	int64_t at = POOL_NEVER;

	for (const struct place *p = d->places; p && d->settings.ready_after_ms; p = p->next)
		if (p->p.guest == POOL_BOOTING && p->began + d->settings.ready_after_ms < at)
			at = p->began + d->settings.ready_after_ms;
	return at;
}

static void set_wake(struct poold *d, int64_t at)
{
	int64_t ready = ready_at(d), now = pool_now();

	timer_clear(&d->wake);
	at = ready < at ? ready : at;
	if (at != POOL_NEVER)
		timer_set(&d->wake, (at > now ? at - now : 1) * NS_PER_MS, d, wake);
}

/* gather() - The places as pool_decide() takes them, in the same order; NULL: no memory. */
static struct pool_place *gather(struct poold *d, struct place ***which, unsigned *n)
{
	struct pool_place *all;

	*n = 0;
	for (struct place *p = d->places; p; p = p->next)
		++*n;
	all = calloc(*n + 1, sizeof(*all));
	*which = calloc(*n + 1, sizeof(**which));
	if (!all || !*which) {
		free(all);
		free(*which);
		hv_log_line(LOG_ERR, "out of memory");
		return NULL;
	}
	*n = 0;
	for (struct place *p = d->places; p; p = p->next) {
		p->p.busy = job_runs(&p->job);
		p->p.launching = p->p.busy && p->doing == POOL_LAUNCH;
		(*which)[*n] = p;
		all[(*n)++] = p->p;
	}
	return all;
}

static void turn(void *data)
{
	struct poold *d = data;
	struct pool_limits l = {.boots = d->settings.boots,
				.boot_timeout = d->settings.boot_timeout_ms,
				.pause_grace = PAUSE_GRACE_MS};
	struct place **which;
	struct pool_step s;
	int64_t at = POOL_NEVER;

	if (d->ending)
		return;
	places_look(d);
	for (unsigned i = 0; i < STEPS_MAX; i++) {
		unsigned n;
		struct pool_place *all = gather(d, &which, &n);

		if (!all)
			break;
		s = pool_decide(all, n, &l, pool_now(), &at);
		if (s.what != POOL_WAIT)
			act(which[s.at], &s);
		free(all);
		free(which);
		if (s.what == POOL_WAIT)
			break;
	}
	set_wake(d, at);
	publish(d);
	news(d);
}

void pool_stir(struct poold *d)
{
	if (!timer_is_set(&d->stir))
		timer_set(&d->stir, STIR_MS * NS_PER_MS, d, turn);
}
