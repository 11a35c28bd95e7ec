// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "mirror/drbd/state_word.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { SUSPENDED_SHIFT = 17, SUSPENDED_MASK = 0x3f };

static const char *const roles[] = {
	[ROLE_UNKNOWN] = "Unknown",
	[ROLE_PRIMARY] = "Primary",
	[ROLE_SECONDARY] = "Secondary",
};

static const char *const disks[] = {
	[DISK_DISKLESS] = "Diskless",
	[DISK_ATTACHING] = "Attaching",
	[DISK_FAILED] = "Failed",
	[DISK_NEGOTIATING] = "Negotiating",
	[DISK_INCONSISTENT] = "Inconsistent",
	[DISK_OUTDATED] = "Outdated",
	[DISK_UNKNOWN] = "DUnknown",
	[DISK_CONSISTENT] = "Consistent",
	[DISK_UP_TO_DATE] = "UpToDate",
};

/* Names, and what the other side is in meanwhile. */
static const struct {
	const char *name;
	enum conn other;
} conns[] = {
	[CONN_STANDALONE] = {"StandAlone", CONN_STANDALONE},
	[CONN_DISCONNECTING] = {"Disconnecting", CONN_TEAR_DOWN},
	[CONN_UNCONNECTED] = {"Unconnected", CONN_UNCONNECTED},
	[CONN_TIMEOUT] = {"Timeout", CONN_TIMEOUT},
	[CONN_BROKEN_PIPE] = {"BrokenPipe", CONN_BROKEN_PIPE},
	[CONN_NETWORK_FAILURE] = {"NetworkFailure", CONN_NETWORK_FAILURE},
	[CONN_PROTOCOL_ERROR] = {"ProtocolError", CONN_PROTOCOL_ERROR},
	[CONN_TEAR_DOWN] = {"TearDown", CONN_TEAR_DOWN},
	[CONN_WF_CONNECTION] = {"WFConnection", CONN_WF_CONNECTION},
	[CONN_WF_REPORT_PARAMS] = {"WFReportParams", CONN_WF_REPORT_PARAMS},
	[CONN_CONNECTED] = {"Connected", CONN_CONNECTED},
	[CONN_STARTING_SYNC_S] = {"StartingSyncS", CONN_STARTING_SYNC_T},
	[CONN_STARTING_SYNC_T] = {"StartingSyncT", CONN_STARTING_SYNC_S},
	[CONN_WF_BITMAP_S] = {"WFBitMapS", CONN_WF_BITMAP_T},
	[CONN_WF_BITMAP_T] = {"WFBitMapT", CONN_WF_BITMAP_S},
	[CONN_WF_SYNC_UUID] = {"WFSyncUUID", CONN_WF_BITMAP_S},
	[CONN_SYNC_SOURCE] = {"SyncSource", CONN_SYNC_TARGET},
	[CONN_SYNC_TARGET] = {"SyncTarget", CONN_SYNC_SOURCE},
	[CONN_VERIFY_S] = {"VerifyS", CONN_VERIFY_T},
	[CONN_VERIFY_T] = {"VerifyT", CONN_VERIFY_S},
	[CONN_PAUSED_SYNC_S] = {"PausedSyncS", CONN_PAUSED_SYNC_T},
	[CONN_PAUSED_SYNC_T] = {"PausedSyncT", CONN_PAUSED_SYNC_S},
	[CONN_AHEAD] = {"Ahead", CONN_BEHIND},
	[CONN_BEHIND] = {"Behind", CONN_AHEAD},
};

static const char *const results[] = {
	[-STATE_TWO_PRIMARIES] = "the peer is Primary, and two are not allowed",
	[-STATE_NO_UP_TO_DATE] = "there would be no UpToDate data",
	[-STATE_NO_LOCAL_DISK] = "there is no local disk",
	[-STATE_NO_REMOTE_DISK] = "the peer has no disk",
	[-STATE_CONNECTED_OUTDATES] = "a connected disk cannot be outdated so",
	[-STATE_PRIMARY_NOP] = "the peer's disk is not known to be outdated",
	[-STATE_RESYNC_RUNNING] = "a resync or a verify runs",
	[-STATE_ALREADY_STANDALONE] = "there is no connection",
	[-STATE_CW_FAILED_BY_PEER] = "the peer refused",
	[-STATE_IS_DISKLESS] = "there is no local disk",
	[-STATE_DEVICE_IN_USE] = "the volume is in use",
	[-STATE_NO_NET_CONFIG] = "no peer is configured",
	[-STATE_NO_VERIFY_ALG] = "no verify-alg is configured",
	[-STATE_NEED_CONNECTION] = "there is no connection",
	[-STATE_LOWER_THAN_OUTDATED] = "the disk is worse than Outdated",
	[-STATE_NOT_SUPPORTED] = "the peer does not know how",
	[-STATE_IN_TRANSIENT] = "a change of state is under way; try again",
	[-STATE_CONCURRENT] = "the peer changes its state at the same time; try again",
	[-STATE_PEER_PRIMARY] = "the peer is Primary of another volume",
};

