// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "mirror/fence/fence.h"

enum fence_step fence_decide(const struct fence_facts *f, const char *me)
{
	if (!f->clone[0] || !f->peer[0])
		return FENCE_SAY_UNCONFIGURED;
	/* It was the peer's to place while it was Primary, or was to be. */
	if (f->only[0] && strcmp(f->only, me))
		return FENCE_SAY_PRIMARY;
	/* What a partition without quorum configures binds nobody. */
	if (!f->quorate)
		return FENCE_WAIT;
	if (!f->only[0])
		return FENCE_PLACE;
	if (f->host == PEER_DOWN)
		return FENCE_SAY_DOWN;
	/* That it is a member may be old news: it has to have the constraint itself. */
	if (f->host == PEER_ONLINE)
		return f->peer_has_it ? FENCE_SAY_OUTDATED : FENCE_ASK;
	return FENCE_WAIT;
}
