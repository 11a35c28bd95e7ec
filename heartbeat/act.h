/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a failed verdict leads to.  Pure.
 */
#ifndef HEARTBEAT_ACT_H
#define HEARTBEAT_ACT_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/config.h"

#include "state.h"
#include "verdict.h"

enum act {
	ACT_TELL,      /* Pacemaker, which recovers it */
	ACT_RESET,     /* reset the guest in place */
	ACT_NOTIFY,    /* attribute, log, metrics; no more */
	ACT_HAND_OVER, /* tell Pacemaker, because resets in place did not help */
	ACTS
};

/*
 * act_decide() - For a guest found failed because of @why at @now, with the
 * resets in @s (its clock).
 */
enum act act_decide(const struct hv_heartbeat *h, enum hb_reason why, const struct state *s,
		    int64_t now);

/* act_resets() - How many resets of @s lie in the window that ends at @now. */
unsigned act_resets(const struct hv_heartbeat *h, const struct state *s, int64_t now);

const char *act_text(enum act a);

#endif
