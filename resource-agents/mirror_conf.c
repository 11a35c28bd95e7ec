// SPDX-License-Identifier: GPL-2.0-or-later
/* A volume that a drbd.conf describes, to the agent. */
#include <errno.h>

#include "mirror/conf.h"

#include "mirror.h"

static int drbdadm(const struct mirror_settings *s, const char *command, int64_t deadline,
		   struct hv_error *err)
{
	return conf_drbdadm(s->config, s->resource, command, ocf_param("logfile"), deadline, err);
}

enum ocf_rc mirror_conf_up(const struct mirror_settings *s, int64_t deadline)
{
	struct hv_error err;
	int rc = drbdadm(s, "up", deadline, &err);

	if (!rc)
		return OCF_SUCCESS;
	if (rc == -ENOENT)
		return ocf_exit_reason(OCF_ERR_INSTALLED,
				       "drbdadm is not there, which reads %s; install drbd-utils, "
				       "or give disk and hosts instead of config",
				       s->config);
	if (rc < 0)
		return ocf_exit_reason(OCF_ERR_GENERIC, "%s", err.text);
	return ocf_exit_reason(OCF_ERR_ARGS,
			       "'drbdadm -c %s up %s' ended with status %d; what it said is in "
			       "Pacemaker's log",
			       s->config, s->resource, rc);
}

enum ocf_rc mirror_conf_check(const struct mirror_settings *s, int64_t deadline)
{
	struct hv_error err;
	int rc = drbdadm(s, "sh-ll-dev", deadline, &err);

	if (!rc)
		return OCF_SUCCESS;
	return ocf_exit_reason(OCF_ERR_INSTALLED,
			       "%s does not describe %s on this host; see what "
			       "'drbdadm -c %s dump %s' says",
			       s->config, s->resource, s->config, s->resource);
}
