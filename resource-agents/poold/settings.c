// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/definition.h"
#include "hv/replace.h"
#include "hv/rundir.h"
#include "hv/standby.h"

#include "settings.h"

#define FILE_NAME ".poold.json"

enum { BOOTS_MAX = 64, BOOT_TIMEOUT_MIN_MS = 1000 };

static bool id_ok(const char *id)
{
	return *id && strlen(id) < 256 && !strpbrk(id, "'\"<>& \t\n,/");
}

int pool_settings_domains(struct pool_settings *s, const char *text, struct hv_error *err)
{
	static const char blanks[] = " \t\n,";

	for (;;) {
		size_t n;

		text += strspn(text, blanks);
		n = strcspn(text, blanks);
		if (!n)
			return 0;
		if (s->ndomains == POOL_DOMAINS_MAX)
			return hv_err(err, -EINVAL, "parameter domains: more than %d",
				      POOL_DOMAINS_MAX);
		s->domain[s->ndomains] = strndup(text, n);
		if (!s->domain[s->ndomains])
			return hv_err(err, -ENOMEM, "not enough memory");
		s->ndomains++;
		text += n;
	}
}

static int check_domains(const struct pool_settings *s, struct hv_error *err)
{
	for (unsigned i = 0; i < s->ndomains; i++) {
		if (!id_ok(s->domain[i]))
			return hv_err(err, -EINVAL,
				      "parameter domains: \"%.64s\" is no resource's name",
				      s->domain[i]);
		for (unsigned k = 0; k < i; k++)
			if (!strcmp(s->domain[i], s->domain[k]))
				return hv_err(err, -EINVAL, "parameter domains: %.64s twice",
					      s->domain[i]);
	}
	return 0;
}

static int check_spares(const struct pool_settings *s, struct hv_error *err)
{
	if (s->spares > HV_SPARES_MAX)
		return hv_err(err, -EINVAL, "parameter spares: %u, must be 0 to %d", s->spares,
			      HV_SPARES_MAX);
	if (!s->spares)
		return 0;
	if (!s->template)
		return hv_err(err, -EINVAL,
			      "parameter spares is %u, and template does not say what a spare is",
			      s->spares);
	if (*s->template != '/')
		return hv_err(err, -EINVAL, "parameter template: \"%s\" is not an absolute path",
			      s->template);
	if (s->directory && *s->directory != '/')
		return hv_err(err, -EINVAL, "parameter directory: \"%s\" is not an absolute path",
			      s->directory);
	return 0;
}

int pool_settings_check(const struct pool_settings *s, struct hv_error *err)
{
	int rc;

	if (!s->resource || !id_ok(s->resource))
		return hv_err(err, -EINVAL, "the pool's own resource has no name");
	rc = check_domains(s, err);
	if (!rc)
		rc = check_spares(s, err);
	if (rc)
		return rc;
	if (!s->ndomains && !s->spares)
		return hv_err(err, -EINVAL,
			      "neither domains nor spares is given: nothing would wait; write "
			      "domains=\"web db\"");
	if (s->boot_timeout_ms < BOOT_TIMEOUT_MIN_MS)
		return hv_err(err, -EINVAL, "parameter boot_timeout: at least one second");
	if (s->ready_after_ms < 0)
		return hv_err(err, -EINVAL, "parameter ready_after: not a time; write \"30s\"");
	if (s->ready_after_ms >= s->boot_timeout_ms)
		return hv_err(err, -EINVAL, "parameter ready_after: not less than boot_timeout");
	if (!s->boots || s->boots > BOOTS_MAX)
		return hv_err(err, -EINVAL, "parameter boots: must be 1 to %d", BOOTS_MAX);
	return 0;
}

char *pool_settings_print(const struct pool_settings *s)
{
	json_t *domains = json_array(), *o;
	char *text;

	for (unsigned i = 0; i < s->ndomains; i++)
		json_array_append_new(domains, json_string(s->domain[i]));
	o = json_pack("{s:s, s:o, s:i, s:s*, s:s*, s:i, s:i, s:i, s:b}", "resource", s->resource,
		      "domains", domains, "spares", (int)s->spares, "template", s->template,
		      "directory", s->directory, "boot-timeout", s->boot_timeout_ms, "ready-after",
		      s->ready_after_ms, "boots", (int)s->boots, "assume-fencing",
		      (int)s->assume_fencing);
	text = json_dumps(o, JSON_SORT_KEYS | JSON_INDENT(1));
	json_decref(o);
	return text;
}

static char *text_of(const json_t *o, const char *key)
{
	const char *v = json_string_value(json_object_get(o, key));

	return v ? strdup(v) : NULL;
}

static int number_of(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n < 0 || n > INT_MAX ? 0 : (int)n;
}

int pool_settings_parse(struct pool_settings *s, const char *text, size_t len, struct hv_error *err)
{
	json_t *o = json_loadb(text, len, 0, NULL), *name;
	size_t i;
	int rc;

	*s = (struct pool_settings){0};
	if (!json_is_object(o)) {
		json_decref(o);
		return hv_err(err, -EINVAL, "%s: not what the agent writes", FILE_NAME);
	}
	s->resource = text_of(o, "resource");
	s->template = text_of(o, "template");
	s->directory = text_of(o, "directory");
	s->spares = (unsigned)number_of(o, "spares");
	s->boots = (unsigned)number_of(o, "boots");
	s->boot_timeout_ms = number_of(o, "boot-timeout");
	s->ready_after_ms = number_of(o, "ready-after");
	s->assume_fencing = json_is_true(json_object_get(o, "assume-fencing"));
	json_array_foreach (json_object_get(o, "domains"), i, name) {
		const char *id = json_string_value(name);

		if (id && s->ndomains < POOL_DOMAINS_MAX)
			s->domain[s->ndomains] = strdup(id);
		s->ndomains += id && s->ndomains < POOL_DOMAINS_MAX && s->domain[s->ndomains];
	}
	json_decref(o);
	rc = pool_settings_check(s, err);
	if (rc)
		pool_settings_free(s);
	return rc;
}

static int path_of(char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/" FILE_NAME, hv_run_root());

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int pool_settings_write(const struct pool_settings *s, struct hv_error *err)
{
	char path[PATH_MAX], *text = pool_settings_print(s);
	int rc = text ? path_of(path) : -ENOMEM;

	if (!rc && mkdir(hv_run_root(), 0755) && errno != EEXIST)
		rc = -errno;
	if (!rc)
		rc = hv_replace(path, text, strlen(text), 0600, false);
	free(text);
	return rc ? hv_err(err, rc, "%s/" FILE_NAME ": cannot be written: %s", hv_run_root(),
			   strerror(-rc))
		  : 0;
}

int pool_settings_read(struct pool_settings *s, struct hv_error *err)
{
	char path[PATH_MAX], *text;
	size_t len;
	int rc = path_of(path);

	*s = (struct pool_settings){0};
	if (!rc)
		rc = hv_definition_read(path, &text, &len, err);
	if (rc)
		return rc;
	rc = pool_settings_parse(s, text, len, err);
	free(text);
	return rc;
}

void pool_settings_remove(void)
{
	char path[PATH_MAX];

	if (!path_of(path))
		unlink(path);
}

void pool_settings_free(struct pool_settings *s)
{
	while (s->ndomains)
		free(s->domain[--s->ndomains]);
	free(s->resource);
	free(s->template);
	free(s->directory);
	*s = (struct pool_settings){0};
}
