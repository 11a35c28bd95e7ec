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

/* mirror_daemon() - Of volume @resource; d.arguments are the caller's to set.  0 or -EINVAL. */
int mirror_daemon(struct mirror_daemon *m, const char *resource);

#endif
