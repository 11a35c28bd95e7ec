// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>

#include "mirror/advice.h"
#include "mirror/drbd/state_word.h"

static const struct {
	int result;
	const char *text;
} rows[] = {
	{STATE_TWO_PRIMARIES, "demote it there first (taiki-mirror secondary)"},
	{STATE_NO_UP_TO_DATE,
	 "connect the side that has the newest data; with --force what is here becomes the truth"},
	{STATE_NO_LOCAL_DISK, "see the log for what became of it (taiki-mirror history)"},
	{STATE_PRIMARY_NOP, "the peer may be Primary, and could not be fenced; see the "
			    "log (taiki-mirror history)"},
	{STATE_RESYNC_RUNNING, "wait for its end (taiki-mirror status --watch)"},
	{STATE_DEVICE_IN_USE, "end who has it open first: the domain on it, or another client"},
	{STATE_NEED_CONNECTION, "the peer has to be there (taiki-mirror connect)"},
	{STATE_NO_VERIFY_ALG, "give both sides the same verify-alg"},
	{STATE_NO_ROOM, "grow the disk here first"},
	{STATE_PEER_NO_ROOM, "grow the disk there first, and see its log (taiki-mirror history)"},
	{STATE_OUT_OF_SYNC, "disconnect and connect: what differs is copied then"},
	{STATE_NO_QUORUM, "see what corosync-quorumtool -s says"},
};

const char *advice(int result)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].result == result)
			return rows[i].text;
	return NULL;
}
