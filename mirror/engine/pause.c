// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A resync that either side's administrator has paused.  The target asks for no more; what it has asked for comes.  To the
 * rest of the engine it runs, slowly; others are shown the connection as paused.
 */
#include <errno.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"

bool sync_is_paused(const struct volume *v)
{
	return v->sync_paused || v->link.sync_paused;
}

struct drbd_state state_shown(const struct volume *v)
{
	struct drbd_state s = v->state;

	if (sync_is_paused(v) && s.conn == CONN_SYNC_SOURCE)
		s.conn = CONN_PAUSED_SYNC_S;
	if (sync_is_paused(v) && s.conn == CONN_SYNC_TARGET)
		s.conn = CONN_PAUSED_SYNC_T;
	return s;
}

static void changed(struct volume *v, bool was, const char *who)
{
	bool is = sync_is_paused(v);

	if (is != was)
		volume_say(v, LOG_NOTICE, "resyncs are %s, by %s", is ? "paused" : "resumed", who);
	if (!is && v->state.conn == CONN_SYNC_TARGET)
		target_go_on(v);
	listeners_tell(v);
}

void pause_heard(struct volume *v, const struct drbd_state *peer)
{
	bool is = peer->suspended & (SUSP_AFTER_ISP | SUSP_USER_ISP), was = sync_is_paused(v);

	if (is == v->link.sync_paused)
		return;
	v->link.sync_paused = is;
	changed(v, was, "the peer");
}

int volume_pause(struct volume *v, bool pause)
{
	bool was = sync_is_paused(v);

	if (pause == v->sync_paused)
		return -EALREADY;
	v->sync_paused = pause;
	changed(v, was, "the administrator");
	if (link_is_up(v))
		send_state(v);
	return 0;
}
