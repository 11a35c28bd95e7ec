// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * list: every domain that runs here or is defined here, a line each.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "hv/adopt.h"
#include "hv/rundir.h"
#include "hv/standby.h"

enum { ANSWER_MS = 2000 }; /* one that does not answer must not hide the others */

struct row {
	char *name;
	const char *state; /* "off", "unknown", "silent", or as query-status has it */
	json_t *info;      /* x-taiki-info, NULL where it does not answer */
	char *resource;
	struct hv_config config;
	bool has_config;
};

static char *defined_name(const struct dirent *e)
{
	const char *dot = strrchr(e->d_name, '.');
	char *name;

	if (!dot || strcmp(dot, ".xml"))
		return NULL;
	name = strndup(e->d_name, (size_t)(dot - e->d_name));
	if (name && hv_name_ok(name))
		return name;
	free(name);
	return NULL;
}

static int add(struct row **rows, size_t *n, char *name)
{
	struct row *more;

	if (!name)
		return 0;
	for (size_t i = 0; i < *n; i++)
		if (!strcmp((*rows)[i].name, name)) {
			free(name);
			return 0;
		}
	more = realloc(*rows, (*n + 1) * sizeof(*more));
	if (!more) {
		free(name);
		return -ENOMEM;
	}
	*rows = more;
	more[(*n)++] = (struct row){.name = name, .state = "off"};
	return 0;
}

static int collect(struct row **rows, size_t *n, struct hv_error *err)
{
	char path[4096], **names = hv_run_list(err), *slash;
	struct dirent *e;
	int rc = 0;
	DIR *dir;

	if (!names)
		return -EIO;
	for (char **at = names; *at && !rc; at++)
		if (hv_presence(*at, NULL, NULL) != HV_ABSENT)
			rc = add(rows, n, strdup(*at));
	free(names);
	if (!rc && !hv_domain_path(path, sizeof(path), "x")) {
		slash = strrchr(path, '/');
		*slash = '\0';
		dir = opendir(path);
		while (dir && !rc && (e = readdir(dir)))
			rc = add(rows, n, defined_name(e));
		if (dir)
			closedir(dir);
	}
	return rc ? hv_err(err, rc, "not enough memory") : 0;
}

/* What a definition says of a domain that does not run. */
static void look_defined(struct row *r)
{
	struct hv_definition d;

	if (!definition_of(r->name, &d, NULL)) {
		r->config = d.config;
		r->has_config = true;
		memset(&d.config, 0, sizeof(d.config));
	}
	hv_definition_free(&d);
}

static void look(struct row *r)
{
	const char *state;

	switch (hv_presence(r->name, NULL, NULL)) {
	case HV_ABSENT: look_defined(r); return;
	case HV_UNKNOWN: r->state = "unknown"; return;
	case HV_PRESENT: break;
	}
	r->has_config = !config_of(r->name, &r->config, NULL);
	r->resource = hv_run_read(r->name, "resource");
	r->state = "silent";
	if (ask(r->name, "x-taiki-info", NULL, ANSWER_MS, &r->info, NULL))
		return;
	state = json_string_value(json_object_get(r->info, "status"));
	r->state = hv_adopting(r->name) ? "adopting" : state ? state : "unknown";
}

static const char *engine_of(const struct row *r)
{
	const char *engine = json_string_value(json_object_get(r->info, "engine"));

	return engine ? engine : "-";
}

/* What it is: a domain, or what waits to become one. */
static const char *kind_of(const struct row *r)
{
	switch (hv_name_kind(r->name)) {
	case HV_KIND_TWIN: return "twin";
	case HV_KIND_SPARE: return "spare";
	default: return "domain";
	}
}

static json_t *row_json(const struct row *r)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s*}", "name", r->name, "state", r->state, "kind",
			      kind_of(r), "resource", r->resource);

	if (r->has_config) {
		json_object_set_new(o, "vcpus", json_integer(r->config.vcpus_current));
		json_object_set_new(o, "memory", json_integer((json_int_t)r->config.memory));
	}
	if (r->info)
		json_object_set_new(o, "engine", json_string(engine_of(r)));
	return o;
}

static void row_text(const struct row *r)
{
	char vcpus[16] = "-", memory[32] = "-";

	if (r->has_config) {
		snprintf(vcpus, sizeof(vcpus), "%u", r->config.vcpus_current);
		snprintf(memory, sizeof(memory), "%llu MiB",
			 (unsigned long long)(r->config.memory >> 20));
	}
	printf("%-20s %-7s %-12s %5s %12s  %-6s  %s\n", r->name, kind_of(r), r->state, vcpus,
	       memory, engine_of(r), r->resource ? r->resource : "-");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->name, ((const struct row *)b)->name);
}

int cmd_list(const struct options *o, int argc, char **argv)
{
	json_t *list = o->given & OPT_JSON ? json_array() : NULL;
	struct hv_error err = {""};
	struct row *rows = NULL;
	size_t n = 0;
	int rc = collect(&rows, &n, &err);

	if (!rc && n)
		qsort(rows, n, sizeof(*rows), by_name);
	if (!rc && !list)
		printf("%-20s %-7s %-12s %5s %12s  %-6s  %s\n", "NAME", "KIND", "STATE", "VCPUS",
		       "MEMORY", "ENGINE", "RESOURCE");
	for (size_t i = 0; i < n; i++) {
		struct row *r = &rows[i];

		if (!rc) {
			look(r);
			if (list)
				json_array_append_new(list, row_json(r));
			else
				row_text(r);
		}
		hv_config_free(&r->config);
		json_decref(r->info);
		free(r->resource);
		free(r->name);
	}
	free(rows);
	if (rc) {
		json_decref(list);
		return fail(rc, &err);
	}
	return list ? print_json(list, HV_EXIT_OK) : HV_EXIT_OK;
}
