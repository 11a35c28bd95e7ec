// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * start, and run: start with the console attached.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cib.h"
#include "cli.h"
#include "cluster_macs.h"
#include "console.h"
#include "hv/adopt.h"
#include "hv/console.h"
#include "hv/launch.h"
#include "hv/ledger.h"
#include "hv/rundir.h"
#include "hvcore/lib/probe.h"
#include "hvcore/lib/turn.h"

enum { UNDO_MS = 5000 };

/*
 * ask_cluster() - *@fencing: whether the guard `fencing` may be relied on.  Without a cluster there is no
 * other host that could write; with one, its fencing has to be on.  Refuses a MAC address that a
 * domain of the cluster has.
 */
static int ask_cluster(const struct options *o, const struct hv_config *c, bool *fencing,
		       struct hv_error *err)
{
	xmlDocPtr doc;
	int rc = cib_read(&doc, left(o), err);

	*fencing = rc == -ENOENT;
	if (rc)
		return 0;
	*fencing = cib_fencing(doc);
	rc = cluster_macs(doc, c, err);
	xmlFreeDoc(doc);
	return rc;
}

static void step(void *arg, enum hv_adopt_step reached, const char *standby, uint64_t ns)
{
	(void)arg;
	printf("%-9s %10.3f ms  %s\n", hv_adopt_step_name(reached), (double)ns / 1e6, standby);
}

/* adopt() - What waits here becomes it.  -ENOENT: nothing does; else what went wrong, which is undone. */
static int adopt(const struct options *o, const struct hv_launch *l, int *turn,
		 struct hv_error *err)
{
	const struct hv_adopt a = {
		.config = l->config,
		.definition = l->definition,
		.from = HV_ADOPT_TWIN | HV_ADOPT_SPARE,
		.fencing_enabled = l->fencing_enabled,
		.book = true,
		.book_flags = o->given & OPT_FORCE ? HV_LEDGER_FORCE : 0,
		.timeout_ms = left(o) / 2,
		.step = step,
		.turn = turn,
	};

	return hv_adopt(&a, err);
}

static int cold(const struct options *o, struct hv_launch *l, struct hv_error *err)
{
	bool force = o->given & OPT_FORCE;
	struct hv_error why = {""};
	int rc = hv_conflicts(l->config, left(o), err);

	if (rc)
		return rc;
	l->timeout_ms = left(o);
	rc = hv_ledger_launch(l, NULL, force ? HV_LEDGER_FORCE : HV_LEDGER_NEW_WORK, NULL, NULL,
			      &why);
	if (!rc)
		return 0;
	return hv_err(err, rc, "%s%s", why.text,
		      rc == -ENOSPC && !force ? "; --force starts it all the same" : "");
}

static int adopt_or_cold(const struct options *o, struct hv_launch *l, struct hv_error *err)
{
	int turn = hv_turn(l->config->name, hv_clock_ms() + left(o), err), rc;

	if (turn < 0)
		return turn;
	l->has_turn = true;
	rc = adopt(o, l, &turn, err);
	if (rc && rc != -EEXIST && rc != -ENOSPC && rc != -ENOTRECOVERABLE) {
		fprintf(stderr, "hv: %s; it is started cold\n", err->text);
		rc = cold(o, l, err);
	}
	close(turn);
	return rc;
}

static int start(const struct options *o, struct hv_definition *d, bool paused)
{
	struct hv_error err = {""};
	struct hv_launch l = {.config = &d->config, .definition = d->text, .paused = paused};
	int rc, code;

	if (hv_presence(d->config.name, NULL, NULL) == HV_UNKNOWN)
		return running(d->config.name);
	code = owner_allows(o, d->config.name, "start");
	if (code)
		return code;
	if (o->given & OPT_ADOPT && paused)
		return usage("--adopt and --paused: a standby runs already");
	rc = ask_cluster(o, &d->config, &l.fencing_enabled, &err);
	if (rc)
		return fail(rc, &err);
	rc = o->given & OPT_ADOPT ? adopt_or_cold(o, &l, &err) : cold(o, &l, &err);
	return rc ? fail(rc, &err) : HV_EXIT_OK;
}

int cmd_start(const struct options *o, int argc, char **argv)
{
	struct hv_error err = {""};
	struct hv_definition d;
	int rc = definition_of(argv[0], &d, &err);
	int code = rc ? fail(rc, &err) : start(o, &d, o->given & OPT_PAUSED);

	hv_definition_free(&d);
	return code;
}

/* Stopped until the console is there, so that its first byte is seen. */
int cmd_run(const struct options *o, int argc, char **argv)
{
	struct hv_error err = {""};
	struct hv_definition d;
	int rc = definition_of(argv[0], &d, &err), fd = -1;
	int code = rc ? fail(rc, &err) : start(o, &d, true);

	if (code)
		goto out;
	fd = hv_console_open(d.config.name, left(o), &err);
	rc = fd < 0 ? fd : ask(d.config.name, "cont", NULL, left(o), NULL, &err);
	if (!rc) {
		code = console_attach(d.config.name, fd);
		goto out;
	}
	/* Nobody asked for a domain that stands still and has no console. */
	code = fail(rc, &err);
	if (hv_kill(d.config.name, UNDO_MS, &err))
		fail(-EIO, &err);
	if (fd >= 0)
		close(fd);
out:
	hv_definition_free(&d);
	return code;
}
