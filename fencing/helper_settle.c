// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Waiting until the cluster's controller is idle.  A start that was decided before the mark was
 * written is under way only while a transition is; the DC is idle when none is,
 * and its next one is computed from a configuration that has the mark.
 */
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include <crm/common/ipc.h>
#include <crm/common/ipc_controld.h>
#include <crm/common/results.h>

#include "fencing/helper_parts.h"
#include "hv/daemon.h"

enum { ASK_AGAIN_MS = 50, WAITING_MAX = 128 };

static struct {
	struct helper_message m;
	gint64 deadline; /* microseconds; 0: free */
} waiting[WAITING_MAX];
static pcmk_ipc_api_t *controld;
static guint timer;

static void tell(size_t i, int rc, const char *text)
{
	struct helper_message m = waiting[i].m;

	waiting[i].deadline = 0;
	m.rc = rc;
	snprintf(m.text, sizeof(m.text), "%s", text);
	worker_tell(&m);
}

static void tell_idle(void)
{
	for (size_t i = 0; i < WAITING_MAX; i++)
		if (waiting[i].deadline)
			tell(i, 0, "");
}

static void heard(pcmk_ipc_api_t *api, enum pcmk_ipc_event event, crm_exit_t status, void *data,
		  void *user)
{
	const pcmk_controld_api_reply_t *r = data;

	if (event == pcmk_ipc_event_disconnect) {
		controld = NULL; /* freed by the library's own hand below, when it is made anew */
		return;
	}
	if (event == pcmk_ipc_event_reply && status == CRM_EX_OK && r &&
	    r->reply_type == pcmk_controld_reply_ping && r->data.ping.fsa_state &&
	    !strcmp(r->data.ping.fsa_state, "S_IDLE"))
		tell_idle();
}

static bool connected(void)
{
	if (controld)
		return true;
	if (pcmk_new_ipc_api(&controld, pcmk_ipc_controld) != pcmk_rc_ok)
		return false;
	pcmk_register_ipc_callback(controld, heard, NULL);
	if (pcmk_connect_ipc(controld, pcmk_ipc_dispatch_main) == pcmk_rc_ok)
		return true;
	pcmk_free_ipc_api(controld);
	controld = NULL;
	return false;
}

/* There is no event for the state of another host's controller. */
static gboolean ask(gpointer data)
{
	gint64 now = g_get_monotonic_time();
	bool any = false;

	for (size_t i = 0; i < WAITING_MAX; i++) {
		if (waiting[i].deadline && now >= waiting[i].deadline)
			tell(i, -ETIMEDOUT,
			     "the cluster was not idle in time: it may be starting the domain");
		any |= waiting[i].deadline != 0;
	}
	if (any && connected() && pcmk_controld_api_ping(controld, NULL) != pcmk_rc_ok) {
		pcmk_free_ipc_api(controld);
		controld = NULL;
	}
	if (!any)
		timer = 0;
	return any ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void settle(const struct helper_message *m)
{
	struct helper_message full = *m;

	for (size_t i = 0; i < WAITING_MAX; i++)
		if (!waiting[i].deadline) {
			waiting[i].m = *m;
			waiting[i].deadline = g_get_monotonic_time() + (gint64)m->timeout_ms * 1000;
			if (!timer)
				timer = g_timeout_add(ASK_AGAIN_MS, ask, NULL);
			ask(NULL);
			return;
		}
	full.rc = -EAGAIN;
	worker_tell(&full);
}
