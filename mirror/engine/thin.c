// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A thin resync: what reads as zeroes at the source is given back at the target, and not sent.  Both sides.
 *
 * The target asks so for whole granules only, as DRBD does, and the source looks at all of one: a granule that has
 * data somewhere is sent as it is, with its zeroes.
 */
#include <errno.h>
#include <string.h>

#include "mirror/engine/pread.h"
#include "mirror/engine/target.h"

/* ---- the target ---- */

uint32_t thin_granule(const struct volume *v)
{
	uint32_t granule = MD_BIT_SECTORS * 512;

	if (!v->config.discard_granularity || !(v->link.agreed.features & WIRE_FF_THIN_RESYNC))
		return 0;
	/* so that requests are aligned, and cross no boundary of a request that DRBD allows */
	while (granule < v->config.discard_granularity && granule < WIRE_BULK_MAX)
		granule *= 2;
	return granule;
}

int thin_zeroes(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct rswrite *x = target_find(v, p->range.sector, p->range.size);

	if (!x || !x->thin || v->state.conn != CONN_SYNC_TARGET)
		return -EPROTO;
	v->sync.zeroes += bitmap_bits(x->bytes / 512);
	x->zeroes = true;
	target_take(x);
	return 0;
}

/* ---- the source ---- */

static bool is_zero(const uint8_t *buf, size_t len)
{
	return !buf[0] && !memcmp(buf, buf + 1, len - 1);
}

static bool answer(struct pread *x)
{
	struct wire_packet p = {.command = WIRE_RS_DEALLOCATED,
				.range = {x->block.sector, x->block.size}};
	uint64_t bits = bitmap_bits(x->block.size / 512);

	if (!is_zero(x->op.buf, x->block.size))
		return source_block(x);
	x->v->sync.unconfirmed += bits;
	x->v->sync.zeroes += bits;
	send_data(x->v, &p, NULL, NULL);
	return false;
}

int thin_request(struct volume *v, const struct wire_packet *p, void *bulk)
{
	static const struct pread_kind kind = {PREAD_SYNC, CONN_SYNC_SOURCE, answer,
					       WIRE_NEG_RS_DREPLY};

	return pread_take(v, &kind, p, NULL);
}
