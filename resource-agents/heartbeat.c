// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ocf:taiki:heartbeat: the daemon that notices failed guests, on every host, for
 * clusters without systemd.  See ocf_taiki_heartbeat(7).
 */
#include <stddef.h>
#include <string.h>

#include "hvcore/lib/cgroup.h"

#include "heartbeat.h"

enum { SPARE_MS = 1000 }; /* of an action's timeout, for saying how it went */

static int64_t deadline(void)
{
	int left = ocf_left_ms();

	return ocf_now_ms() + (left > 2 * SPARE_MS ? left - SPARE_MS : left / 2);
}

/*
 * What systemd runs is not this resource's until its start has adopted it, so that
 * a probe finds nothing running on a host that was set up both ways.
 */
static bool is_ours(const struct heartbeat_view *v)
{
	return !v->systemd || v->adopted;
}

static enum ocf_rc monitor(void)
{
	struct heartbeat_view v;

	heartbeat_look(&v, deadline());
	switch (v.presence) {
	case HEARTBEAT_ABSENT: return OCF_NOT_RUNNING;
	case HEARTBEAT_ANSWERS: return is_ours(&v) ? OCF_SUCCESS : OCF_NOT_RUNNING;
	case HEARTBEAT_SILENT:
		if (!is_ours(&v))
			return OCF_NOT_RUNNING;
		return ocf_exit_reason(OCF_ERR_GENERIC,
				       "taiki-heartbeatd (pid %d) does not answer: %s", (int)v.pid,
				       strerror(-v.error));
	case HEARTBEAT_UNKNOWN: break;
	}
	return ocf_exit_reason(OCF_ERR_GENERIC, "cannot tell whether taiki-heartbeatd runs: %s",
			       strerror(-v.error));
}

static enum ocf_rc adopt(const struct heartbeat_view *v)
{
	int rc = heartbeat_adopt(true);

	if (rc)
		return ocf_exit_reason(OCF_ERR_GENERIC,
				       "the daemon that systemd runs cannot be adopted: %s",
				       strerror(-rc));
	ocf_log("NOTICE",
		"systemd runs taiki-heartbeatd already (pid %d); adopted. A stop of this resource "
		"leaves it to systemd. Use either the unit or the resource",
		(int)v->pid);
	return OCF_SUCCESS;
}

static enum ocf_rc start(void)
{
	struct heartbeat_view v;
	enum ocf_rc rc;

	heartbeat_look(&v, deadline());
	if (v.presence == HEARTBEAT_ABSENT) {
		heartbeat_adopt(false); /* left behind by one that systemd has stopped */
		rc = heartbeat_spawn(deadline());
		if (rc)
			return rc;
		heartbeat_look(&v, deadline());
	}
	if (v.presence == HEARTBEAT_ANSWERS)
		return v.systemd ? adopt(&v) : OCF_SUCCESS;
	return ocf_exit_reason(OCF_ERR_GENERIC, "taiki-heartbeatd (pid %d) %s: %s", (int)v.pid,
			       v.presence == HEARTBEAT_ABSENT ? "has ended" : "does not answer",
			       strerror(-v.error));
}

static enum ocf_rc stop(void)
{
	struct heartbeat_view v;
	int64_t until = deadline();
	int rc;

	/* A quarter for the question: one that hangs still has to be ended. */
	heartbeat_look(&v, ocf_now_ms() + (until - ocf_now_ms()) / 4);
	if (v.presence != HEARTBEAT_ABSENT && v.systemd) {
		ocf_log("NOTICE", "taiki-heartbeatd (pid %d) is systemd's and runs on", (int)v.pid);
		rc = heartbeat_adopt(false);
		return rc ? ocf_exit_reason(OCF_ERR_GENERIC, "the mark of adoption stays: %s",
					    strerror(-rc))
			  : OCF_SUCCESS;
	}
	rc = v.presence == HEARTBEAT_ABSENT ? 0 : hv_daemon_end(&heartbeat_daemon, v.pid, until);
	if (rc)
		return ocf_exit_reason(OCF_ERR_GENERIC,
				       "taiki-heartbeatd (pid %d) could not be ended: %s",
				       (int)v.pid, strerror(-rc));
	heartbeat_adopt(false);
	hv_cgroup_remove(HEARTBEAT_GROUP);
	return OCF_SUCCESS;
}

static enum ocf_rc validate(void)
{
	const char *logfile = ocf_param("logfile");

	if (*logfile != '/')
		return ocf_exit_reason(OCF_ERR_CONFIGURED, "logfile '%s' is not an absolute path",
				       logfile);
	return OCF_SUCCESS;
}

static enum ocf_rc validated_start(void)
{
	enum ocf_rc rc = validate();

	return rc ? rc : start();
}

static const struct ocf_parameter parameters[] = {
	{.name = "logfile",
	 .fallback = "/var/log/taiki-heartbeatd.log",
	 .shortdesc = "The daemon's log",
	 .longdesc = "Absolute path of the file that a daemon started by this resource appends its "
		     "messages to. One that systemd runs writes to the journal."},
	{.name = NULL},
};

static const struct ocf_action actions[] = {
	{.name = "start", .run = validated_start, .timeout = 20},
	{.name = "stop", .run = stop, .timeout = 20},
	{.name = "monitor", .run = monitor, .timeout = 20, .interval = 10},
	{.name = "validate-all", .run = validate, .timeout = 5},
	{.name = "meta-data", .timeout = 5},
	{.name = NULL},
};

static const struct ocf_agent agent = {
	.name = "heartbeat",
	.version = TAIKI_VERSION,
	.shortdesc = "Runs the daemon that notices failed virtual machines",
	.longdesc =
		"Starts and watches taiki-heartbeatd, which tells Pacemaker at once when a virtual "
		"machine of this host has failed. To be cloned, one on each host. Where systemd "
		"is used, its unit taiki-heartbeatd.service does the same and this resource is "
		"not needed; a daemon that systemd runs already is adopted.",
	.parameters = parameters,
	.actions = actions,
};

int main(int argc, char **argv)
{
	return ocf_main(&agent, argc, argv);
}
