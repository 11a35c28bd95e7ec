// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ocf:taiki:pool, as Pacemaker and its tools see it; see ocf_taiki_pool(7).
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hvcore/lib/cgroup.h"

#include "pool.h"
#include "poold/sweep.h"

enum { SPARE_MS = 1000 }; /* of an action's timeout, for saying how it went */

static int64_t deadline(void)
{
	int left = ocf_left_ms();

	return ocf_now_ms() + (left > 2 * SPARE_MS ? left - SPARE_MS : left / 2);
}

static const char *who(const struct pool_view *v)
{
	const char *name = json_string_value(json_object_get(v->said, "resource"));

	return name ? name : "another pool";
}

static enum ocf_rc spawn(int64_t until)
{
	const char *node = getenv("OCF_RESKEY_CRM_meta_on_node");
	struct hv_error err;
	int rc;

	if (node && *node)
		setenv("TAIKI_NODE", node, 1);
	rc = hv_daemon_spawn(&pool_daemon, ocf_param("logfile"), until, &err);
	if (!rc || rc == -EEXIST) /* somebody was faster; it is asked next */
		return OCF_SUCCESS;
	return ocf_exit_reason(ocf_daemon_rc(rc), "%s", err.text);
}

static enum ocf_rc write_settings(void)
{
	struct pool_settings s;
	struct hv_error err;
	enum ocf_rc rc = pool_settings(&s);

	if (rc)
		return rc;
	if (pool_settings_write(&s, &err))
		rc = ocf_exit_reason(OCF_ERR_GENERIC, "%s", err.text);
	pool_settings_free(&s);
	return rc;
}

/* begin() - The daemon is there, is ours, and has the settings of now. */
static enum ocf_rc begin(void)
{
	struct pool_view v;
	enum ocf_rc rc;

	pool_look(&v, "status\n", deadline());
	if (v.presence == POOL_FOREIGN) {
		rc = ocf_exit_reason(OCF_ERR_CONFIGURED,
				     "the pool %s keeps the standbys of this host already; one "
				     "pool a host: give it the domains of both",
				     who(&v));
		json_decref(v.said);
		return rc;
	}
	json_decref(v.said);
	rc = write_settings();
	if (!rc && v.presence == POOL_ABSENT)
		rc = spawn(deadline());
	if (rc)
		return rc;
	/* One that was just started has them already. */
	pool_look(&v, v.presence == POOL_ABSENT ? "status\n" : "reload\n", deadline());
	json_decref(v.said);
	if (v.presence == POOL_ANSWERS)
		return OCF_SUCCESS;
	return ocf_exit_reason(OCF_ERR_GENERIC, "taiki-poold (pid %d) %s: %s", (int)v.pid,
			       v.presence == POOL_ABSENT ? "has ended" : "does not answer",
			       strerror(-v.error));
}

/* incomplete() - What is missing, in one sentence. */
static enum ocf_rc incomplete(const json_t *said)
{
	char text[400] = "";
	size_t i, n = 0;
	json_t *o;

	json_array_foreach (json_object_get(said, "definitions"), i, o) {
		const char *trouble = json_string_value(json_object_get(o, "trouble"));

		if (trouble && n < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n, "; %s: %.100s",
					      json_string_value(json_object_get(o, "resource")),
					      trouble);
	}
	json_array_foreach (json_object_get(said, "standbys"), i, o) {
		const char *trouble = json_string_value(json_object_get(o, "trouble"));

		if (json_is_true(json_object_get(o, "wanted")) &&
		    !json_is_true(json_object_get(o, "ready")) && n < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n, "; %s: %s%s%.100s",
					      json_string_value(json_object_get(o, "name")),
					      json_string_value(json_object_get(o, "state")),
					      trouble ? ", " : "", trouble ? trouble : "");
	}
	return ocf_exit_reason(OCF_DEGRADED, "%d of %d are ready%s",
			       (int)json_integer_value(json_object_get(said, "ready")),
			       (int)json_integer_value(json_object_get(said, "wanted")), text);
}

/* started() - Whether this pool was, and not stopped: its settings are there. */
static bool started(void)
{
	struct pool_settings s;
	bool is = !pool_settings_read(&s, NULL) && !strcmp(s.resource, ocf_instance());

	pool_settings_free(&s);
	return is;
}

