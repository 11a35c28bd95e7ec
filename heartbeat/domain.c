// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One domain: taking up a new incarnation, judging it, and noticing that it has ended.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "hv/adopt.h"
#include "hv/daemon.h"
#include "hv/rundir.h"

#include "heartbeatd.h"
#include "timer.h"

enum {
	SAMPLES = 4,         /* looks at its threads and page within one timeout, */
	SAMPLE_MIN_MS = 100, /* but no more often */
	SAMPLE_MAX_MS = 1250,
	SOON_MS = 2,     /* what is due this moment is looked at a moment later */
	RESET_MS = 2000, /* until RESET must have said that a reset in place was done */
	CONFIG_MAX = 4 << 20,
};

struct domain *domain_find(struct hbd *d, const char *name)
{
	struct domain *dom = d->domains;

	while (dom && strcmp(dom->name, name))
		dom = dom->next;
	return dom;
}

struct domain *domain_add(struct hbd *d, const char *name)
{
	struct domain *dom;

	if (d->ndomains >= DOMAINS_MAX)
		return NULL;
	dom = calloc(1, sizeof(*dom));
	if (!dom)
		return NULL;
	snprintf(dom->name, sizeof(dom->name), "%s", name);
	dom->d = d;
	dom->pidfd = dom->watch = dom->sample.main_stat = -1;
	dom->attribute_set = true; /* by an earlier daemon, as far as we know */
	dom->next = d->domains;
	d->domains = dom;
	d->ndomains++;
	return dom;
}

/* let_go() - Watch it no more; what was seen stays. */
static void let_go(struct domain *dom)
{
	timer_clear(&dom->timer);
	qmp_watch_close(dom);
	beat_watch_close(dom);
	agent_watch_close(dom);
	sample_watch_close(dom);
	if (dom->pidfd >= 0) {
		poller_del(&dom->ended);
		close(dom->pidfd);
	}
	dom->pidfd = -1;
}

void domain_remove(struct domain *dom)
{
	struct domain **at = &dom->d->domains;

	while (*at != dom)
		at = &(*at)->next;
	*at = dom->next;
	dom->d->ndomains--;
	tell_attribute(dom, "");
	tell_forget(dom);
	timer_clear(&dom->intent_timer);
	let_go(dom);
	free(dom);
}

void domain_save(struct domain *dom)
{
	int rc = state_write(dom->name, &dom->state);

	if (rc && rc != -ENOENT)
		hv_log_line(LOG_WARNING, "domain %s: its state cannot be kept: %s", dom->name,
			    strerror(-rc));
}

static void process_ended(void *data)
{
	struct domain *dom = data;

	attend(dom->d);
	link_poll(&dom->qmp.link); /* its last words */
	let_go(dom);
	detector_saw_gone(&dom->det);
	domain_judge(dom);
}

static bool has_channel(const struct hv_config *c, const char *name)
{
	for (unsigned i = 0; i < c->nchannels; i++)
		if (!strcmp(c->channel[i].name, name))
			return true;
	return false;
}

static void take_config(struct domain *dom, const struct hv_config *c)
{
	dom->settings = c->heartbeat;
	dom->has_beats = has_channel(c, HV_CHANNEL_HEARTBEAT);
	dom->has_agent = has_channel(c, HV_CHANNEL_AGENT);
}

/* read_settings() - What its definition says about heartbeat; defaults where it cannot be read. */
static void read_settings(struct domain *dom)
{
	struct hv_error err = {.text = "it cannot be read"};
	char path[4096], *text = NULL;
	struct hv_config c;
	size_t size = 0;
	ssize_t n = -1;
	FILE *f = NULL;

	hv_config_init(&c);
	take_config(dom, &c);
	hv_config_free(&c);
	if (!hv_run_path(path, sizeof(path), dom->name, "config.json"))
		f = fopen(path, "re");
	if (f)
		n = getdelim(&text, &size, '\0', f);
	if (n > 0 && n < CONFIG_MAX && !hv_config_from_json(&c, text, (size_t)n, &err)) {
		take_config(dom, &c);
		hv_config_free(&c);
	} else {
		hv_log_line(LOG_WARNING, "domain %s: config.json: %s; its process alone is watched",
			    dom->name, err.text);
	}
	free(text);
	if (f)
		fclose(f);
}

/* restore() - What an earlier daemon knew about this domain. */
static void restore(struct domain *dom, int64_t now)
{
	struct state old = {0};
	int rc = state_read(dom->name, &old);

	if (rc == -EINVAL || rc == -EBADMSG)
		hv_log_line(LOG_WARNING,
			    "domain %s: what was known of it is damaged, and forgotten", dom->name);
	if (rc || strcmp(old.incarnation, dom->incarnation)) {
		/* Another start: only how often it had to be reset is of interest. */
		old.boot = state_now();
		old.beaten = old.goodbye = old.reported = false;
		memcpy(old.incarnation, dom->incarnation, sizeof(old.incarnation));
	}
	dom->state = old;
	detector_init(&dom->det, &dom->settings, now - (state_now() - old.boot), now);
	dom->det.beats.expected = dom->settings.beats && dom->has_beats;
	dom->det.agent.expected = dom->settings.agent_timeout && dom->has_agent;
	dom->det.beats.seen = old.beaten && !old.goodbye;
	dom->det.goodbye = old.goodbye;
	domain_save(dom);
}

