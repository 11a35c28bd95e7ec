// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the resource's parameters say of memory, processors and rates: in place
 * of the definition's from the start on, and, by reload-agent, while it runs.
 *
 * RUN/NAME/resources has the parameters as they were applied last, so that a
 * reload touches only what was changed: what an administrator or a squeeze set
 * meanwhile stays.  RUN/NAME/not-applied says what could not be done, for `hv info`.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/live.h"
#include "hvcore/lib/config_edit.h"
#include "hvcore/lib/run_file.h"

#include "domain.h"

enum { NOTES_MAX = 2000, LINE_MAX_HERE = 4096, LEAVE_MS = 1000 };

static const struct {
	const char *name;
	unsigned aspect;
	bool list; /* settings of its own, "vda.bps=10M net0.tx-bps=1M" */
} params[] = {
	{"memory", HV_LIVE_MEMORY, false}, {"shares", HV_LIVE_CPU, false},
	{"period", HV_LIVE_CPU, false},    {"quota", HV_LIVE_CPU, false},
	{"cpus", HV_LIVE_PINS, false},     {"limits", HV_LIVE_LIMITS, true},
};

enum { PARAMS = sizeof(params) / sizeof(params[0]) };

/* What could not be done. */
static char notes[NOTES_MAX];

static void note(const char *what, const char *why)
{
	size_t n = strlen(notes);

	ocf_log("WARNING", "%s: not applied: %s", what, why);
	snprintf(notes + n, sizeof(notes) - n, "%s%s: %s", n ? "; " : "", what, why);
}

static int change(struct hv_config *c, unsigned i, const char *value, struct hv_error *err)
{
	char text[LINE_MAX_HERE], *rest = text, *word;
	unsigned what = 0;
	int rc = 0;

	snprintf(text, sizeof(text), "%s%s%s", params[i].list ? "" : params[i].name,
		 params[i].list ? "" : "=", value);
	while (!rc && (word = strsep(&rest, params[i].list ? " \t\n" : "")))
		if (*word)
			rc = hv_live_change(c, word, &what, err);
	if (!rc && (what & ~params[i].aspect))
		rc = hv_err(err, -EINVAL, "\"%.60s\" is no rate of a disk or an interface", value);
	return rc ? rc : hv_config_check(c, err);
}

/* Each parameter for itself: a wrong one does not take the others with it. */
static enum ocf_rc change_all(struct hv_config *c, bool tolerate)
{
	for (unsigned i = 0; i < PARAMS; i++) {
		const char *value = ocf_param(params[i].name);
		struct hv_error err = {""};
		struct hv_config next;
		int rc;

		if (!value)
			continue;
		rc = hv_config_copy(c, &next, &err);
		if (!rc)
			rc = change(&next, i, value, &err);
		if (!rc) {
			hv_config_free(c);
			*c = next;
			continue;
		}
		hv_config_free(&next);
		if (!tolerate)
			return ocf_exit_reason(OCF_ERR_CONFIGURED, "parameter %s: %s",
					       params[i].name, err.text);
		note(params[i].name, err.text);
	}
	return OCF_SUCCESS;
}

/* --- what was applied last --- */

static void write_file(const char *name, const char *file, const char *text)
{
	struct hv_error err;

	if (hv_run_put(name, file, *text ? text : NULL, &err))
		ocf_log("WARNING", "%s", err.text);
}

/* The value of parameter @i when it was applied last, the caller's to free; NULL: it was not given. */
static char *applied(const char *name, unsigned i)
{
	char path[LINE_MAX_HERE], line[LINE_MAX_HERE], *value = NULL;
	size_t len = strlen(params[i].name);
	FILE *f;

	if (hv_run_path(path, sizeof(path), name, "resources"))
		return NULL;
	f = fopen(path, "re");
	while (f && !value && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, params[i].name, len) && line[len] == '=')
			value = strdup(line + len + 1);
	}
	if (f)
		fclose(f);
	return value;
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : !a && !b;
}

/* Of the aspects @failed what was before stays written, so that the next reload tries again. */
static void remember(const char *name, unsigned failed)
{
	char text[PARAMS * 1024] = "";

	for (unsigned i = 0; i < PARAMS; i++) {
		char *before = params[i].aspect & failed ? applied(name, i) : NULL;
		const char *value = params[i].aspect & failed ? before : ocf_param(params[i].name);
		size_t n = strlen(text);

		if (value && !strchr(value, '\n'))
			snprintf(text + n, sizeof(text) - n, "%s=%.900s\n", params[i].name, value);
		free(before);
	}
	write_file(name, "resources", text);
	write_file(name, "not-applied", notes);
}

/* --- start --- */

void domain_resources(struct hv_config *c)
{
	notes[0] = '\0';
	change_all(c, true);
}

void domain_resources_started(const char *name)
{
	remember(name, 0);
}

enum ocf_rc domain_resources_validate(const struct hv_config *c)
{
	struct hv_error err;
	struct hv_config copy;
	enum ocf_rc rc;

	if (hv_config_copy(c, &copy, &err))
		return ocf_exit_reason(OCF_ERR_GENERIC, "%s", err.text);
	rc = change_all(&copy, false);
	hv_config_free(&copy);
	return rc;
}

/* --- reload-agent --- */

static unsigned changed(const char *name)
{
	unsigned aspects = 0;

	for (unsigned i = 0; i < PARAMS; i++) {
		char *before = applied(name, i);

		if (!same(before, ocf_param(params[i].name)))
			aspects |= params[i].aspect;
		free(before);
	}
	return aspects;
}

static void apply(const char *name, unsigned aspects)
{
	struct hv_error err = {""};
	unsigned failed = 0;
	struct hv_config c;

	/* What a parameter no longer says is again the definition's. */
	if (domain_config(&c, NULL, &err)) {
		note("resources", err.text);
		remember(name, HV_LIVE_HOST);
		return;
	}
	change_all(&c, true);
	for (unsigned i = 0; i < HV_LIVE_ASPECTS; i++) {
		unsigned aspect = aspects & 1u << i;
		int left = ocf_left_ms() - LEAVE_MS;

		if (!aspect)
			continue;
		err.text[0] = '\0';
		left = left > 0 ? left : 1;
		if (hv_live_book(&c, aspect, domain_ignores_ledger(), left, &err) ||
		    hv_live_apply(&c, aspect, left, NULL, &err)) {
			note(hv_live_name(aspect), err.text);
			failed |= aspect;
		} else {
			ocf_log("INFO", "domain %s: %s as the parameters say", name,
				hv_live_name(aspect));
		}
	}
	remember(name, failed);
	hv_config_free(&c);
}

/*
 * It never fails: a failed reload would count as a failed start, and ban the host.
 */
enum ocf_rc domain_reload(void)
{
	struct domain_list l = {0};
	unsigned aspects;

	notes[0] = '\0';
	if (domain_find(&l))
		ocf_log("WARNING", "nothing is changed: %s", l.err.text);
	else if (l.running && (aspects = changed(l.name[0])))
		apply(l.name[0], aspects);
	domain_list_free(&l);
	return OCF_SUCCESS;
}
