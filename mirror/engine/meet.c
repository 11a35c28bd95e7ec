// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two volumes meet: their sizes, their identifiers, their states; and what each does then.
 */
#include <errno.h>
#include <string.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"

#define REFUSE(v_, ...) (link_end(v_, true, -EACCES, __VA_ARGS__), -EACCES)

/* ---- what is told ---- */

void send_sizes(struct volume *v, uint16_t flags)
{
	struct wire_packet p = {.command = WIRE_SIZES};

	/* what was agreed once stays, until an administrator resizes it */
	p.sizes = (struct wire_sizes){
		.own = v->state.disk >= DISK_INCONSISTENT ? v->sectors : 0,
		.current = v->sectors,
		.max_bio = WIRE_BULK_MAX,
		.flags = flags,
		.physical = v->data.align,
		.logical = v->data.align,
		.io_min = v->data.align,
		.discard = 1,
		.discard_zeroes = 1,
	};
	send_data(v, &p, NULL, NULL);
}

void send_uuids(struct volume *v)
{
	struct wire_packet p = {.command = WIRE_UUIDS};

	memcpy(p.uuids.uuid, v->gen.uuid, sizeof(p.uuids.uuid));
	p.uuids.bits = v->bitmap.weight;
	if (v->link.discard)
		p.uuids.flags |= WIRE_UUID_DISCARD_MY_DATA;
	if (v->crashed)
		p.uuids.flags |= WIRE_UUID_CRASHED_PRIMARY;
	send_data(v, &p, NULL, NULL);
}

void send_state(struct volume *v)
{
	struct wire_packet p = {.command = WIRE_STATE};

	p.state = state_encode(&v->state);
	send_data(v, &p, NULL, NULL);
}

/* ---- sizes ---- */

/* Nothing was ever written here that counts: the volume may become smaller. */
static int shrink(struct volume *v, uint64_t sectors)
{
	struct bitmap b;

	if (bitmap_init(&b, sectors))
		return -ENOMEM;
	bitmap_free(&v->bitmap);
	v->bitmap = b;
	bitmap_set(&v->bitmap, 0, BITMAP_END);
	v->sectors = sectors;
	volume_say(v, LOG_NOTICE, "%llu sectors, as the peer has no more",
		   (unsigned long long)sectors);
	keep_super(v, NULL);
	keep_pages(v, NULL);
	return 0;
}

int meet_sizes(struct volume *v, const struct wire_packet *p, void *bulk)
{
	const struct wire_sizes *s = &p->sizes;
	uint64_t limit = v->sectors;

	v->link.sizes = *s;
	v->link.sizes_seen = true;
	if (s->own && s->own < limit)
		limit = s->own;
	if (s->user && s->user < limit)
		limit = s->user;
	if (limit == v->sectors)
		return 0;
	if (v->state.disk != DISK_INCONSISTENT || v->link.phase == LINK_UP)
		return REFUSE(v, "the peer has room for %llu sectors, the volume has %llu",
			      (unsigned long long)limit, (unsigned long long)v->sectors);
	return shrink(v, limit);
}

/* ---- identifiers ---- */

/* The peer has made a first generation of two disks that nobody has written to: nothing is to be copied. */
static bool skip_sync(struct volume *v, const struct wire_uuids *u)
{
	struct drbd_state s = v->state;

	if (!(u->flags & WIRE_UUID_SKIP_SYNC) || s.conn != CONN_CONNECTED ||
	    s.role == ROLE_PRIMARY || !gen_equal(v->gen.uuid[MD_CURRENT], MD_UUID_JUST_CREATED))
		return false;
	bitmap_clear(&v->bitmap, 0, BITMAP_END);
	v->gen = (struct generation){{u->uuid[MD_CURRENT]}};
	gen_role(&v->gen, s.role);
	s.disk = s.pdsk = DISK_UP_TO_DATE;
	state_set(v, s, false);
	keep_pages(v, NULL);
	return true;
}

int meet_uuids(struct volume *v, const struct wire_packet *p, void *bulk)
{
	v->link.uuids = p->uuids;
	v->link.uuids_seen = true;
	if (v->link.phase == LINK_UP)
		skip_sync(v, &p->uuids);
	return 0;
}

/* ---- states ---- */

static enum disk disk_of(const struct volume *v, const struct drbd_state *peer)
{
	if (peer->disk != DISK_NEGOTIATING)
		return peer->disk;
	return v->link.uuids.flags & WIRE_UUID_INCONSISTENT ? DISK_INCONSISTENT : DISK_CONSISTENT;
}

static struct handshake handshake_of(struct volume *v, const struct drbd_state *peer)
{
	const struct wire_uuids *u = &v->link.uuids;
	struct handshake h = {
		.my_disk = v->state.disk,
		.peer_disk = disk_of(v, peer),
		.my_discard = v->link.discard,
		.peer_discard = u->flags & WIRE_UUID_DISCARD_MY_DATA,
		.compare = {.mine = {v->gen, v->state.role, v->crashed},
			    .peer = {.role = peer->role,
				     .crashed = u->flags & WIRE_UUID_CRASHED_PRIMARY},
			    .tie_break = v->link.tie_break,
			    .knows_41 = v->link.agreed.features & WIRE_FF_WSAME},
	};

