// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two volumes meet: their identifiers, their states; and what each does then.
 */
#include <errno.h>
#include <string.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"
#include "mirror/engine/verify.h"

#define REFUSE(v_, ...) (link_end(v_, true, -EACCES, __VA_ARGS__), -EACCES)

/* ---- what is told ---- */

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
	struct drbd_state s = state_shown(v);

	s.suspended |= v->sync_paused ? SUSP_USER_ISP : 0;
	p.state = state_encode(&s);
	send_data(v, &p, NULL, NULL);
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
	if (v->link.phase != LINK_UP)
		return 0;
	skip_sync(v, &p->uuids);
	if (v->state.disk < DISK_NEGOTIATING) {
		/* what our clients see from now on is called so */
		v->exposed = p->uuids.uuid[MD_CURRENT];
		v->exposed_is_peers = true;
	}
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
		.my_disk = v->state.disk == DISK_NEGOTIATING ? v->attached_as : v->state.disk,
		.peer_disk = disk_of(v, peer),
		.i_attach = v->state.disk == DISK_NEGOTIATING,
		.peer_attaches = peer->disk == DISK_NEGOTIATING,
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

/* keep_split() - What an administrator is to know of a split brain before it is decided. */
static void keep_split(struct volume *v, const struct handshake *h, enum meeting what)
{
	uint64_t peers = v->link.uuids.bits, most = v->bitmap.bits;

	v->split = (struct volume_split){
		.is = what == MEET_SPLIT_BRAIN,
		.exact = h->compare.result == GEN_SPLIT_BITMAP,
		.mine = h->compare.mine.gen,
		.peer = h->compare.peer.gen,
		.mine_written = v->bitmap.weight * MD_BIT_SECTORS,
		.peer_written = (peers < most ? peers : most) * MD_BIT_SECTORS,
	};
}

