/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volumes that a drbd.conf describes: the distribution's drbdadm reads it, and drives taiki-drbdsetup. */
#ifndef MIRROR_CONF_H
#define MIRROR_CONF_H

#include <stdint.h>

#include "hv/config.h"

/*
 * conf_drbdadm() - Have drbdadm do @command for resource @name of @config (NULL: /etc/drbd.conf), until hv_clock_ms()
 * is @deadline; @log: the daemon's log, NULL for its usual place.  What drbdadm says goes to our standard error.
 * Its exit status; -ENOENT: it is not installed; -errno; both with @err.
 */
int conf_drbdadm(const char *config, const char *name, const char *command, const char *log,
		 int64_t deadline, struct hv_error *err);

#endif
