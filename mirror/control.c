// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket: {"execute": COMMAND, "arguments": {...}} a line, and a line in answer,
 * {"return": ...} or {"error": TEXT}.  A client has one command under way at a time.  Who watches gets
 * {"status": ...} lines, whenever something has changed, and each second while a resync runs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "mirror/advice.h"
#include "mirror/mirrord.h"
#include "mirror/size.h"

enum { CLIENTS_MAX = 16, LINE_MAX_BYTES = 4096, PROGRESS_MS = 1000, GATHER_MS = 20 };

struct client {
	struct watch watch;
	struct control *control;
	char in[LINE_MAX_BYTES];
	size_t got;
	bool waits; /* its command is under way */
	bool gone;  /* it has left meanwhile */
	bool watches;
};

struct control {
	struct mirrord *m;
	struct watch listener;
	char path[PLACE_PATH];
	struct client *client[CLIENTS_MAX];
	struct volume_listener changes;
	struct timer show; /* to those who watch */
};

static void drop(struct client *c)
{
	struct control *k = c->control;

	if (!c->gone) {
		loop_unwatch(&k->m->loop, &c->watch);
		close(c->watch.fd);
		c->gone = true;
	}
	if (c->waits)
		return;
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (k->client[i] == c)
			k->client[i] = NULL;
	free(c);
}

/* say() - An answer fits into a socket's buffer; who does not read it loses it. */
static void say(struct client *c, json_t *o)
{
	char *line = json_dumps(o, JSON_COMPACT);
	size_t len = line ? strlen(line) : 0;

	json_decref(o);
	if (len && !c->gone) {
		line[len++] = '\n'; /* in the place of its NUL */
		if (send(c->watch.fd, line, len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)len)
			drop(c);
	}
	free(line);
}

static void refuse(struct client *c, const char *why)
{
	say(c, json_pack("{s:s}", "error", why));
}

static void done(struct client *c, int result)
{
	const char *more = advice(result);

	if (result > 0)
		say(c, json_pack("{s:{}}", "return"));
	else
		say(c, json_pack("{s:s++}", "error", state_result_text(result), more ? "; " : "",
				 more ? more : ""));
}

static void next_line(struct client *c);

static void answered(void *arg, int result)
{
	struct client *c = arg;

	c->waits = false;
	if (c->gone) {
		drop(c);
		return;
	}
	done(c, result);
}

/* ---- commands ---- */

static void do_status(struct client *c, const json_t *arguments)
{
	say(c, json_pack("{s:o}", "return", status_json(c->control->m)));
}

static void do_primary(struct client *c, const json_t *arguments)
{
	c->waits = true;
	volume_primary(c->control->m->volume, json_is_true(json_object_get(arguments, "force")),
		       answered, c);
}

static void do_secondary(struct client *c, const json_t *arguments)
{
	c->waits = true;
	volume_secondary(c->control->m->volume, answered, c);
}

static void do_connect(struct client *c, const json_t *arguments)
{
	bool discard = json_is_true(json_object_get(arguments, "discard-my-data"));
	int r = volume_connect(c->control->m->volume, discard);

	if (r)
		refuse(c, "it is connected, or trying to be; taiki-mirror disconnect ends that");
	else
		say(c, json_pack("{s:{}}", "return"));
}

static void do_disconnect(struct client *c, const json_t *arguments)
{
	c->waits = true;
	volume_disconnect(c->control->m->volume, answered, c);
}

static void do_invalidate(struct client *c, const json_t *arguments)
{
	c->waits = true;
	volume_invalidate(c->control->m->volume, answered, c);
}

static void do_pause_sync(struct client *c, const json_t *arguments)
{
	if (volume_pause(c->control->m->volume, true))
		refuse(c, "resyncs are paused already");
	else
		say(c, json_pack("{s:{}}", "return"));
}

static void do_resume_sync(struct client *c, const json_t *arguments)
{
	if (volume_pause(c->control->m->volume, false))
		refuse(c, "resyncs are not paused on this side");
	else
		say(c, json_pack("{s:{}}", "return"));
}

static void do_outdate(struct client *c, const json_t *arguments)
{
	c->waits = true;
	volume_outdate(c->control->m->volume, answered, c);
}

static void do_invalidate_remote(struct client *c, const json_t *arguments)
{
	c->waits = true;
	volume_invalidate_remote(c->control->m->volume, answered, c);
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
		refuse(c, "where it is to start or stop is no size");
		return;
	}
	c->waits = true;
	volume_verify(c->control->m->volume, from, to, answered, c);
}

static void do_verify_stop(struct client *c, const json_t *arguments)
{
	if (volume_verify_stop(c->control->m->volume))
		refuse(c, "no verify runs that was begun on this side");
	else
		say(c, json_pack("{s:{}}", "return"));
}

static void do_attach(struct client *c, const json_t *arguments)
{
	c->waits = true;
	volume_attach(c->control->m->volume, answered, c);
}

static void do_detach(struct client *c, const json_t *arguments)
{
	c->waits = true;
	volume_detach(c->control->m->volume, answered, c);
}

static void do_resize(struct client *c, const json_t *arguments)
{
	struct volume_resize r = {
		.assume_clean = json_is_true(json_object_get(arguments, "assume-clean")),
		.alone = json_is_true(json_object_get(arguments, "assume-peer-has-space")),
	};

	if (sector(arguments, "size", 0, &r.sectors)) {
		refuse(c, "the size is none");
		return;
	}
	c->waits = true;
	volume_resize(c->control->m->volume, &r, answered, c);
}

static void do_history(struct client *c, const json_t *arguments)
{
	say(c, json_pack("{s:o}", "return", history_json(c->control->m)));
}

