// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A configuration as JSON and back, by the tables of config_fields.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/config.h"

#include "config_fields.h"
#include "mac.h"

enum { JSON_BYTES_MAX = 1 << 20 };

static const struct config_part *part_find(const char *key)
{
	for (size_t i = 0; i < CONFIG_PARTS; i++)
		if (!strcmp(config_parts[i].key, key))
			return &config_parts[i];
	return NULL;
}

static const struct config_array *array_find(const char *key)
{
	for (size_t i = 0; i < CONFIG_ARRAYS; i++)
		if (!strcmp(config_arrays[i].key, key))
			return &config_arrays[i];
	return NULL;
}

static json_t *put_value(const struct config_field *f, const void *p)
{
	char mac[MAC_TEXT];

	switch (f->type) {
	case CONFIG_STR: return json_string(*(char *const *)p);
	case CONFIG_UUID: return json_string(p);
	case CONFIG_MAC: mac_print(p, mac); return json_string(mac);
	case CONFIG_BOOL:
	case CONFIG_BOOL_IF: return json_boolean(*(const bool *)p);
	case CONFIG_UINT: return json_integer(*(const unsigned *)p);
	case CONFIG_U64:
	case CONFIG_U64_IF: return json_integer((json_int_t) * (const uint64_t *)p);
	case CONFIG_I64: return json_integer(*(const int64_t *)p);
	case CONFIG_ENUM: return json_string(f->names[*(const unsigned *)p]);
	}
	return NULL;
}

/* What was not given is left out where its type says so, everything else is always there. */
static int put_fields(json_t *o, const struct config_field *fields, const void *base)
{
	for (const struct config_field *f = fields; f->key; f++) {
		const char *p = (const char *)base + f->offset;

		if ((f->type == CONFIG_STR && !*(char *const *)p) ||
		    (f->type == CONFIG_BOOL_IF && !*(const bool *)p) ||
		    (f->type == CONFIG_U64_IF && !*(const uint64_t *)p))
			continue;
		if (json_object_set_new(o, f->key, put_value(f, p)))
			return -ENOMEM;
	}
	return 0;
}

static int put_array(json_t *o, const struct config_array *a, const struct hv_config *c)
{
	const char *base = (const char *)c;
	unsigned n = *(const unsigned *)(base + a->count);
	json_t *list;

	if (!n && a->if_any)
		return 0;
	list = json_array();
	/* Takes over the reference, so that every way out frees it with @o. */
	if (json_object_set_new(o, a->key, list))
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++) {
		json_t *e = json_object();

		if (json_array_append_new(list, e) ||
		    put_fields(e, a->fields, base + a->offset + i * a->size))
			return -ENOMEM;
	}
	return 0;
}

char *hv_config_to_json(const struct hv_config *c)
{
	json_t *o = json_object();
	char *text = NULL;

	if (json_object_set_new(o, "version", json_integer(HV_CONFIG_VERSION)) ||
	    put_fields(o, config_top, c))
		goto out;
	for (size_t i = 0; i < CONFIG_PARTS; i++) {
		json_t *part = json_object();

		/* Takes over the reference. */
		if (json_object_set_new(o, config_parts[i].key, part) ||
		    put_fields(part, config_parts[i].fields,
			       (const char *)c + config_parts[i].offset))
			goto out;
	}
	for (size_t i = 0; i < CONFIG_ARRAYS; i++)
		if (put_array(o, &config_arrays[i], c))
			goto out;
	text = json_dumps(o, JSON_SORT_KEYS | JSON_INDENT(1));
out:
	json_decref(o);
	return text;
}

static int get_int(const struct config_field *f, const json_t *v, void *p)
{
	json_int_t n = json_integer_value(v);

	if (!json_is_integer(v) || (f->type != CONFIG_I64 && n < 0) ||
	    (f->type == CONFIG_UINT && n > UINT32_MAX))
		return -EINVAL;
	if (f->type == CONFIG_UINT)
		*(unsigned *)p = (unsigned)n;
	else
		*(int64_t *)p = n; /* U64: n >= 0, the same bits */
	return 0;
}

static int get_enum(const struct config_field *f, const char *s, void *p)
{
	for (unsigned i = 0; f->names[i]; i++)
		if (!strcmp(f->names[i], s)) {
			*(unsigned *)p = i;
			return 0;
		}
	return -EINVAL;
}

