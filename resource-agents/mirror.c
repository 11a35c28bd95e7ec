// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ocf:taiki:mirror, as Pacemaker and its tools see it; see ocf_taiki_mirror(7).
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hvcore/lib/probe.h"
#include "mirror/client.h"

#include "mirror.h"

enum {
	SPARE_MS = 1000,    /* of an action's timeout, for saying how it went */
	TURN_MS = 300,      /* between attempts */
	MEETING_MS = 10000, /* at most, that a start waits for the peer */
};

static int64_t deadline(void)
{
	int left = ocf_left_ms();

	return ocf_now_ms() + (left > 2 * SPARE_MS ? left - SPARE_MS : left / 2);
}

static bool is_primary(const struct mirror_view *v)
{
	return !strcmp(v->state.role, "Primary");
}

static enum ocf_rc silent(const struct mirror_view *v)
{
	if (v->presence == MIRROR_UNKNOWN)
		return ocf_exit_reason(OCF_ERR_GENERIC,
				       "cannot tell whether taiki-mirrord runs: %s",
				       strerror(-v->error));
	return ocf_exit_reason(OCF_ERR_GENERIC, "taiki-mirrord (pid %d) does not answer: %s",
			       (int)v->pid, strerror(-v->error));
}

/* publish() - What @v says is worth. */
static void publish(const struct mirror_settings *s, const struct mirror_view *v, bool always)
{
	mirror_publish(s->resource, mirror_score(&v->state, s->score), always, deadline());
}

/* ---- monitor ---- */

/* A disk that has failed is no longer used: the peer's, if it is good, is to take over. */
static enum ocf_rc judge(const struct mirror_view *v)
{
	bool primary = is_primary(v);

	if (!strcmp(v->state.disk, "Diskless"))
		return ocf_exit_reason(primary ? OCF_FAILED_PROMOTED : OCF_ERR_GENERIC,
				       "the disk under it has failed and is no longer used; see "
				       "the log of taiki-mirrord");
	return primary ? OCF_RUNNING_PROMOTED : OCF_SUCCESS;
}

static enum ocf_rc monitor(void)
{
	struct mirror_settings s;
	struct mirror_view v;
	enum ocf_rc rc = mirror_settings(&s);

	if (rc)
		return rc;
	mirror_look(&v, s.resource, deadline());
	switch (v.presence) {
	case MIRROR_ABSENT: return OCF_NOT_RUNNING;
	case MIRROR_ANSWERS: break;
	default: return silent(&v);
	}
	rc = judge(&v);
	publish(&s, &v, ocf_is_probe());
	json_decref(v.said);
	return rc;
}

/* ---- start ---- */

static bool meta_is_other(const char *name, const char *value)
{
	const char *is = getenv(name);

	return is && *is && strcmp(is, value);
}

/* kind() - One Primary, one instance a host. */
static enum ocf_rc kind(void)
{
	static const char *const one[] = {
		"OCF_RESKEY_CRM_meta_promoted_max",
		"OCF_RESKEY_CRM_meta_master_max",
		"OCF_RESKEY_CRM_meta_clone_node_max",
	};

	for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++)
		if (meta_is_other(one[i], "1"))
			return ocf_exit_reason(OCF_ERR_CONFIGURED,
					       "%s is %s, must be 1: a mirror has one Primary and "
					       "one instance a host",
					       one[i] + strlen("OCF_RESKEY_CRM_meta_"),
					       getenv(one[i]));
	if (meta_is_other("OCF_RESKEY_CRM_meta_notify", "true"))
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "the clone has notify=false; give it meta notify=true, so "
				       "that scores follow what happens at the peer");
	return OCF_SUCCESS;
}

/* met() - Both are there and whole, or as whole as they will be for a while. */
static bool met(const struct mirror_view *v)
{
	return mirror_connected(&v->state) && strcmp(v->state.disk, "Consistent");
}

