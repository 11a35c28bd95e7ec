// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ocf:taiki:multipath, as Pacemaker and its tools see it; see ocf_taiki_multipath(7).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hv/config.h"
#include "hvcore/lib/probe.h"

#include "multipath.h"

enum { WAIT_MS = 500 }; /* between two looks of a start */

/* ---- parameters ---- */

static enum ocf_rc time_of(const char *name, int64_t *ms)
{
	int value = ocf_param_ms(name);

	if (value < 0)
		return ocf_exit_reason(OCF_ERR_CONFIGURED, "%s '%s' is not a time; write \"30s\"",
				       name, ocf_param(name));
	*ms = value;
	return OCF_SUCCESS;
}

static enum ocf_rc number_of(const char *name, unsigned *out)
{
	const char *text = ocf_param(name);
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end || *text == '-' || n < 1 || n > PATHS_MAX)
		return ocf_exit_reason(OCF_ERR_CONFIGURED, "%s '%s' is not a number from 1 to %d",
				       name, text, PATHS_MAX);
	*out = (unsigned)n;
	return OCF_SUCCESS;
}

static enum ocf_rc read_settings(struct multipath_settings *s)
{
	const char *maps = ocf_param("maps");
	int n = maps ? multipath_names(maps, s->name) : -EINVAL;
	int64_t hold = 0, dampen = 0;
	enum ocf_rc rc;

	if (n < 0)
		return ocf_exit_reason(
			OCF_ERR_CONFIGURED,
			"maps '%s' are not 1 to %d different names of maps, as \"multipathd show "
			"maps\" has them, with blanks between",
			maps ? maps : "", MULTIPATH_MAPS);
	s->n = (unsigned)n;
	s->socket = ocf_param("socket");
	if (s->socket && s->socket[0] != '/' && s->socket[0] != '@')
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "socket '%s' is no absolute path, and no @NAME of an "
				       "abstract address",
				       s->socket);
	if ((rc = number_of("paths", &s->limits.wanted)) ||
	    (rc = number_of("minimum", &s->limits.minimum)) ||
	    (rc = time_of("grace", &s->limits.grace_ms)) ||
	    (rc = time_of("queue_timeout", &s->limits.queue_ms)) || (rc = time_of("hold", &hold)) ||
	    (rc = time_of("dampen", &dampen)))
		return rc;
	if (s->limits.minimum > s->limits.wanted)
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "minimum %u is more than the %u paths wanted",
				       s->limits.minimum, s->limits.wanted);
	s->hold_ms = (int)hold;
	s->dampen_ms = (int)dampen;
	return OCF_SUCCESS;
}

/* ---- actions ---- */

static enum ocf_rc monitor(void)
{
	struct multipath_memory before;
	struct multipath_settings s;
	enum ocf_rc rc = read_settings(&s);

	if (rc)
		return rc;
	if (!multipath_recall(&before, ocf_instance()))
		return OCF_NOT_RUNNING;
	return multipath_check_all(&s, &before, ocf_is_probe());
}

/* ready() - Whether the map is there with as many paths as it needs at least. */
static bool ready(const struct multipath_settings *s, const char *name, struct hv_error *why)
{
	struct multipath_map m;
	int rc = multipath_look(s, name, &m);

	if (rc == -ENOENT)
		hv_err(why, rc,
		       "map %s: multipathd does not run, or has no such map: see \"multipathd show "
		       "maps\" and \"multipath -v3\"",
		       name);
	else if (rc)
		hv_err(why, rc, "map %s: multipathd does not answer: %s", name, strerror(-rc));
	else if (m.working < s->limits.minimum)
		hv_err(why, -ENODEV, "map %s: %u of its %u paths work, and %u is the minimum", name,
		       m.working, m.n, s->limits.minimum);
	else
		return true;
	return false;
}

/* Maps appear when their devices do, which may be in a moment. */
static enum ocf_rc wait_ready(const struct multipath_settings *s)
{
	const struct timespec pause = {0, WAIT_MS * 1000000L};
	struct hv_error why;

	for (unsigned i = 0; i < s->n;) {
		if (ready(s, s->name[i], &why)) {
			i++;
			continue;
		}
		if (hv_left_ms(multipath_deadline()) <= WAIT_MS)
			return ocf_exit_reason(OCF_ERR_GENERIC, "%s", why.text);
		nanosleep(&pause, NULL);
	}
	return OCF_SUCCESS;
}

static enum ocf_rc start(void)
{
	struct multipath_memory before;
	struct multipath_settings s;
	enum ocf_rc rc = read_settings(&s);

