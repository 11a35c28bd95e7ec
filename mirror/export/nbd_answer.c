// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a request is answered when it is over: a simple reply, or, where structured ones were negotiated
 * and there is more to say, a chunk.
 */
#include <errno.h>
#include <string.h>

#include "mirror/export/nbd_private.h"

static bool is_zero(const uint8_t *buf, uint32_t len)
{
	return !buf[0] && !memcmp(buf, buf + 1, len - 1);
}

static void answer_read(struct nbd_job *j)
{
	const struct nbd_request *r = &j->is;

	if (!(r->flags & NBD_CMD_FLAG_DF) && is_zero(j->buf, r->len)) {
		j->heads = nbd_chunk_hole(j->head, r->cookie, r->off, r->len);
		return;
	}
	j->heads = nbd_chunk_data(j->head, r->cookie, r->off, r->len);
	j->tail = r->len;
}

/* Extents that are alike are one; they end where the request does. */
static void add(struct nbd_extent *e, unsigned *n, uint64_t len, uint32_t flags)
{
	if (*n && e[*n - 1].flags == flags) {
		e[*n - 1].len += (uint32_t)len;
		return;
	}
	e[(*n)++] = (struct nbd_extent){(uint32_t)len, flags};
}

/* allocation() - Of what the volume has said in buf; whole blocks of the export, of which storage is none too few. */
static unsigned allocation(const struct nbd_job *j, struct nbd_extent *e)
{
	const struct volume_map *m = (const struct volume_map *)j->buf;
	uint64_t from = j->is.off, end = j->is.off + j->is.len, align = j->client->export.min;
	unsigned n = 0;

	for (uint32_t i = 0; i < m->count && from < end; i++) {
		bool hole = m->extent[i].hole;
		uint64_t to = m->extent[i].end;

		to = hole ? to / align * align : (to + align - 1) / align * align;
		to = to < end ? to : end;
		if (to > from) {
			add(e, &n, to - from, hole ? NBD_STATE_HOLE | NBD_STATE_ZERO : 0);
			from = to;
		}
	}
	if (!n)
		add(e, &n, end - from, 0);
	return n;
}

static unsigned out_of_sync(const struct nbd_job *j, struct nbd_extent *e)
{
	const struct volume *v = j->client->nbd->volume;
	uint64_t from = j->is.off, end = j->is.off + j->is.len;
	unsigned n = 0;

	while (from < end && n < NBD_EXTENTS_MAX) {
		bool dirty;
		uint64_t to = volume_out_of_sync(v, from, &dirty);

		to = to < end ? to : end;
		add(e, &n, to - from, dirty ? NBD_STATE_DIRTY : 0);
		from = to;
	}
	return n;
}

static unsigned (*const tell[NBD_CONTEXTS])(const struct nbd_job *j, struct nbd_extent *e) = {
	[NBD_ALLOCATION] = allocation,
	[NBD_OUT_OF_SYNC] = out_of_sync,
};

static void answer_map(struct nbd_job *j)
{
	struct nbd_extent e[NBD_CONTEXTS][NBD_EXTENTS_MAX];
	unsigned n[NBD_CONTEXTS] = {0}, left = j->client->export.contexts;

	/* before the first is written, over what they are made from */
	for (unsigned c = 0; c < NBD_CONTEXTS; c++)
		if (left & 1U << c)
			n[c] = tell[c](j, e[c]);
	for (unsigned c = 0; c < NBD_CONTEXTS; c++) {
		if (!(left & 1U << c))
			continue;
		left &= ~(1U << c);
		if (j->is.flags & NBD_CMD_FLAG_REQ_ONE)
			n[c] = 1;
		j->tail += nbd_chunk_extents(j->buf + j->tail, j->is.cookie, !left,
					     (enum nbd_context)c, e[c], n[c]);
	}
}

void nbd_answer(struct nbd_job *j)
{
	bool structured = j->client->export.structured;

	if (j->error && structured)
		j->heads = nbd_chunk_error(j->head, j->error, j->is.cookie,
					   j->broke != UINT64_MAX ? &j->broke : NULL);
	else if (!j->error && j->is.type == NBD_CMD_BLOCK_STATUS)
		answer_map(j);
	else if (!j->error && structured && j->is.type == NBD_CMD_READ)
		answer_read(j);
	else
		j->heads = nbd_reply(j->head, j->error, j->is.cookie);
	if (!j->error && !structured && j->is.type == NBD_CMD_READ)
		j->tail = j->is.len;
}
