// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "mirror/engine/linger.h"
#include "mirror/engine/stream_private.h"

static void ready(struct watch *w, uint32_t events)
{
	struct stream *s = list_entry(w, struct stream, watch);

	if (events & EPOLLOUT)
		stream_write(s);
	if (!s->dead && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		stream_read(s);
}

void stream_init(struct stream *s, struct loop *l, enum wire_socket socket,
		 const struct wire_agreed *agreed, const struct stream_owner *owner, void *arg)
{
	memset(s, 0, sizeof(*s));
	s->loop = l;
	s->socket = socket;
	s->agreed = agreed;
	s->owner = owner;
	s->arg = arg;
	s->watch = (struct watch){.fd = -1, .ready = ready};
	stream_out_init(s);
}

int stream_open(struct stream *s, struct channel c)
{
	s->buf = malloc(STREAM_BUFFER);
	if (!s->buf)
		return -ENOMEM;
	s->channel = c;
	s->watch.fd = c.fd;
	s->dead = s->paused = s->broken = false;
	s->at = s->end = 0;
	s->part = PART_HEADER;
	s->bulk = NULL;
	s->heard = loop_clock();
	return loop_watch(s->loop, &s->watch, EPOLLIN);
}

bool stream_is_open(const struct stream *s)
{
	return s->watch.fd >= 0;
}

void stream_close(struct stream *s)
{
	if (!stream_is_open(s))
		return;
	/* what is queued, as far as it goes at once: it may say why */
	s->dead = s->broken;
	stream_write(s);
	s->dead = true;
	loop_unwatch(s->loop, &s->watch);
	linger(s->loop, channel_bare(&s->channel));
	s->watch.fd = -1;
	if (s->part == PART_BULK && s->bulk && s->bulk != s->scratch)
		s->owner->forget(s, &s->packet, s->bulk);
	s->bulk = NULL;
	stream_out_drop(s);
	stream_out_free(s);
	free(s->buf);
	s->buf = NULL;
}

void stream_fail(struct stream *s, int why)
{
	if (s->dead)
		return;
	s->dead = true;
	loop_unwatch(s->loop, &s->watch);
	s->owner->failed(s, why);
}

void stream_pause(struct stream *s, bool pause)
{
	if (s->paused == pause || s->dead)
		return;
	s->paused = pause;
	loop_watch(s->loop, &s->watch,
		   (pause ? 0 : EPOLLIN) | (list_empty(&s->out) ? 0 : EPOLLOUT));
	if (!pause && (s->at < s->end || channel_pending(&s->channel)))
		stream_read(s);
}

/* How many bytes the header that comes has: h80 up to the features, and those say what follows. */
static unsigned header_size(const struct stream *s)
{
	return s->agreed->version ? WIRE_H100 : WIRE_H80;
}

static int take_header(struct stream *s)
{
	int r = wire_header_decode(s->buf + s->at, header_size(s), &s->header);

	if (r)
		return r;
	s->at += header_size(s);
	s->kind = wire_kind_of(&s->header, s->socket, s->agreed);
	if (!s->kind)
		return -EPROTO;
	s->part = PART_FIELDS;
	return 0;
}

static int deliver(struct stream *s)
{
	void *bulk = s->bulk;

	s->part = PART_HEADER;
	s->bulk = NULL;
	return s->owner->packet(s, &s->packet, bulk);
}

static int take_fields(struct stream *s)
{
	int r = wire_decode(s->kind, &s->header, s->agreed, s->buf + s->at, &s->packet);

	if (r)
		return r;
	s->at += wire_fields_size(s->kind, &s->header, s->agreed);
	if (!s->packet.bulk)
		return deliver(s);
	s->part = PART_BULK;
	s->bulk_at = 0;
	s->bulk = s->kind->bulk == WIRE_BULK_BLOCKS ? s->owner->room(s, &s->packet) : s->scratch;
	return s->bulk ? 0 : -ENOMEM;
}

static int take_bulk(struct stream *s)
{
	uint32_t want = s->packet.bulk - s->bulk_at, have = s->end - s->at;
	uint32_t n = have < want ? have : want;

	memcpy(s->bulk + s->bulk_at, s->buf + s->at, n);
	s->at += n;
	s->bulk_at += n;
	return s->bulk_at == s->packet.bulk ? deliver(s) : 0;
}

/* consume() - All packets that are there.  0 or -errno. */
static int consume(struct stream *s)
{
	int r = 0;

	while (!r && !s->dead && !s->paused) {
		uint32_t have = s->end - s->at;

		if (s->part == PART_HEADER) {
			if (have < header_size(s))
				break;
			r = take_header(s);
		} else if (s->part == PART_FIELDS) {
			if (have < wire_fields_size(s->kind, &s->header, s->agreed))
				break;
			r = take_fields(s);
		} else {
			if (!have)
				break;
			r = take_bulk(s);
		}
	}
	return r;
}

/* receive() - What is left of bulk data goes where it belongs, what comes after it into the buffer. */
static ssize_t receive(struct stream *s)
{
	struct iovec v[2];
	size_t direct = 0, pieces = 0;
	ssize_t n;

	if (s->at == s->end) {
		s->at = s->end = 0;
	} else if (s->at) {
		memmove(s->buf, s->buf + s->at, s->end - s->at);
		s->end -= s->at;
		s->at = 0;
	}
	if (s->part == PART_BULK) {
		direct = s->packet.bulk - s->bulk_at;
		v[pieces++] = (struct iovec){s->bulk + s->bulk_at, direct};
	}
	v[pieces++] = (struct iovec){s->buf + s->end, STREAM_BUFFER - s->end};
	n = channel_readv(&s->channel, v, pieces);
	if (n < 0)
		return n;
	s->received += (size_t)n;
	s->heard = loop_clock();
	if ((size_t)n < direct)
		direct = (size_t)n;
	s->bulk_at += (uint32_t)direct;
	s->end += (uint32_t)((size_t)n - direct);
	return n;
}

void stream_read(struct stream *s)
{
	int r = consume(s);

	while (!r && !s->dead && !s->paused) {
		ssize_t n = receive(s);

		if (n == -EAGAIN)
			return;
		if (n < 0) {
			s->broken = n != -ECONNRESET;
			stream_fail(s, (int)n);
			return;
		}
		if (s->part == PART_BULK && s->bulk_at == s->packet.bulk)
			r = deliver(s);
		if (!r)
			r = consume(s);
		if ((size_t)n < STREAM_BUFFER / 2 && !channel_pending(&s->channel))
			break; /* probably all there was: the others have their turn */
	}
	if (r)
		stream_fail(s, r);
}
