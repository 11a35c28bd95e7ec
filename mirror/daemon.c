// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "mirror/daemon.h"

int mirror_daemon(struct mirror_daemon *m, const char *resource)
{
	int rc = place_daemon(m->name, resource);

	if (rc)
		return rc;
	snprintf(m->group, sizeof(m->group), ".mirror-%s", resource);
	m->d = (struct hv_daemon){
		.name = m->name,
		.program = "taiki-mirrord",
		.variable = "TAIKI_MIRRORD",
		.path = "/usr/sbin/taiki-mirrord",
		.group = m->group,
		.oom_score = -900, /* as a disk of guests: the last to be chosen */
	};
	return 0;
}
