// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A definition, from the cluster or from a file, resolved in a process of its own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "hv/daemon.h"
#include "hv/definition.h"

#include "poold.h"

enum { RESOLVE_MS = 20000, RESOLVE_MORE_MS = 5000 };

static const char *name_of(const struct source *s)
{
	return s->resource ? s->resource : "the template";
}

const char *source_parameter(const struct source *s, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = s->parameters; p && p < s->parameters + s->parameters_len;
	     p += strlen(p) + 1)
		if (!strncmp(p, name, n) && p[n] == '=')
			return p + n + 1;
	return NULL;
}

static const char *file_of(const struct source *s)
{
	return s->resource ? source_parameter(s, "config") : s->d->settings.template;
}

static void forget_config(struct source *s)
{
	if (s->has_config)
		hv_config_free(&s->config);
	free(s->json);
	free(s->text);
	s->json = s->text = NULL;
	s->has_config = false;
}

void source_broken(struct source *s, enum source_state state, const char *why)
{
	if (s->state != state || strcmp(s->why, why) != 0)
		hv_log_line(LOG_WARNING, "%s: no standby can be made from it: %s", name_of(s), why);
	s->state = state;
	snprintf(s->why, sizeof(s->why), "%s", why);
	pool_stir(s->d);
}

void source_missing(struct source *s)
{
	/* Whoever still reads what it was would bring it back. */
	job_forget(&s->resolving);
	s->again = false;
	free(s->parameters);
	free(s->stamp);
	s->parameters = s->stamp = NULL;
	s->parameters_len = 0;
	forget_config(s);
	s->domain = POOL_AWAY;
	source_broken(s, SOURCE_MISSING, "the cluster has no such resource");
}

static int read_text(const struct source *s, char **text, size_t *len, struct hv_error *err)
{
	const char *packed = s->resource ? source_parameter(s, "definition") : NULL,
		   *file = file_of(s);

	if (packed)
		return hv_definition_decode(packed, text, len, err);
	if (!file)
		return hv_err(err, -EINVAL,
			      "it has neither the parameter definition nor config; use `hv "
			      "cluster define FILE`");
	if (*file != '/')
		return hv_err(err, -EINVAL, "\"%s\" is not an absolute path", file);
	return hv_definition_read(file, text, len, err);
}

static int check_digest(const struct source *s, const char *text, size_t len, struct hv_error *err)
{
	const char *want = s->resource ? source_parameter(s, "digest") : NULL;
	char digest[HV_DIGEST_SIZE];

	if (!want)
		return 0;
	hv_definition_digest(text, len, digest);
	return strcasecmp(want, digest)
		       ? hv_err(err, -EINVAL,
				"the definition is not what the cluster knows: its digest is "
				"%.16s..., the resource's is %.16s...",
				digest, want)
		       : 0;
}

static int resolve(const void *arg, struct job_answer *a)
{
	const struct source *s = arg;
	struct hv_error err = {""};
	struct hv_config c;
	char *text, *json;
	size_t len;
	int rc = read_text(s, &text, &len, &err);

	if (!rc)
		rc = check_digest(s, text, len, &err);
	if (!rc)
		rc = hv_definition_resolve(&c, text, len, name_of(s), RESOLVE_MS, &err);
	if (!rc && (!c.standby.wanted || (!s->resource && !c.standby.template)))
		rc = hv_err(&err, -EINVAL,
			    "%s says in its definition how it waits: add "
			    "<taiki:standby%s>",
			    s->resource ? "nothing" : "it does not",
			    s->resource ? "/" : " template='yes'/");
	json = rc ? NULL : hv_config_to_json(&c);
	if (!json) {
		job_say(a, err.text, strlen(err.text) + 1);
		return rc ? rc : -ENOMEM;
	}
	job_say(a, json, strlen(json) + 1);
	job_say(a, text, len + 1);
	return 0;
}

static void resolve_now(struct source *s);

/* take() - What resolve() has found. */
static void take(struct source *s, char *json, size_t len)
{
	size_t n = strlen(json);
	struct hv_error err;
	struct hv_config c;

	if (n >= len || hv_config_from_json(&c, json, n, &err)) {
		source_broken(s, SOURCE_BROKEN, n >= len ? "it was cut short" : err.text);
		return;
	}
	forget_config(s);
	s->config = c;
	s->json = strdup(json);
	s->text = strdup(json + n + 1);
	s->has_config = s->json && s->text;
	if (s->state != SOURCE_KNOWN)
		hv_log_line(LOG_INFO, "%s: standbys are made from the definition of %s", name_of(s),
			    c.name);
	s->state = SOURCE_KNOWN;
	s->why[0] = '\0';
	for (struct place *p = s->d->places; p; p = p->next)
		if (p->source == s) {
			p->checked = false;
			p->failures = 0;
			p->p.not_before = 0;
		}
	pool_stir(s->d);
}

static void resolved(void *owner, int rc, char *text, size_t len)
{
	struct source *s = owner;

	if (s->dropped) {
		source_free(s);
		return;
	}
	if (s->again) {
		resolve_now(s);
		return;
	}
	if (rc && rc != -EINVAL && rc != -ENOENT) {
		/* It is not the definition's fault: read again at the next look. */
		free(s->stamp);
		s->stamp = NULL;
	}
	if (rc)
		source_broken(s, SOURCE_BROKEN, text && *text ? text : strerror(-rc));
	else if (text)
		take(s, text, len);
}

/* stamp_of() - What the text is read from, as far as it can be told without reading it. */
static char *stamp_of(const struct source *s)
{
	const char *packed = s->resource ? source_parameter(s, "definition") : NULL,
		   *file = file_of(s);
	const char *digest = s->resource ? source_parameter(s, "digest") : NULL;
	struct stat st = {0};
	char *stamp = NULL;

	if (!packed && file && stat(file, &st))
		st.st_size = -1;
	if (asprintf(&stamp, "%s %s %s %lld %lld.%ld %llu", packed ? packed : "", file ? file : "",
		     digest ? digest : "", (long long)st.st_size, (long long)st.st_mtim.tv_sec,
		     st.st_mtim.tv_nsec, (unsigned long long)st.st_ino) < 0)
		return NULL;
	return stamp;
}

static void resolve_now(struct source *s)
{
	int rc;

	s->again = job_runs(&s->resolving);
	if (s->again)
		return;
	s->resolving.done = resolved;
	s->resolving.owner = s;
	rc = job_start(&s->resolving, resolve, s, RESOLVE_MS + RESOLVE_MORE_MS);
	if (rc)
		source_broken(s, SOURCE_BROKEN, strerror(-rc));
}

/* source_consider() - Resolve it, unless it is what it was. */
void source_consider(struct source *s)
{
	char *stamp = stamp_of(s);

	if (stamp && s->stamp && !strcmp(stamp, s->stamp)) {
		free(stamp);
		return;
	}
	free(s->stamp);
	s->stamp = stamp;
	resolve_now(s);
}
