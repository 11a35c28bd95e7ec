// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The places: what is wanted where, and what is there.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hv/adopt.h"
#include "hv/daemon.h"
#include "hv/standby.h"
#include "hvcore/lib/turn.h"

#include "poold.h"
#include "spare.h"

enum { LEFT_ALONE_MS = 2000 }; /* a domain that has just ended here may be started again */

struct place *place_find(struct poold *d, const char *name)
{
	struct place *p = d->places;

	while (p && strcmp(p->name, name) != 0)
		p = p->next;
	return p;
}

/* place_add() - In order: twins, then spares by number. */
struct place *place_add(struct poold *d, const char *name)
{
	struct place **at = &d->places, *p = calloc(1, sizeof(*p));
	unsigned k = hv_spare_number(name);

	if (!p) {
		hv_log_line(LOG_ERR, "%s: out of memory", name);
		return NULL;
	}
	p->d = d;
	p->end.fd = -1;
	p->p.spare = k;
	snprintf(p->name, sizeof(p->name), "%s", name);
	while (*at && hv_spare_number((*at)->name) <= k)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
	return p;
}

/* is_adopted() - Its process lives, under another name (asked where nobody has the lock of this one). */
static bool is_adopted(const struct place *p)
{
	struct pollfd f = {.fd = p->end.fd, .events = POLLIN};

	return p->end.fd >= 0 && !poll(&f, 1, 0);
}

static void process_gone(struct place *p)
{
	/* Adopted before it was ready: a domain takes its turns at disks as any other. */
	if (p->eased && is_adopted(p))
		work_ease(p->pid);
	p->eased = false;
	if (p->end.fd >= 0) {
		poller_del(&p->end);
		close(p->end.fd);
	}
	p->end.fd = -1;
	p->pid = 0;
	p->incarnation[0] = '\0';
	p->p.guest = POOL_UNSEEN;
	timer_clear(&p->settled);
	guest_unwatch(p);
}

static void place_free(struct place *p)
{
	struct place **at = &p->d->places;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	process_gone(p);
	job_forget(&p->job);
	free(p);
}

static void process_ended(void *data)
{
	struct place *p = data;

	pool_stir(p->d); /* seen by its lock, which is about to be free */
	poller_del(&p->end);
	close(p->end.fd);
	p->end.fd = -1;
}

/* age_ms() - How long ago RUN/NAME/FILE was written; 0 where that cannot be said. */
static int64_t age_ms(const char *name, const char *file)
{
	char path[PATH_MAX];
	struct timespec now;
	struct stat st;
	int64_t age;

	if (hv_run_path(path, sizeof(path), name, file) || stat(path, &st))
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	age = (now.tv_sec - st.st_mtim.tv_sec) * 1000LL +
	      (now.tv_nsec - st.st_mtim.tv_nsec) / 1000000;
	return age < 0 ? 0 : age;
}

/* died() - What was there has ended, and nobody of us has ended it. */
static void died(struct place *p)
{
	char words[WHY_MAX] = "";

	p->expected = false;
	if (!hv_last_words(p->name, words, sizeof(words)))
		snprintf(words, sizeof(words), "%s",
			 p->p.guest == POOL_LOST ? p->why : "it was killed, or crashed");
	step_failed(p, "it has ended", words);
}

static void process_found(struct place *p, pid_t pid, const char *incarnation)
{
	process_gone(p);
	snprintf(p->incarnation, sizeof(p->incarnation), "%s", incarnation);
	p->pid = pid;
	p->began = p->p.since = pool_now() - age_ms(p->name, "incarnation");
	p->expected = true;
	p->hello = p->checked = false;
	p->eased = true;
	p->end = (struct poller_entry){.fd = pidfd_open(pid, 0), .ready = process_ended, .data = p};
	if (p->end.fd >= 0 && poller_add(&p->end)) {
		close(p->end.fd);
		p->end.fd = -1;
	}
	guest_watch(p);
}