	memcpy(h.compare.peer.gen.uuid, u->uuid, sizeof(u->uuid));
	return h;
}

/* The states that a meeting brings to both disks. */
static void settle(struct drbd_state *s, enum meeting what)
{
	switch (what) {
	case MEET_SOURCE:
		s->conn = CONN_WF_BITMAP_S;
		s->disk = DISK_UP_TO_DATE;
		if (s->pdsk > DISK_CONSISTENT)
			s->pdsk = DISK_CONSISTENT;
		break;
	case MEET_TARGET:
		s->conn = CONN_WF_BITMAP_T;
		s->pdsk = DISK_UP_TO_DATE;
		if (s->disk > DISK_OUTDATED)
			s->disk = DISK_OUTDATED;
		break;
	default: /* the same data: if one is good, the other is */
		s->conn = CONN_CONNECTED;
		if (s->disk > DISK_INCONSISTENT)
			s->disk = DISK_UP_TO_DATE;
		if (s->pdsk > DISK_INCONSISTENT && s->pdsk != DISK_UNKNOWN)
			s->pdsk = DISK_UP_TO_DATE;
		break;
	}
}

/*
 * meet() - Compare, and begin what follows.  @uuids_first: the peer has to be shown our identifiers
 * again, as it met us without them.
 */
static int meet(struct volume *v, const struct drbd_state *peer, bool uuids_first)
{
	struct handshake h = handshake_of(v, peer);
	struct meeting_of m = handshake(&h);
	struct drbd_state s = v->state;

	volume_say(v, LOG_NOTICE, "%s%s%s (rule %u, %d)", meeting_text(m.what),
		   m.full ? ", all of it" : "", m.manual ? ", as the administrator said" : "",
		   h.compare.rule, h.compare.result);
	if (m.what > MEET_TARGET)
		return REFUSE(v, "%s", meeting_text(m.what));
	if (s.role == ROLE_PRIMARY && peer->role == ROLE_PRIMARY)
		return REFUSE(v, "both sides are Primary");
	if (m.what != MEET_SOURCE && v->link.sizes.current > v->sectors &&
	    peer->disk > DISK_INCONSISTENT)
		return REFUSE(v, "the volume has %llu sectors, this disk room for %llu",
			      (unsigned long long)v->link.sizes.current,
			      (unsigned long long)v->sectors);
	if (h.compare.corrected)
		v->gen = h.compare.mine.gen;
	v->sync.source = h.compare.peer.gen;
	s.peer = peer->role;
	s.pdsk = h.peer_disk;
	settle(&s, m.what);
	if (v->link.phase != LINK_UP)
		link_phase(v, LINK_UP);
	if (uuids_first)
		send_uuids(v);
	state_set(v, s, true);
	if (m.what != MEET_NOTHING)
		exchange_begin(v, m.full);
	return 0;
}

/* first() - The peer's first state ends the greeting. */
static int first(struct volume *v, const struct drbd_state *peer)
{
	struct drbd_state s = v->state;

	if (!v->link.sizes_seen || (peer->disk >= DISK_NEGOTIATING && !v->link.uuids_seen))
		return -EPROTO;
	if (peer->disk >= DISK_NEGOTIATING && s.disk >= DISK_INCONSISTENT)
		return meet(v, peer, false);
	if (s.role == ROLE_PRIMARY && peer->role == ROLE_PRIMARY)
		return REFUSE(v, "both sides are Primary");
	s.peer = peer->role;
	s.pdsk = peer->disk;
	s.conn = CONN_CONNECTED;
	link_phase(v, LINK_UP);
	state_set(v, s, true);
	return 0;
}

/* Whether the peer's new state begins a resync: it waits for a bitmap, or its data became the truth by force. */
static bool begins(const struct volume *v, const struct drbd_state *peer)
{
	if (v->state.conn != CONN_CONNECTED || v->state.disk < DISK_INCONSISTENT)
		return false;
	return peer->conn == CONN_WF_BITMAP_T || peer->conn == CONN_STARTING_SYNC_S ||
	       (peer->disk == DISK_UP_TO_DATE && v->state.disk == DISK_INCONSISTENT);
}

int meet_state(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct drbd_state peer, s = v->state;
	int r = state_decode(p->state, &peer);

	if (r)
		return r;
	v->link.peer_conn = peer.conn;
	if (v->link.phase == LINK_REPORT)
		return first(v, &peer);
	if (s.role == ROLE_PRIMARY && peer.role == ROLE_PRIMARY)
		return REFUSE(v, "both sides are Primary");
	if (begins(v, &peer))
		return meet(v, &peer, peer.conn != CONN_WF_BITMAP_T);
	s.peer = peer.role;
	/* while a resync is on its way our own view is the newer one */
	if (s.conn == CONN_CONNECTED && peer.disk != DISK_NEGOTIATING)
		s.pdsk = peer.disk;
	state_set(v, s, false);
	return 0;
}
