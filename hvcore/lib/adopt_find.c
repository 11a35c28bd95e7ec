// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether a standby can be adopted: in its turn, so that it stays what was seen.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adopt.h"
#include "hv/definition.h"
#include "hv/rundir.h"
#include "hv/standby.h"
#include "hv/tune.h"
#include "probe.h"
#include "turn.h"

enum {
	TURN_MS = 2000, /* the pool holds a standby's turn only while it makes or ends it */
	SHARES_DEFAULT = 1024,
};

static int read_config(const char *name, struct hv_config *c, struct hv_error *err)
{
	char path[4096], *text;
	size_t len;
	int rc = hv_run_path(path, sizeof(path), name, "config.json");

	if (!rc)
		rc = hv_definition_read(path, &text, &len, err);
	if (rc)
		return rc;
	rc = hv_config_from_json(c, text, len, err);
	free(text);
	return rc;
}

static int is_there(const char *name, struct hv_error *err)
{
	switch (hv_presence(name, NULL, err)) {
	case HV_PRESENT: return 0;
	case HV_UNKNOWN: return -EIO;
	case HV_ABSENT: break;
	}
	return hv_err(err, -ENOENT, "%s does not wait on this host", name);
}

/*
 * hurry() - What the standby waits with holds hv-domain back as well, which has to answer now: a
 * quota that its guest has used up is 80 ms of silence.  It gets the domain's share in
 * its turn (HV_ADOPT_CPU).
 */
static void hurry(struct adoption *d)
{
	struct hv_config c = d->was; /* a look at it, which owns nothing */

	c.cputune.quota = -1;
	c.cputune.shares = SHARES_DEFAULT;
	hv_tune(&c, NULL);
	d->hurried = true;
}

void adopt_calm(struct adoption *d)
{
	if (d->hurried)
		hv_tune(&d->was, NULL);
	d->hurried = false;
}

/* Who waits and cannot serve is none: it has panicked, was paused, or says nothing. */
static int ask(struct adoption *d, const char *name, struct hv_error *err)
{
	json_t *ret = NULL;
	const char *status;
	int rc = hv_qmp_open_domain(name, adopt_left(d, HV_ADOPT_LOOK_MS), &d->qmp, err);

	if (!rc)
		rc = hv_qmp_call(d->qmp, "query-status", NULL, adopt_left(d, HV_ADOPT_LOOK_MS),
				 &ret, err);
	if (rc)
		return rc;
	status = json_string_value(json_object_get(ret, "status"));
	if (!status || strcmp(status, "running") != 0)
		rc = hv_err(err, -EIO, "%s is not running: its state is %.40s", name,
			    status ? status : "unknown");
	else if (hv_verdict_failed(name))
		rc = hv_err(err, -EIO, "%s was found failed by heartbeat", name);
	json_decref(ret);
	return rc;
}

/* said_hello() - Whether its guest has opened its role's port and said that it is booted. */
static bool said_hello(struct adoption *d)
{
	json_t *ret = NULL;
	bool said = !hv_qmp_call(d->qmp, "x-taiki-query-role", NULL,
				 adopt_left(d, HV_ADOPT_LOOK_MS), &ret, NULL) &&
		    json_is_true(json_object_get(ret, "open")) &&
		    json_is_string(json_object_get(ret, "last"));

	json_decref(ret);
	return said;
}

static int look(struct adoption *d, const char *name, struct hv_error *err)
{
	int rc = is_there(name, err);

	if (!rc)
		rc = read_config(name, &d->was, err);
	/* The name is what counts: a half adopted one has the domain's configuration. */
	if (!rc && strcmp(d->was.name, name) != 0)
		rc = hv_err(err, -EINVAL, "%s: another adoption of it was not completed", name);
	if (!rc)
		rc = hv_adopted_config(d->a->config, &d->was, &d->config, err);
	if (!rc) {
		hurry(d);
		rc = ask(d, name, err);
	}
	if (!rc && d->only_ready && !said_hello(d))
		rc = hv_err(err, -EINPROGRESS, "%s has not said that it is booted", name);
	return rc;
}

int adopt_find(struct adoption *d, const char *name, struct hv_error *err)
{
	bool twin = hv_name_kind(name) == HV_KIND_TWIN;
	int rc = is_there(name, err);

	if (rc)
		return rc;
	/* There are other spares; there is one twin. */
	d->turn = hv_turn(name, hv_clock_ms() + (twin ? adopt_left(d, TURN_MS) : 0), err);
	if (d->turn < 0)
		return d->turn == -ETIMEDOUT ? -EBUSY : d->turn;
	rc = look(d, name, err);
	if (rc) {
		adopt_calm(d);
		hv_qmp_close(d->qmp);
		d->qmp = NULL;
		hv_config_free(&d->was);
		hv_config_free(&d->config);
		close(d->turn);
		d->turn = -1;
		return rc;
	}
	strcpy(d->standby, name);
	strcpy(d->now, name);
	return 0;
}
