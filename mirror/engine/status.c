// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "mirror/engine/verify.h"

static bool resyncs(const struct volume *v)
{
	return v->state.conn == CONN_SYNC_SOURCE || v->state.conn == CONN_SYNC_TARGET;
}

/* Where a verify begins its peer hears with the first request. */
static uint64_t total(const struct volume *v)
{
	if (verify_runs(v))
		return v->verify.stop - (v->verify.start < v->verify.stop ? v->verify.start : 0);
	return resyncs(v) ? v->sync.total * MD_BIT_SECTORS : 0;
}

static uint64_t left(const struct volume *v)
{
	if (verify_runs(v))
		return v->verify.stop - v->verify.reached;
	return resyncs(v) ? v->bitmap.weight * MD_BIT_SECTORS : 0;
}

void volume_status(const struct volume *v, struct volume_status *s)
{
	const struct link *l = &v->link;
	bool syncs = resyncs(v);

	*s = (struct volume_status){
		.name = v->config.name,
		.state = state_shown(v),
		.gen = v->gen,
		.sectors = v->sectors,
		.out_of_sync = v->bitmap.weight * MD_BIT_SECTORS,
		.sync_total = total(v),
		.sync_left = left(v),
		.sync_same = syncs ? v->sync.same * MD_BIT_SECTORS : 0,
		.sync_ms = total(v) ? (v->loop->now - v->sync.began) / LOOP_MS : 0,
		.verify_found = v->verify.found,
		.written = v->written,
		.read = v->read,
		.sent = v->sent + l->data.sent + l->meta.sent,
		.received = v->received + l->data.received + l->meta.received,
		.al_transactions = v->al.transactions,
		.md_writes = v->keep.writes,
		.in_flight = v->requests,
		.flags = keep_flags(v),
		.no_quorum = v->no_quorum,
		.tls = v->config.tls.length,
		.why = l->why_text[0] ? l->why_text : NULL,
		.split = v->split,
	};
	if (s->out_of_sync > v->sectors)
		s->out_of_sync = v->sectors;
	list_for_each (e, &v->tlog.epochs)
		s->epochs++;
}
