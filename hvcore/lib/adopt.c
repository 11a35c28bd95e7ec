// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Adoption: which standby, and what becomes of it when it cannot be finished.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adopt.h"
#include "hv/launch.h"
#include "hv/ledger.h"
#include "hv/rundir.h"
#include "hv/standby.h"
#include "probe.h"
#include "run_file.h"
#include "turn.h"

enum { INTENT_MS = 10000, TURN_MS = 2000 };

const char *hv_adopt_step_name(enum hv_adopt_step step)
{
	static const char *const names[HV_ADOPT_STEPS] = {
		[HV_ADOPT_FOUND] = "found",     [HV_ADOPT_BOOKED] = "booked",
		[HV_ADOPT_CLAIMED] = "claimed", [HV_ADOPT_GUARDED] = "guard",
		[HV_ADOPT_DISKS] = "disks",     [HV_ADOPT_CPU] = "cpu",
		[HV_ADOPT_LINK] = "link",       [HV_ADOPT_ROLE] = "role",
		[HV_ADOPT_MEMORY] = "memory",   [HV_ADOPT_DONE] = "done",
		[HV_ADOPT_UNDONE] = "undone",
	};

	return (unsigned)step < HV_ADOPT_STEPS ? names[step] : "?";
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

int adopt_left(const struct adoption *d, int ms)
{
	int left = hv_left_ms(d->deadline);

	return left < 1 ? 1 : left < ms ? left : ms;
}

void adopt_say(struct adoption *d, enum hv_adopt_step step)
{
	if (d->a->step)
		d->a->step(d->a->arg, step, d->standby, now_ns() - d->began);
}

static int book(struct adoption *d, struct hv_error *err)
{
	struct hv_ledger_answer answer;
	struct hv_ledger_entry want;

	d->memory = d->config.current_memory;
	if (!d->a->book)
		return 0;
	hv_ledger_entry(&d->config, HV_LEDGER_ACTIVE, &want);
	d->booking = hv_ledger_book(d->standby, &want, d->a->book_flags,
				    adopt_left(d, HV_ADOPT_CALL_MS), &answer, err);
	if (d->booking >= 0) {
		/* It goes ahead with what is there; others shrink meanwhile. */
		d->squeeze = answer.verdict == HV_LEDGER_SQUEEZE;
		d->memory = answer.at_once.memory;
	}
	hv_ledger_answer_free(&answer);
	/* A ledger that cannot be asked stops nobody: what runs without an entry is counted in full. */
	return d->booking == -ENOSPC ? -ENOSPC : 0;
}

/* give_back() - What is ours and nobody else's; not the run directory. */
static void give_back(struct adoption *d)
{
	adopt_close_disks(d->disk);
	hv_qmp_close(d->qmp);
	d->qmp = NULL;
	if (d->booking >= 0)
		close(d->booking);
	d->booking = -1;
	hv_config_free(&d->was);
	hv_config_free(&d->config);
}

/* end() - Kill what runs as @name, with proof.  -ENOTRECOVERABLE where there is none. */
static int end(const char *name, int64_t deadline, struct hv_error *err)
{
	struct hv_error why = {""};
	int left = hv_left_ms(deadline);

	if (!hv_kill(name, left > HV_ADOPT_UNDO_MS ? left : HV_ADOPT_UNDO_MS, &why))
		return 0;
	return hv_err(err, -ENOTRECOVERABLE,
		      "%s could not be adopted, and its end is not proven: "
		      "%.300s",
		      name, why.text);
}

/* undo() - Whatever was done to it: it has ended, and the name is free for another start. */
static int undo(struct adoption *d, int why, struct hv_error *err)
{
	static const char *const files[] = {"incarnation", "config.json", "pid", HV_ADOPT_MARK};
	int rc;

	give_back(d);
	/* Its end is no failure of the domain's: that is still being started. */
	hv_intent_write(d->now, HV_INTENT_STOP, INTENT_MS, NULL);
	rc = end(d->now, d->deadline, err);
	if (rc)
		return rc;
	/* hv_kill() leaves what it has proven to whoever has the turn. */
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		hv_run_put(d->now, files[i], NULL, NULL);
	adopt_say(d, HV_ADOPT_UNDONE);
	return why;
}

/* keep_turns() - After the renaming the standby's turn is the domain's. */
static void keep_turns(struct adoption *d)
{
	if (!strcmp(d->now, d->domain)) {
		close(*d->a->turn);
		*d->a->turn = d->turn;
	} else {
		close(d->turn);
	}
	d->turn = -1;
}

static int become(struct adoption *d, struct hv_error *err)
{
	struct hv_error none;
	int rc = book(d, err);

	if (rc)
		return rc;
	adopt_say(d, HV_ADOPT_BOOKED);
	rc = adopt_claim(d, err);
	if (rc)
		return rc;
	adopt_say(d, HV_ADOPT_CLAIMED);
	rc = adopt_steps(d, err);
	if (!rc)
		rc = hv_run_put(d->now, HV_ADOPT_MARK, NULL, err);
	if (rc)
		return rc;
	adopt_say(d, HV_ADOPT_DONE);
	/* It runs; what the ledger then lacks, it finds by itself (counted in full). */
	if (d->squeeze)
		hv_ledger_squeeze(d->booking, d->now, adopt_left(d, HV_ADOPT_CALL_MS), NULL, NULL,
				  NULL, &none);
	if (d->booking >= 0)
		hv_ledger_commit(d->booking, d->now, &none);
	d->booking = -1;
	return 0;
}

/* An adoption at large: which standbys are still worth trying. */
struct search {
	const struct hv_adopt *a;
	uint64_t began;
	int64_t deadline;
	bool hopeless;
};

/* over() - Whether after @rc there is no use in another standby. */
static bool over(const struct search *s, int rc)
{
	return !rc || rc == -ENOSPC || rc == -ENOTRECOVERABLE || s->hopeless;
}

static int try(struct search *s, const char *name, bool only_ready, struct hv_error *err)
{
	struct adoption d = {.a = s->a,
			     .domain = s->a->config->name,
			     .began = s->began,
			     .deadline = s->deadline,
			     .only_ready = only_ready,
			     .turn = -1,
			     .booking = -1};
	int rc;

	for (unsigned i = 0; i < HV_DISKS_MAX; i++)
		d.disk[i] = -1;
	rc = adopt_find(&d, name, err);
	if (rc)
		return rc;
	adopt_say(&d, HV_ADOPT_FOUND);
	rc = become(&d, err);
	if (rc && !d.claimed)
		adopt_calm(&d);
	if (rc && d.claimed)
		rc = undo(&d, rc, err);
	else
		give_back(&d);
	keep_turns(&d);
	s->hopeless = d.hopeless;
	return rc;
}

static int by_number(const void *a, const void *b)
{
	unsigned x = hv_spare_number(*(char *const *)a), y = hv_spare_number(*(char *const *)b);

	return (x > y) - (x < y);
}

/* try_spares() - In their order; @rc as it was: none of them is there, free and, with @only_ready, booted. */
static int try_spares(struct search *s, bool only_ready, int rc, struct hv_error *err)
{
	char **all = hv_run_list(err);
	size_t n = 0;

	if (!all)
		return -EIO;
	for (size_t i = 0; all[i]; i++)
		if (hv_spare_number(all[i]))
			all[n++] = all[i];
	qsort(all, n, sizeof(*all), by_number);
	for (size_t i = 0; i < n && !over(s, rc); i++) {
		struct hv_error why = {""};
		int one = try(s, all[i], only_ready, &why);

		/* That one is gone, taken or not ready is no news. */
		if (one == -ENOENT || one == -EBUSY || one == -EINPROGRESS)
			continue;
		rc = one;
		if (err)
			*err = why;
	}
	free(all);
	return rc;
}

/*
 * try_all() - The twin, then spares, those first whose guest is booted, as far as it can say so: what
 * has just begun to boot is no better than a cold start.  Who may be a spare is told its name, so its
 * guest, its twin's as well, can say so; where no spare comes into question, the twin is taken as it is.
 */
static int try_all(struct search *s, const char *twin, struct hv_error *err)
{
	const struct hv_standby *standby = &s->a->config->standby;
	bool spares = standby->spare && s->a->from & HV_ADOPT_SPARE;
	int rc = -ENOENT;
	bool boots;

	if (standby->wanted && s->a->from & HV_ADOPT_TWIN)
		rc = try(s, twin, spares, err);
	boots = rc == -EINPROGRESS;
	if (spares && !over(s, rc))
		rc = try_spares(s, true, rc, err);
	if (boots && !over(s, rc))
		rc = try(s, twin, false, err);
	if (spares && !over(s, rc))
		rc = try_spares(s, false, rc, err);
	return rc;
}

/* clear() - A twin that was not adopted would hold the domain's own disks. */
static int clear(const char *twin, int64_t deadline, struct hv_error *err)
{
	int left = hv_left_ms(deadline), turn, rc;
	char path[4096];

	if (hv_run_path(path, sizeof(path), twin, "") || access(path, F_OK))
		return 0;
	/* Who is just making it makes it first, and makes none while the domain's turn is taken. */
	turn = hv_turn(twin, hv_clock_ms() + (left < TURN_MS ? left : TURN_MS), NULL);
	rc = hv_presence(twin, NULL, NULL) == HV_ABSENT ? 0 : end(twin, deadline, err);
	if (turn >= 0)
		close(turn);
	return rc;
}

int hv_adopt(const struct hv_adopt *a, struct hv_error *err)
{
	struct search s = {.a = a, .began = now_ns(), .deadline = hv_clock_ms() + a->timeout_ms};
	struct hv_error why = {""};
	char twin[HV_NAME_MAX + 1];
	int rc = -ENOENT, one;

	if (hv_presence(a->config->name, NULL, NULL) != HV_ABSENT)
		return hv_err(err, -EEXIST, "domain %s: it runs already on this host",
			      a->config->name);
	hv_err(&why, rc, "domain %s: no standby of it waits on this host", a->config->name);
	if (hv_twin_name(twin, a->config->name)) /* its name is too long to have one */
		return hv_err(err, rc, "%s", why.text);
	rc = try_all(&s, twin, &why);
	/* Where there is no room, nobody starts it cold: the twin goes on waiting. */
	if (rc && rc != -ENOTRECOVERABLE && rc != -ENOSPC) {
		one = clear(twin, s.deadline, &why);
		rc = one ? one : rc;
	}
	if (rc)
		hv_err(err, rc, "%s", why.text);
	return rc;
}
