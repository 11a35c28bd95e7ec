// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The peer's two sockets.
 *
 * Both nodes listen and both connect.  The first socket that a node makes itself becomes the one for
 * data, the second the one for acknowledgements; an accepted one says by its first packet which
 * it is.  Whoever has accepted one for data makes the other.  So that the two do not always
 * cross, the one with the higher address lets the other begin.
 *
 * Who is not at the peer's address is turned away before a byte is read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "mirror/engine/address.h"
#include "mirror/engine/private.h"

enum {
	SECOND = 1000,   /* ms */
	HELLO_MS = 3000, /* for the first packet, or to connect */
	HELLOS = 4,      /* accepted sockets that have not said what they are */
	YIELD_MS = 200,
	SETTLE_MS = 20,
};

/* A socket that is to become one of the two. */
struct hello {
	struct watch watch;
	struct timer deadline;
	struct seek *seek;
	uint8_t bytes[WIRE_H80];
	unsigned got;
};

struct seek {
	struct volume *v;
	struct watch listener, out; /* out: our own, while it connects */
	struct timer next, deadline, settle;
	struct hello hello[HELLOS];
	int data, meta; /* found, or -1 */
	bool meta_accepted, data_accepted;
};

static void attempt(struct seek *s);

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void out_stop(struct seek *s)
{
	loop_timer_stop(&s->deadline);
	loop_unwatch(s->v->loop, &s->out);
	shut(&s->out.fd);
}

static void hello_stop(struct hello *h)
{
	loop_timer_stop(&h->deadline);
	loop_unwatch(h->seek->v->loop, &h->watch);
	shut(&h->watch.fd);
}

/* again() - The next attempt of our own, in @ms and some more by chance. */
static void again(struct seek *s, unsigned ms)
{
	unsigned char chance = 0;

	if (getrandom(&chance, 1, GRND_NONBLOCK) != 1)
		chance = (unsigned char)loop_clock();
	loop_timer(s->v->loop, &s->next, (ms + ms * chance / 7 / 256) * LOOP_MS);
}

/* alive() - The peer has not closed it meanwhile. */
static bool alive(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);

	return n > 0 || (n < 0 && errno == EAGAIN);
}

static void settled(struct timer *t)
{
	struct seek *s = list_entry(t, struct seek, settle);
	struct volume *v = s->v;
	int data = s->data, meta = s->meta;
	bool accepted = s->meta_accepted;

	if (data < 0 || meta < 0)
		return;
	if (!alive(data) || !alive(meta)) {
		shut(&s->data);
		shut(&s->meta);
		again(s, SECOND / 10);
		return;
	}
	s->data = s->meta = -1;
	seek_stop(v);
	link_found(v, data, meta, accepted);
}

static void found(struct seek *s, int fd, bool meta, bool accepted)
{
	int *place = meta ? &s->meta : &s->data;

	/* crossed: the peer's counts, and ours, which it has replaced by its own too, is closed */
	shut(place);
	*place = fd;
	*(meta ? &s->meta_accepted : &s->data_accepted) = accepted;
	if (s->data >= 0 && s->meta >= 0) {
		out_stop(s);
		loop_timer_stop(&s->next);
		loop_timer(s->v->loop, &s->settle, SETTLE_MS * LOOP_MS);
	} else if (!meta && accepted) {
		attempt(s); /* the other one is ours to make */
	} else {
		again(s, s->v->config.connect_int_ms / 4);
	}
}

/* ---- ours ---- */

static void say(struct seek *s, int fd)
{
	struct wire_packet p = {.command = s->data < 0 ? WIRE_INITIAL_DATA : WIRE_INITIAL_META};
	static const struct wire_agreed nothing;
	uint8_t b[WIRE_HEADER_MAX + WIRE_FIELDS_MAX];
	int n = wire_encode(b, &p, &nothing);

	if (send(fd, b, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) != n) {
		close(fd);
		again(s, s->v->config.connect_int_ms);
		return;
	}
	found(s, fd, p.command == WIRE_INITIAL_META, false);
}

static void connected(struct watch *w, uint32_t events)
{
	struct seek *s = list_entry(w, struct seek, out);
	int fd = w->fd, error = 0;
	socklen_t len = sizeof(error);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error) {
		out_stop(s);
		again(s, s->v->config.connect_int_ms);
		return;
	}
	loop_timer_stop(&s->deadline);
	loop_unwatch(s->v->loop, w);
	w->fd = -1;
	say(s, fd);
}

static void too_late(struct timer *t)
{
	struct seek *s = list_entry(t, struct seek, deadline);

	out_stop(s);
	again(s, s->v->config.connect_int_ms);
}

