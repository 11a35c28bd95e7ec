/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change of state, while it is made: private to change.c and carry_out.c.
 */
#ifndef MIRROR_ENGINE_CHANGE_H
#define MIRROR_ENGINE_CHANGE_H

#include "mirror/engine/private.h"

/* change_wish() - The state that is asked for. */
struct drbd_state change_wish(const struct volume *v);

/* change_carry_out() - It may be: do it.  change_demote() - No write is on its way any more. */
void change_carry_out(struct volume *v);
void change_demote(struct volume *v);

/* change_kept() - For change.kept: it is durable. */
void change_kept(struct keep_wait *w);

/* change_finish() - It is over; @result: enum state_result. */
void change_finish(struct volume *v, int result);

#endif
