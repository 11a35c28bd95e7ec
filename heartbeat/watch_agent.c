// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The standard guest agent on org.qemu.guest_agent.0: it is pinged where the
 * definition gives it a timeout.  guest-sync-delimited is answered with our
 * number, so that no stale answer counts; guest-ping proves that commands run.
 */
#include <stdio.h>

#include "hv/rundir.h"

#include "agent_read.h"
#include "heartbeatd.h"
#include "timer.h"

enum { PINGS = 4 }; /* in one timeout */

static void ping(void *data)
{
	struct domain *dom = data;
	struct agent_watch *a = &dom->agent;
	char text[160];
	int n;

	n = snprintf(text, sizeof(text),
		     "\xff{\"execute\":\"guest-ping\"}\n"
		     "{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":%u}}\n",
		     ++a->id);
	link_send(&a->link, text, (size_t)n);
	timer_set(&a->timer, dom->settings.agent_timeout * MS_NS / PINGS, dom, ping);
}

static void up(void *owner)
{
	struct domain *dom = owner;

	lines_free(&dom->agent.lines);
	timer_clear(&dom->agent.timer);
	ping(dom);
}

static void bytes(void *owner, const char *data, size_t len)
{
	struct domain *dom = owner;
	struct agent_watch *a = &dom->agent;
	int64_t now = attend(dom->d);

	while (lines_next(&a->lines, &data, &len)) {
		if (!agent_read(a->lines.text, a->lines.len, a->id)) {
			a->bad++;
			continue;
		}
		a->pongs++;
		detector_saw_agent(&dom->det, now);
		if (dom->det.state != HB_ALIVE)
			domain_judge(dom);
	}
}

static void down(void *owner)
{
	struct domain *dom = owner;

	timer_clear(&dom->agent.timer);
}

static const struct link_ops ops = {.lazy = true, .up = up, .bytes = bytes, .down = down};

void agent_watch_open(struct domain *dom)
{
	char path[512];

	if (!dom->has_agent || !dom->settings.agent_timeout ||
	    hv_run_path(path, sizeof(path), dom->name, "channel/" HV_CHANNEL_AGENT ".sock"))
		return;
	link_init(&dom->agent.link, path, &ops, dom);
	link_open(&dom->agent.link);
}

void agent_watch_close(struct domain *dom)
{
	timer_clear(&dom->agent.timer);
	if (dom->agent.link.ops)
		link_close(&dom->agent.link);
	lines_free(&dom->agent.lines);
}
