// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests as QEMU's guest agent has them: guest-info, -ping, -sync, -sync-delimited, -get-vcpus and
 * -set-vcpus (QEMU Guest Agent Protocol Reference).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "heartbeat/guest/agent.h"

enum { FLUSH = 0xff }; /* no JSON has it: what comes before it is to be forgotten */

static char *answer(json_t *body, json_t *id, bool delimited)
{
	char *text = NULL, *out = NULL;

	if (body && id)
		json_object_set(body, "id", id);
	if (body)
		text = json_dumps(body, JSON_COMPACT);
	if (text && asprintf(&out, "%s%s\n", delimited ? "\xff" : "", text) < 0)
		out = NULL;
	free(text);
	json_decref(body);
	return out;
}

static json_t *refusal(const char *class, const char *why)
{
	return json_pack("{s:{s:s, s:s}}", "error", "class", class, "desc", why);
}

static json_t *say_vcpus(const char *dir)
{
	struct vcpu v[VCPUS_MAX];
	size_t n = vcpus_read(dir, v);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:i, s:b, s:b}", "logical-id", (int)v[i].id,
						      "online", (int)v[i].online, "can-offline",
						      (int)v[i].can_offline));
	return json_pack("{s:o}", "return", list);
}

/* What is to be put on and off, into @set; NULL, or why it cannot be. */
static json_t *ask_vcpus(const json_t *args, struct agent_set *set)
{
	json_t *list = json_object_get(args, "vcpus"), *one;
	size_t i, n = 0;

	if (!json_is_array(list) || json_array_size(list) > VCPUS_MAX)
		return refusal("GenericError", "vcpus: a list of at most 64 is needed");
	json_array_foreach (list, i, one) {
		json_t *id = json_object_get(one, "logical-id");
		json_t *online = json_object_get(one, "online");
		json_int_t number = json_integer_value(id);

		if (!json_is_integer(id) || number < 0 || number > 9999 ||
		    !json_is_boolean(online)) {
			set->list[0] = '\0';
			return refusal("GenericError", "vcpus: logical-id or online is missing");
		}
		n += (size_t)snprintf(set->list + n, sizeof(set->list) - n, "%s%d=%d", n ? " " : "",
				      (int)number, json_is_true(online));
	}
	return n ? NULL : json_pack("{s:i}", "return", 0);
}

static const char *const commands[] = {"guest-info",      "guest-ping",
				       "guest-sync",      "guest-sync-delimited",
				       "guest-get-vcpus", "guest-set-vcpus"};

static json_t *say_info(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		json_array_append_new(list, json_pack("{s:s, s:b, s:b}", "name", commands[i],
						      "enabled", 1, "success-response", 1));
	return json_pack("{s:{s:s, s:o}}", "return", "version", TAIKI_VERSION, "supported_commands",
			 list);
}

static json_t *say_sync(const json_t *args)
{
	json_t *number = json_object_get(args, "id");

	return json_is_integer(number) ? json_pack("{s:O}", "return", number)
				       : refusal("GenericError", "id: a number is needed");
}

/* NULL: @set is to be done first. */
static json_t *execute(const char *what, const json_t *args, const char *dir, struct agent_set *set)
{
	if (!strcmp(what, "guest-ping"))
		return json_pack("{s:{}}", "return");
	if (!strcmp(what, "guest-sync") || !strcmp(what, "guest-sync-delimited"))
		return say_sync(args);
	if (!strcmp(what, "guest-info"))
		return say_info();
	if (!strcmp(what, "guest-get-vcpus"))
		return say_vcpus(dir);
	if (!strcmp(what, "guest-set-vcpus"))
		return ask_vcpus(args, set);
	return refusal("CommandNotFound", "taiki-guest has no such command");
}

char *agent_ask(const char *line, size_t len, const char *dir, struct agent_set *set)
{
	json_t *asked, *id, *body;
	const char *what;
	char *out = NULL;

	set->list[0] = '\0';
	set->id = NULL;
	while (len && (unsigned char)*line == FLUSH) {
		line++;
		len--;
	}
	if (strspn(line, " \t\r") >= len)
		return NULL;
	asked = json_loadb(line, len, 0, NULL);
	id = json_object_get(asked, "id");
	what = json_string_value(json_object_get(asked, "execute"));
	body = what ? execute(what, json_object_get(asked, "arguments"), dir, set)
		    : refusal("GenericError", "not a request: {\"execute\": ...} is needed");
	if (body)
		out = answer(body, id, what && !strcmp(what, "guest-sync-delimited"));
	else if (id)
		set->id = json_dumps(id, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(asked);
	return out;
}

char *agent_done(struct agent_set *set, int status)
{
	json_t *id = set->id ? json_loads(set->id, JSON_DECODE_ANY, NULL) : NULL;
	char why[128], *out;

	if (status < 0)
		snprintf(why, sizeof(why), "the kernel did not end it in time");
	else if (status > VCPUS_FAILED)
		snprintf(why, sizeof(why), "processor %.*s: %s", (int)strcspn(set->list, "="),
			 set->list, strerror(status - VCPUS_FAILED));
	out = status < 0 || status > VCPUS_FAILED
		      ? answer(refusal("GenericError", why), id, false)
		      : answer(json_pack("{s:i}", "return", status), id, false);
	json_decref(id);
	free(set->id);
	set->id = NULL;
	set->list[0] = '\0';
	return out;
}
