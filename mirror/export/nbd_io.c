// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bytes of clients: data of writes is received to where it goes to disk from, that of reads sent
 * from where it came to.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "mirror/export/nbd_private.h"

enum { PIECES = 64 };

int nbd_say(struct nbd_client *c, const void *data, size_t len)
{
	if (len > sizeof(c->out) - c->out_end)
		return -ENOBUFS;
	memcpy(c->out + c->out_end, data, len);
	c->out_end += (uint32_t)len;
	loop_task(c->nbd->loop, &c->flush);
	return 0;
}

/* ---- out ---- */

static uint32_t reply_size(const struct nbd_job *j)
{
	return j->heads + j->tail;
}

static int gather(struct nbd_client *c, struct iovec *v)
{
	int n = 0;

	if (c->out_at < c->out_end)
		v[n++] = (struct iovec){c->out + c->out_at, c->out_end - c->out_at};
	list_for_each (l, &c->replies) {
		struct nbd_job *j = list_entry(l, struct nbd_job, link);
		uint32_t size = reply_size(j), at = j->sent;

		if (n + 2 > PIECES)
			break;
		if (at < j->heads) {
			v[n++] = (struct iovec){j->head + at, j->heads - at};
			at = j->heads;
		}
		if (at < size)
			v[n++] = (struct iovec){j->buf + at - j->heads, size - at};
	}
	return n;
}

static void advance(struct nbd_client *c, size_t n)
{
	uint32_t said = c->out_end - c->out_at;

	if (said) {
		uint32_t k = n < said ? (uint32_t)n : said;

		c->out_at += k;
		n -= k;
		if (c->out_at == c->out_end)
			c->out_at = c->out_end = 0;
	}
	while (n) {
		struct nbd_job *j = list_entry(c->replies.next, struct nbd_job, link);
		uint32_t left = reply_size(j) - j->sent;

		if (n < left) {
			j->sent += (uint32_t)n;
			return;
		}
		n -= left;
		nbd_job_free(j);
	}
}

static bool something_to_send(const struct nbd_client *c)
{
	return c->out_at < c->out_end || !list_empty(&c->replies);
}

static bool may_read(const struct nbd_client *c)
{
	return c->memory < NBD_MEMORY_MAX && !c->leaves;
}

void nbd_write(struct nbd_client *c)
{
	while (something_to_send(c)) {
		struct iovec v[PIECES];
		struct msghdr m = {.msg_iov = v};
		ssize_t n;

		m.msg_iovlen = (size_t)gather(c, v);
		n = sendmsg(c->watch.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			nbd_client_drop(c);
			return;
		}
		advance(c, (size_t)n);
	}
	if (c->leaves && !something_to_send(c)) {
		nbd_client_drop(c);
		return;
	}
	loop_watch(c->nbd->loop, &c->watch,
		   (may_read(c) ? EPOLLIN : 0) | (something_to_send(c) ? EPOLLOUT : 0));
}

/* ---- in ---- */

static void take_data(struct nbd_client *c)
{
	struct nbd_job *j = c->incoming;
	uint32_t have = c->end - c->at, want = j->is.len - j->at, n = have < want ? have : want;

	memcpy(j->buf + j->at, c->in + c->at, n);
	c->at += n;
	j->at += n;
	if (j->at == j->is.len)
		nbd_data(c);
}

static void take_discard(struct nbd_client *c)
{
	uint32_t have = c->end - c->at, n = have < c->discard ? have : c->discard;

	c->at += n;
	c->discard -= n;
	if (!c->discard)
		c->stage = NBD_REQUESTS;
}

/* consume() - What has come.  0 or -errno: the client goes. */
static int consume(struct nbd_client *c)
{
	while (c->at < c->end && c->stage != NBD_ENDING && may_read(c)) {
		int n;

		if (c->stage == NBD_DATA) {
			take_data(c);
			continue;
		}
		if (c->stage == NBD_DISCARD) {
			take_discard(c);
			continue;
		}
		n = c->stage == NBD_REQUESTS ? nbd_serve(c) : nbd_greet(c);
		if (n <= 0)
			return n;
		c->at += (uint32_t)n;
	}
	return 0;
}

static ssize_t receive(struct nbd_client *c)
{
	struct iovec v[2];
	struct msghdr m = {.msg_iov = v};
	uint32_t direct = 0;
	ssize_t n;

	memmove(c->in, c->in + c->at, c->end - c->at);
	c->end -= c->at;
	c->at = 0;
	if (c->stage == NBD_DATA) {
		direct = c->incoming->is.len - c->incoming->at;
		v[m.msg_iovlen++] = (struct iovec){c->incoming->buf + c->incoming->at, direct};
	}
	v[m.msg_iovlen++] = (struct iovec){c->in + c->end, sizeof(c->in) - c->end};
	do
		n = recvmsg(c->watch.fd, &m, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n ? -errno : -ECONNRESET;
	if ((size_t)n < direct)
		direct = (uint32_t)n;
	if (direct)
		c->incoming->at += direct;
	c->end += (uint32_t)n - direct;
	if (direct && c->incoming->at == c->incoming->is.len)
		nbd_data(c);
	return n;
}

void nbd_read(struct nbd_client *c)
{
	int r = consume(c);
	ssize_t n;

	/* one receive a turn: others are served in between */
	if (!r && c->stage != NBD_ENDING && may_read(c)) {
		n = receive(c);
		if (n == -EAGAIN)
			return;
		r = n < 0 ? (int)n : consume(c);
	}
	if (r)
		nbd_client_drop(c);
	else if (c->stage != NBD_ENDING)
		loop_task(c->nbd->loop, &c->flush);
}
