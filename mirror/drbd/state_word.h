/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a volume and its connection, in DRBD's terms, and as the word it travels in.
 *
 *    31        22  21  20  19  18  17  16  15    12 11     8 8      4 3  2 1  0
 *   |  unused    |fen|nod|usr|pis|afi|sus| peer disk| disk  |  conn  |peer|role|
 */
#ifndef MIRROR_DRBD_STATE_WORD_H
#define MIRROR_DRBD_STATE_WORD_H

#include <stdbool.h>
#include <stdint.h>

enum role { ROLE_UNKNOWN, ROLE_PRIMARY, ROLE_SECONDARY };

enum disk {
	DISK_DISKLESS,
	DISK_ATTACHING,
	DISK_FAILED,
	DISK_NEGOTIATING,
	DISK_INCONSISTENT,
	DISK_OUTDATED,
	DISK_UNKNOWN,
	DISK_CONSISTENT,
	DISK_UP_TO_DATE,
};

enum conn {
	CONN_STANDALONE,
	CONN_DISCONNECTING,
	CONN_UNCONNECTED,
	CONN_TIMEOUT,
	CONN_BROKEN_PIPE,
	CONN_NETWORK_FAILURE,
	CONN_PROTOCOL_ERROR,
	CONN_TEAR_DOWN,
	CONN_WF_CONNECTION,
	CONN_WF_REPORT_PARAMS,
	CONN_CONNECTED,
	CONN_STARTING_SYNC_S,
	CONN_STARTING_SYNC_T,
	CONN_WF_BITMAP_S,
	CONN_WF_BITMAP_T,
	CONN_WF_SYNC_UUID,
	CONN_SYNC_SOURCE,
	CONN_SYNC_TARGET,
	CONN_VERIFY_S,
	CONN_VERIFY_T,
	CONN_PAUSED_SYNC_S,
	CONN_PAUSED_SYNC_T,
	CONN_AHEAD,
	CONN_BEHIND,
};

enum suspended {
	SUSP_IO = 0x1,
	SUSP_AFTER_ISP = 0x2, /* resync paused: another one runs */
	SUSP_PEER_ISP = 0x4,  /* resync paused by the peer */
	SUSP_USER_ISP = 0x8,  /* resync paused by the administrator */
	SUSP_NO_DATA = 0x10,
	SUSP_FENCING = 0x20,
};

struct drbd_state {
	enum role role, peer;
	enum conn conn;
	enum disk disk, pdsk;
	unsigned suspended; /* enum suspended */
};

/* Bits of each field in the word, for the masks of state changes. */
#define STATE_MASK_ROLE UINT32_C(0x3)
#define STATE_MASK_PEER UINT32_C(0xc)
#define STATE_MASK_CONN UINT32_C(0x1f0)
#define STATE_MASK_DISK UINT32_C(0x1e00)
#define STATE_MASK_PDSK UINT32_C(0x1e000)

/* state_encode() - The word.  state_decode() - 0 or -EPROTO: values that do not exist. */
uint32_t state_encode(const struct drbd_state *s);
int state_decode(uint32_t word, struct drbd_state *s);

/*
 * state_swap() - What a word says, seen from the other side: role and peer, disk and peer disk,
 * source and target change places.  So a peer's wish becomes ours.
 */
uint32_t state_swap(uint32_t word);

/* Names as drbdadm shows them; "?" for what does not exist. */
const char *role_name(enum role r);
const char *disk_name(enum disk d);
const char *conn_name(enum conn c);

/* conn_counterpart() - What the peer is in while we are in @c; @c itself where both are in the same. */
enum conn conn_counterpart(enum conn c);

/* What a state change is answered with: 1 and 2 are yes, others say why not. */
enum state_result {
	STATE_OK = 1,
	STATE_NOTHING = 2,
	STATE_TWO_PRIMARIES = -1,
	STATE_NO_UP_TO_DATE = -2,
	STATE_NO_LOCAL_DISK = -4,
	STATE_NO_REMOTE_DISK = -5,
	STATE_CONNECTED_OUTDATES = -6,
	STATE_PRIMARY_NOP = -7, /* the peer is not outdated */
	STATE_RESYNC_RUNNING = -8,
	STATE_ALREADY_STANDALONE = -9,
	STATE_CW_FAILED_BY_PEER = -10,
	STATE_IS_DISKLESS = -11,
	STATE_DEVICE_IN_USE = -12,
	STATE_NO_NET_CONFIG = -13,
	STATE_NO_VERIFY_ALG = -14,
	STATE_NEED_CONNECTION = -15,
	STATE_LOWER_THAN_OUTDATED = -16,
	STATE_NOT_SUPPORTED = -17,
	STATE_IN_TRANSIENT = -18,
	STATE_CONCURRENT = -19,
	STATE_PEER_PRIMARY = -20,
	/* ours: never on the wire */
	STATE_NO_QUORUM = -100,
	STATE_NO_RANGE = -101,
	STATE_HAS_DISK = -102,
	STATE_ATTACH_FAILED = -103,
	STATE_NO_ROOM = -104,
	STATE_PEER_NO_ROOM = -105,
	STATE_SHRINKS = -106,
	STATE_OUT_OF_SYNC = -107,
};

/* state_result_text() - Why not, for people. */
const char *state_result_text(int result);

#endif
