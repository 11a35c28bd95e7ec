// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "mirror/engine/stream_private.h"

enum { PIECES = 64, HEAD = 200, SPARE_MAX = 256 };

/* A packet that waits to be sent. */
struct out {
	struct list link;
	uint32_t head_len, bulk_len, at;
	const uint8_t *bulk;
	uint8_t *copy; /* bulk data that is ours */
	struct sent *sent;
	uint8_t head[HEAD];
};

static void flush(struct task *t)
{
	stream_write(list_entry(t, struct stream, flush));
}

void stream_out_init(struct stream *s)
{
	list_init(&s->out);
	list_init(&s->spare);
	task_init(&s->flush, flush);
	s->queued = 0;
}

/* The nodes of packets that are gone are kept for the next ones. */
static struct out *take(struct stream *s)
{
	struct list *l = list_take(&s->spare);

	return l ? list_entry(l, struct out, link) : malloc(sizeof(struct out));
}

static void finish(struct stream *s, struct out *o, int result)
{
	struct sent *sent = o->sent;

	list_remove(&o->link);
	s->queued -= o->head_len + o->bulk_len - o->at;
	free(o->copy);
	list_append(&s->spare, &o->link);
	if (sent)
		sent->done(sent, result);
}

void stream_out_drop(struct stream *s)
{
	while (!list_empty(&s->out))
		finish(s, list_entry(s->out.next, struct out, link), -ECONNRESET);
	list_remove(&s->flush.link);
}

void stream_out_free(struct stream *s)
{
	struct list *l;

	while ((l = list_take(&s->spare)))
		free(list_entry(l, struct out, link));
}

void stream_send(struct stream *s, const struct wire_packet *p, const void *bulk, struct sent *sent)
{
	uint8_t head[WIRE_HEADER_MAX + WIRE_FIELDS_MAX];
	int n = wire_encode(head, p, s->agreed);
	struct out *o = n > 0 && n <= HEAD ? take(s) : NULL;

	if (o)
		*o = (struct out){
			.head_len = (uint32_t)n, .bulk_len = p->bulk, .bulk = bulk, .sent = sent};
	if (o && p->bulk && !sent) {
		o->copy = malloc(p->bulk);
		if (o->copy)
			o->bulk = memcpy(o->copy, bulk, p->bulk);
	}
	if (!o || (p->bulk && !sent && !o->copy)) {
		free(o);
		stream_fail(s, n > 0 ? -ENOMEM : -EINVAL);
		/* the memory is the caller's, but not before this call is over */
		o = sent ? calloc(1, sizeof(*o)) : NULL;
		if (!o)
			return;
		o->sent = sent;
		list_append(&s->out, &o->link);
		return;
	}
	memcpy(o->head, head, (size_t)n);
	list_append(&s->out, &o->link);
	s->queued += o->head_len + o->bulk_len;
	loop_task(s->loop, &s->flush);
}

/* gather() - The queue's beginning as pieces of memory. */
static int gather(struct stream *s, struct iovec *v)
{
	int n = 0;

	list_for_each (l, &s->out) {
		struct out *o = list_entry(l, struct out, link);
		uint32_t at = o->at;

		if (n + 2 > PIECES)
			break;
		if (at < o->head_len) {
			v[n++] = (struct iovec){o->head + at, o->head_len - at};
			at = o->head_len;
		}
		at -= o->head_len;
		if (at < o->bulk_len)
			v[n++] = (struct iovec){(uint8_t *)(uintptr_t)o->bulk + at,
						o->bulk_len - at};
	}
	return n;
}

static void advance(struct stream *s, size_t n)
{
	s->sent += n;
	while (n) {
		struct out *o = list_entry(s->out.next, struct out, link);
		size_t left = o->head_len + o->bulk_len - o->at;

		if (n < left) {
			o->at += (uint32_t)n;
			s->queued -= n;
			return;
		}
		n -= left;
		finish(s, o, 0);
	}
}

void stream_write(struct stream *s)
{
	while (!s->dead && !s->muted && !list_empty(&s->out)) {
		struct iovec v[PIECES];
		ssize_t n = channel_writev(&s->channel, v, (size_t)gather(s, v));

		if (n == -EAGAIN)
			break;
		if (n < 0) {
			s->broken = true;
			stream_fail(s, (int)n);
			return;
		}
		advance(s, (size_t)n);
	}
	if (!s->dead)
		loop_watch(s->loop, &s->watch,
			   (s->paused ? 0 : EPOLLIN) |
				   (list_empty(&s->out) || s->muted ? 0 : EPOLLOUT));
}

void stream_mute(struct stream *s, bool mute)
{
	s->muted = mute;
	stream_write(s);
}
