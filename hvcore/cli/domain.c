// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding a domain and talking to it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "hv/rundir.h"

int running(const char *name)
{
	struct hv_error err = {""};

	if (!hv_name_ok(name)) {
		fprintf(stderr,
			"hv: \"%s\" cannot name a domain; `hv list` shows those there are\n", name);
		return HV_EXIT_USAGE;
	}
	switch (hv_presence(name, NULL, &err)) {
	case HV_PRESENT: return HV_EXIT_OK;
	case HV_ABSENT:
		fprintf(stderr,
			"hv: domain %s does not run on this host; `hv list` shows those that do\n",
			name);
		return HV_EXIT_NOT_RUNNING;
	case HV_UNKNOWN: break;
	}
	fprintf(stderr, "hv: whether domain %s runs cannot be told: %s\n", name, err.text);
	return HV_EXIT_UNKNOWN;
}

int config_of(const char *name, struct hv_config *c, struct hv_error *err)
{
	char path[4096], *text;
	size_t len;
	int rc = hv_run_path(path, sizeof(path), name, "config.json");

	memset(c, 0, sizeof(*c));
	if (rc)
		return hv_err(err, rc, "domain %s: not a name for a domain", name);
	rc = hv_definition_read(path, &text, &len, err);
	if (rc)
		return rc;
	rc = hv_config_from_json(c, text, len, err);
	free(text);
	return rc;
}

int ask(const char *name, const char *command, json_t *args, int timeout_ms, json_t **ret,
	struct hv_error *err)
{
	struct hv_qmp *q = NULL;
	int rc = hv_qmp_open_domain(name, timeout_ms, &q, err);

	if (rc) {
		json_decref(args);
		return rc;
	}
	rc = hv_qmp_call(q, command, args, timeout_ms, ret, err);
	hv_qmp_close(q);
	return rc;
}

int load_file(const char *file, struct hv_definition *d, struct hv_error *err)
{
	int rc = hv_definition_load(d, file, err);

	return rc == -ENOENT ? -EIO : rc;
}

/* A file is what looks like one: a slash, the ending .xml, or "-". */
int definition_of(const char *what, struct hv_definition *d, struct hv_error *err)
{
	const char *dot = strrchr(what, '.');
	char path[4096];
	int rc;

	memset(d, 0, sizeof(*d));
	if (strchr(what, '/') || !strcmp(what, "-") || (dot && !strcmp(dot, ".xml")))
		return load_file(what, d, err);
	rc = hv_domain_path(path, sizeof(path), what);
	if (rc)
		return hv_err(err, -EINVAL, "\"%s\" cannot name a domain; for a file give its path",
			      what);
	if (access(path, F_OK))
		return hv_err(err, -ENOENT,
			      "domain %s is not defined on this host: there is no %s; "
			      "`hv define FILE` puts it there",
			      what, path);
	rc = hv_definition_load(d, path, err);
	if (!rc && strcmp(d->config.name, what))
		rc = hv_err(err, -EINVAL, "%s defines the domain %s; rename the one or the other",
			    path, d->config.name);
	return rc;
}
