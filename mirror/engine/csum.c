// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A checksum resync, at the target: a block may be equal although its bit is set.  The request has the digest of
 * what is here, and the source sends the block only where its own is another.
 */
#include <errno.h>

#include "mirror/engine/target.h"

static void was_read(struct disk_op *op, int result)
{
	struct wire_packet p = {.command = WIRE_CSUM_RS_REQUEST};
	struct rswrite *x = list_entry(op, struct rswrite, op);
	uint8_t digest[DIGEST_MAX];
	struct volume *v = x->v;

	if (result)
		disk_broke(v, "reading for a resync", result);
	else if (!x->stale)
		digest_of(&v->csums, op->buf, x->bytes, digest);
	pool_put(&v->pool, op->buf, x->bytes);
	op->buf = NULL;
	if (x->stale || result) {
		target_over(x);
	} else {
		x->sent = true;
		x->at = v->loop->now;
		p.block = (struct wire_block){
			.sector = x->sector, .id = WIRE_ID_RESYNC, .size = x->bytes};
		p.bulk = v->csums.size;
		send_data(v, &p, digest, NULL);
	}
	link_io_done(v);
}

void csum_ask(struct rswrite *x)
{
	struct volume *v = x->v;
	uint8_t *buf;

	if (!disk_is_here(v))
		return; /* and the connection ends */
	buf = pool_get(&v->pool, x->bytes);
	if (!buf) {
		link_end(v, false, -ENOMEM, "no memory for a resync");
		return;
	}
	v->link.flying++;
	x->op = (struct disk_op){.verb = DISK_READ,
				 .off = x->sector * 512,
				 .len = x->bytes,
				 .buf = buf,
				 .done = was_read};
	disk_submit(&v->data, &x->op);
}

int csum_in_sync(struct volume *v, const struct wire_packet *p, void *bulk)
{
	const struct wire_block *b = &p->block;
	struct rswrite *x = target_find(v, b->sector, b->size);

	if (!x || !v->csums.size || v->state.conn != CONN_SYNC_TARGET)
		return -EPROTO;
	v->sync.same += bitmap_bits(b->size / 512);
	in_sync(v, b->sector, b->size);
	target_over(x);
	target_check(v);
	return 0;
}
