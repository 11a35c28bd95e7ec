// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * start, and run: start with the console attached.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cib.h"
#include "cli.h"
#include "console.h"
#include "hv/console.h"
#include "hv/launch.h"
#include "hv/ledger.h"
#include "hv/rundir.h"

enum { UNDO_MS = 5000 };

/*
 * Whether the guard `fencing` may be relied on.  Without a cluster there is no
 * other host that could write; with one, its fencing has to be on.
 */
static bool fencing(const struct options *o)
{
	struct hv_error err;
	xmlDocPtr doc;
	bool on;
	int rc = cib_read(&doc, left(o), &err);

	if (rc)
		return rc == -ENOENT;
	on = cib_fencing(doc);
	xmlFreeDoc(doc);
	return on;
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
	rc = hv_conflicts(&d->config, left(o), &err);
	if (!rc) {
		l.fencing_enabled = fencing(o);
		l.timeout_ms = left(o);
		rc = hv_ledger_launch(&l, NULL, o->given & OPT_FORCE ? HV_LEDGER_FORCE : 0, NULL,
				      NULL, &err);
	}
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
