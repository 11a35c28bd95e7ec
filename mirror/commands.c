// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be asked for on the control socket.
 */
#include <errno.h>
#include <string.h>

#include "mirror/control.h"
#include "mirror/mirrord.h"
#include "mirror/size.h"

static void do_status(struct client *c, const json_t *arguments)
{
	client_say(c, json_pack("{s:o}", "return", status_json(client_mirrord(c))));
}

static void do_primary(struct client *c, const json_t *arguments)
{
	volume_primary(client_mirrord(c)->volume, json_is_true(json_object_get(arguments, "force")),
		       client_wait(c), c);
}

static void do_connect(struct client *c, const json_t *arguments)
{
	bool discard = json_is_true(json_object_get(arguments, "discard-my-data"));
	int r = volume_connect(client_mirrord(c)->volume, discard);

	if (r)
		client_refuse(
			c, "it is connected, or trying to be; taiki-mirror disconnect ends that");
	else
		client_done(c);
}

static void do_pause_sync(struct client *c, const json_t *arguments)
{
	if (volume_pause(client_mirrord(c)->volume, true))
		client_refuse(c, "resyncs are paused already");
	else
		client_done(c);
}

static void do_resume_sync(struct client *c, const json_t *arguments)
{
	if (volume_pause(client_mirrord(c)->volume, false))
		client_refuse(c, "resyncs are not paused on this side");
	else
		client_done(c);
}

/* sector() - Argument @key, a size in sectors where it has no suffix; @none: it is not there. */
static int sector(const json_t *arguments, const char *key, uint64_t none, uint64_t *out)
{
	const json_t *o = json_object_get(arguments, key);
	uint64_t bytes;

	*out = none;
	if (!o)
		return 0;
	if (!json_is_string(o) || size_parse(&bytes, json_string_value(o), 512))
		return -EINVAL;
	*out = bytes / 512;
	return 0;
}

static void do_verify(struct client *c, const json_t *arguments)
{
	uint64_t from, to;

	if (sector(arguments, "start", 0, &from) || sector(arguments, "stop", UINT64_MAX, &to)) {
		client_refuse(c, "where it is to start or stop is no size");
		return;
	}
	volume_verify(client_mirrord(c)->volume, from, to, client_wait(c), c);
}

static void do_verify_stop(struct client *c, const json_t *arguments)
{
	if (volume_verify_stop(client_mirrord(c)->volume))
		client_refuse(c, "no verify runs that was begun on this side");
	else
		client_done(c);
}

static void do_resize(struct client *c, const json_t *arguments)
{
	struct volume_resize r = {
		.assume_clean = json_is_true(json_object_get(arguments, "assume-clean")),
		.alone = json_is_true(json_object_get(arguments, "assume-peer-has-space")),
	};

	if (sector(arguments, "size", 0, &r.sectors)) {
		client_refuse(c, "the size is none");
		return;
	}
	volume_resize(client_mirrord(c)->volume, &r, client_wait(c), c);
}

static void do_history(struct client *c, const json_t *arguments)
{
	client_say(c, json_pack("{s:o}", "return", history_json(client_mirrord(c))));
}

static void do_options(struct client *c, const json_t *arguments)
{
	json_t *o = reconfigure_json(client_mirrord(c), arguments);

	if (o)
		client_say(c, json_pack("{s:o}", "return", o));
	else
		client_refuse(
			c,
			"one of the options is none, is no good, or says what the volume is; the "
			"log says which");
}

static void do_watch(struct client *c, const json_t *arguments)
{
	client_done(c);
	client_watch(c);
}

static void do_down(struct client *c, const json_t *arguments)
{
	int r = mirrord_down(client_mirrord(c), json_is_true(json_object_get(arguments, "force")));

	if (r)
		client_refuse(
			c, r == -EBUSY
				   ? "the volume is in use; end who has it open first, or --force"
				   : "it is going down");
	else
		client_done(c);
}

static const struct command {
	const char *name;
	void (*run)(struct client *c, const json_t *arguments);
	/* or one that takes nothing, and answers when it is over */
	void (*begin)(struct volume *v, volume_answer *answer, void *arg);
} commands[] = {
	{"status", do_status},
	{"primary", do_primary},
	{"secondary", .begin = volume_secondary},
	{"connect", do_connect},
	{"disconnect", .begin = volume_disconnect},
	{"invalidate", .begin = volume_invalidate},
	{"invalidate-remote", .begin = volume_invalidate_remote},
	{"outdate", .begin = volume_outdate},
	{"pause-sync", do_pause_sync},
	{"resume-sync", do_resume_sync},
	{"attach", .begin = volume_attach},
	{"detach", .begin = volume_detach},
	{"resize", do_resize},
	{"down", do_down},
	{"history", do_history},
	{"options", do_options},
	{"watch", do_watch},
	{"verify", do_verify},
	{"verify-stop", do_verify_stop},
};

static const struct command *command_of(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

void command_execute(struct client *c, const char *line, size_t len)
{
	json_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *name = json_string_value(json_object_get(o, "execute"));
	const struct command *command = name ? command_of(name) : NULL;
	struct mirrord *m = client_mirrord(c);

	if (!command)
		client_refuse(c, name ? "no such command" : "not a command");
	else if (!m->volume || m->going_down)
		client_refuse(c, "it is going down");
	else if (command->begin)
		command->begin(m->volume, client_wait(c), c);
	else
		command->run(c, json_object_get(o, "arguments"));
	json_decref(o);
}
