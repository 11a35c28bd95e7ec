// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The QMP connections: accept, frame, answer.  Nobody is ever waited for.
 * What a client does not read is kept up to CONTROL_OUTPUT_MAX bytes, then
 * the client is dropped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hv/rundir.h"
#include "hvcore/vmm/board.h"
#include "hvcore/vmm/listen.h"
#include "hvcore/vmm/log.h"
#include "hvcore/vmm/loop.h"

#include "command.h"
#include "control.h"
#include "framer.h"

enum {
	READ_BYTES = 16 << 10, /* taken from one client before the loop serves the others */
	KEEP_BYTES =
		64 << 10,    /* of an output buffer; a bigger one is given back when it is empty */
	DEAF_NS = 200000000, /* until accept() is tried again after it failed */
};

struct client {
	struct loop_fd watch;
	struct session session;
	struct framer framer;
	char *out; /* bytes the socket did not take yet */
	size_t out_len, out_size;
	bool want_write; /* EPOLLOUT is asked for */
	bool doomed;     /* closed as soon as what is in `out` is gone, or at once if it is empty */
	bool used;
};

static struct client clients[CONTROL_CLIENTS_MAX];
static struct loop_fd listener = {.fd = -1};
static struct loop_timer deaf; /* accept() failed: not asked again before this */
struct control_counters control_counters;
struct control_identity control_identity;

static struct client *client_of(struct loop_fd *w)
{
	return (struct client *)((char *)w - offsetof(struct client, watch));
}

/* close_client() - Loop thread only. */
static void close_client(struct client *c)
{
	loop_del(&c->watch);
	close(c->watch.fd);
	framer_free(&c->framer);
	session_end(&c->session);
	free(c->out);
	memset(c, 0, sizeof(*c));
}

/*
 * doom() - Let the loop close @c.  Any thread: shutting the socket down makes
 * it ready, so the loop comes by.
 */
static void doom(struct client *c, const char *why)
{
	if (c->doomed)
		return;
	c->doomed = true;
	if (why) {
		control_counters.dropped++;
		log_line(LOG_WARNING, "QMP: a client is dropped: %s", why);
	}
	shutdown(c->watch.fd, why ? SHUT_RDWR : SHUT_RD);
}

/* flush() - As much as the socket takes. */
static void flush(struct client *c)
{
	while (c->out_len) {
		ssize_t n = send(c->watch.fd, c->out, c->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			c->out_len = 0;
			doom(c, NULL);
		}
		if (n < 0)
			break;
		c->out_len -= n;
		memmove(c->out, c->out + n, c->out_len);
	}
	if (!c->out_len && c->out_size > KEEP_BYTES) {
		free(c->out);
		c->out = NULL;
		c->out_size = 0;
	}
	if (c->want_write != (c->out_len > 0)) {
		c->want_write = c->out_len > 0;
		loop_mod(&c->watch, EPOLLIN | (c->want_write ? EPOLLOUT : 0));
	}
}

static int keep(struct client *c, const char *text, size_t len)
{
	size_t need = c->out_len + len, size = c->out_size ? c->out_size : 1024;

	if (need > CONTROL_OUTPUT_MAX)
		return -ENOBUFS;
	while (size < need)
		size *= 2;
	if (size != c->out_size) {
		char *out = realloc(c->out, size);

		if (!out)
			return -ENOMEM;
		c->out = out;
		c->out_size = size;
	}
	memcpy(c->out + c->out_len, text, len);
	c->out_len = need;
	return 0;
}

static void say_text(struct client *c, const char *text, size_t len)
{
	if (c->doomed)
		return;
	int rc = keep(c, text, len);
	if (!rc)
		rc = keep(c, "\r\n", 2);
	flush(c);
	if (rc == -ENOBUFS)
		doom(c, "it does not read its answers");
	else if (rc)
		doom(c, "out of memory");
}

/* say() - Send @message and drop the reference. */
static void say(struct client *c, json_t *message)
{
	char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;

	json_decref(message);
	if (text)
		say_text(c, text, strlen(text));
	else
		doom(c, "out of memory");
	free(text);
}

void control_broadcast(const json_t *message)
{
	char *text = json_dumps(message, JSON_COMPACT);

	if (!text)
		return;
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (clients[i].used && clients[i].session.negotiated)
			say_text(&clients[i], text, strlen(text));
	free(text);
}

/* give_up() - Say why, then drop: the stream cannot be followed any further. */
static void give_up(struct client *c, const char *desc)
{
	say(c, reply_error("GenericError", desc, NULL));
	doom(c, desc);
}

