/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A volume's taiki-mirrord to libhv, for whoever starts and ends it: the agent, the stand-in for drbdsetup. */
#ifndef MIRROR_DAEMON_H
#define MIRROR_DAEMON_H

#include "hv/daemon_control.h"
#include "mirror/place.h"

struct mirror_daemon {
	struct hv_daemon d; /* points into this structure: it is not copied */
	char name[PLACE_PATH], group[96];
};

/*
 * mirror_daemon_start() - Start it with @arguments (up to NULL), and wait until it is ready, at most until
 * hv_clock_ms() is @deadline.  @log NULL: $TAIKI_MIRROR_LOG, or /var/log/taiki-mirrord-NAME.log.  As hv_daemon_spawn().
 */
int mirror_daemon_start(const char *resource, const char *const arguments[], const char *log,
			int64_t deadline, struct hv_error *err);

/* mirror_daemon() - Of volume @resource; d.arguments are the caller's to set.  0 or -EINVAL. */
int mirror_daemon(struct mirror_daemon *m, const char *resource);

#endif