/*
 * again() - The daemon is gone, and the standbys are not: another one takes them over.  To fail
 * would have them all ended and booted again, by the stop and start that follow.
 */
static enum ocf_rc again(void)
{
	enum ocf_rc rc = begin();

	if (rc)
		return rc;
	return ocf_exit_reason(OCF_DEGRADED,
			       "taiki-poold was gone; another one was started and takes over");
}

/* found() - What a probe says where there is no daemon, or a monitor where there should be none. */
static enum ocf_rc found(void)
{
	unsigned n = pool_standbys();

	if (!n)
		return OCF_NOT_RUNNING;
	if (started())
		return ocf_exit_reason(OCF_DEGRADED,
				       "taiki-poold is gone; the %u standbys that it has left "
				       "wait for another one, which the next monitor starts",
				       n);
	return ocf_exit_reason(OCF_ERR_GENERIC,
			       "%u standbys are left on this host, and nobody keeps them", n);
}

static enum ocf_rc monitor(void)
{
	struct pool_view v;
	enum ocf_rc rc;

	pool_look(&v, "look\n", deadline());
	switch (v.presence) {
	case POOL_ABSENT: rc = ocf_is_probe() || !started() ? found() : again(); break;
	case POOL_FOREIGN: rc = OCF_NOT_RUNNING; break;
	case POOL_ANSWERS:
		/* That a guest boots is no trouble: Pacemaker shows degraded until it is cleaned up. */
		rc = ocf_is_probe() || !json_integer_value(json_object_get(v.said, "troubles"))
			     ? OCF_SUCCESS
			     : incomplete(v.said);
		break;
	case POOL_SILENT:
		rc = ocf_exit_reason(OCF_ERR_GENERIC, "taiki-poold (pid %d) does not answer: %s",
				     (int)v.pid, strerror(-v.error));
		break;
	default:
		rc = ocf_exit_reason(OCF_ERR_GENERIC, "cannot tell whether taiki-poold runs: %s",
				     strerror(-v.error));
		break;
	}
	json_decref(v.said);
	return rc;
}

static enum ocf_rc stop(void)
{
	struct pool_view v;
	int64_t until = deadline();
	enum ocf_rc rc;
	int e = 0;

	/* A quarter for the question: one that hangs still has to be ended. */
	pool_look(&v, "status\n", ocf_now_ms() + (until - ocf_now_ms()) / 4);
	json_decref(v.said);
	if (v.presence == POOL_FOREIGN)
		return OCF_SUCCESS;
	if (v.presence != POOL_ABSENT)
		e = hv_daemon_end(&pool_daemon, v.pid, ocf_now_ms() + (until - ocf_now_ms()) / 2);
	if (e)
		return ocf_exit_reason(OCF_ERR_GENERIC,
				       "taiki-poold (pid %d) could not be ended: %s", (int)v.pid,
				       strerror(-e));
	pool_settings_remove();
	pool_withdraw(until);
	rc = pool_end_standbys(until);
	if (rc)
		return rc;
	if (ocf_param("directory"))
		images_sweep(ocf_param("directory"));
	hv_cgroup_remove(pool_daemon.group);
	return OCF_SUCCESS;
}

static enum ocf_rc reload(void)
{
	struct pool_view v;

	/* It never fails: a failed reload would count as a failed start. */
	if (write_settings())
		return OCF_SUCCESS;
	pool_look(&v, "reload\n", deadline());
	if (v.presence != POOL_ANSWERS)
		ocf_log("WARNING", "taiki-poold does not take its new settings yet: %s",
			strerror(-v.error));
	json_decref(v.said);
	return OCF_SUCCESS;
}

static enum ocf_rc validate(void)
{
	struct pool_settings s;
	enum ocf_rc rc = pool_settings(&s);

	if (rc)
		return rc;
	if (ocf_check_level() >= 10 && s.spares && access(s.template, R_OK))
		rc = ocf_exit_reason(OCF_ERR_INSTALLED, "template %s: %s; put it on this host",
				     s.template, strerror(errno));
	if (!rc && ocf_check_level() >= 10 && s.spares && access(s.directory, W_OK | X_OK))
		rc = ocf_exit_reason(OCF_ERR_INSTALLED, "directory %s: %s; make it on this host",
				     s.directory, strerror(errno));
	pool_settings_free(&s);
	return rc;
}