/* answer() - Say it, unless it comes later. */
static void answer(struct client *c, json_t *reply)
{
	if (reply || !c->session.later)
		say(c, reply);
}

void control_answer(uint64_t ticket, int rc, json_t *ret, const struct hv_error *err)
{
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct client *c = &clients[i];

		if (c->used && c->session.later == ticket) {
			say(c, session_reply(&c->session, rc, ret, err));
			return;
		}
	}
	json_decref(ret); /* it did not wait for the answer */
}

static void take(struct client *c, const char *in, size_t len)
{
	while (!c->doomed) {
		switch (framer_take(&c->framer, &in, &len)) {
		case FRAMER_MORE: return;
		case FRAMER_OBJECT:
			control_counters.requests++;
			answer(c, dispatch(&c->session, c->framer.buf, c->framer.len));
			break;
		case FRAMER_GARBAGE:
			say(c, reply_error("GenericError", "JSON parse error, expected an object",
					   NULL));
			break;
		case FRAMER_TOO_LONG: give_up(c, "a request is longer than 1 MiB"); break;
		case FRAMER_TOO_DEEP: give_up(c, "a request is nested too deeply"); break;
		case FRAMER_NO_MEMORY: give_up(c, "out of memory"); break;
		}
	}
}

static void client_ready(struct loop_fd *w, uint32_t events)
{
	struct client *c = client_of(w);
	char buf[READ_BYTES];

	if (events & EPOLLOUT)
		flush(c);
	if (!c->doomed && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
		ssize_t n = fds_receive(&c->session.fds, w->fd, buf, sizeof(buf));

		if (n > 0)
			take(c, buf, n);
		else if (n == 0 || (n != -EAGAIN && n != -EINTR))
			close_client(c);
	}
	if (c->used && c->doomed)
		close_client(c);
}

/* gone() - It has left, and the loop has not come by yet. */
static bool gone(const struct client *c)
{
	char byte;

	return recv(c->watch.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static struct client *free_slot(void)
{
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (!clients[i].used)
			return &clients[i];
	/* epoll may tell of who comes before it tells of who went. */
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (gone(&clients[i])) {
			close_client(&clients[i]);
			return &clients[i];
		}
	return NULL;
}

/* refuse() - The socket is new and empty: the message fits, or does not matter. */
static void refuse(int fd)
{
	static const char message[] =
		"{\"error\":{\"class\":\"GenericError\",\"desc\":"
		"\"too many clients are connected; disconnect one and try again\"}}\r\n";

	control_counters.refused++;
	send(fd, message, sizeof(message) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void listen_again(struct loop_timer *t)
{
	loop_mod(&listener, EPOLLIN);
}

static void listener_ready(struct loop_fd *w, uint32_t events)
{
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *c = free_slot();

	if (fd < 0) {
		/* Out of descriptors or memory: do not spin on it, clients have deadlines. */
		if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR && !loop_mod(w, 0))
			loop_host_timer_arm(&deaf, loop_host_now() + DEAF_NS);
		return;
	}
	if (!c) {
		refuse(fd);
		return;
	}
	*c = (struct client){.used = true, .watch = {.fd = fd, .ready = client_ready}};
	if (loop_add(&c->watch, EPOLLIN)) {
		c->used = false;
		close(fd);
		return;
	}
	control_counters.clients++;
	say(c, json_pack("{s:{s:o, s:[]}}", "QMP", "version", version_json(), "capabilities"));
}

static void identify(void)
{
	free(control_identity.incarnation);
	free(control_identity.resource);
	control_identity.incarnation = hv_run_read(board.config->name, "incarnation");
	control_identity.resource = hv_run_read(board.config->name, "resource");
	control_identity.started = loop_host_now();
}

int control_listen(const char *path, struct hv_error *err)
{
	int rc;

	identify();
	listener = (struct loop_fd){.fd = unix_listen(path, 2 * CONTROL_CLIENTS_MAX, err),
				    .ready = listener_ready};
	if (listener.fd < 0)
		return listener.fd;
	deaf.expired = listen_again;
	rc = loop_add(&listener, EPOLLIN);
	if (rc) {
		close(listener.fd);
		listener.fd = -1;
		return hv_err(err, rc, "%s: cannot listen: %s", path, strerror(-rc));
	}
	return 0;
}

void control_close(void)
{
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (clients[i].used)
			close_client(&clients[i]);
	if (listener.fd < 0)
		return;
	loop_host_timer_cancel(&deaf);
	loop_del(&listener);
	close(listener.fd);
	listener.fd = -1;
}
