// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>

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

int mirror_daemon_start(const char *resource, const char *const arguments[], const char *log,
			int64_t deadline, struct hv_error *err)
{
	const char *given = getenv("TAIKI_MIRROR_LOG");
	char usual[128];
	struct mirror_daemon m;
	int rc = mirror_daemon(&m, resource);

	if (rc)
		return hv_err(err, rc, "%s is no name of a volume", resource);
	snprintf(usual, sizeof(usual), "/var/log/taiki-mirrord-%s.log", resource);
	if (!log)
		log = given && *given ? given : usual;
	m.d.arguments = arguments;
	return hv_daemon_spawn(&m.d, log, deadline, err);
}
