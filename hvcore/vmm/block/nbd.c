/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to an NBD server: simple replies, any number in flight, data straight from and to
 * guest memory.
 *
 *   request  be32 magic, be16 flags, be16 type, be64 cookie, be64 offset, be32 length, data of a write
 *   reply    be32 magic, be32 error, be64 cookie, data of a read
 *
 * A server that goes away, or says what cannot be, owes its answers for ever, like a disk that
 * hangs: an error would be taken by the guest for the truth about its data.  Whoever manages
 * the domain ends it.
 */
#include "hvcore/vmm/block/nbd.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hvcore/vmm/block/image.h"
#include "hvcore/vmm/block/ring.h"
#include "hvcore/vmm/log.h"

enum {
	REQUEST_MAGIC = 0x25609513,
	REPLY_MAGIC = 0x67446698,
	PIECES = 128,    /* of one sendmsg() */
	TURNS_MAX = 256, /* receives before others have their turn */
	ZERO_BYTES = 64 * 1024,
	FLAG_NO_HOLE = 2,
};

enum nbd_type { CMD_READ, CMD_WRITE, CMD_DISC, CMD_FLUSH, CMD_TRIM, CMD_CACHE, CMD_ZEROES };

static uint8_t zeroes[ZERO_BYTES];
static struct block_nbd *connections;

/* broken() - The end of @n; see above. */
static void broken(struct block_nbd *n, const char *what, int error)
{
	if (n->broken)
		return;
	n->broken = true;
	loop_del(&n->fd);
	close(n->fd.fd);
	n->fd.fd = n->block->fd = -1;
	log_line(
		LOG_ERROR,
		"disk %s: the NBD server at %s %s%s%s; its requests wait until the domain is ended",
		n->block->name, n->block->path, what, error ? ": " : "",
		error ? strerror(-error) : "");
}

/* ---- out ---- */

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
			broken(n, "is gone", -errno);
			return;
		}
		sent(n, (size_t)bytes);
	}
	if (!n->broken)
		watch(n, n->send != NBD_SLOTS);
}

void nbd_kick(void)
{
	for (struct block_nbd *n = connections; n; n = n->next)
		send_all(n);
}

/* ---- a step ---- */

/* plan() - The type and length of @r's next step; -EOPNOTSUPP: the server cannot. */
static int plan(const struct block_nbd *n, struct block_request *r, uint16_t *flags, uint32_t *len)
{
	uint32_t max = n->export.max;

	*flags = 0;
	r->step = 0;
	*len = (uint32_t)r->len;
	switch (r->op) {
	case BLOCK_READ:
	case BLOCK_WRITE:
		*len = r->step = r->len < max ? (uint32_t)r->len : max;
		return r->op == BLOCK_READ ? CMD_READ : CMD_WRITE;
	case BLOCK_FLUSH: *len = 0; return CMD_FLUSH;
	case BLOCK_DISCARD: return n->export.flags & NBD_TRIM ? CMD_TRIM : -EOPNOTSUPP;
	case BLOCK_ZEROES: break;
	}
	if (!r->block->no_zero_range) {
		*flags = r->unmap ? 0 : FLAG_NO_HOLE;
		return n->export.flags & NBD_ZEROES ? CMD_ZEROES : -EOPNOTSUPP;
	}
	max = max < ZERO_BYTES ? max : ZERO_BYTES;
	*len = r->step = r->len < max ? (uint32_t)r->len : max;
	return CMD_WRITE;
}

static void put_header(struct nbd_slot *s, uint16_t flags, uint16_t type, uint64_t cookie,
		       uint64_t off, uint32_t len)
{
	struct {
		uint32_t magic;
		uint16_t flags, type;
		uint64_t cookie, off;
		uint32_t len;
	} __attribute__((packed)) h = {htobe32(REQUEST_MAGIC), htobe16(flags), htobe16(type),
				       htobe64(cookie),        htobe64(off),   htobe32(len)};

	_Static_assert(sizeof(h) == NBD_HEADER, "as on the wire");
	memcpy(s->header, &h, sizeof(h));
}

