// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <string.h>

#include "mirror/engine/permit.h"

typedef bool forbids(const struct drbd_state *now, const struct drbd_state *next,
		     const struct permit_context *c);

#define RULE(name_)                                                                    \
	static bool name_(const struct drbd_state *now, const struct drbd_state *next, \
			  const struct permit_context *c)

/* A Primary's disk is attached: that makes nothing worse. */
static bool gains_disk(const struct drbd_state *now, const struct drbd_state *next)
{
	return now->role == ROLE_PRIMARY && next->disk > now->disk;
}

RULE(two_primaries)
{
	return next->role == ROLE_PRIMARY && next->peer == ROLE_PRIMARY;
}

RULE(in_use)
{
	return now->role == ROLE_PRIMARY && next->role != ROLE_PRIMARY && c->in_use;
}

RULE(peer_not_fenced)
{
	return c->fencing && next->role == ROLE_PRIMARY && next->conn < CONN_WF_REPORT_PARAMS &&
	       next->pdsk >= DISK_UNKNOWN && !gains_disk(now, next);
}

RULE(primary_without_data)
{
	/* what a client reads comes from this disk: the peer's does not help who begins without */
	bool peer_has = now->role == ROLE_PRIMARY && next->conn >= CONN_CONNECTED &&
			next->pdsk == DISK_UP_TO_DATE;

	return next->role == ROLE_PRIMARY && next->disk < DISK_UP_TO_DATE && !peer_has &&
	       !gains_disk(now, next);
}

/* Nobody takes away the only disk that a Primary on the other side has. */
RULE(peer_without_data)
{
	return next->peer == ROLE_PRIMARY && next->conn >= CONN_CONNECTED &&
	       next->pdsk < DISK_UP_TO_DATE && next->disk < DISK_INCONSISTENT &&
	       now->disk == DISK_UP_TO_DATE;
}

RULE(sync_without_disk)
{
	return next->conn > CONN_CONNECTED && next->disk < DISK_INCONSISTENT;
}

RULE(sync_without_peer_disk)
{
	return next->conn > CONN_CONNECTED && next->pdsk < DISK_INCONSISTENT;
}

RULE(sync_without_data)
{
	return next->conn > CONN_CONNECTED && next->disk < DISK_OUTDATED &&
	       next->pdsk < DISK_OUTDATED;
}

RULE(source_outdated)
{
	return next->disk == DISK_OUTDATED &&
	       (next->conn == CONN_WF_BITMAP_S || next->conn == CONN_SYNC_SOURCE ||
		next->conn == CONN_PAUSED_SYNC_S);
}

RULE(primary_outdated)
{
	return next->role == ROLE_PRIMARY && next->disk == DISK_OUTDATED &&
	       now->disk > DISK_OUTDATED;
}

RULE(outdate_nothing)
{
	return next->disk == DISK_OUTDATED && now->disk < DISK_OUTDATED;
}

RULE(verify_without_alg)
{
	return (next->conn == CONN_VERIFY_S || next->conn == CONN_VERIFY_T) && !c->verify_alg;
}

RULE(sync_needs_connection)
{
	return next->conn > CONN_CONNECTED && now->conn < CONN_CONNECTED;
}

RULE(sync_runs)
{
	return (next->conn == CONN_STARTING_SYNC_S || next->conn == CONN_STARTING_SYNC_T ||
		next->conn == CONN_VERIFY_S || next->conn == CONN_VERIFY_T) &&
	       now->conn > CONN_CONNECTED && next->conn != now->conn;
}

RULE(no_connection)
{
	return next->conn == CONN_DISCONNECTING && now->conn == CONN_STANDALONE;
}

/* In order: the first that forbids it says why. */
static const struct {
	forbids *rule;
	enum state_result why;
} rules[] = {
	{no_connection, STATE_ALREADY_STANDALONE},
	{in_use, STATE_DEVICE_IN_USE},
	{two_primaries, STATE_TWO_PRIMARIES},
	{peer_not_fenced, STATE_PRIMARY_NOP},
	{primary_outdated, STATE_NO_UP_TO_DATE},
	{primary_without_data, STATE_NO_UP_TO_DATE},
	{peer_without_data, STATE_NO_UP_TO_DATE},
	{outdate_nothing, STATE_LOWER_THAN_OUTDATED},
	{sync_needs_connection, STATE_NEED_CONNECTION},
	{sync_runs, STATE_RESYNC_RUNNING},
	{sync_without_disk, STATE_NO_LOCAL_DISK},
	{sync_without_peer_disk, STATE_NO_REMOTE_DISK},
	{sync_without_data, STATE_NO_UP_TO_DATE},
	{source_outdated, STATE_CONNECTED_OUTDATES},
	{verify_without_alg, STATE_NO_VERIFY_ALG},
};

enum state_result permit(const struct drbd_state *now, const struct drbd_state *next,
			 const struct permit_context *c)
{
	if (state_encode(now) == state_encode(next))
		return STATE_NOTHING;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].rule(now, next, c))
			return rules[i].why;
	return STATE_OK;
}
