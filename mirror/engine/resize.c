// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Both sides agree on a larger size.
 *
 *   resized here ── sizes: mine, none agreed ──► the other measures its disk, and grows to what both have room for
 *   grows to that ◄── sizes: its own, and that one ── and waits for the resync's identifier, or begins it
 *
 * The Primary is the source; where there is none, who resolves conflicts.  Both know what is new, so that no bitmaps
 * are exchanged: as the kernel's DRBD does it.  A side that has grown alone, since the connection was lost in
 * between or by --assume-peer-has-space, is followed by the other when they meet.
 */
#include <errno.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"

/* room() - How many sectors the volume could have on this disk as it is now, with metadata at @to. */
static uint64_t room(struct volume *v, struct md_layout *to)
{
	int r = disk_measure(&v->data);

	if (!r)
		r = md_layout_grown(to, &v->layout, v->config.meta_index, v->md->size / 512,
				    v->data.size / 512);
	if (r == -ERANGE)
		volume_say(v, LOG_WARNING,
			   "%s has grown by less than its metadata needs (%u KiB): grow it more",
			   v->data.path, to->md_size / 2);
	return r || to->data_max < v->sectors ? v->sectors : to->data_max;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* answer() - What the peer waits for. */
static void answer(struct volume *v, uint64_t own)
{
	struct wire_sizes s = {
		.own = own,
		.current = v->sectors,
		.flags = v->grow.clean ? WIRE_DDS_NO_RESYNC : 0,
	};

	send_sizes_of(v, &s);
}

/* ---- asked for here ---- */

static int may(const struct volume *v)
{
	const struct drbd_state *s = &v->state;

	if (s->disk != DISK_UP_TO_DATE)
		return s->disk < DISK_INCONSISTENT ? STATE_NO_LOCAL_DISK : STATE_NO_UP_TO_DATE;
	if (v->grow.busy || s->conn == CONN_WF_REPORT_PARAMS)
		return STATE_IN_TRANSIENT;
	if (s->conn < CONN_CONNECTED)
		return v->link.phase > LINK_SEEK ? STATE_IN_TRANSIENT : STATE_OK;
	if (s->conn > CONN_CONNECTED)
		return STATE_RESYNC_RUNNING;
	if (s->pdsk != DISK_UP_TO_DATE)
		return STATE_NO_REMOTE_DISK;
	return v->bitmap.weight ? STATE_OUT_OF_SYNC : STATE_OK;
}

int resize_begin(struct volume *v, const struct volume_resize *w)
{
	struct wire_sizes s = {.user = w->sectors,
			       .flags = w->assume_clean ? WIRE_DDS_NO_RESYNC : 0};
	bool connected = v->state.conn >= CONN_CONNECTED;
	struct md_layout to;
	int result = may(v);

	if (result != STATE_OK)
		return result;
	if (!connected && !w->alone)
		return STATE_NEED_CONNECTION;
	s.own = room(v, &to);
	if (w->sectors && w->sectors < v->sectors)
		return STATE_SHRINKS;
	if (s.own <= v->sectors || w->sectors > s.own || w->sectors == v->sectors)
		return STATE_NO_ROOM;
	if (connected) {
		send_uuids(v); /* what a target of ours ends with */
		send_sizes_of(v, &s);
	} else {
		grow(v, &to, w->sectors ? w->sectors : s.own, w->assume_clean);
	}
	return STATE_OK;
}

/* ---- the peer's ---- */

void resize_sizes(struct volume *v, const struct wire_sizes *s)
{
	bool asks = !s->current;
	struct md_layout to;
	uint64_t own, target;

	if (!asks && s->current <= v->sectors) {
		change_resized(v, STATE_PEER_NO_ROOM);
		return;
	}
	own = disk_is_here(v) ? room(v, &to) : v->sectors;
	target = asks ? least(own, s->own) : s->current;
	if (s->user)
		target = least(target, s->user);
	v->grow.answers = asks;
	v->grow.clean = s->flags & WIRE_DDS_NO_RESYNC;
	if (target > v->sectors && target <= own && may(v) == STATE_OK) {
		grow(v, &to, target, v->grow.clean);
		return;
	}
	if (asks)
		answer(v, own);
	else
		link_end(v, false, -ENOSPC, "the peer has grown to %llu sectors without this side",
			 (unsigned long long)target);
}

bool resize_follow(struct volume *v)
{
	uint64_t target = v->link.sizes.current;
	struct md_layout to;

	if (!disk_is_here(v) || v->grow.busy || room(v, &to) < target)
		return false;
	v->grow.answers = false;
	link_end(v, false, -ECANCELED, "to grow as the peer has, first");
	grow(v, &to, target, false);
	return true;
}

/* ---- both have grown ---- */

void resize_grown(struct volume *v, int result)
{
	bool meets = link_is_up(v) && v->state.conn == CONN_CONNECTED;
	const struct drbd_state s = v->state;
	struct md_layout to;

	if (result != STATE_OK) /* before the connection's end is taken for the reason */
		change_resized(v, result);
	if (meets && v->grow.answers)
		answer(v, disk_is_here(v) ? room(v, &to) : v->sectors);
	else if (meets && result != STATE_OK)
		link_end(v, false, -ECANCELED, "the peer has grown, and this side has not");
	if (meets && result == STATE_OK && !v->grow.clean && v->state.pdsk == DISK_UP_TO_DATE)
		sync_begin(v, s.role != s.peer ? s.role == ROLE_PRIMARY : v->link.tie_break);
	v->link.hold = false;
	link_pause(v);
	if (result == STATE_OK)
		change_resized(v, result);
}
