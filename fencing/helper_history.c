// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The fencing history, told to the daemon entry by entry as it grows.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <crm/common/results.h>
#include <crm/stonith-ng.h>

#include "fencing/helper_parts.h"
#include "fencing/order_table.h"
#include "hv/daemon.h"

enum { CONNECT_AGAIN_MS = 500, TIMEOUT_S = 10, SEEN_MAX = 1024 };

static stonith_t *fencer;
static bool live; /* what is found now was just told of */
static struct seen {
	char target[64], action[16];
	int64_t completed_ns;
} seen[SEEN_MAX];
static unsigned nseen;

static int64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static bool new_entry(const struct confirm_entry *e)
{
	struct seen *s;

	for (unsigned i = 0; i < SEEN_MAX; i++)
		if (seen[i].completed_ns == e->completed_ns && !strcmp(seen[i].target, e->target) &&
		    !strcmp(seen[i].action, e->action))
			return false;
	s = &seen[nseen++ % SEEN_MAX];
	memcpy(s->target, e->target, sizeof(s->target));
	memcpy(s->action, e->action, sizeof(s->action));
	s->completed_ns = e->completed_ns;
	return true;
}

static void tell_entry(const stonith_history_t *h, bool fabric)
{
	struct helper_message m = {.what = HELPER_FENCED};
	struct confirm_entry *e = &m.entry;

	if (h->state != st_done || !h->target || !h->action)
		return;
	order_copy(e->target, sizeof(e->target), h->target);
	order_copy(e->action, sizeof(e->action), h->action);
	order_copy(e->delegate, sizeof(e->delegate), h->delegate ? h->delegate : "");
	e->done = true;
	e->live = live;
	e->fabric = fabric;
	e->completed_ns = (int64_t)h->completed * 1000000000 + h->completed_nsec;
	e->learned_ns = clock_ns(CLOCK_MONOTONIC);
	e->real_ns = clock_ns(CLOCK_REALTIME);
	if (new_entry(e))
		worker_tell(&m);
}

static void read_history(void)
{
	stonith_history_t *list = NULL;
	int rc = fencer->cmds->history(fencer, st_opt_sync_call, NULL, &list, TIMEOUT_S);
	bool fabric = cib_has_fabric();

	if (rc != pcmk_ok) {
		hv_log_line(LOG_WARNING, "helper: the fencing history cannot be read: %s",
			    pcmk_strerror(rc));
		return;
	}
	for (const stonith_history_t *h = list; h; h = h->next)
		tell_entry(h, fabric);
	stonith_history_free(list);
}

static void fenced(stonith_t *st, stonith_event_t *event)
{
	live = true;
	read_history();
	live = false;
}

static void merged(stonith_t *st, stonith_event_t *event)
{
	read_history();
}

static gboolean try_connect(gpointer data);

static void tell_connected(int rc)
{
	struct helper_message m = {.what = HELPER_CONNECTED, .rc = rc};

	worker_tell(&m);
}

static gboolean make_anew(gpointer data)
{
	if (fencer)
		stonith_api_delete(fencer);
	fencer = NULL;
	try_connect(NULL);
	return G_SOURCE_REMOVE;
}

static void gone(stonith_t *st, stonith_event_t *event)
{
	tell_connected(-1);
	/* Not in the middle of its own dispatching. */
	g_timeout_add(CONNECT_AGAIN_MS, make_anew, NULL);
}

static gboolean try_connect(gpointer data)
{
	fencer = stonith_api_new();
	if (!fencer || fencer->cmds->connect(fencer, "taiki-fenced", NULL) != pcmk_ok) {
		/* There is no event that says that Pacemaker is back. */
		g_timeout_add(CONNECT_AGAIN_MS, make_anew, NULL);
		return G_SOURCE_REMOVE;
	}
	fencer->cmds->register_notification(fencer, T_STONITH_NOTIFY_DISCONNECT, gone);
	fencer->cmds->register_notification(fencer, T_STONITH_NOTIFY_FENCE, fenced);
	fencer->cmds->register_notification(fencer, T_STONITH_NOTIFY_HISTORY_SYNCED, merged);
	tell_connected(0);
	read_history();
	return G_SOURCE_REMOVE;
}

void history_start(void)
{
	try_connect(NULL);
}
