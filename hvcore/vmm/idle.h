/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notices that the guest idles, and tells the engine once, so that it gives
 * its caches back.  Loop thread, board lock held.
 */
#ifndef VMM_IDLE_H
#define VMM_IDLE_H

#include <stdbool.h>

/* idle_watch() - Begin (the guest runs) or end watching. */
void idle_watch(bool on);

#endif