static const char *const ours[] = {
	[STATE_NO_QUORUM - STATE_NO_QUORUM] = "the cluster has no quorum here",
	[STATE_NO_QUORUM - STATE_NO_RANGE] =
		"it is to begin at a block of 4 KiB, in the volume, and before it ends",
	[STATE_NO_QUORUM - STATE_HAS_DISK] = "it has its disk, or has not let go of it yet",
	[STATE_NO_QUORUM - STATE_ATTACH_FAILED] = "the disk cannot be attached; the log says why",
	[STATE_NO_QUORUM - STATE_NO_ROOM] = "this disk has no room for that",
	[STATE_NO_QUORUM - STATE_PEER_NO_ROOM] = "the peer's disk has no room, or it cannot now",
	[STATE_NO_QUORUM - STATE_SHRINKS] = "a volume that is in use does not become smaller",
	[STATE_NO_QUORUM - STATE_OUT_OF_SYNC] = "some of it is out of sync",
};

#define NAME_OF(table_, i_) ((unsigned)(i_) < COUNT(table_) && (table_)[i_] ? (table_)[i_] : "?")

const char *role_name(enum role r)
{
	return NAME_OF(roles, r);
}

const char *disk_name(enum disk d)
{
	return NAME_OF(disks, d);
}

const char *conn_name(enum conn c)
{
	return (unsigned)c < COUNT(conns) ? conns[c].name : "?";
}

enum conn conn_counterpart(enum conn c)
{
	return (unsigned)c < COUNT(conns) ? conns[c].other : c;
}

const char *state_result_text(int result)
{
	if (result > 0)
		return "done";
	if (result <= STATE_NO_QUORUM)
		return NAME_OF(ours, STATE_NO_QUORUM - result);
	return result > -(int)COUNT(results) ? NAME_OF(results, -result) : "?";
}

uint32_t state_encode(const struct drbd_state *s)
{
	return (uint32_t)s->role | (uint32_t)s->peer << 2 | (uint32_t)s->conn << 4 |
	       (uint32_t)s->disk << 9 | (uint32_t)s->pdsk << 13 | s->suspended << SUSPENDED_SHIFT;
}

int state_decode(uint32_t word, struct drbd_state *s)
{
	*s = (struct drbd_state){
		.role = word & 3,
		.peer = word >> 2 & 3,
		.conn = word >> 4 & 0x1f,
		.disk = word >> 9 & 0xf,
		.pdsk = word >> 13 & 0xf,
		.suspended = word >> SUSPENDED_SHIFT & SUSPENDED_MASK,
	};
	if ((unsigned)s->role >= COUNT(roles) || (unsigned)s->peer >= COUNT(roles) ||
	    (unsigned)s->conn >= COUNT(conns) || (unsigned)s->disk >= COUNT(disks) ||
	    (unsigned)s->pdsk >= COUNT(disks))
		return -EPROTO;
	return 0;
}

uint32_t state_swap(uint32_t word)
{
	uint32_t conn = (word & STATE_MASK_CONN) >> 4;
	uint32_t rest = word & ~(STATE_MASK_ROLE | STATE_MASK_PEER | STATE_MASK_CONN |
				 STATE_MASK_DISK | STATE_MASK_PDSK);

	return rest | (word & STATE_MASK_ROLE) << 2 | (word & STATE_MASK_PEER) >> 2 |
	       (uint32_t)conn_counterpart((enum conn)conn) << 4 | (word & STATE_MASK_DISK) << 4 |
	       (word & STATE_MASK_PDSK) >> 4;
}
