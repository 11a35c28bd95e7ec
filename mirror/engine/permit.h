/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which states may be: DRBD's rules for a change of state, as a table.  Pure.
 */
#ifndef MIRROR_ENGINE_PERMIT_H
#define MIRROR_ENGINE_PERMIT_H

#include <stdbool.h>

#include "mirror/drbd/state_word.h"

struct permit_context {
	bool fencing; /* a peer that is not reached has to be outdated or fenced before we are Primary */
	bool verify_alg; /* one is configured */
	bool in_use;     /* somebody has the volume open */
};

/*
 * permit() - Whether @next may follow @now: STATE_OK, STATE_NOTHING where they are the same, or
 * why not.
 */
enum state_result permit(const struct drbd_state *now, const struct drbd_state *next,
			 const struct permit_context *c);

#endif
