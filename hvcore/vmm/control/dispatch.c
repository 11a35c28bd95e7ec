// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a request's text to its reply: the envelope (QEMU's qmp-spec §2.3), the
 * negotiation, the arguments' names and types.  Error classes and their
 * wording follow QEMU's, since clients match on them.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command.h"

json_t *reply_error(const char *class, const char *desc, json_t *id)
{
	return json_pack("{s:{s:s, s:s}, s:O*}", "error", "class", class, "desc", desc, "id", id);
}

__attribute__((format(printf, 2, 3))) static json_t *generic(json_t *id, const char *fmt, ...)
{
	char desc[256];
	va_list ap;
	json_t *reply;

	va_start(ap, fmt);
	vsnprintf(desc, sizeof(desc), fmt, ap);
	va_end(ap);
	reply = reply_error("GenericError", desc, id);
	/* Cutting a client's bytes may have cut a character, which is no JSON. */
	return reply ? reply : reply_error("GenericError", "Invalid parameter", id);
}

json_t *version_json(void)
{
	int major = 0, minor = 0;

	sscanf(TAIKI_VERSION, "%d.%d", &major, &minor);
	return json_pack("{s:{s:i, s:i, s:i}, s:s}", "qemu", "major", major, "minor", minor,
			 "micro", 0, "package", "taiki " TAIKI_VERSION);
}

static const struct command *find(const char *name)
{
	for (const struct command *const *t = command_tables; *t; t++)
		for (const struct command *c = *t; c->name; c++)
			if (!strcmp(c->name, name))
				return c;
	return NULL;
}

static bool type_is(const json_t *v, enum arg_type type)
{
	switch (type) {
	case ARG_STRING: return json_is_string(v);
	case ARG_INTEGER: return json_is_integer(v);
	case ARG_BOOLEAN: return json_is_boolean(v);
	}
	return false;
}

/* check_args() - NULL if @args is what @c takes, else the reply that says why not. */
static json_t *check_args(const struct command *c, json_t *args, json_t *id)
{
	static const char *const names[] = {"string", "integer", "boolean"};
	const struct command_arg *a;
	const char *key;
	json_t *value;

	for (a = c->args; a->name; a++) {
		value = json_object_get(args, a->name);
		if (!value && !a->optional)
			return generic(id, "Parameter '%s' is missing", a->name);
		if (value && !type_is(value, a->type))
			return generic(id, "Invalid parameter type for '%s', expected: %s", a->name,
				       names[a->type]);
	}
	json_object_foreach (args, key, value) {
		for (a = c->args; a->name && strcmp(a->name, key); a++)
			;
		if (!a->name)
			return generic(id, "Parameter '%.64s' is unexpected", key);
	}
	return NULL;
}

static json_t *negotiate(struct session *s, json_t *args, json_t *id)
{
	json_t *enable = json_object_get(args, "enable");

	if (enable && !json_is_array(enable))
		return generic(id, "Invalid parameter type for 'enable', expected: array");
	if (json_array_size(enable))
		return generic(id, "this server offers no capabilities to enable");
	s->negotiated = true;
	return json_pack("{s:{}, s:O*}", "return", "id", id);
}

/* finished() - What a command came to; @ret is stolen. */
static json_t *finished(int rc, json_t *ret, const struct hv_error *err, json_t *id)
{
	if (rc) {
		json_decref(ret);
		return generic(id, "%s", err->text[0] ? err->text : strerror(-rc));
	}
	return json_pack("{s:o, s:O*}", "return", ret ? ret : json_object(), "id", id);
}

uint64_t session_later(struct session *s)
{
	static uint64_t tickets;

	return s->later = ++tickets;
}

json_t *session_reply(struct session *s, int rc, json_t *ret, const struct hv_error *err)
{
	json_t *reply = finished(rc, ret, err, s->later_id);

	json_decref(s->later_id);
	s->later_id = NULL;
	s->later = 0;
	return reply;
}

void session_end(struct session *s)
{
	fds_close_all(&s->fds);
	json_decref(s->later_id);
	*s = (struct session){0};
}

static json_t *execute(struct session *s, const char *name, json_t *args, json_t *id)
{
	const struct command *c;
	struct hv_error err = {""};
	json_t *ret = NULL, *reply;
	char desc[128];

	if (!s->negotiated && !strcmp(name, "qmp_capabilities"))
		return negotiate(s, args, id);
	if (!s->negotiated)
		return reply_error("CommandNotFound",
				   "Expecting capabilities negotiation with 'qmp_capabilities'",
				   id);
	if (s->later)
		return generic(id, "a command of this connection is still under way; wait for its "
				   "answer, or use another connection");
	c = find(name);
	if (!c) {
		snprintf(desc, sizeof(desc), "The command %.64s has not been found", name);
		reply = reply_error("CommandNotFound", desc, id);
		return reply ? reply
			     : reply_error("CommandNotFound", "The command has not been found", id);
	}
	reply = check_args(c, args, id);
	if (reply)
		return reply;
	int rc = c->run_in ? c->run_in(s, args, &ret, &err) : c->run(args, &ret, &err);
	if (rc == COMMAND_LATER) {
		s->later_id = json_incref(id);
		return NULL;
	}
	return finished(rc, ret, &err, id);
}

json_t *dispatch(struct session *s, const char *text, size_t len)
{
	json_error_t jerr;
	json_t *request, *args, *id, *name, *value, *none = NULL, *reply = NULL;
	const char *key;

	request = json_loadb(text, len, JSON_REJECT_DUPLICATES, &jerr);
	if (!request)
		return generic(NULL, "JSON parse error, %s", jerr.text);
	id = json_object_get(request, "id");
	name = json_object_get(request, "execute");
	args = json_object_get(request, "arguments");
	json_object_foreach (request, key, value) {
		if (strcmp(key, "execute") && strcmp(key, "arguments") && strcmp(key, "id"))
			reply = generic(id, "QMP input member '%.64s' is unexpected", key);
		if (reply)
			goto out;
	}
	if (!name) {
		reply = generic(id, "QMP input lacks member 'execute'");
	} else if (!json_is_string(name)) {
		reply = generic(id, "QMP input member 'execute' must be a string");
	} else if (args && !json_is_object(args)) {
		reply = generic(id, "QMP input member 'arguments' must be an object");
	} else {
		if (!args)
			args = none = json_object();
		reply = execute(s, json_string_value(name), args, id);
	}
out:
	json_decref(none);
	json_decref(request);
	return reply;
}
