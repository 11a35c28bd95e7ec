/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests on their way to an NBD server:
 *
 *   be32 magic, be16 flags, be16 type, be64 cookie, be64 offset, be32 length, data of a write
 */
#include <errno.h>
#include <sys/socket.h>

#include "hvcore/vmm/block/nbd.h"

enum { PIECES = 128 /* of one sendmsg() */ };

static uint8_t zeroes[NBD_ZERO_BYTES];

/* has_data() - Whether data follows the header. */
static bool has_data(const struct nbd_slot *s)
{
	const struct block_request *r = s->r;

	return r->op == BLOCK_WRITE || (r->op == BLOCK_ZEROES && r->block->no_zero_range);
}

/* add() - The pieces of @s that are not sent yet.  False: no room for all of them. */
static bool add(struct nbd_slot *s, struct iovec *v, size_t *n)
{
	uint32_t at = s->sent, left = s->size - NBD_HEADER;
	const struct block_request *r = s->r;

	if (at < NBD_HEADER) {
		v[(*n)++] = (struct iovec){s->header + at, NBD_HEADER - at};
		at = 0;
	} else {
		at -= NBD_HEADER;
	}
	if (!has_data(s) || at >= left)
		return true;
	if (r->op == BLOCK_ZEROES) {
		if (*n == PIECES)
			return false;
		v[(*n)++] = (struct iovec){zeroes, left - at};
		return true;
	}
	for (unsigned i = 0; i < r->niov && left; i++) {
		uint32_t part = r->iov[i].iov_len < left ? (uint32_t)r->iov[i].iov_len : left;

		left -= part;
		if (at >= part) {
			at -= part;
			continue;
		}
		if (*n == PIECES)
			return false;
		v[(*n)++] = (struct iovec){(uint8_t *)r->iov[i].iov_base + at, part - at};
		at = 0;
	}
	return true;
}

static size_t gather(struct block_nbd *n, struct iovec v[PIECES])
{
	size_t count = 0;

	for (uint16_t i = n->send; i != NBD_SLOTS && count < PIECES; i = n->slot[i].next)
		if (!add(&n->slot[i], v, &count))
			break;
	return count;
}

static void sent(struct block_nbd *n, size_t bytes)
{
	while (bytes) {
		struct nbd_slot *s = &n->slot[n->send];
		uint32_t left = s->size - s->sent;

		if (bytes < left) {
			s->sent += (uint32_t)bytes;
			return;
		}
		s->sent = s->size;
		bytes -= left;
		n->send = s->next;
	}
}

static void watch(struct block_nbd *n, bool for_room)
{
	if (n->watching != for_room)
		loop_mod(&n->fd, EPOLLIN | (for_room ? EPOLLOUT : 0));
	n->watching = for_room;
}

static void send_all(struct block_nbd *n)
{
	while (!n->broken && n->send != NBD_SLOTS) {
		struct iovec v[PIECES];
		struct msghdr m = {.msg_iov = v, .msg_iovlen = gather(n, v)};
		ssize_t bytes = sendmsg(n->fd.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes < 0 && errno == EAGAIN)
			break;
		if (bytes < 0) {
			nbd_broken(n, "is gone", -errno);
			return;
		}
		sent(n, (size_t)bytes);
	}
	if (!n->broken)
		watch(n, n->send != NBD_SLOTS);
}

void nbd_kick(void)
{
	for (struct block_nbd *n = nbd_all; n; n = n->next)
		send_all(n);
}
