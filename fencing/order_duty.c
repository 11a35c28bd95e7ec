// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "fencing/order.h"

/* Requests for one target are worked on one after the other, so that no mark overtakes another. */
static bool first_of_target(const struct order_state *s, const struct order_pending *p)
{
	for (uint32_t i = 0; i < s->npending; i++)
		if (!strcmp(s->pending[i].target, p->target))
			return &s->pending[i] == p;
	return false;
}

enum order_duty_kind order_duty(const struct order_state *s, const struct order_pending *p,
				uint32_t me, unsigned *instance)
{
	const struct order_host *here = order_find_host(s, me);

	if (!here || !first_of_target(s, p))
		return ORDER_NOTHING;
	switch ((enum order_phase)p->phase) {
	case ORDER_MARK: return p->coordinator == me ? ORDER_DO_MARK : ORDER_NOTHING;
	case ORDER_SETTLE: return p->coordinator == me ? ORDER_DO_SETTLE : ORDER_NOTHING;
	case ORDER_KILL:
		for (unsigned i = 0; i < p->ninstances; i++)
			if (p->instance[i].host == me && p->instance[i].proof == ORDER_UNPROVEN &&
			    !strcmp(p->instance[i].boot, here->boot)) {
				*instance = i;
				return ORDER_DO_KILL;
			}
		return ORDER_NOTHING;
	case ORDER_DOWN:
	case ORDER_UP: break;
	}
	return ORDER_NOTHING;
}

void order_waits_for(const struct order_state *s, const struct order_pending *p, char *out,
		     size_t size)
{
	static const char *const phase[] = {
		[ORDER_MARK] = "the cluster's configuration has not been changed",
		[ORDER_KILL] = "its end is not proven",
		[ORDER_SETTLE] = "it has ended, but the cluster is not idle and may be starting it",
		[ORDER_DOWN] = "an instance that was being started has not been stopped",
		[ORDER_UP] = "it has not started",
	};
	const struct order_host *h = NULL;

	for (unsigned i = 0; p->phase == ORDER_KILL && i < p->ninstances; i++)
		if (p->instance[i].proof == ORDER_UNPROVEN) {
			h = order_find_host(s, p->instance[i].host);
			break;
		}
	if (!first_of_target(s, p))
		snprintf(out, size, "domain %s: an earlier request for it is under way", p->target);
	else if (h && !h->present)
		snprintf(out, size,
			 "domain %s: it ran on host %s, whose fencing is not confirmed yet",
			 p->target, h->name);
	else
		snprintf(out, size, "domain %s: %s in time%s%s", p->target,
			 p->phase <= ORDER_UP ? phase[p->phase] : "", h ? " by host " : "",
			 h ? h->name : "");
}