/* see_process() - Of a place whose lock is held: whose it is, and whether it is another one than before. */
static void see_process(struct place *p, pid_t pid)
{
	char *incarnation = hv_run_read(p->name, "incarnation");
	char *resource = hv_run_read(p->name, "resource");

	p->p.ours = resource && !strcmp(resource, p->d->settings.resource) &&
		    (p->p.claimed || !hv_adopting(p->name));
	/* Without both of them it is just being made: we are told when they are there. */
	if (pid && incarnation && (pid != p->pid || strcmp(incarnation, p->incarnation) != 0))
		process_found(p, pid, incarnation);
	free(incarnation);
	free(resource);
	if (!p->checked && p->source && p->source->has_config) {
		p->checked = true;
		p->p.stale = !spare_or_twin_matches(p);
	}
	if (p->p.guest != POOL_UNSEEN && hv_verdict_failed(p->name) && p->p.guest != POOL_LOST) {
		p->p.guest = POOL_LOST;
		snprintf(p->why, sizeof(p->why), "heartbeat found it failed");
	}
}

/* count_as_ready() - A guest without a role agent says nothing. */
static void count_as_ready(struct place *p)
{
	int after = p->d->settings.ready_after_ms;

	if (p->p.guest == POOL_BOOTING && after && pool_now() - p->began >= after)
		guest_ready(p);
}

static void see(struct place *p)
{
	char path[PATH_MAX];
	pid_t pid;

	p->p.presence = hv_presence(p->name, &pid, NULL);
	p->p.remains = !hv_run_path(path, sizeof(path), p->name, "") && !access(path, F_OK);
	p->p.busy = job_runs(&p->job);
	p->p.launching = p->p.busy && p->doing == POOL_LAUNCH;
	p->p.claimed = !p->p.busy && hv_turn_taken(p->name);
	if (p->p.remains)
		watch_dir(p->d, p->name);
	if (p->p.presence == HV_PRESENT) {
		see_process(p, pid);
		count_as_ready(p);
	} else if (p->p.presence == HV_ABSENT) {
		if (is_adopted(p))
			p->expected = false;
		else if (p->expected && !p->p.busy && !p->p.claimed)
			died(p);
		process_gone(p);
		p->p.ours = p->p.stale = p->checked = false;
	}
}

static void find_all(struct poold *d)
{
	char **names = hv_run_list(NULL), twin[HV_NAME_MAX + 1];

	for (char **n = names; n && *n; n++) {
		enum hv_kind kind = hv_name_kind(*n);

		if ((kind == HV_KIND_TWIN || kind == HV_KIND_SPARE) && !place_find(d, *n))
			place_add(d, *n);
	}
	free(names);
	for (struct source *s = d->sources; s; s = s->next)
		if (s->resource && s->has_config && !s->dropped &&
		    !hv_twin_name(twin, s->config.name) && !place_find(d, twin))
			place_add(d, twin);
}

static bool usable(const struct source *s)
{
	return !s->dropped && s->has_config && s->state != SOURCE_MISSING;
}

static struct source *source_of(const struct place *p)
{
	char domain[HV_NAME_MAX + 1] = "";

	if (!p->p.spare && hv_twin_of(domain, p->name))
		return NULL;
	for (struct source *s = p->d->sources; s; s = s->next)
		if (usable(s) &&
		    (p->p.spare ? !s->resource : s->resource && !strcmp(s->config.name, domain)))
			return s;
	return NULL;
}

/* want_twins() - And whose domain runs where. */
static void want_twins(struct poold *d)
{
	bool pending = sources_pending(d);

	for (struct place *p = d->places; p; p = p->next) {
		struct source *s = source_of(p);

		if (s != p->source)
			p->checked = false;
		p->source = s;
		p->p.undecided = !s && pending;
		p->p.wanted = s && !p->p.spare;
		p->p.domain = s && !p->p.spare ? s->domain : POOL_AWAY;
		if (p->was_here && p->p.domain == POOL_AWAY)
			p->p.not_before = pool_now() + LEFT_ALONE_MS;
		p->was_here = p->p.domain == POOL_HERE;
	}
}

void places_look(struct poold *d)
{
	struct place *next;

	for (struct source *s = d->sources; s; s = s->next)
		source_see(s);
	find_all(d);
	want_twins(d);
	for (struct place *p = d->places; p; p = p->next)
		see(p);
	spares_want(d);
	for (struct place *p = d->places; p; p = next) {
		next = p->next;
		if (!p->p.wanted && !p->p.busy && !p->p.undecided && p->p.presence == HV_ABSENT &&
		    !p->p.remains)
			place_free(p);
	}
}
