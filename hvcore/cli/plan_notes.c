// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is worth knowing beside the losses themselves.
 */
#include <string.h>

#include "plan.h"

/* More losses than the cluster survives as a cluster. */
static void note_quorum(struct plan_cluster *c, unsigned most)
{
	unsigned up = 0;

	for (unsigned h = 0; h < c->plan.nhosts; h++)
		up += c->host[h].up;
	if (!c->quorate)
		plan_note(c, "the cluster has no quorum now");
	for (unsigned r = 1; r <= most && up > r; r++)
		if (c->plan.nhosts > 2 && (up - r) * 2 <= c->plan.nhosts) {
			plan_note(
				c,
				"with %u of %u hosts lost at once no majority is left, and nothing is started unless Corosync is told otherwise (last_man_standing, a quorum device)",
				r, c->plan.nhosts);
			return;
		}
}

static void note_bookings(struct plan_cluster *c)
{
	unsigned hosts = 0, domains = 0;

	for (unsigned h = 0; h < c->plan.nhosts; h++) {
		hosts += !c->hosts[h].booked[HV_PLAN_MEMORY];
		for (unsigned k = 0; k < HV_PLAN_OURS; k++)
			if (c->host[h].capacity[k] == HV_PLAN_UNKNOWN)
				plan_note(
					c,
					"host %s: nobody has said its %s: run `hv plan --publish` there, or crm_attribute --node %s --utilization --name %s --update N",
					c->host[h].name, c->kind[k], c->host[h].name, c->kind[k]);
	}
	for (unsigned i = 0; i < c->plan.nitems; i++)
		domains += c->item[i].what == HV_PLAN_DOMAIN && !c->items[i].booked[HV_PLAN_MEMORY];
	if (hosts || domains)
		plan_note(
			c,
			"%u hosts and %u domains are not booked in the cluster; planned as `hv plan --apply` would book them",
			hosts, domains);
}

/* A promise is for the loss of home, while it is at home. */
static void note_promises(struct plan_cluster *c, struct hv_plan_work *w,
			  struct hv_plan_place *place)
{
	struct hv_plan_loss sum;

	for (unsigned h = 0; h < c->plan.nhosts; h++) {
		hv_plan_lose(&c->plan, w, &h, 1, place, &sum);
		for (unsigned i = 0; i < c->plan.nitems; i++) {
			const struct hv_plan_item *it = &c->item[i];
			const char *promise;

			if (it->what != HV_PLAN_DOMAIN || it->home != (int)h ||
			    it->runs_on != (int)h || place[i].host < 0)
				continue;
			promise = plan_meta(c, &c->items[i], HV_META_PROMISE);
			if (promise && strcmp(promise, c->host[place[i].host].name) != 0)
				plan_note(
					c,
					"%s was promised %s for the loss of %s, and would go to %s",
					it->name, promise, c->host[h].name,
					c->host[place[i].host].name);
		}
	}
}

void plan_notes(struct plan_cluster *c, struct hv_plan_work *w, struct hv_plan_place *place,
		unsigned most)
{
	note_quorum(c, most);
	note_bookings(c);
	note_promises(c, w, place);
}