static void refuse(struct block_nbd *n, struct block_request *r, int why)
{
	r->failed = why;
	r->next = n->refused;
	n->refused = r;
	loop_host_timer_arm(&n->tell, loop_host_now());
}

static void tell(struct loop_timer *t)
{
	struct block_nbd *n = (struct block_nbd *)((char *)t - offsetof(struct block_nbd, tell));
	struct block_request *r = n->refused;

	n->refused = NULL;
	while (r) {
		struct block_request *next = r->next;
		int why = r->failed;

		r->failed = 0;
		block_step_done(r, why);
		r = next;
	}
	nbd_kick();
}

void nbd_step(struct block_request *r)
{
	struct block_nbd *n = r->block->nbd;
	uint16_t i = n->free, flags;
	struct nbd_slot *s;
	uint32_t len;
	int type;

	r->next = NULL;
	if (i == NBD_SLOTS || n->broken) {
		*n->waiting_tail = r;
		n->waiting_tail = &r->next;
		return;
	}
	type = plan(n, r, &flags, &len);
	if (type < 0) {
		refuse(n, r, type);
		return;
	}
	s = &n->slot[i];
	n->free = s->next;
	s->r = r;
	s->serial = ++n->serial;
	s->sent = 0;
	s->size = NBD_HEADER + (type == CMD_WRITE ? len : 0);
	put_header(s, flags, (uint16_t)type, (uint64_t)s->serial << 32 | i,
		   r->op == BLOCK_FLUSH ? 0 : r->off, len);
	s->next = NBD_SLOTS;
	if (n->send == NBD_SLOTS)
		n->send = i;
	else
		n->slot[n->send_last].next = i;
	n->send_last = i;
}

/* ---- in ---- */

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
			broken(n, "is gone", bytes ? -errno : 0);
			return;
		}
		if (!took(n, (size_t)bytes)) {
			broken(n, "answers what was not asked", 0);
			return;
		}
		if (n->broken)
			return;
	}
}

static void ready(struct loop_fd *w, uint32_t events)
{
	struct block_nbd *n = (struct block_nbd *)((char *)w - offsetof(struct block_nbd, fd));

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		receive(n);
	block_kick();
}

/* ---- its life ---- */

int nbd_attach(struct block *b, int fd, const struct nbd_export *e, struct hv_error *err)
{
	struct block_nbd *n = calloc(1, sizeof(*n));
	int rc;

	if (!n)
		return hv_err(err, -ENOMEM, "disk %s: no memory for its connection", b->name);
	n->block = b;
	n->export = *e;
	n->fd = (struct loop_fd){.fd = fd, .ready = ready};
	n->tell.expired = tell;
	n->waiting_tail = &n->waiting;
	n->send = NBD_SLOTS;
	for (uint16_t i = 0; i < NBD_SLOTS; i++)
		n->slot[i].next = i + 1;
	rc = loop_add(&n->fd, EPOLLIN);
	if (rc) {
		free(n);
		return hv_err(err, rc, "disk %s: cannot watch its connection: %s", b->name,
			      strerror(-rc));
	}
	b->nbd = n;
	b->fd = fd;
	b->align = e->min < IMAGE_SECTOR ? 1 : e->min;
	b->size = e->size / IMAGE_SECTOR * IMAGE_SECTOR;
	n->next = connections;
	connections = n;
	return 0;
}

void nbd_detach(struct block *b)
{
	struct block_nbd *n = b->nbd, **at = &connections;

	while (*at && *at != n)
		at = &(*at)->next;
	if (*at)
		*at = n->next;
	if (!n->broken)
		loop_del(&n->fd);
	loop_host_timer_cancel(&n->tell);
	b->nbd = NULL;
	free(n);
}
