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
#include "mirror/control.h"
#include "mirror/mirrord.h"

enum { CLIENTS_MAX = 16, LINE_MAX_BYTES = 4096, PROGRESS_MS = 1000, GATHER_MS = 20 };

struct client {
	struct watch watch;
	struct control *control;
	char in[LINE_MAX_BYTES];
	size_t got;
	bool waits; /* its command is under way */
	bool runs;  /* its lines are being looked at */
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

struct mirrord *client_mirrord(struct client *c)
{
	return c->control->m;
}

void client_say(struct client *c, json_t *o)
{
	char *line = json_dumps(o, JSON_COMPACT);
	size_t len = line ? strlen(line) : 0;

	json_decref(o);
	if (len && !c->gone) {
		line[len++] = '\n'; /* in the place of its NUL */
		/* The loop sees its end, and drops it: whoever has called still has it. */
		if (send(c->watch.fd, line, len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)len)
			shutdown(c->watch.fd, SHUT_RDWR);
	}
	free(line);
}

void client_done(struct client *c)
{
	client_say(c, json_pack("{s:{}}", "return"));
}

void client_refuse(struct client *c, const char *why)
{
	client_say(c, json_pack("{s:s}", "error", why));
}

static void next_lines(struct client *c);

static void answered(void *arg, int result)
{
	struct client *c = arg;
	const char *more = advice(result);

	c->waits = false;
	if (c->gone) {
		drop(c);
		return;
	}
	if (result > 0)
		client_done(c);
	else
		client_say(c, json_pack("{s:s++}", "error", state_result_text(result),
					more ? "; " : "", more ? more : ""));
	next_lines(c);
}

volume_answer *client_wait(struct client *c)
{
	c->waits = true;
	return answered;
}

void client_watch(struct client *c)
{
	c->watches = true;
	loop_timer(&c->control->m->loop, &c->control->show, 0);
}

/* ---- clients ---- */

/* next_lines() - What has come and may be looked at now; not from inside itself, by a command that answers at once. */
static void next_lines(struct client *c)
{
	char line[LINE_MAX_BYTES], *nl;
	size_t len;

	if (c->runs)
		return;
	c->runs = true;
	while (!c->waits && (nl = memchr(c->in, '\n', c->got))) {
		len = (size_t)(nl - c->in);
		memcpy(line, c->in, len);
		c->got -= len + 1;
		memmove(c->in, nl + 1, c->got);
		command_execute(c, line, len);
	}
	c->runs = false;
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
	next_lines(c);
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
			client_say(k->client[i], json_pack("{s:o}", "status", status_json(k->m)));
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
