// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * standby NAME DEFINITION [IMAGE]: starts a standby as the pool would, but wherever there is no room, too: NAME is "web@twin" or
 * "1@spare", DEFINITION the domain's or the template's file, IMAGE a spare's own first disk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/definition.h"
#include "hv/launch.h"
#include "hv/ledger.h"
#include "hv/standby.h"

static int launch(const char *name, struct hv_definition *d, const char *image,
		  struct hv_error *err)
{
	struct hv_launch l = {.definition = d->text,
			      .resource = "pool",
			      .fencing_enabled = true,
			      .timeout_ms = 20000};
	struct hv_ledger_entry want;
	struct hv_config c;
	int rc = hv_standby_config(&d->config, name, hv_node_name(), &c, err);

	if (rc)
		return rc;
	if (hv_name_kind(name) == HV_KIND_TWIN)
		l.domain = &d->config;
	if (image) {
		free(c.disk[0].path);
		c.disk[0].path = strdup(image);
	}
	l.config = &c;
	hv_ledger_entry(&d->config, image ? HV_LEDGER_SPARE : HV_LEDGER_TWIN, &want);
	rc = hv_ledger_launch(&l, &want, HV_LEDGER_FORCE, NULL, NULL, err);
	hv_config_free(&c);
	return rc;
}

int main(int argc, char **argv)
{
	struct hv_error err = {""};
	struct hv_definition d;
	int rc;

	if (argc < 3)
		return 2;
	rc = hv_definition_load(&d, argv[2], &err);
	if (!rc)
		rc = launch(argv[1], &d, argv[3], &err);
	if (rc)
		fprintf(stderr, "%s: %s\n", argv[1], err.text[0] ? err.text : strerror(-rc));
	hv_definition_free(&d);
	return rc != 0;
}