static void attempt(struct seek *s)
{
	struct volume *v = s->v;
	int fd;

	loop_timer_stop(&s->next);
	if (s->out.fd >= 0 || (s->data >= 0 && s->meta >= 0))
		return;
	fd = address_connect(&v->config.local, &v->config.peer);
	if (fd < 0) {
		again(s, v->config.connect_int_ms);
		return;
	}
	s->out.fd = fd;
	if (loop_watch(v->loop, &s->out, EPOLLOUT)) {
		out_stop(s);
		again(s, v->config.connect_int_ms);
		return;
	}
	loop_timer(v->loop, &s->deadline, HELLO_MS * LOOP_MS);
}

static void due(struct timer *t)
{
	struct seek *s = list_entry(t, struct seek, next);

	/* half a connection that the peer does not complete is none */
	if (s->data >= 0 && !alive(s->data))
		shut(&s->data);
	if (s->meta >= 0 && !alive(s->meta))
		shut(&s->meta);
	attempt(s);
}

/* ---- the peer's ---- */

static void hello_late(struct timer *t)
{
	hello_stop(list_entry(t, struct hello, deadline));
}

static void hello_read(struct watch *w, uint32_t events)
{
	struct hello *h = list_entry(w, struct hello, watch);
	ssize_t n = recv(w->fd, h->bytes + h->got, sizeof(h->bytes) - h->got, MSG_DONTWAIT);
	struct wire_header head;
	int fd;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && (h->got += (unsigned)n) < sizeof(h->bytes))
		return;
	if (n <= 0 || wire_header_decode(h->bytes, WIRE_H80, &head) || head.length ||
	    (head.command != WIRE_INITIAL_DATA && head.command != WIRE_INITIAL_META)) {
		hello_stop(h);
		return;
	}
	loop_timer_stop(&h->deadline);
	loop_unwatch(h->seek->v->loop, w);
	fd = w->fd;
	w->fd = -1;
	found(h->seek, fd, head.command == WIRE_INITIAL_META, true);
}

static struct hello *hello_free(struct seek *s)
{
	for (int i = 0; i < HELLOS; i++)
		if (s->hello[i].watch.fd < 0)
			return &s->hello[i];
	return NULL;
}

static void accepted(struct watch *w, uint32_t events)
{
	struct seek *s = list_entry(w, struct seek, listener);
	union address from;
	int fd = address_accept(w->fd, &from);
	struct hello *h;

	if (fd < 0)
		return;
	h = address_same_host(&from, &s->v->config.peer) ? hello_free(s) : NULL;
	if (!h) {
		close(fd);
		return;
	}
	h->watch.fd = fd;
	h->got = 0;
	if (loop_watch(s->v->loop, &h->watch, EPOLLIN))
		hello_stop(h);
	else
		loop_timer(s->v->loop, &h->deadline, HELLO_MS * LOOP_MS);
}

/* ---- both ---- */

int seek_start(struct volume *v)
{
	struct seek *s = calloc(1, sizeof(*s));
	int fd;

	if (!s)
		return -ENOMEM;
	fd = address_listen(&v->config.local);
	if (fd < 0) {
		free(s);
		return fd;
	}
	s->v = v;
	s->data = s->meta = -1;
	s->out = (struct watch){.fd = -1, .ready = connected};
	s->listener = (struct watch){.fd = fd, .ready = accepted};
	timer_init(&s->next, due);
	timer_init(&s->deadline, too_late);
	timer_init(&s->settle, settled);
	for (int i = 0; i < HELLOS; i++) {
		s->hello[i] = (struct hello){.watch = {.fd = -1, .ready = hello_read}, .seek = s};
		timer_init(&s->hello[i].deadline, hello_late);
	}
	v->link.seek = s;
	if (loop_watch(v->loop, &s->listener, EPOLLIN)) {
		seek_stop(v);
		return -ENOMEM;
	}
	loop_timer(v->loop, &s->next,
		   address_compare(&v->config.local, &v->config.peer) > 0 ? YIELD_MS * LOOP_MS : 0);
	return 0;
}

void seek_stop(struct volume *v)
{
	struct seek *s = v->link.seek;

	if (!s)
		return;
	v->link.seek = NULL;
	out_stop(s);
	loop_timer_stop(&s->next);
	loop_timer_stop(&s->settle);
	for (int i = 0; i < HELLOS; i++)
		hello_stop(&s->hello[i]);
	loop_unwatch(v->loop, &s->listener);
	shut(&s->listener.fd);
	shut(&s->data);
	shut(&s->meta);
	free(s);
}