static int get_value(const struct config_field *f, const json_t *v, void *p)
{
	const char *s = json_string_value(v);
	bool text = f->type == CONFIG_STR || f->type == CONFIG_UUID || f->type == CONFIG_MAC ||
		    f->type == CONFIG_ENUM;

	if (text && !s)
		return -EINVAL;
	switch (f->type) {
	case CONFIG_STR:
		free(*(char **)p);
		*(char **)p = strdup(s);
		return *(char **)p ? 0 : -ENOMEM;
	case CONFIG_UUID:
		if (strlen(s) != 36)
			return -EINVAL;
		memcpy(p, s, 37);
		return 0;
	case CONFIG_MAC: return mac_parse(s, p);
	case CONFIG_ENUM: return get_enum(f, s, p);
	case CONFIG_BOOL:
	case CONFIG_BOOL_IF:
		if (!json_is_boolean(v))
			return -EINVAL;
		*(bool *)p = json_is_true(v);
		return 0;
	case CONFIG_UINT:
	case CONFIG_U64:
	case CONFIG_U64_IF:
	case CONFIG_I64: return get_int(f, v, p);
	}
	return -EINVAL;
}

static int get_field(const struct config_field *fields, const char *key, const json_t *v,
		     void *base, const char *where, struct hv_error *err)
{
	for (const struct config_field *f = fields; f->key; f++) {
		int rc;

		if (strcmp(f->key, key))
			continue;
		rc = get_value(f, v, (char *)base + f->offset);
		return rc ? hv_err(err, rc,
				   "configuration: %s\"%.40s\" has a value that it cannot have",
				   where, key)
			  : 0;
	}
	return hv_err(err, -EINVAL, "configuration: %s\"%.40s\" is not a known key", where, key);
}

static int get_object(const struct config_field *fields, json_t *o, void *base, const char *where,
		      struct hv_error *err)
{
	const char *key;
	json_t *v;

	if (!json_is_object(o))
		return hv_err(err, -EINVAL, "configuration: %s is not an object", where);
	json_object_foreach (o, key, v) {
		int rc = get_field(fields, key, v, base, where, err);

		if (rc)
			return rc;
	}
	return 0;
}

static int get_array(const struct config_array *a, json_t *list, struct hv_config *c,
		     struct hv_error *err)
{
	char *base = (char *)c, where[32];

	if (!json_is_array(list) || json_array_size(list) > a->max)
		return hv_err(err, -EINVAL, "configuration: \"%s\" is not a list of at most %u",
			      a->key, a->max);
	for (unsigned i = 0; i < json_array_size(list); i++) {
		int rc;

		*(unsigned *)(base + a->count) = i + 1;
		snprintf(where, sizeof(where), "%s %u: ", a->key, i);
		rc = get_object(a->fields, json_array_get(list, i), base + a->offset + i * a->size,
				where, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int get_top(json_t *root, struct hv_config *c, struct hv_error *err)
{
	json_t *version = json_object_get(root, "version"), *v;
	const char *key;

	if (json_integer_value(version) != HV_CONFIG_VERSION)
		return hv_err(
			err, -EINVAL,
			"configuration: its version is not %d; hv and hv-domain must be of one release",
			HV_CONFIG_VERSION);
	json_object_foreach (root, key, v) {
		const struct config_array *a = array_find(key);
		const struct config_part *p = part_find(key);
		char where[32];
		int rc;

		if (v == version)
			continue;
		snprintf(where, sizeof(where), "%.20s: ", key);
		if (a)
			rc = get_array(a, v, c, err);
		else if (p)
			rc = get_object(p->fields, v, (char *)c + p->offset, where, err);
		else
			rc = get_field(config_top, key, v, c, "", err);
		if (rc)
			return rc;
	}
	return 0;
}

int hv_config_from_json(struct hv_config *c, const char *text, size_t len, struct hv_error *err)
{
	json_t *root = NULL;
	json_error_t je;
	int rc;

	hv_config_init(c);
	if (len > JSON_BYTES_MAX) {
		rc = hv_err(err, -EINVAL, "configuration: %zu bytes, and %d are the most", len,
			    JSON_BYTES_MAX);
		goto out;
	}
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &je);
	if (!json_is_object(root)) {
		rc = root ? hv_err(err, -EINVAL, "configuration: not a JSON object")
			  : hv_err(err, -EINVAL, "configuration: line %d: %.150s", je.line,
				   je.text);
		goto out;
	}
	rc = get_top(root, c, err);
	if (!rc)
		rc = hv_config_check(c, err);
out:
	json_decref(root);
	if (rc)
		hv_config_free(c);
	return rc;
}
