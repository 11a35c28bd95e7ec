// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The source of a resync: the target asks for what it lacks.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "hv/daemon.h"
#include "mirror/engine/pacer.h"
#include "mirror/engine/pread.h"

bool source_block(struct pread *x)
{
	x->v->sync.unconfirmed += bitmap_bits(x->block.size / 512);
	pread_send(x, WIRE_RS_DATA_REPLY);
	return true;
}

/*
 * The target has sent the digest of what it has.  Where that is what we have, the last bit may be cleared
 * here: but it is the target that says that it is up to date, when that is durable.
 */
static bool compare(struct pread *x)
{
	const struct wire_block *b = &x->block;
	uint8_t digest[DIGEST_MAX];
	struct volume *v = x->v;

	digest_of(&v->csums, x->op.buf, b->size, digest);
	if (memcmp(digest, x->digest, v->csums.size))
		return source_block(x);
	v->sync.same += bitmap_bits(b->size / 512);
	in_sync(v, b->sector, b->size);
	send_ack(v, WIRE_RS_IS_IN_SYNC, b->sector, b->id, b->size);
	return false;
}

static const struct pread_kind asked = {PREAD_SYNC, CONN_SYNC_SOURCE, source_block,
					WIRE_NEG_RS_DREPLY};
static const struct pread_kind asked_with_digest = {PREAD_SYNC, CONN_SYNC_SOURCE, compare,
						    WIRE_NEG_RS_DREPLY};

int source_request(struct volume *v, const struct wire_packet *p, void *bulk)
{
	return pread_take(v, &asked, p, NULL);
}

int source_csum(struct volume *v, const struct wire_packet *p, void *bulk)
{
	if (!v->csums.size || p->bulk != v->csums.size)
		return -EPROTO;
	return pread_take(v, &asked_with_digest, p, bulk);
}

int source_ack(struct volume *v, const struct wire_packet *p, void *bulk)
{
	const struct wire_block *b = &p->block;
	uint64_t bits = bitmap_bits(b->size / 512);

	if (b->id != WIRE_ID_RESYNC)
		return write_ack(v, p, bulk);
	if (v->state.conn != CONN_SYNC_SOURCE || b->sector > v->sectors ||
	    b->size / 512 > v->sectors - b->sector)
		return -EPROTO;
	if (bits > v->sync.unconfirmed)
		return -EPROTO; /* what was never sent */
	v->sync.unconfirmed -= bits;
	in_sync(v, b->sector, b->size);
	source_check(v);
	return 0;
}

void source_check(struct volume *v)
{
	struct drbd_state s = v->state;

	if (s.conn != CONN_SYNC_SOURCE || v->bitmap.weight)
		return;
	sync_say_over(v, "the peer is up to date");
	gen_sync_end_source(&v->gen);
	v->crashed = v->full_sync = false;
	s.conn = CONN_CONNECTED;
	s.pdsk = DISK_UP_TO_DATE;
	state_set(v, s, false);
	keep_super(v, NULL);
	keep_pages(v, NULL);
}

/* Our identifiers are on disk: the target may know. */
static void begun(struct keep_wait *w)
{
	struct volume *v = list_entry(w, struct volume, sync.kept);
	struct wire_packet p = {.command = WIRE_SYNC_UUID};
	struct drbd_state s = v->state;

	if (!link_is_up(v) || s.conn != CONN_WF_BITMAP_S || v->sync.stale)
		return;
	p.sync_uuid = v->sync.uuid;
	send_data(v, &p, NULL, NULL);
	s.conn = CONN_SYNC_SOURCE;
	s.pdsk = DISK_INCONSISTENT;
	state_set(v, s, true);
	pacer_begin(v);
	source_check(v);
}

void source_begin(struct volume *v)
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = loop_clock() << 16;
	v->sync.uuid = gen_sync_begin_source(&v->gen, random & ~UINT64_C(1));
	v->sync.total = v->bitmap.weight;
	v->sync.unconfirmed = v->sync.same = v->sync.zeroes = 0;
	v->sync.kept.done = begun;
	volume_say(v, LOG_NOTICE, "resync of %llu KiB to the peer",
		   (unsigned long long)v->sync.total * 4);
	keep_super(v, &v->sync.kept);
}

/* Bits that writes on their way may clear at the target without our hearing of it. */
static uint64_t writes_flying(struct volume *v)
{
	uint64_t bits = 0;

	list_for_each (l, &v->tlog.epochs) {
		struct epoch *e = list_entry(l, struct epoch, link);

		list_for_each (k, &e->writes) {
			struct write *w = list_entry(k, struct write, in_epoch);

			if (w->resync && w->remote != REMOTE_ACKED)
				bits += bitmap_bits(w->bytes / 512);
		}
	}
	return bits;
}

void source_drop(struct volume *v)
{
	v->sync.stale = true;
	if (v->state.conn != CONN_SYNC_SOURCE ||
	    v->bitmap.weight > v->sync.unconfirmed + writes_flying(v))
		return;
	/* the target may have got the last of it; see generation.h */
	gen_sync_end_source(&v->gen);
	keep_super(v, NULL);
}