/*
 * meet() - Wait a little for the peer, which is perhaps started just now: who has met it is promoted with
 * more certainty than who has not.
 */
static void meet(const struct mirror_settings *s, struct mirror_view *v)
{
	int64_t until = deadline(), soon = ocf_now_ms() + MEETING_MS;

	if (until - ocf_now_ms() < 2 * MEETING_MS)
		soon = ocf_now_ms() + (until - ocf_now_ms()) / 2;
	for (;;) {
		mirror_look(v, s->resource, until);
		if (v->presence != MIRROR_ANSWERS || met(v) || ocf_now_ms() >= soon)
			return;
		json_decref(v->said);
		poll(NULL, 0, TURN_MS);
	}
}

static enum ocf_rc begin(const struct mirror_settings *s)
{
	struct mirror_view v;
	enum ocf_rc rc;

	mirror_look(&v, s->resource, deadline());
	json_decref(v.said);
	if (v.presence != MIRROR_ABSENT && v.presence != MIRROR_ANSWERS)
		return silent(&v);
	if (v.presence == MIRROR_ABSENT) {
		rc = mirror_spawn(s, deadline());
		if (rc)
			return rc;
	}
	meet(s, &v);
	if (v.presence == MIRROR_ABSENT)
		return ocf_exit_reason(OCF_ERR_GENERIC, "taiki-mirrord has ended; see its log");
	if (v.presence != MIRROR_ANSWERS)
		return silent(&v);
	publish(s, &v, true);
	json_decref(v.said);
	return OCF_SUCCESS;
}

static enum ocf_rc start(void)
{
	struct mirror_settings s;
	enum ocf_rc rc = kind();

	if (!rc)
		rc = mirror_settings(&s);
	if (rc)
		return rc;
	if (!s.config && !s.local[0])
		return ocf_exit_reason(OCF_ERR_INSTALLED,
				       "hosts '%s' does not name this host; ban the resource from "
				       "it, or correct them",
				       ocf_param("hosts"));
	return begin(&s);
}

/* ---- promote and demote ---- */

static bool usable(const struct mirror_view *v)
{
	return !strcmp(v->state.disk, "UpToDate") || !strcmp(v->state.disk, "Consistent");
}

/* attempt() - One look, and one try.  OCF_SUCCESS: it has @role; *@again: it may be tried again. */
static enum ocf_rc attempt(const struct mirror_settings *s, const char *command, const char *role,
			   int64_t until, bool *again, struct hv_error *why)
{
	struct mirror_view v;
	enum ocf_rc rc = OCF_SUCCESS;
	bool there;

	*again = false;
	mirror_look(&v, s->resource, until);
	if (v.presence == MIRROR_ABSENT)
		return OCF_NOT_RUNNING;
	if (v.presence != MIRROR_ANSWERS)
		return silent(&v);
	there = !strcmp(v.state.role, role);
	if (there) {
		publish(s, &v, true);
	} else if (!strcmp(role, "Primary") && !usable(&v)) {
		rc = ocf_exit_reason(OCF_ERR_GENERIC,
				     "the disk here is %s: it is not promoted, since newer data "
				     "is, or may be, at the peer (%s, %s)",
				     v.state.disk, v.state.connection, v.state.peer_disk);
		publish(s, &v, true);
	} else {
		why->text[0] = '\0';
		json_decref(mirror_ask(s->resource, command, NULL, until, NULL, why));
		*again = true;
	}
	json_decref(v.said);
	return rc;
}

static enum ocf_rc become(const char *command, const char *role)
{
	struct hv_error why = {""};
	int64_t until = deadline();
	struct mirror_settings s;
	enum ocf_rc rc = mirror_settings(&s);
	bool again = true;

	if (rc)
		return rc;
	for (;;) {
		rc = attempt(&s, command, role, until, &again, &why);
		if (!again)
			return rc;
		if (hv_left_ms(until) < TURN_MS)
			return ocf_exit_reason(OCF_ERR_GENERIC, "%s cannot become %s: %s",
					       s.resource, role, why.text);
		/* what was granted is seen at once, what was refused may be granted later */
		poll(NULL, 0, why.text[0] ? TURN_MS : 0);
	}
}

