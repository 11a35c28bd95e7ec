// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes of state that the peer asks for.  What it says of itself it means of its side: the word is
 * swapped before it is looked at.
 */
#include "hv/daemon.h"
#include "mirror/engine/permit.h"
#include "mirror/engine/private.h"
#include "mirror/engine/verify.h"

static void reply(struct volume *v, bool connection, int result)
{
	struct wire_packet p = {.command = connection ? WIRE_CONN_ST_CHG_REPLY
						      : WIRE_STATE_CHG_REPLY};

	p.reply = result;
	send_meta(v, &p);
}

/*
 * What we do not do, whatever the rules would say.  Of our side one thing alone is the peer's to say, when it
 * goes: that we are left behind.
 */
static int unsupported(const struct volume *v, uint32_t mask, const struct drbd_state *next)
{
	if (mask & ~(STATE_MASK_ROLE | STATE_MASK_PEER | STATE_MASK_CONN | STATE_MASK_DISK |
		     STATE_MASK_PDSK) ||
	    (next->disk != v->state.disk && next->disk != DISK_OUTDATED))
		return STATE_NOT_SUPPORTED;
	if (!(mask & STATE_MASK_CONN))
		return 0;
	switch (next->conn) {
	case CONN_TEAR_DOWN:
	case CONN_VERIFY_T:
	case CONN_STARTING_SYNC_S:
	case CONN_STARTING_SYNC_T:
	case CONN_CONNECTED: return 0;
	default: return STATE_NOT_SUPPORTED;
	}
}

static bool is_copy(const struct drbd_state *next)
{
	return next->conn == CONN_STARTING_SYNC_S || next->conn == CONN_STARTING_SYNC_T;
}

/* copies_all() - Everything is to be copied, from one side's disk to the other's.  @is: here. */
static int copies_all(const struct drbd_state *is, const struct drbd_state *next)
{
	bool source = next->conn == CONN_STARTING_SYNC_S;

	if ((source ? is->disk : is->pdsk) != DISK_UP_TO_DATE)
		return STATE_NO_UP_TO_DATE;
	return !source && is->role == ROLE_PRIMARY ? STATE_DEVICE_IN_USE : STATE_OK;
}

static int consider(struct volume *v, const struct wire_change *c, struct drbd_state *next)
{
	uint32_t mask = state_swap(c->mask), value = state_swap(c->value) & mask;
	struct permit_context context = {.fencing = v->config.fencing != FENCING_DONT_CARE,
					 .verify_alg = v->verify_with.size,
					 .in_use = !list_empty(&v->holders)};
	int result;

	if (state_decode((state_encode(&v->state) & ~mask) | value, next))
		return STATE_NOT_SUPPORTED;
	if (v->change.busy && v->change.asked)
		return v->link.tie_break ? STATE_CONCURRENT : STATE_IN_TRANSIENT;
	result = unsupported(v, mask, next);
	if (result)
		return result;
	result = permit(&v->state, next, &context);
	if (result == STATE_OK && is_copy(next))
		result = copies_all(&v->state, next);
	/* a role of ours is not the peer's to change */
	if (result == STATE_OK && next->role != v->state.role)
		return STATE_NOT_SUPPORTED;
	return result;
}

static int answer(struct volume *v, const struct wire_packet *p, bool connection)
{
	enum disk was = v->state.pdsk;
	struct drbd_state next;
	bool begins, copy, source;
	int result = link_is_up(v) ? consider(v, &p->change, &next) : STATE_IN_TRANSIENT;

	reply(v, connection, result);
	if (result != STATE_OK)
		return 0;
	copy = is_copy(&next);
	source = next.conn == CONN_STARTING_SYNC_S;
	if (copy)
		next.conn = v->state.conn;
	if (next.conn == CONN_TEAR_DOWN) {
		/* the peer closes when it has read our answer */
		v->link.torn = true;
		next.conn = v->state.conn;
	}
	begins = next.conn == CONN_VERIFY_T && !verify_runs(v);
	state_set(v, next, false);
	if (begins)
		verify_serve(v);
	if (copy) { /* as on the other side: no bitmaps are exchanged */
		v->full_sync = true;
		bitmap_set(&v->bitmap, 0, BITMAP_END);
		sync_begin(v, source);
		return 0;
	}
	meet_peer_disk(v, was, next.pdsk);
	if (next.peer == ROLE_PRIMARY && next.pdsk < DISK_INCONSISTENT)
		alone(v);
	return 0;
}

int answer_volume(struct volume *v, const struct wire_packet *p, void *bulk)
{
	return answer(v, p, false);
}

int answer_connection(struct volume *v, const struct wire_packet *p, void *bulk)
{
	return answer(v, p, true);
}
