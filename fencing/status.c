// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RUN/.fenced.sock: whoever connects (root) gets everything this host knows, as one
 * JSON object, and the end of the stream.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <qb/qbloop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fencing/fenced.h"
#include "hv/rundir.h"

enum { SHOW_S = 5 };

static void hex(const uint8_t *id, char out[2 * ORDER_ID + 1])
{
	for (size_t i = 0; i < ORDER_ID; i++)
		snprintf(out + 2 * i, 3, "%02x", id[i]);
}

static const char *host_name(uint32_t nodeid)
{
	const struct order_host *h = order_find_host(fenced.sync.state, nodeid);

	return h ? h->name : "";
}

static json_t *hosts(const struct order_state *s)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < s->nhosts; i++) {
		const struct order_host *h = &s->host[i];
		const char *why = h->present || h->dead ? NULL : hosts_why_not(h->nodeid);

		json_array_append_new(list, json_pack("{s:I, s:s, s:s, s:s, s:s*}", "node",
						      (json_int_t)h->nodeid, "name", h->name,
						      "boot", h->boot, "state",
						      h->present ? "present"
						      : h->dead  ? "fenced"
								 : "lost",
						      "not_confirmed", why));
	}
	return list;
}

static json_t *domains(const struct order_state *s)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < s->ndomains; i++) {
		const struct order_domain *d = &s->domain[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "name", d->name, "host",
					host_name(d->host), "incarnation", d->incarnation, "group",
					d->group, "resource", d->resource, "up", d->up));
	}
	return list;
}

static json_t *pending(const struct order_state *s)
{
	static const char *const phase[] = {[ORDER_MARK] = "mark",
					    [ORDER_KILL] = "kill",
					    [ORDER_SETTLE] = "settle",
					    [ORDER_DOWN] = "down",
					    [ORDER_UP] = "up"};
	json_t *list = json_array();

	for (uint32_t i = 0; i < s->npending; i++) {
		const struct order_pending *p = &s->pending[i];
		char id[2 * ORDER_ID + 1], text[ORDER_TEXT];

		hex(p->id, id);
		order_waits_for(s, p, text, sizeof(text));
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id",
						      id, "op", fence_op_name(p->op), "target",
						      p->target, "phase", phase[p->phase],
						      "coordinator", host_name(p->coordinator),
						      "sender", p->sender_name, "waits_for", text));
	}
	return list;
}

static json_t *outcomes(const struct order_state *s)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < s->noutcomes; i++) {
		const struct order_outcome *o = &s->outcome[i];
		char id[2 * ORDER_ID + 1];

		hex(o->id, id);
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "id", id, "op",
					fence_op_name(o->op), "target", o->target, "incarnation",
					o->incarnation, "result", fence_result_name(o->result),
					"sender", o->sender_name, "text", o->text, "time_ms",
					(json_int_t)o->time_ms));
	}
	return list;
}

static char *describe(void)
{
	const struct order_state *s = fenced.sync.state;
	json_t *all = json_pack(
		"{s:s, s:I, s:b, s:b, s:b, s:b, s:b, s:i, s:i, s:I, s:o, s:o, s:o, s:o}", "host",
		fenced.sync.host, "node", (json_int_t)fenced.sync.me, "connected", fenced.connected,
		"quorate", fenced.quorate, "synchronised", sync_ready(&fenced.sync), "able",
		fenced_able(), "fencer", fenced.helper, "clients", (int)clients_count(), "working",
		(int)duties_count(), "applied", (json_int_t)s->seq, "hosts", hosts(s), "domains",
		domains(s), "pending", pending(s), "outcomes", outcomes(s));
	char *text = all ? json_dumps(all, JSON_INDENT(2)) : NULL;

	json_decref(all);
	return text;
}

struct told {
	int fd;
	char *text;
};