static void do_options(struct client *c, const json_t *arguments)
{
	json_t *o = reconfigure_json(c->control->m, arguments);

	if (o)
		say(c, json_pack("{s:o}", "return", o));
	else
		refuse(c, "one of the options is none, is no good, or says what the volume is; the "
			  "log says which");
}

static void do_watch(struct client *c, const json_t *arguments)
{
	c->watches = true;
	say(c, json_pack("{s:{}}", "return"));
	loop_timer(&c->control->m->loop, &c->control->show, 0);
}

static void do_down(struct client *c, const json_t *arguments)
{
	int r = mirrord_down(c->control->m, json_is_true(json_object_get(arguments, "force")));

	if (r)
		refuse(c, r == -EBUSY
				  ? "the volume is in use; end who has it open first, or --force"
				  : "it is going down");
	else
		say(c, json_pack("{s:{}}", "return"));
}

static const struct {
	const char *name;
	void (*run)(struct client *c, const json_t *arguments);
} commands[] = {
	{"status", do_status},
	{"primary", do_primary},
	{"secondary", do_secondary},
	{"connect", do_connect},
	{"disconnect", do_disconnect},
	{"invalidate", do_invalidate},
	{"invalidate-remote", do_invalidate_remote},
	{"outdate", do_outdate},
	{"pause-sync", do_pause_sync},
	{"resume-sync", do_resume_sync},
	{"attach", do_attach},
	{"detach", do_detach},
	{"resize", do_resize},
	{"down", do_down},
	{"history", do_history},
	{"options", do_options},
	{"watch", do_watch},
	{"verify", do_verify},
	{"verify-stop", do_verify_stop},
};

static void execute(struct client *c, const char *line, size_t len)
{
	json_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *name = json_string_value(json_object_get(o, "execute"));
	size_t i = 0, n = sizeof(commands) / sizeof(commands[0]);

	while (name && i < n && strcmp(commands[i].name, name))
		i++;
	if (!name || i == n)
		refuse(c, name ? "no such command" : "not a command");
	else if (!c->control->m->volume || c->control->m->going_down)
		refuse(c, "it is going down");
	else
		commands[i].run(c, json_object_get(o, "arguments"));
	json_decref(o);
}

/* ---- clients ---- */

static void next_line(struct client *c)
{
	char *nl = memchr(c->in, '\n', c->got);
	char line[LINE_MAX_BYTES];
	size_t len;

	if (!nl || c->waits || c->gone)
		return;
	len = (size_t)(nl - c->in);
	memcpy(line, c->in, len);
	c->got -= len + 1;
	memmove(c->in, nl + 1, c->got);
	execute(c, line, len);
}

static void can_read(struct watch *w, uint32_t events)
{
	struct client *c = list_entry(w, struct client, watch);
	ssize_t n = recv(w->fd, c->in + c->got, sizeof(c->in) - c->got, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || (c->got += (size_t)n) == sizeof(c->in)) {
		drop(c);
		return;
	}
	next_line(c);
}

static void come(struct watch *w, uint32_t events)
{
	struct control *k = list_entry(w, struct control, listener);
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), i = 0;
	struct client *c;

	while (i < CLIENTS_MAX && k->client[i])
		i++;
	c = fd >= 0 && i < CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		if (fd >= 0)
			close(fd);
		return;
	}
	c->control = k;
	c->watch = (struct watch){.fd = fd, .ready = can_read};
	k->client[i] = c;
	if (loop_watch(&k->m->loop, &c->watch, EPOLLIN))
		drop(c);
}

/* ---- those who watch ---- */

static void show(struct timer *t)
{
	struct control *k = list_entry(t, struct control, show);
	struct volume_status s;
	bool any = false;

	if (!k->m->volume)
		return;
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (k->client[i] && k->client[i]->watches) {
			any = true;
			say(k->client[i], json_pack("{s:o}", "status", status_json(k->m)));
		}
	volume_status(k->m->volume, &s);
	if (any && s.sync_total)
		loop_timer(&k->m->loop, t, PROGRESS_MS * LOOP_MS);
}

/* Not from inside whatever has changed it, and what changes at once is shown once. */
static void changed(struct volume_listener *l)
{
	struct control *k = list_entry(l, struct control, changes);

	loop_timer(&k->m->loop, &k->show, GATHER_MS * LOOP_MS);
}

int control_open(struct control **out, struct mirrord *m, const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct control *k = calloc(1, sizeof(*k));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r = 0;

	if (!k || fd < 0) {
		free(k);
		return fd < 0 ? -errno : -ENOMEM;
	}
	k->m = m;
	strcpy(k->path, path);
	strcpy(a.sun_path, path);
	unlink(path); /* the lock beside it is ours: whoever made it is gone */
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || chmod(path, 0600) ||
	    listen(fd, CLIENTS_MAX))
		r = -errno;
	k->listener = (struct watch){.fd = fd, .ready = come};
	if (!r)
		r = loop_watch(&m->loop, &k->listener, EPOLLIN);
	if (r) {
		close(fd);
		free(k);
		return r;
	}
	timer_init(&k->show, show);
	k->changes.changed = changed;
	volume_listen(m->volume, &k->changes);
	*out = k;
	return 0;
}

void control_close(struct control *k)
{
	loop_timer_stop(&k->show);
	loop_unwatch(&k->m->loop, &k->listener);
	close(k->listener.fd);
	unlink(k->path);
	for (int i = 0; i < CLIENTS_MAX; i++) {
		if (!k->client[i])
			continue;
		k->client[i]->waits = false;
		drop(k->client[i]);
	}
	free(k);
}
