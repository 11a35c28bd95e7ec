/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A resync or a verify beside clients: what the controller (pace.h) observes, and when it has said that they are to
 * be alone.  That is for the side that has the clients to do; the other one asks or answers as fast as it can.
 */
#ifndef MIRROR_ENGINE_PACER_H
#define MIRROR_ENGINE_PACER_H

#include "mirror/engine/private.h"

void pacer_init(struct volume *v);

/* pacer_begin() - One begins.  pacer_end() - It is over. */
void pacer_begin(struct volume *v);
void pacer_end(struct volume *v);

/* pacer_open() - Whether more of it may be begun now. */
bool pacer_open(const struct volume *v);

#endif