static const struct ocf_parameter parameters[] = {
	{.name = "domains",
	 .reloadable = true,
	 .shortdesc = "Domains that have a twin here",
	 .longdesc =
		 "Names of ocf:taiki:domain resources, separated by blanks. On each host of the "
		 "pool where a domain is not active, its twin waits: booted, with what "
		 "<taiki:standby> in its definition leaves it."},
	{.name = "spares",
	 .type = OCF_INTEGER,
	 .reloadable = true,
	 .fallback = "0",
	 .shortdesc = "How many nameless spares wait",
	 .longdesc = "So many spares of the template wait on each host, for any domain whose "
		     "definition allows a spare."},
	{.name = "template",
	 .reloadable = true,
	 .shortdesc = "Definition of a spare, a file",
	 .longdesc = "Absolute path of the spares' definition, a libvirt domain XML with "
		     "<taiki:standby template='yes'>, on every host of the pool."},
	{.name = "directory",
	 .reloadable = true,
	 .fallback = "/var/lib/taiki/spares",
	 .shortdesc = "Where the spares' disks are",
	 .longdesc = "Absolute path of a directory for copies of the template's own disks: made "
		     "by reflink where the file system can, removed when nobody has them."},
	{.name = "boot_timeout",
	 .reloadable = true,
	 .fallback = "300",
	 .shortdesc = "How long a standby may boot",
	 .longdesc = "A standby that is not ready so long after its start is ended and made "
		     "anew, the longer the later the more often it fails."},
	{.name = "ready_after",
	 .reloadable = true,
	 .fallback = "0",
	 .shortdesc = "When a guest that says nothing is ready",
	 .longdesc = "A guest says on its role port (taiki-guest does) that it has booted. For "
		     "guests that have nobody there to say it: they count as ready so long "
		     "after their start. 0: never."},
	{.name = "boots",
	 .type = OCF_INTEGER,
	 .reloadable = true,
	 .fallback = "1",
	 .shortdesc = "How many boot at the same time",
	 .longdesc = "Standbys are made one after the other, so that what runs here is not "
		     "disturbed; so many at the same time."},
	{.name = "assume_fencing",
	 .type = OCF_BOOLEAN,
	 .reloadable = true,
	 .fallback = "false",
	 .shortdesc = "Do not ask whether the cluster fences",
	 .longdesc = "A standby's own disk with the guard \"fencing\" is refused where "
		     "stonith-enabled is false. With true, you answer for that yourself."},
	{.name = "logfile",
	 .fallback = "/var/log/taiki-poold.log",
	 .shortdesc = "The daemon's log",
	 .longdesc = "Absolute path of the file that taiki-poold appends its messages to."},
	{.name = NULL},
};

static const struct ocf_action actions[] = {
	{.name = "start", .run = begin, .timeout = 30},
	{.name = "stop", .run = stop, .timeout = 60},
	{.name = "monitor", .run = monitor, .timeout = 20, .interval = 10},
	{.name = "reload-agent", .run = reload, .timeout = 20, .since_1_1 = true},
	{.name = "validate-all", .run = validate, .timeout = 5},
	{.name = "meta-data", .timeout = 5},
	{.name = NULL},
};

static const struct ocf_agent agent = {
	.name = "pool",
	.version = TAIKI_VERSION,
	.shortdesc = "Keeps minimal guests waiting for failovers",
	.longdesc =
		"Keeps, on each host it runs on, booted guests that wait with almost no resources: "
		"a twin for each named domain that is not active there, and nameless spares. "
		"What is ready is published as node attributes (taiki-twin-NAME, taiki-spares), "
		"which location rules turn into preference; the start of an ocf:taiki:domain "
		"adopts what it finds. To be cloned (anonymously), or a primitive where there is "
		"one standby host. Stopping it ends its standbys, with proof.",
	.parameters = parameters,
	.actions = actions,
};

int main(int argc, char **argv)
{
	return ocf_main(&agent, argc, argv);
}
