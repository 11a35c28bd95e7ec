/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a fence-peer handler's exit status means: DRBD's numbers (drbd.conf(5), handlers).  Pure.
 */
#ifndef MIRROR_ENGINE_FENCE_H
#define MIRROR_ENGINE_FENCE_H

#include "mirror/drbd/state_word.h"

enum fence_outcome {
	FENCE_FAILED,            /* nothing is known of the peer: it may be Primary */
	FENCE_PEER_OUTDATED,     /* it cannot be promoted any more, or is dead */
	FENCE_PEER_INCONSISTENT, /* it has no data to be promoted with */
	FENCE_WE_ARE_OUTDATED,   /* it is Primary */
};

/* fence_outcome() - Of exit status @status (below 0: none, it was killed), while our disk is @mine. */
enum fence_outcome fence_outcome(int status, enum disk mine);

#endif
