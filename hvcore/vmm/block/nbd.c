/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to an NBD server: simple replies, any number in flight, data straight from and to
 * guest memory.
 *
 *   nbd.c       a connection's life, and steps      nbd_open.c     the greeting when the domain starts
 *   nbd_send.c  requests                            nbd_receive.c  replies
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
#include <unistd.h>

#include "hvcore/vmm/block/image.h"
#include "hvcore/vmm/block/later.h"
#include "hvcore/vmm/log.h"

enum { REQUEST_MAGIC = 0x25609513, FLAG_NO_HOLE = 2 };

enum nbd_type { CMD_READ, CMD_WRITE, CMD_DISC, CMD_FLUSH, CMD_TRIM, CMD_CACHE, CMD_ZEROES };

struct block_nbd *nbd_all;

void nbd_broken(struct block_nbd *n, const char *what, int error)
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
	max = max < NBD_ZERO_BYTES ? max : NBD_ZERO_BYTES;
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
		block_step_later(r, type);
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

/* ---- its life ---- */

int nbd_attach(struct block *b, int fd, const struct nbd_export *e, struct hv_error *err)
{
	struct block_nbd *n = calloc(1, sizeof(*n));
	int rc;

	if (!n)
		return hv_err(err, -ENOMEM, "disk %s: no memory for its connection", b->name);
	n->block = b;
	n->export = *e;
	n->fd = (struct loop_fd){.fd = fd, .ready = nbd_ready};
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
	n->next = nbd_all;
	nbd_all = n;
	return 0;
}

void nbd_detach(struct block *b)
{
	struct block_nbd *n = b->nbd, **at = &nbd_all;

	while (*at && *at != n)
		at = &(*at)->next;
	if (*at)
		*at = n->next;
	if (!n->broken)
		loop_del(&n->fd);
	block_later_forget(b);
	b->nbd = NULL;
	free(n);
}
