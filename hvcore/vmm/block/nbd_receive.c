/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies of an NBD server:
 *
 *   be32 magic, be32 error, be64 cookie, data of a read
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "hvcore/vmm/block/nbd.h"
#include "hvcore/vmm/block/ring.h"

enum {
	REPLY_MAGIC = 0x67446698,
	PIECES = 128,    /* of one recvmsg() */
	TURNS_MAX = 256, /* receives before others have their turn */
};

static void finish(struct block_nbd *n, struct nbd_slot *s, int result)
{
	struct block_request *r = s->r, *next = n->waiting;

	s->r = NULL;
	s->next = n->free;
	n->free = (uint16_t)(s - n->slot);
	if (next) {
		n->waiting = next->next;
		if (!n->waiting)
			n->waiting_tail = &n->waiting;
		nbd_step(next);
	}
	block_step_done(r, result);
}

static int error_of(uint32_t e)
{
	switch (e) {
	case 0: return 0;
	case 1: return -EPERM;
	case 12: return -ENOMEM;
	case 22: return -EINVAL;
	case 28: return -ENOSPC;
	case 95: return -EOPNOTSUPP;
	default: return -EIO;
	}
}

/* take_answer() - A whole reply's head.  False: it cannot be. */
static bool take_answer(struct block_nbd *n)
{
	uint32_t magic, error, index, serial;
	struct nbd_slot *s;

	memcpy(&magic, n->answer, 4);
	memcpy(&error, n->answer + 4, 4);
	memcpy(&serial, n->answer + 8, 4);
	memcpy(&index, n->answer + 12, 4);
	index = be32toh(index);
	n->answered = 0;
	if (be32toh(magic) != REPLY_MAGIC || index >= NBD_SLOTS)
		return false;
	s = &n->slot[index];
	if (!s->r || s->serial != be32toh(serial) || s->sent != s->size)
		return false;
	if (error || s->r->op != BLOCK_READ) {
		finish(n, s, error ? error_of(be32toh(error)) : (int)s->r->step);
		return true;
	}
	n->reading = s;
	n->read = 0;
	return true;
}

/* What is still to be read of the answer in hand, and where it goes. */
static size_t wanted(struct block_nbd *n, struct iovec v[PIECES])
{
	const struct block_request *r = n->reading ? n->reading->r : NULL;
	uint32_t at = n->read, left;
	size_t count = 0;

	if (!r) {
		v[0] = (struct iovec){n->answer + n->answered, NBD_ANSWER - n->answered};
		return 1;
	}
	left = r->step;
	for (unsigned i = 0; i < r->niov && left && count < PIECES; i++) {
		uint32_t part = r->iov[i].iov_len < left ? (uint32_t)r->iov[i].iov_len : left;

		left -= part;
		if (at >= part) {
			at -= part;
			continue;
		}
		v[count++] = (struct iovec){(uint8_t *)r->iov[i].iov_base + at, part - at};
		at = 0;
	}
	return count;
}

static bool took(struct block_nbd *n, size_t bytes)
{
	struct nbd_slot *s = n->reading;

	if (!s) {
		n->answered += (uint32_t)bytes;
		return n->answered < NBD_ANSWER || take_answer(n);
	}
	n->read += (uint32_t)bytes;
	if (n->read == s->r->step) {
		n->reading = NULL;
		finish(n, s, (int)s->r->step);
	}
	return true;
}

static void receive(struct block_nbd *n)
{
	for (int turn = 0; turn < TURNS_MAX; turn++) {
		struct iovec v[PIECES];
		struct msghdr m = {.msg_iov = v, .msg_iovlen = wanted(n, v)};
		ssize_t bytes = recvmsg(n->fd.fd, &m, MSG_DONTWAIT);

		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes < 0 && errno == EAGAIN)
			return;
		if (bytes <= 0) {
			nbd_broken(n, "is gone", bytes ? -errno : 0);
			return;
		}
		if (!took(n, (size_t)bytes)) {
			nbd_broken(n, "answers what was not asked", 0);
			return;
		}
		if (n->broken)
			return;
	}
}

void nbd_ready(struct loop_fd *w, uint32_t events)
{
	struct block_nbd *n = (struct block_nbd *)((char *)w - offsetof(struct block_nbd, fd));

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		receive(n);
	block_kick();
}