/* A reader may be slow, and the loop never waits: it is told in a thread, within its time. */
static void *tell(void *arg)
{
	struct timeval most = {.tv_sec = SHOW_S};
	struct told *t = arg;
	size_t len = strlen(t->text);

	setsockopt(t->fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
	for (size_t at = 0; at < len;) {
		ssize_t n = send(t->fd, t->text + at, len - at, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	close(t->fd);
	free(t->text);
	free(t);
	return NULL;
}

static int accept_one(int fd, int revents, void *data)
{
	int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	struct told *t = c >= 0 ? malloc(sizeof(*t)) : NULL;
	pthread_t thread;

	if (c < 0)
		return 0;
	if (t)
		*t = (struct told){.fd = c, .text = describe()};
	if (!t || !t->text || pthread_create(&thread, NULL, tell, t)) {
		if (t)
			free(t->text);
		free(t);
		close(c);
		return 0;
	}
	pthread_detach(thread);
	return 0;
}

static int address(struct sockaddr_un *a)
{
	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	return snprintf(a->sun_path, sizeof(a->sun_path), "%s/.fenced.sock", hv_run_root()) <
			       (int)sizeof(a->sun_path)
		       ? 0
		       : -ENAMETOOLONG;
}

int status_open(void)
{
	struct sockaddr_un a;
	int fd, rc = address(&a);
	mode_t before;

	if (rc)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	unlink(a.sun_path);
	before = umask(0177);
	rc = bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 8) ? -errno : 0;
	umask(before);
	if (!rc)
		rc = qb_loop_poll_add(fenced.loop, QB_LOOP_LOW, fd, POLLIN, NULL, accept_one);
	if (rc)
		close(fd);
	return rc;
}

static char *fetch(void)
{
	struct timeval most = {.tv_sec = SHOW_S};
	struct sockaddr_un a;
	size_t len = 0, room = 0;
	char *text = NULL;
	ssize_t n = -1;
	int fd;

	if (address(&a))
		return NULL;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		do {
			if (room - len < 65536) {
				char *more = realloc(text, room + 262144);

				if (!more)
					break;
				text = more;
				room += 262144;
			}
			n = read(fd, text + len, room - len - 1);
			len += n > 0 ? (size_t)n : 0;
		} while (n > 0);
	close(fd);
	if (n || !len) {
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

static const char *get(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void print(const json_t *all)
{
	const char *const yes[] = {"no", "yes"};
	size_t i;
	json_t *o;

	printf("host %s, connected %s, quorate %s, serving %s, fencer %s\n", get(all, "host"),
	       yes[json_is_true(json_object_get(all, "connected"))],
	       yes[json_is_true(json_object_get(all, "quorate"))],
	       yes[json_is_true(json_object_get(all, "able"))],
	       yes[json_is_true(json_object_get(all, "fencer"))]);
	json_array_foreach (json_object_get(all, "hosts"), i, o)
		printf("host    %-16s %s%s%s\n", get(o, "name"), get(o, "state"),
		       *get(o, "not_confirmed") ? ": " : "", get(o, "not_confirmed"));
	json_array_foreach (json_object_get(all, "domains"), i, o)
		printf("domain  %-16s %-4s on %-12s %s group %s resource %s\n", get(o, "name"),
		       json_is_true(json_object_get(o, "up")) ? "up" : "down", get(o, "host"),
		       get(o, "incarnation"), *get(o, "group") ? get(o, "group") : "-",
		       *get(o, "resource") ? get(o, "resource") : "-");
	json_array_foreach (json_object_get(all, "pending"), i, o)
		printf("pending %-7s %-16s for %s: %s\n", get(o, "op"), get(o, "target"),
		       get(o, "sender"), get(o, "waits_for"));
	json_array_foreach (json_object_get(all, "outcomes"), i, o)
		printf("outcome %-7s %-16s for %s: %s: %s\n", get(o, "op"), get(o, "target"),
		       get(o, "sender"), get(o, "result"), get(o, "text"));
}

int status_show(bool json)
{
	char *text = fetch();
	json_error_t err;
	json_t *all = text ? json_loads(text, 0, &err) : NULL;

	if (!all) {
		fprintf(stderr, "taiki-fenced: no taiki-fenced answers at %s/.fenced.sock%s\n",
			hv_run_root(), text ? " as it should" : "; does it run, and are you root?");
		free(text);
		return 1;
	}
	if (json)
		puts(text);
	else
		print(all);
	json_decref(all);
	free(text);
	return 0;
}