static enum ocf_rc promote(void)
{
	return become("primary", "Primary");
}

static enum ocf_rc demote(void)
{
	return become("secondary", "Secondary");
}

/* ---- stop, notify, validate ---- */

static enum ocf_rc stop(void)
{
	struct mirror_settings s;
	struct mirror_view v;
	int64_t until = deadline();
	enum ocf_rc rc = mirror_settings(&s);
	int e = 0;

	if (rc && !place_name_ok(s.resource))
		return rc;
	/* A quarter for the question: one that hangs still has to be ended. */
	mirror_look(&v, s.resource, ocf_now_ms() + (until - ocf_now_ms()) / 4);
	json_decref(v.said);
	if (v.presence == MIRROR_UNKNOWN)
		return silent(&v);
	if (v.presence != MIRROR_ABSENT)
		e = mirror_end(s.resource, v.pid, ocf_now_ms() + (until - ocf_now_ms()) * 3 / 4);
	if (e)
		return ocf_exit_reason(OCF_ERR_GENERIC,
				       "taiki-mirrord (pid %d) could not be ended: %s", (int)v.pid,
				       strerror(-e));
	mirror_publish(s.resource, MIRROR_NO_SCORE, true, until);
	return OCF_SUCCESS;
}

/* What happens at the peer changes what is known here. */
static enum ocf_rc notify(void)
{
	struct mirror_settings s;
	struct mirror_view v;

	if (mirror_settings(&s))
		return OCF_SUCCESS;
	mirror_look(&v, s.resource, deadline());
	if (v.presence == MIRROR_ANSWERS)
		publish(&s, &v, true);
	json_decref(v.said);
	return OCF_SUCCESS;
}

static enum ocf_rc validate(void)
{
	struct mirror_settings s;
	enum ocf_rc rc = mirror_settings(&s);

	if (!rc)
		rc = kind();
	if (!rc && ocf_check_level() >= 10 && s.config)
		return mirror_conf_check(&s, deadline());
	if (!rc && ocf_check_level() >= 10 && s.local[0] && access(ocf_param("disk"), R_OK | W_OK))
		rc = ocf_exit_reason(OCF_ERR_INSTALLED, "disk %s: %s; make it on this host",
				     ocf_param("disk"), strerror(errno));
	return rc;
}

static const struct ocf_action actions[] = {
	{.name = "start", .run = start, .timeout = 60},
	{.name = "stop", .run = stop, .timeout = 60},
	{.name = "monitor", .run = monitor, .timeout = 20, .interval = 10, .role = OCF_PROMOTED},
	{.name = "monitor", .run = monitor, .timeout = 20, .interval = 11, .role = OCF_UNPROMOTED},
	{.name = "promote", .run = promote, .timeout = 120},
	{.name = "demote", .run = demote, .timeout = 60},
	{.name = "notify", .run = notify, .timeout = 20},
	{.name = "validate-all", .run = validate, .timeout = 5},
	{.name = "meta-data", .timeout = 5},
	{.name = NULL},
};

static const struct ocf_agent agent = {
	.name = "mirror",
	.version = TAIKI_VERSION,
	.shortdesc = "A disk in two places, with DRBD's protocol and metadata",
	.longdesc =
		"Runs taiki-mirrord for one volume on the two hosts that have its disks, and "
		"decides by their states who may be promoted. To be a promotable clone, with "
		"notify=true. The promoted side serves the volume on a Unix socket, to which a "
		"domain's disk is connected (<source protocol='nbd'>): colocate the domain with "
		"the promoted role, and order its start after the promotion.",
	.parameters = mirror_parameters,
	.actions = actions,
};

int main(int argc, char **argv)
{
	return ocf_main(&agent, argc, argv);
}