/* cannot_attach() - The two go on as before: one without a disk. */
static void cannot_attach(struct volume *v, const struct handshake *h)
{
	struct drbd_state s = v->state;

	if (h->peer_attaches) {
		s.pdsk = DISK_DISKLESS;
		state_set(v, s, false);
	}
	if (h->i_attach)
		detach(v);
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
	if (v->link.dry_run) { /* who asks has not read all of it yet, and ends the connection */
		volume_say(v, LOG_NOTICE, "a dry run of the peer's: nothing is done");
		return 0;
	}
	if (m.what > MEET_TARGET && (h.i_attach || h.peer_attaches)) {
		cannot_attach(v, &h);
		return 0;
	}
	keep_split(v, &h, m.what);
	if (m.what == MEET_PRIMARY_WOULD_LOSE && h.compare.result > 0) {
		/* a Primary that was replaced, and wakes up: it has to go, and we wait for its next life */
		link_end(v, false, -EACCES, "the peer is Primary, and would lose its data to ours");
		return -EACCES;
	}
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
	s.disk = h.my_disk;
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

/*
 * has_what_was_seen() - Whether the peer's disk is the one that our clients have read and written.  Where they have
 * written under a generation that we have not heard of yet, the peer has recorded what that began with.
 */
static bool has_what_was_seen(const struct volume *v, const struct drbd_state *peer)
{
	const uint64_t *uuid = v->link.uuids.uuid;

	if (v->state.role != ROLE_PRIMARY || v->state.disk >= DISK_INCONSISTENT ||
	    peer->disk < DISK_INCONSISTENT)
		return true;
	return gen_equal(uuid[MD_CURRENT], v->exposed) ||
	       (!v->exposed_is_peers && gen_equal(uuid[MD_BITMAP], v->exposed));
}

/* first() - The peer's first state ends the greeting. */
static int first(struct volume *v, const struct drbd_state *peer)
{
	struct drbd_state s = v->state;

	if (!v->link.sizes_seen || (peer->disk >= DISK_NEGOTIATING && !v->link.uuids_seen))
		return -EPROTO;
	if (!v->link.dry_run && !sizes_fit(v, peer))
		return 0;
	if (peer->disk >= DISK_NEGOTIATING && s.disk >= DISK_INCONSISTENT)
		return meet(v, peer, false);
	if (s.role == ROLE_PRIMARY && peer->role == ROLE_PRIMARY)
		return REFUSE(v, "both sides are Primary");
	if (!has_what_was_seen(v, peer)) {
		link_end(v, false, -EACCES,
			 "the peer has other data than what clients have seen here");
		return -EACCES;
	}
	s.peer = peer->role;
	s.pdsk = peer->disk;
	if (s.role == ROLE_PRIMARY && s.pdsk >= DISK_OUTDATED && s.pdsk != DISK_UNKNOWN)
		s.pdsk = DISK_UP_TO_DATE; /* it has just been found to be */
	s.conn = CONN_CONNECTED;
	if (s.disk < DISK_INCONSISTENT && peer->disk >= DISK_INCONSISTENT) {
		v->exposed = v->link.uuids.uuid[MD_CURRENT];
		v->exposed_is_peers = true;
	}
	link_phase(v, LINK_UP);
	state_set(v, s, true);
	return 0;
}

/* Whether the other side wants to compare: it sends its bitmap, has a new disk, or its data became the truth by force. */
static bool begins(const struct volume *v, const struct drbd_state *peer)
{
	bool mine = v->state.disk == DISK_NEGOTIATING || peer->disk == DISK_NEGOTIATING;

	if (v->state.conn != CONN_CONNECTED || v->state.disk < DISK_NEGOTIATING)
		return false;
	if (mine)
		return v->link.uuids_seen && peer->disk >= DISK_NEGOTIATING;
	return peer->conn == CONN_WF_BITMAP_T || peer->conn == CONN_STARTING_SYNC_S ||
	       (peer->disk == DISK_UP_TO_DATE && v->state.disk == DISK_INCONSISTENT);
}

/* The Primary has no disk, and has found ours to be what its clients have seen. */
static bool is_served_from(const struct drbd_state *s, const struct drbd_state *peer)
{
	return peer->role == ROLE_PRIMARY && peer->disk < DISK_INCONSISTENT &&
	       peer->conn >= CONN_CONNECTED && s->conn == CONN_CONNECTED &&
	       (s->disk == DISK_OUTDATED || s->disk == DISK_CONSISTENT);
}

void meet_peer_disk(struct volume *v, enum disk was, enum disk is)
{
	if (was < DISK_INCONSISTENT || was == DISK_UNKNOWN || is > DISK_FAILED)
		return;
	if (v->state.conn > CONN_CONNECTED) {
		link_end(v, false, -ECANCELED, "the peer's disk is gone");
		return;
	}
	tlog_note(v);
	if (v->state.role == ROLE_PRIMARY)
		alone(v);
}

int meet_state(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct drbd_state peer, s = v->state;
	int r = state_decode(p->state, &peer);
	enum disk was = s.pdsk;
	bool tell = false;

	if (r)
		return r;
	pause_heard(v, &peer);
	if (v->link.phase == LINK_REPORT)
		return first(v, &peer);
	if (s.role == ROLE_PRIMARY && peer.role == ROLE_PRIMARY)
		return REFUSE(v, "both sides are Primary");
	if (begins(v, &peer))
		return meet(v, &peer, peer.conn != CONN_WF_BITMAP_T);
	/* a target says that it is done, with what was found equal over here */
	if (s.conn == CONN_SYNC_SOURCE && peer.disk == DISK_UP_TO_DATE)
		source_check(v);
	if (s.conn == CONN_VERIFY_T && peer.conn == CONN_CONNECTED)
		verify_served(v);
	s = v->state;
	s.peer = peer.role;
	/* while a resync is on its way our own view is the newer one */
	if ((s.conn == CONN_CONNECTED || verify_runs(v)) && peer.disk != DISK_NEGOTIATING)
		s.pdsk = peer.disk;
	if (is_served_from(&s, &peer)) {
		s.disk = DISK_UP_TO_DATE;
		tell = true;
	}
	state_set(v, s, tell);
	meet_peer_disk(v, was, peer.disk);
	if (s.peer == ROLE_PRIMARY && s.pdsk < DISK_INCONSISTENT)
		alone(v); /* its clients' data is here alone */
	return 0;
}
