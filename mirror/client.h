/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking a volume's taiki-mirrord, for the command line and the agent. */
#ifndef MIRROR_CLIENT_H
#define MIRROR_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "hv/config.h"

/*
 * mirror_ask() - Have the daemon of resource @name execute @command with @arguments (taken over; NULL:
 * none), until CLOCK_MONOTONIC is @deadline milliseconds.  What it returns is the caller's; NULL: @err says
 * why not, and *@why (may be NULL) is -EREMOTEIO where the daemon refused, -ENOENT or -ECONNREFUSED where
 * there is none, -ETIMEDOUT, or another -errno.
 */
json_t *mirror_ask(const char *name, const char *command, json_t *arguments, int64_t deadline,
		   int *why, struct hv_error *err);

/*
 * mirror_watch() - Have the daemon of resource @name tell of every change: each() gets the status, and may end it
 * by returning false.  0 then, -ECONNRESET when the daemon has ended, or another -errno; @err says.
 */
int mirror_watch(const char *name, bool (*each)(void *arg, const json_t *status), void *arg,
		 struct hv_error *err);

#endif
