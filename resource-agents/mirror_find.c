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

/* The daemon's options that are parameters by the same name, with _ for -; numbers with their range. */
static const struct {
	const char *option, *parameter;
	long min, max; /* max 0: no number */
} passed[] = {
	{"--disk", "disk", 0, 0},
	{"--meta-disk", "meta_disk", 0, 0},
	{"--protocol", "protocol", 0, 0},
	{"--shared-secret-file", "shared_secret_file", 0, 0},
	{"--tls-psk", "tls_psk", 0, 0},
	{"--al-extents", "al_extents", MD_AL_EXTENTS_MIN, MD_AL_EXTENTS_MAX},
	{"--ping-timeout", "ping_timeout", 100, 30000},
	{"--timeout", "timeout", 100, 60000},
	{"--ko-count", "ko_count", 0, 200},
	{"--fencing", "fencing", 0, 0},
};

static enum ocf_rc numbers(void)
{
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		const char *text = passed[i].max ? ocf_param(passed[i].parameter) : NULL;
		char *end;
		long n = text ? strtol(text, &end, 10) : 0;

		if (text && (end == text || *end || n < passed[i].min || n > passed[i].max))
			return ocf_exit_reason(
				OCF_ERR_CONFIGURED, "%s '%s' is not a number from %ld to %ld",
				passed[i].parameter, text, passed[i].min, passed[i].max);
	}
	return OCF_SUCCESS;
}

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

static enum ocf_rc paths(void)
{
	static const char *const absolute[] = {"config", "disk", "logfile"};

	for (size_t i = 0; i < sizeof(absolute) / sizeof(absolute[0]); i++) {
		const char *path = ocf_param(absolute[i]);

		if (path && *path != '/')
			return ocf_exit_reason(OCF_ERR_CONFIGURED,
					       "%s '%s' is not an absolute path", absolute[i],
					       path);
	}
	return OCF_SUCCESS;
}

/* With a drbd.conf what stands in it is not said twice: one of them would be wrong one day. */
static enum ocf_rc alone(void)
{
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		if (ocf_param_given(passed[i].parameter))
			return ocf_exit_reason(OCF_ERR_CONFIGURED,
					       "%s is given beside config: it stands in the "
					       "drbd.conf; take it out here",
					       passed[i].parameter);
	if (ocf_param_given("hosts"))
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "hosts is given beside config, whose 'on' sections name "
				       "them; take it out here");
	return OCF_SUCCESS;
}

static enum ocf_rc volume(struct mirror_settings *s)
{
	const char *protocol = ocf_param("protocol"), *fencing = ocf_param("fencing");
	enum ocf_rc rc;

	if (!ocf_param("disk"))
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "disk is missing: the device or file that holds the volume "
				       "on each host (or config: a drbd.conf that says so)");
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
	rc = numbers();
	return rc ? rc : hosts(s);
}

enum ocf_rc mirror_settings(struct mirror_settings *s)
{
	const char *score = ocf_param("scores");
	enum ocf_rc rc;

	*s = (struct mirror_settings){.resource = ocf_param("resource"),
				      .config = ocf_param("config")};
	if (!s->resource)
		s->resource = ocf_instance();
	if (!place_name_ok(s->resource))
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "resource '%s' is no name of a volume: up to 63 letters, "
				       "digits and -_., the first no dot",
				       s->resource);
	if (mirror_scores(score, s->score))
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "scores '%s' are not three numbers from 0 to %d", score,
				       MIRROR_SCORE_MAX);
	rc = paths();
	if (rc)
		return rc;
	return s->config ? alone() : volume(s);
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

static enum ocf_rc spawn(const struct mirror_settings *s, int64_t deadline)
{
	const char *argv[HV_DAEMON_ARGUMENTS_MAX + 1] = {"--name", s->resource, "--local",
							 s->local, "--peer",    s->peer};
	struct hv_error err;
	char handler[4096];
	size_t argc = 6;
	int rc;

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
	rc = mirror_daemon_start(s->resource, argv, ocf_param("logfile"), deadline, &err);
	if (!rc || rc == -EEXIST) /* somebody was faster; it is asked next */
		return OCF_SUCCESS;
	return ocf_exit_reason(ocf_daemon_rc(rc), "%s", err.text);
}

enum ocf_rc mirror_spawn(const struct mirror_settings *s, int64_t deadline)
{
	return s->config ? mirror_conf_up(s, deadline) : spawn(s, deadline);
}

int mirror_end(const char *resource, pid_t pid, int64_t deadline)
{
	struct mirror_daemon n;
	int rc = mirror_daemon(&n, resource);

	if (!rc)
		rc = hv_daemon_end(&n.d, pid, deadline);
	if (!rc) {
		hv_cgroup_remove(n.group);
		place_forget(resource);
	}
	return rc;
}
