// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commit point: the standby's run directory becomes the domain's.
 *
 * The order is that of what a death in between leaves behind.  With the mark nobody takes
 * it for running; with the resource it is the domain's, and its stop finds it.  The
 * configuration stays the standby's as long as its gates are closed, so that no kill asks for
 * disks that it cannot have: adopt_identify().
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adopt.h"
#include "hv/rundir.h"
#include "run_file.h"

static int write_files(struct adoption *d, struct hv_error *err)
{
	const struct {
		const char *name, *text;
	} files[] = {
		{HV_ADOPT_MARK, "its adoption has begun\n"},
		{"definition.xml", d->a->definition},
		{"verdict", NULL}, /* on its time as a standby */
		{"resource", d->a->resource},
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !rc; i++) {
		d->claimed = true;
		rc = hv_run_put(d->now, files[i].name, files[i].text, err);
	}
	return rc;
}

int adopt_identify(struct adoption *d, struct hv_error *err)
{
	char *json = hv_config_to_json(&d->config), line[sizeof(d->incarnation) + 1];
	int rc = json ? hv_run_put(d->now, "config.json", json, err)
		      : hv_err(err, -ENOMEM, "domain %s: not enough memory", d->domain);

	/* Last: whoever waits for another incarnation then reads the rest. */
	snprintf(line, sizeof(line), "%s\n", d->incarnation);
	if (!rc)
		rc = hv_run_put(d->now, "incarnation", line, err);
	free(json);
	return rc;
}

static int tell(struct adoption *d, struct hv_error *err)
{
	json_t *args = json_pack("{s:s, s:s, s:s}", "resource",
				 d->a->resource ? d->a->resource : "", "incarnation",
				 d->incarnation, "name", d->domain);

	return hv_qmp_call(d->qmp, "x-taiki-adopt", args, adopt_left(d, HV_ADOPT_CALL_MS), NULL,
			   err);
}

int adopt_claim(struct adoption *d, struct hv_error *err)
{
	int rc = hv_incarnation_new(d->incarnation);

	if (rc)
		return hv_err(err, rc, "domain %s: no random numbers for its incarnation",
			      d->domain);
	rc = write_files(d, err);
	if (rc)
		return rc;
	/* What the last start of the domain left here; hv_turn() made it where there was nothing. */
	rc = hv_run_put(d->domain, "incarnation", NULL, err);
	if (!rc)
		rc = hv_run_rename(d->standby, d->domain, err);
	if (rc)
		return rc;
	strcpy(d->now, d->domain);
	/* Somebody may be writing into it; the pool removes what stays. */
	hv_run_remove(d->standby, NULL);
	return tell(d, err);
}
