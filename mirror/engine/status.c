// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "mirror/engine/private.h"

void volume_status(const struct volume *v, struct volume_status *s)
{
	const struct link *l = &v->link;
	bool syncs = v->state.conn == CONN_SYNC_SOURCE || v->state.conn == CONN_SYNC_TARGET;

	*s = (struct volume_status){
		.name = v->config.name,
		.state = v->state,
		.gen = v->gen,
		.sectors = v->sectors,
		.out_of_sync = v->bitmap.weight * MD_BIT_SECTORS,
		.sync_total = syncs ? v->sync.total * MD_BIT_SECTORS : 0,
		.sync_left = syncs ? v->bitmap.weight * MD_BIT_SECTORS : 0,
		.written = v->written,
		.read = v->read,
		.sent = v->sent + l->data.sent + l->meta.sent,
		.received = v->received + l->data.received + l->meta.received,
		.al_transactions = v->al.transactions,
		.md_writes = v->keep.writes,
		.in_flight = v->requests,
		.flags = keep_flags(v),
		.no_quorum = v->no_quorum,
		.why = l->why_text[0] ? l->why_text : NULL,
	};
	if (s->out_of_sync > v->sectors)
		s->out_of_sync = v->sectors;
	list_for_each (e, &v->tlog.epochs)
		s->epochs++;
}
