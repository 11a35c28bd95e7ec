// SPDX-License-Identifier: GPL-2.0-or-later
#include "mirror/engine/fence.h"

enum {
	PEER_INCONSISTENT = 3,
	PEER_OUTDATED = 4,
	PEER_UNREACHABLE = 5,
	PEER_PRIMARY = 6,
	PEER_STONITHED = 7,
};

enum fence_outcome fence_outcome(int status, enum disk mine)
{
	switch (status) {
	case PEER_INCONSISTENT: return FENCE_PEER_INCONSISTENT;
	case PEER_OUTDATED:
	case PEER_STONITHED: return FENCE_PEER_OUTDATED;
	/* It is down, and what it was last is not known: only who is UpToDate may rely on that. */
	case PEER_UNREACHABLE: return mine == DISK_UP_TO_DATE ? FENCE_PEER_OUTDATED : FENCE_FAILED;
	case PEER_PRIMARY: return FENCE_WE_ARE_OUTDATED;
	default: return FENCE_FAILED;
	}
}
