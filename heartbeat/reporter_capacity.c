// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What this host can give is said to the cluster once in each life of its controller, so that
 * nobody has to do it by hand.  `hv plan --publish` does it, as a program of its own: it
 * may wait for the cluster's first election, and a report must not wait for it.  It is said once more a while
 * later: what a host writes that is just joining may be lost, when the others' CIB takes the place of its own.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>

#include "hv/daemon.h"
#include "hvcore/lib/beside.h"

#include "reporter_capacity.h"

enum {
	AGAIN_S = 60, /* after one that failed, and after the first that did not */
	TIMES = 2,
};

static unsigned said;
static bool under_way;
static gint64 next; /* monotonic, microseconds */

void capacity_forget(void)
{
	said = 0;
	next = 0;
}

static void ended(GPid pid, gint status, gpointer user)
{
	under_way = false;
	said = WIFEXITED(status) && !WEXITSTATUS(status) ? said + 1 : 0;
	next = g_get_monotonic_time() + AGAIN_S * G_USEC_PER_SEC;
	if (said)
		hv_log_line(LOG_INFO, "reporter: the cluster knows what this host can give");
	else
		hv_log_line(LOG_WARNING,
			    "reporter: what this host can give could not be told to the cluster "
			    "(hv plan --publish); tried again in %d s",
			    AGAIN_S);
	g_spawn_close_pid(pid);
}

void capacity_say(void)
{
	static char program[4096];
	const char *const argv[] = {program, "plan", "--publish", "--timeout", "30", NULL};
	GError *why = NULL;
	GPid pid;

	if (said >= TIMES || under_way || g_get_monotonic_time() < next)
		return;
	hv_beside(program, sizeof(program), "TAIKI_HV", "hv", "/usr/sbin/hv");
	if (g_spawn_async(NULL, (gchar **)(uintptr_t)argv, NULL,
			  G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, &pid,
			  &why)) {
		under_way = true;
		g_child_watch_add(pid, ended, NULL);
		return;
	}
	hv_log_line(LOG_WARNING, "reporter: what this host can give is not told: %s", why->message);
	g_error_free(why);
	next = g_get_monotonic_time() + AGAIN_S * G_USEC_PER_SEC;
}
