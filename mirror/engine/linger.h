/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets that are done with.  Closed at once, with something unread, they would take back what the
 * peer has not read yet; and it is to read why it was left.
 */
#ifndef MIRROR_ENGINE_LINGER_H
#define MIRROR_ENGINE_LINGER_H

#include "mirror/engine/loop.h"

/* linger() - Say that nothing more comes, and close @fd when the peer has closed, or in a while. */
void linger(struct loop *l, int fd);

/* linger_end() - Close all of them now: the loop ends. */
void linger_end(struct loop *l);

#endif
