// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hosts that have left: when they were last seen, and what the fencer says of them.
 */
#include <stdio.h>
#include <string.h>

#include "fencing/cluster_name.h"
#include "fencing/fenced.h"
#include "fencing/order_table.h"
#include "hv/daemon.h"

enum {
	ENTRIES_MAX = 256,
	DETECTION_MS = 10000, /* where Corosync does not say: more than its defaults */
	MARGIN_MS = 1000,     /* from the decision of Corosync to its message being read here */
};

static struct absent {
	uint32_t nodeid; /* 0: free */
	int64_t left_ns;
	char told[ORDER_UUID]; /* the boot that was said to be dead */
	const char *why_not;
} absent[ORDER_HOSTS_MAX];
static struct confirm_entry entry[ENTRIES_MAX];
static unsigned nentries;
static struct confirm_rule rule;

static struct absent *find(uint32_t nodeid)
{
	for (size_t i = 0; i < ORDER_HOSTS_MAX; i++)
		if (absent[i].nodeid == nodeid)
			return &absent[i];
	return NULL;
}

/* Corosync derives token and consensus anew from the number of nodes: ask while it is there. */
static void read_rule(void)
{
	int ms = cluster_detection_ms();

	rule.kinds = fenced.set.confirmations;
	rule.detection_ns = ((int64_t)(ms > 0 ? ms : DETECTION_MS) + MARGIN_MS) * 1000000;
}

static void tell_dead(struct absent *a, const struct order_host *h, const struct confirm_entry *e)
{
	struct order_message m = {.kind = ORDER_MSG_HOST_DEAD, .nodeid = h->nodeid};

	if (!strcmp(a->told, h->boot) || !fenced_able())
		return;
	order_copy(a->told, sizeof(a->told), h->boot);
	order_copy(m.boot, sizeof(m.boot), h->boot);
	snprintf(m.text, sizeof(m.text), "%s of %s by %s", e->action, e->target,
		 *e->delegate ? e->delegate : "its watchdog");
	hv_log_line(LOG_NOTICE, "the end of host %s is confirmed: %s", h->name, m.text);
	fenced_send(&m);
}

static void judge(struct absent *a, const struct order_host *h)
{
	for (unsigned i = 0; i < ENTRIES_MAX && i < nentries; i++) {
		const struct confirm_entry *e = &entry[(nentries - 1 - i) % ENTRIES_MAX];
		const char *why = confirm_counts(e, &rule, h->name, a->left_ns);

		if (!why) {
			a->why_not = NULL;
			tell_dead(a, h, e);
			return;
		}
		if (!strcmp(e->target, h->name) && !a->why_not)
			a->why_not = why;
	}
}

void hosts_changed(void)
{
	const struct order_state *s = fenced.sync.state;

	/* Before this host knows what all know, who is absent is not known either. */
	if (!fenced.connected || !sync_ready(&fenced.sync))
		return;
	for (uint32_t i = 0; i < s->nhosts; i++) {
		const struct order_host *h = &s->host[i];
		struct absent *a = find(h->nodeid);

		if (h->present) {
			if (a)
				*a = (struct absent){0};
			continue;
		}
		if (!a && (a = find(0))) {
			*a = (struct absent){.nodeid = h->nodeid, .left_ns = fenced_now_ns()};
			read_rule();
			hv_log_line(LOG_WARNING, "host %s has left the cluster", h->name);
		}
		if (a && !h->dead)
			judge(a, h);
	}
}

void hosts_resend(void)
{
	for (size_t i = 0; i < ORDER_HOSTS_MAX; i++)
		absent[i].told[0] = '\0';
}

void hosts_fenced(const struct confirm_entry *e)
{
	entry[nentries++ % ENTRIES_MAX] = *e;
	hv_log_line(LOG_INFO, "the fencer's history: %s of %s by %s%s", e->action, e->target,
		    *e->delegate ? e->delegate : "its watchdog", e->live ? "" : ", earlier");
	hosts_changed();
}

const char *hosts_why_not(uint32_t nodeid)
{
	const struct absent *a = nodeid ? find(nodeid) : NULL;

	return a ? a->why_not : NULL;
}