static void intent_over(void *data)
{
	struct domain *dom = data;

	domain_look(dom);
}

static void look_intent(struct domain *dom)
{
	uint64_t until = 0;
	bool there = hv_intent_read(dom->name, &until) != HV_INTENT_NONE;
	int64_t left = (int64_t)until - state_now() / MS_NS + 1;

	timer_clear(&dom->intent_timer);
	if (there)
		timer_set(&dom->intent_timer, (left > 1 ? left : 1) * MS_NS, dom, intent_over);
	if (there == dom->det.intent)
		return;
	detector_saw_intent(&dom->det, there, attend(dom->d));
	domain_judge(dom);
}

/* take_up() - The incarnation @uuid of process @pid, 0: which is not there any more. */
static void take_up(struct domain *dom, const char *uuid, pid_t pid)
{
	char *resource = hv_run_read(dom->name, "resource");

	let_go(dom);
	tell_forget(dom);
	snprintf(dom->incarnation, sizeof(dom->incarnation), "%s", uuid);
	snprintf(dom->resource, sizeof(dom->resource), "%s", resource ? resource : "");
	free(resource);
	dom->cause[0] = '\0';
	dom->pid = pid;
	dom->pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;
	read_settings(dom);
	restore(dom, attend(dom->d));
	if (dom->pidfd < 0) {
		snprintf(dom->cause, sizeof(dom->cause), "found so");
		detector_saw_gone(&dom->det);
	} else {
		dom->ended = (struct poller_entry){dom->pidfd, process_ended, dom};
		poller_add(&dom->ended);
		hv_log_line(LOG_INFO, "domain %s: incarnation %s, process %d, resource %s",
			    dom->name, uuid, (int)pid, dom->resource[0] ? dom->resource : "none");
		journal_add(dom, "taken-up", json_pack("{s:i}", "pid", (int)pid));
		sample_watch_open(dom);
		qmp_watch_open(dom);
		beat_watch_open(dom);
		agent_watch_open(dom);
	}
	if (dom->resource[0])
		tell_attribute(dom, "");
	domain_judge(dom);
}

void domain_look(struct domain *dom)
{
	char *uuid = hv_run_read(dom->name, "incarnation");
	enum hv_presence p;
	pid_t pid;

	if (!uuid || !uuid[0])
		goto out;
	/* Half of an adoption is nothing to judge by: whoever is at it sees to it, or a stop does. */
	if (strcmp(uuid, dom->incarnation) && !hv_adopting(dom->name)) {
		p = hv_presence(dom->name, &pid, NULL);
		/* Present without a process: it is on its way, and `pid` comes last. */
		if (p == HV_ABSENT || (p == HV_PRESENT && pid))
			take_up(dom, uuid, p == HV_PRESENT ? pid : 0);
	}
	if (!strcmp(uuid, dom->incarnation)) {
		look_intent(dom);
		if (dom->pidfd >= 0)
			link_open(&dom->qmp.link);
	}
out:
	tell_look(dom);
	free(uuid);
}

static void due(void *data)
{
	struct domain *dom = data;

	domain_judge(dom);
}

/* sample_every() - How often its threads and page are looked at, ns. */
static int64_t sample_every(const struct domain *dom)
{
	int64_t ms = dom->settings.timeout / SAMPLES;

	return (ms < SAMPLE_MIN_MS   ? SAMPLE_MIN_MS
		: ms > SAMPLE_MAX_MS ? SAMPLE_MAX_MS
				     : ms) *
	       MS_NS;
}

static void arm(struct domain *dom, int64_t now)
{
	int64_t in = dom->finding.look - now, every = sample_every(dom);

	if (dom->pidfd < 0)
		return;
	/* On a grid, so that one turn of the loop looks at many. */
	if (in > every - now % every)
		in = every - now % every;
	timer_set(&dom->timer, in < SOON_MS * MS_NS ? SOON_MS * MS_NS : in, dom, due);
}

/* read_all() - Before anybody is accused of silence: what has come and was not read yet. */
static void read_all(struct domain *dom)
{
	if (dom->beats.link.ops)
		link_poll(&dom->beats.link);
	if (dom->agent.link.ops)
		link_poll(&dom->agent.link);
	if (dom->qmp.link.ops)
		link_poll(&dom->qmp.link);
}

/* hypervisor_ask() - An idle hv-domain says nothing by itself. */
static void hypervisor_ask(struct domain *dom, int64_t now)
{
	struct strand *h = &dom->det.hypervisor;

	/* That we have no descriptor left says nothing about it. */
	h->expected = !dom->qmp.link.ours;
	if (strand_silence(&dom->det, h, now) > h->timeout / 2)
		qmp_watch_ask(dom);
}

void domain_judge(struct domain *dom)
{
	enum hb_state before = dom->det.state;
	int64_t now = attend(dom->d);
	bool changed;

	if (dom->judging)
		return; /* by what read_all() reads */
	dom->judging = true;
	sample_watch_take(dom, now);
	hypervisor_ask(dom, now);
	dom->finding = detector_find(&dom->det, now);
	if (dom->finding.sign == SIGN_SILENT)
		read_all(dom);
	dom->judging = false;
	changed = detector_step(&dom->det, now, &dom->finding);
	arm(dom, now);
	if (changed)
		act_changed(dom, before);
	if (dom->qmp.reset_at && now - dom->qmp.reset_at > RESET_MS * MS_NS)
		act_reset_failed(dom, "no RESET has come");
}
