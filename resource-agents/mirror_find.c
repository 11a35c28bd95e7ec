// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the parameters say; the daemon: is there one, what does it say, its beginning and its end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "hvcore/lib/beside.h"
#include "hvcore/lib/cgroup.h"
#include "hvcore/lib/probe.h"
#include "mirror/client.h"
#include "mirror/daemon.h"

#include "mirror.h"

/* ---- parameters ---- */

static const char *this_node(struct utsname *u)
{
	const char *node = getenv("OCF_RESKEY_CRM_meta_on_node");

	if (node && *node)
		return node;
	return uname(u) ? "" : u->nodename;
}

static enum ocf_rc hosts(struct mirror_settings *s)
{
	const char *text = ocf_param("hosts");
	struct utsname u;
	int rc = text ? mirror_hosts(text, this_node(&u), s->local, s->peer) : -EINVAL;

	if (rc < 0)
		return ocf_exit_reason(
			OCF_ERR_CONFIGURED,
			"hosts '%s' does not name two nodes and where each is reached; give "
			"hosts=\"NODE1=ADDRESS:PORT NODE2=ADDRESS:PORT\"",
			text ? text : "");
	if (rc)
		s->local[0] = s->peer[0] = '\0';
	return OCF_SUCCESS;
}

enum ocf_rc mirror_settings(struct mirror_settings *s)
{
	const char *disk = ocf_param("disk"), *protocol = ocf_param("protocol");
	const char *paths[][2] = {{"disk", disk}, {"logfile", ocf_param("logfile")}};
	const char *score = ocf_param("scores"), *fencing = ocf_param("fencing");

	s->resource = ocf_param("resource");
	if (!s->resource)
		s->resource = ocf_instance();
	if (!place_name_ok(s->resource))
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "resource '%s' is no name of a volume: up to 63 letters, "
				       "digits and -_., the first no dot",
				       s->resource);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (paths[i][1] && *paths[i][1] != '/')
			return ocf_exit_reason(OCF_ERR_CONFIGURED,
					       "%s '%s' is not an absolute path", paths[i][0],
					       paths[i][1]);
	if (!disk)
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "disk is missing: the device or file that holds the volume "
				       "on each host");
	if (strlen(protocol) != 1 || *protocol < 'A' || *protocol > 'C')
		return ocf_exit_reason(OCF_ERR_CONFIGURED, "protocol '%s' is not A, B or C",
				       protocol);
	if (strcmp(fencing, "dont-care") && strcmp(fencing, "resource-only") &&
	    strcmp(fencing, "resource-and-stonith"))
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "fencing '%s' is not dont-care, resource-only or "
				       "resource-and-stonith",
				       fencing);
	if (!strcmp(fencing, "resource-and-stonith") && *protocol == 'A')
		return ocf_exit_reason(
			OCF_ERR_CONFIGURED,
			"protocol A says that a write is done before the peer has "
			"it, so that fencing=resource-and-stonith means nothing; give "
			"protocol=C, or fencing=resource-only");
	if (mirror_scores(score, s->score))
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "scores '%s' are not three numbers from 0 to %d", score,
				       MIRROR_SCORE_MAX);
	return hosts(s);
}

/* ---- the daemon ---- */

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

void mirror_look(struct mirror_view *v, const char *resource, int64_t deadline)
{
	struct hv_error err;
	struct mirror_daemon n;
	int held = mirror_daemon(&n, resource);

	*v = (struct mirror_view){0};
	if (!held)
		held = hv_daemon_holder(&n.d, &v->pid);
	if (held <= 0) {
		v->presence = held ? MIRROR_UNKNOWN : MIRROR_ABSENT;
		v->error = held;
		return;
	}
	v->said = mirror_ask(resource, "status", NULL, deadline, &v->error, &err);
	v->presence = v->said ? MIRROR_ANSWERS : MIRROR_SILENT;
	v->state = (struct mirror_state){text(v->said, "role"), text(v->said, "connection"),
					 text(v->said, "disk"), text(v->said, "peer-disk")};
}

/* The daemon's options that are parameters by the same name, with _ for -. */
static const struct {
	const char *option, *parameter;
} passed[] = {
	{"--disk", "disk"},
	{"--meta-disk", "meta_disk"},
	{"--protocol", "protocol"},
	{"--shared-secret-file", "shared_secret_file"},
	{"--al-extents", "al_extents"},
	{"--ping-timeout", "ping_timeout"},
	{"--fencing", "fencing"},
};

enum ocf_rc mirror_spawn(const struct mirror_settings *s, int64_t deadline)
{
	const char *argv[HV_DAEMON_ARGUMENTS_MAX + 1] = {"--name", s->resource, "--local",
							 s->local, "--peer",    s->peer};
	const char *logfile = ocf_param("logfile");
	char own_log[128];
	struct hv_error err;
	struct mirror_daemon n;
	char handler[4096];
	size_t argc = 6;
	int rc = mirror_daemon(&n, s->resource);

	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		const char *value = ocf_param(passed[i].parameter);

		if (!value)
			continue;
		argv[argc++] = passed[i].option;
		argv[argc++] = value;
	}
	if (strcmp(ocf_param("fencing"), "dont-care")) {
		hv_beside(handler, sizeof(handler), "TAIKI_FENCE_PEER", "taiki-fence-peer",
			  "/usr/libexec/taiki/taiki-fence-peer");
		argv[argc++] = "--fence-peer";
		argv[argc++] = handler;
		argv[argc++] = "--quorum";
	}
	n.d.arguments = argv;
	snprintf(own_log, sizeof(own_log), "/var/log/taiki-mirrord-%s.log", s->resource);
	if (!rc)
		rc = hv_daemon_spawn(&n.d, logfile ? logfile : own_log, deadline, &err);
	if (!rc || rc == -EEXIST) /* somebody was faster; it is asked next */
		return OCF_SUCCESS;
	return ocf_exit_reason(ocf_daemon_rc(rc), "%s", err.text);
}

int mirror_end(const char *resource, pid_t pid, int64_t deadline)
{
	struct mirror_daemon n;
	int rc = mirror_daemon(&n, resource);

	if (!rc)
		rc = hv_daemon_end(&n.d, pid, deadline);
	if (!rc)
		hv_cgroup_remove(n.group);
	return rc;
}
