/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parameters of resources, as the CIB has them, whenever they change: REPORTER_WATCH.
 */
#ifndef HEARTBEAT_REPORTER_WATCH_H
#define HEARTBEAT_REPORTER_WATCH_H

#include <stdint.h>

/*
 * watch_start() - Who is told: @tell gets the request's id, and the parameters' text of @rc bytes
 * or -errno in @rc.  Needs glib's main loop.
 */
void watch_start(void (*tell)(void *user, uint32_t id, int rc, const char *text), void *user);

/* watch_resource() - Tell of @resource as @id from now on, and now.  -ENOSPC: too many. */
int watch_resource(uint32_t id, const char *resource);

/* watch_look() - Ask again; what has not changed is not told again. */
void watch_look(void);

/* watch_forget() - Nothing is watched any more. */
void watch_forget(void);

#endif
