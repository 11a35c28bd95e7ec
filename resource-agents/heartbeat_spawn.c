// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starting taiki-heartbeatd where systemd does not.
 */
#include <errno.h>

#include "heartbeat.h"

const struct hv_daemon heartbeat_daemon = {
	.name = "heartbeatd",
	.program = "taiki-heartbeatd",
	.variable = "TAIKI_HEARTBEATD",
	.path = "/usr/sbin/taiki-heartbeatd",
	.group = HEARTBEAT_GROUP,
	.oom_score = -900, /* as its unit does: the last to be chosen when memory runs out */
};

enum ocf_rc heartbeat_spawn(int64_t deadline)
{
	struct hv_error err;
	int rc = hv_daemon_spawn(&heartbeat_daemon, ocf_param("logfile"), deadline, &err);

	if (!rc || rc == -EEXIST) /* somebody was faster; it is asked next */
		return OCF_SUCCESS;
	return ocf_exit_reason(ocf_daemon_rc(rc), "%s", err.text);
}
