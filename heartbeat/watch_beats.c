// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The channel org.taiki.heartbeat.0: beats come in, the interval goes out.
 */
#include <stdio.h>

#include "hv/daemon.h"
#include "hv/rundir.h"

#include "heartbeatd.h"

/* say_interval() - How often the guest is to beat. */
static void say_interval(struct domain *dom)
{
	struct beat set = {.kind = BEAT_SET, .interval = dom->settings.interval};
	char line[BEAT_LINE_MAX + 1] = "\n"; /* ends what a predecessor left unfinished */
	int n = beat_format(line + 1, &set);

	if (n > 0)
		link_send(&dom->beats.link, line, (size_t)n + 1);
}

static void up(void *owner)
{
	struct domain *dom = owner;

	dom->beats.framer.len = 0;
	dom->beats.framer.overlong = false;
	say_interval(dom);
}

static void one(struct domain *dom, const struct beat *b, int64_t now)
{
	bool first = !dom->state.beaten, leaves = b->kind == BEAT_BYE;

	if (b->kind != BEAT_BEAT && b->kind != BEAT_BYE)
		return;
	/* taiki-guest was started anew: it does not know the interval yet. */
	if (b->kind == BEAT_BEAT && b->seq == 1)
		say_interval(dom);
	detector_saw_beat(&dom->det, b, now);
	if (first || leaves != dom->state.goodbye) {
		dom->state.beaten = true;
		dom->state.goodbye = leaves;
		domain_save(dom);
	}
}

static void bytes(void *owner, const char *data, size_t len)
{
	struct domain *dom = owner;
	int64_t now = attend(dom->d);
	struct beat b;

	while (beat_feed(&dom->beats.framer, &data, &len, &b))
		one(dom, &b, now);
	if (dom->det.state != HB_ALIVE || dom->det.goodbye ||
	    dom->det.beat.health >= BEAT_HEALTH_FAILED)
		domain_judge(dom);
}

static void down(void *owner)
{
}

static const struct link_ops ops = {.lazy = true, .up = up, .bytes = bytes, .down = down};

void beat_watch_open(struct domain *dom)
{
	char path[512];

	if (!dom->has_beats ||
	    hv_run_path(path, sizeof(path), dom->name, "channel/" HV_CHANNEL_HEARTBEAT ".sock"))
		return;
	link_init(&dom->beats.link, path, &ops, dom);
	link_open(&dom->beats.link);
}

void beat_watch_close(struct domain *dom)
{
	if (dom->beats.link.ops)
		link_close(&dom->beats.link);
}
