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
	struct channel channel;
	enum { HELLO_FIRST, HELLO_HANDSHAKE, HELLO_PACKET } stage;
	uint8_t bytes[WIRE_H80];
	unsigned got;
};

struct seek {
	struct volume *v;
	struct watch listener, out; /* out: our own, while it connects */
	struct channel ours;        /* what it becomes */
	struct timer next, deadline, settle;
	struct hello hello[HELLOS];
	struct channel data, meta; /* found */
	bool meta_accepted, data_accepted;
};

static void attempt(struct seek *s);

static void out_stop(struct seek *s)
{
	loop_timer_stop(&s->deadline);
	loop_unwatch(s->v->loop, &s->out);
	channel_close(&s->ours);
	s->out.fd = -1;
}

static void hello_stop(struct hello *h)
{
	loop_timer_stop(&h->deadline);
	loop_unwatch(h->seek->v->loop, &h->watch);
	channel_close(&h->channel);
	h->watch.fd = -1;
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
	struct channel data = s->data, meta = s->meta;
	bool accepted = s->meta_accepted;

	if (data.fd < 0 || meta.fd < 0)
		return;
	if (!alive(data.fd) || !alive(meta.fd)) {
		channel_close(&s->data);
		channel_close(&s->meta);
		again(s, SECOND / 10);
		return;
	}
	s->data = s->meta = (struct channel){.fd = -1};
	seek_stop(v);
	link_found(v, data, meta, accepted);
}

static void found(struct seek *s, struct channel c, bool meta, bool accepted)
{
	struct channel *place = meta ? &s->meta : &s->data;

	/* crossed: the peer's counts, and ours, which it has replaced by its own too, is closed */
	channel_close(place);
	*place = c;
	*(meta ? &s->meta_accepted : &s->data_accepted) = accepted;
	if (s->data.fd >= 0 && s->meta.fd >= 0) {
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

static void say(struct seek *s, struct channel c)
{
	struct wire_packet p = {.command = s->data.fd < 0 ? WIRE_INITIAL_DATA : WIRE_INITIAL_META};
	static const struct wire_agreed nothing;
	uint8_t b[WIRE_HEADER_MAX + WIRE_FIELDS_MAX];
	int n = wire_encode(b, &p, &nothing);
	struct iovec v = {b, (size_t)n};

	if (channel_writev(&c, &v, 1) != n) {
		channel_close(&c);
		again(s, s->v->config.connect_int_ms);
		return;
	}
	found(s, c, p.command == WIRE_INITIAL_META, false);
}

/* It is connected; where TLS is configured, that comes first. */
static void secure(struct watch *w, uint32_t events)
{
	struct seek *s = list_entry(w, struct seek, out);
	int r = secure_go_on(s->v, &s->ours, false);
	struct channel c = s->ours;

	if (r == -EAGAIN)
		r = loop_watch(s->v->loop, w, tls_events(s->ours.tls)) ?: -EAGAIN;
	if (r == -EAGAIN)
		return;
	if (r) {
		out_stop(s);
		again(s, s->v->config.connect_int_ms);
		return;
	}
	s->ours = (struct channel){.fd = -1};
	out_stop(s);
	say(s, c);
}

static void connected(struct watch *w, uint32_t events)
{
	struct seek *s = list_entry(w, struct seek, out);
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error || secure_begin(s->v, &s->ours, false)) {
		out_stop(s);
		again(s, s->v->config.connect_int_ms);
		return;
	}
	w->ready = secure;
	loop_timer(s->v->loop, &s->deadline, HELLO_MS * LOOP_MS);
	secure(w, events);
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
	if (s->out.fd >= 0 || (s->data.fd >= 0 && s->meta.fd >= 0))
		return;
	fd = address_connect(&v->config.local, &v->config.peer);
	if (fd < 0) {
		again(s, v->config.connect_int_ms);
		return;
	}
	s->ours = (struct channel){.fd = fd};
	s->out.fd = fd;
	s->out.ready = connected;
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
	if (s->data.fd >= 0 && !alive(s->data.fd))
		channel_close(&s->data);
	if (s->meta.fd >= 0 && !alive(s->meta.fd))
		channel_close(&s->meta);
	attempt(s);
}

/* ---- the peer's ---- */

static void hello_late(struct timer *t)
{
	hello_stop(list_entry(t, struct hello, deadline));
}

static int hello_first(struct hello *h)
{
	struct volume *v = h->seek->v;
	int r = h->stage == HELLO_FIRST ? secure_first(v, h->channel.fd) : 0;

	if (r || h->stage != HELLO_FIRST)
		return r;
	h->stage = HELLO_HANDSHAKE;
	return secure_begin(v, &h->channel, true);
}

static int hello_handshake(struct hello *h)
{
	struct volume *v = h->seek->v;
	int r = h->stage == HELLO_HANDSHAKE ? secure_go_on(v, &h->channel, true) : 0;

	if (r == -EAGAIN)
		return loop_watch(v->loop, &h->watch, tls_events(h->channel.tls)) ?: r;
	if (r || h->stage != HELLO_HANDSHAKE)
		return r;
	h->stage = HELLO_PACKET;
	return loop_watch(v->loop, &h->watch, EPOLLIN);
}

/* hello_packet() - What it is for; -EAGAIN: it has not all come. */
static int hello_packet(struct hello *h, bool *meta)
{
	struct iovec v = {h->bytes + h->got, sizeof(h->bytes) - h->got};
	ssize_t n = channel_readv(&h->channel, &v, 1);
	struct wire_header head;

	if (n < 0)
		return (int)n;
	h->got += (unsigned)n;
	if (h->got < sizeof(h->bytes))
		return -EAGAIN;
	if (wire_header_decode(h->bytes, WIRE_H80, &head) || head.length ||
	    (head.command != WIRE_INITIAL_DATA && head.command != WIRE_INITIAL_META))
		return -EPROTO;
	*meta = head.command == WIRE_INITIAL_META;
	return 0;
}

static void hello_read(struct watch *w, uint32_t events)
{
	struct hello *h = list_entry(w, struct hello, watch);
	struct channel c;
	bool meta = false;
	int r = hello_first(h);

	if (!r)
		r = hello_handshake(h);
	if (!r)
		r = hello_packet(h, &meta);
	if (r == -EAGAIN)
		return;
	c = h->channel;
	if (!r)
		h->channel = (struct channel){.fd = -1};
	hello_stop(h);
	if (!r)
		found(h->seek, c, meta, true);
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
	h->channel = (struct channel){.fd = fd};
	h->stage = HELLO_FIRST;
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

	reconfigure_connection(v); /* as the sockets are to be */
	if (!s)
		return -ENOMEM;
	fd = address_listen(&v->config.local);
	if (fd < 0) {
		free(s);
		return fd;
	}
	s->v = v;
	s->data = s->meta = s->ours = (struct channel){.fd = -1};
	s->out = (struct watch){.fd = -1, .ready = connected};
	s->listener = (struct watch){.fd = fd, .ready = accepted};
	timer_init(&s->next, due);
	timer_init(&s->deadline, too_late);
	timer_init(&s->settle, settled);
	for (int i = 0; i < HELLOS; i++) {
		s->hello[i] = (struct hello){
			.watch = {.fd = -1, .ready = hello_read}, .channel = {.fd = -1}, .seek = s};
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
	if (s->listener.fd >= 0)
		close(s->listener.fd);
	channel_close(&s->data);
	channel_close(&s->meta);
	free(s);
}
