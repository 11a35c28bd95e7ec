// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a job does: make a standby, end one, remove what is left of one.  Each takes its turn
 * first, and looks again when it has it: an adopter may have been faster.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/ioprio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hv/definition.h"
#include "hv/launch.h"
#include "hv/ledger.h"
#include "hv/standby.h"
#include "hvcore/lib/probe.h"
#include "hvcore/lib/run_file.h"
#include "hvcore/lib/turn.h"

#include "poold.h"
#include "spare.h"
#include "sweep.h"

enum { LAUNCH_MS = 30000, BOOK_MS = 5000, KILL_MS = 20000, LEAST_URGENT = 7 };

static void ease(int who, int value)
{
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, who, value);
}

void work_ease(pid_t pid)
{
	char path[64];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		if (atoi(e->d_name) > 0)
			ease(atoi(e->d_name), IOPRIO_PRIO_VALUE(IOPRIO_CLASS_NONE, 0));
	if (dir)
		closedir(dir);
}

static int say(struct job_answer *a, int rc, const struct hv_error *err)
{
	job_say(a, err->text, strlen(err->text) + 1);
	return rc;
}

/*
 * beside() - The turn of the domain @name for as long as its twin is made: nobody starts it
 * meanwhile, who wants to finds the twin afterwards.  -EBUSY: somebody does, or it runs.
 */
static int beside(const char *name, struct hv_error *err)
{
	int turn = hv_turn(name, 0, err);

	if (turn < 0)
		return turn == -ETIMEDOUT ? -EBUSY : turn;
	if (hv_presence(name, NULL, err) == HV_ABSENT)
		return turn;
	close(turn);
	return hv_err(err, -EBUSY, "domain %s runs here", name);
}

/*
 * book() - Its entry in the host's ledger, or -ENOSPC: a standby is only made where there is room for
 * what it waits with, nobody shrinks for it, and no other standby's adoption is made impossible by it.
 */
static int book(const struct place *p, struct hv_error *err)
{
	struct hv_ledger_entry want;

	hv_ledger_entry(&p->source->config, p->p.spare ? HV_LEDGER_SPARE : HV_LEDGER_TWIN, &want);
	return hv_ledger_book(p->name, &want, HV_LEDGER_IN_PEACE | HV_LEDGER_NEW_WORK, BOOK_MS,
			      NULL, err);
}

static int launch(const struct place *p, const struct hv_config *c, struct hv_error *err)
{
	struct hv_launch l = {
		.config = c,
		.definition = p->source->text,
		.domain = p->p.spare ? NULL : &p->source->config,
		.resource = p->d->settings.resource,
		/* A spare's own disks were made here a moment ago: nobody else can have them. */
		.fencing_enabled = p->p.spare || p->d->fencing || p->d->settings.assume_fencing,
		.timeout_ms = LAUNCH_MS,
	};
	int entry = book(p, err), rc;

	if (entry < 0)
		return entry;
	l.booking = entry;
	ease(0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, LEAST_URGENT));
	rc = hv_launch(&l, err);
	if (rc)
		close(entry);
	else
		hv_ledger_commit(entry, p->name,
				 NULL); /* else it counts in full until it is tended */
	return rc;
}

static int launch_twin(const struct place *p, struct hv_error *err)
{
	const char *node = hv_node_name();
	int turn = beside(p->source->config.name, err), rc;
	struct hv_config c;

	if (turn < 0)
		return turn;
	rc = hv_standby_config(&p->source->config, p->name, node ? node : "", &c, err);
	if (!rc) {
		rc = launch(p, &c, err);
		hv_config_free(&c);
	}
	close(turn);
	return rc;
}

static int launch_spare(const struct place *p, struct job_answer *a, struct hv_error *err)
{
	const struct hv_config *template = &p->source->config;
	struct hv_config c;
	int rc = spare_config(template, p->name, p->d->settings.directory, &c, err);

	if (rc)
		return rc;
	ease(0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, LEAST_URGENT));
	/* Its images are under its number, which is nobody's: no run directory, no domain has it. */
	rc = images_make(template, &c, job_step, a, err);
	if (!rc)
		rc = launch(p, &c, err);
	hv_config_free(&c);
	return rc;
}

int work_launch(const void *arg, struct job_answer *a)
{
	const struct place *p = arg;
	struct hv_error err = {""};
	int rc = p->p.spare ? launch_spare(p, a, &err) : launch_twin(p, &err);

	return say(a, rc, &err);
}

/* my_turn() - At @p, if what is there is still what was seen.  A descriptor, or -EBUSY, -errno. */
static int my_turn(const struct place *p, struct hv_error *err)
{
	int turn = hv_turn(p->name, 0, err);
	char *incarnation;
	bool same;

	if (turn < 0)
		return turn == -ETIMEDOUT ? -EBUSY : turn;
	incarnation = hv_run_read(p->name, "incarnation");
	same = !p->incarnation[0] || (incarnation && !strcmp(incarnation, p->incarnation));
	free(incarnation);
	if (same)
		return turn;
	close(turn);
	return hv_err(err, -EBUSY, "%s: another one is there now", p->name);
}

static int end(const struct place *p, bool kill, struct hv_error *err)
{
	int turn = my_turn(p, err), rc = 0;

	if (turn < 0)
		return turn;
	if (kill)
		rc = hv_kill(p->name, KILL_MS, err);
	else if (hv_presence(p->name, NULL, NULL) != HV_ABSENT)
		rc = hv_err(err, -EBUSY, "%s: somebody is there", p->name);
	if (!rc && (!kill || !p->p.wanted))
		rc = hv_run_remove(p->name, err);
	close(turn);
	if (!rc && p->p.spare && p->d->settings.directory)
		images_sweep(p->d->settings.directory);
	return rc;
}

int work_kill(const void *arg, struct job_answer *a)
{
	struct hv_error err = {""};
	int rc = end(arg, true, &err);

	return say(a, rc, &err);
}

int work_clean(const void *arg, struct job_answer *a)
{
	struct hv_error err = {""};
	int rc = end(arg, false, &err);

	return say(a, rc, &err);
}