	if (!rc && !multipath_recall(&before, ocf_instance()))
		rc = wait_ready(&s);
	if (rc)
		return rc;
	rc = multipath_check_all(&s, &before, true);
	return rc == OCF_DEGRADED ? OCF_SUCCESS : rc;
}

/* The maps are not ours; what is taken back is what we told of them.  It needs no parameter. */
static enum ocf_rc stop(void)
{
	struct multipath_settings s = {.socket = ocf_param("socket")};
	struct multipath_memory m;
	int rc;

	if (!multipath_recall(&m, ocf_instance()))
		return OCF_SUCCESS;
	for (unsigned i = 0; i < m.n; i++)
		multipath_leave(&s, m.name[i], &m.past[i]);
	rc = multipath_forget(ocf_instance());
	return rc ? ocf_exit_reason(OCF_ERR_GENERIC, "what was remembered cannot be removed: %s",
				    strerror(-rc))
		  : OCF_SUCCESS;
}

static enum ocf_rc validate(void)
{
	struct multipath_settings s;

	return read_settings(&s);
}

/* The next monitor has the new values. */
static enum ocf_rc reload(void)
{
	return OCF_SUCCESS;
}

static const struct ocf_parameter parameters[] = {
	{.name = "maps",
	 .required = true,
	 .shortdesc = "The maps, by name",
	 .longdesc = "Names of multipath maps as below /dev/mapper, with blanks "
		     "between. multipathd makes and keeps them; they are the same on every host "
		     "where aliases are, or user_friendly_names is off."},
	{.name = "paths",
	 .type = OCF_INTEGER,
	 .reloadable = true,
	 .fallback = "2",
	 .shortdesc = "Paths that each map is to have",
	 .longdesc = "With fewer it is degraded: shown, and left as it is."},
	{.name = "minimum",
	 .type = OCF_INTEGER,
	 .reloadable = true,
	 .fallback = "1",
	 .shortdesc = "Paths that each map must have",
	 .longdesc = "With fewer it is degraded for \"grace\", and failed from then on."},
	{.name = "grace",
	 .reloadable = true,
	 .fallback = "80s",
	 .shortdesc = "How long a map may have too few paths",
	 .longdesc = "How long fewer paths than \"minimum\" are degraded before they are failed: "
		     "as long as domains on it wait for their disk (on_io_error)."},
	{.name = "queue_timeout",
	 .reloadable = true,
	 .fallback = "60s",
	 .shortdesc = "How long I/O may wait without a path",
	 .longdesc = "A map that queues without end (no_path_retry queue) keeps the I/O of a "
		     "domain in flight, so that the domain cannot be stopped and its host would be "
		     "fenced. After so long without a path the map's I/O is made to fail, until a "
		     "path is back. 0: never."},
	{.name = "hold",
	 .reloadable = true,
	 .fallback = "30s",
	 .shortdesc = "How long a path has to work before it counts again",
	 .longdesc = "A path that has failed counts in the attribute, and against \"paths\", only "
		     "when it has worked for so long without a break."},
	{.name = "dampen",
	 .reloadable = true,
	 .fallback = "5s",
	 .shortdesc = "How long the cluster waits for more changes of an attribute",
	 .longdesc = "Passed to attrd_updater."},
	{.name = "socket",
	 .shortdesc = "Where multipathd listens",
	 .longdesc = "A path, or @NAME of an abstract address, where it is not the usual one."},
	{.name = NULL},
};

static const struct ocf_action actions[] = {
	{.name = "start", .run = start, .timeout = 60},
	{.name = "stop", .run = stop, .timeout = 30},
	{.name = "monitor", .run = monitor, .timeout = 30, .interval = 10},
	{.name = "reload-agent", .run = reload, .timeout = 10, .since_1_1 = true},
	{.name = "validate-all", .run = validate, .timeout = 5},
	{.name = "meta-data", .timeout = 5},
	{.name = NULL},
};

static const struct ocf_agent agent = {
	.name = "multipath",
	.version = TAIKI_VERSION,
	.shortdesc = "Watches a host's multipath maps",
	.longdesc =
		"Watches dm-multipath maps through multipathd: degraded with fewer paths than "
		"wanted, failed without enough of them for longer than a domain waits for its "
		"disk. It publishes the node attributes taiki-paths-MAP and "
		"taiki-paths-MAP-wanted for location rules, and has I/O that would wait for ever "
		"without a path fail at some time. To be a clone; it neither makes nor removes "
		"maps.",
	.parameters = parameters,
	.actions = actions,
};

int main(int argc, char **argv)
{
	return ocf_main(&agent, argc, argv);
}
