// SPDX-License-Identifier: GPL-2.0-or-later
#include "act.h"

/* What a new start of the guest in the same hv-domain can mend. */
static bool reset_helps(enum hb_reason why)
{
	switch (why) {
	case WHY_NO_BEATS:
	case WHY_NO_BEATS_RUNS:
	case WHY_NEVER_BEAT:
	case WHY_NO_AGENT:
	case WHY_PANICKED:
	case WHY_WATCHDOG:
	case WHY_HEALTH: return true;
	default: return false;
	}
}

unsigned act_resets(const struct hv_heartbeat *h, const struct state *s, int64_t now)
{
	int64_t window = (int64_t)h->reset_window * 1000000000;
	unsigned n = 0;

	for (unsigned i = 0; i < s->nresets; i++)
		n += s->reset[i] <= now && now - s->reset[i] < window;
	return n;
}

enum act act_decide(const struct hv_heartbeat *h, enum hb_reason why, const struct state *s,
		    int64_t now)
{
	int64_t last = s->nresets ? s->reset[s->nresets - 1] : 0;
	unsigned n;

	if (h->action == HV_HEARTBEAT_NOTIFY)
		return ACT_NOTIFY;
	if (h->action == HV_HEARTBEAT_RECOVER || !reset_helps(why))
		return ACT_TELL;
	n = act_resets(h, s, now);
	if (n >= h->max_resets || n >= STATE_RESETS_MAX)
		return ACT_HAND_OVER;
	if (s->nresets && now - last < (int64_t)h->min_uptime * 1000000)
		return ACT_HAND_OVER;
	return ACT_RESET;
}

const char *act_text(enum act a)
{
	static const char *const text[ACTS] = {
		[ACT_TELL] = "Pacemaker is told",
		[ACT_RESET] = "it is reset in place",
		[ACT_NOTIFY] = "nothing more is done, as its definition says",
		[ACT_HAND_OVER] = "it was reset in place too often or just now: Pacemaker is told",
	};

	return text[a];
}
