// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the guest in a place says, by its hv-domain: that it is booted (hello on its role
 * port), and how it ends.
 */
#include <stdio.h>
#include <string.h>

#include "heartbeat/qmp_read.h"
#include "hv/daemon.h"
#include "hv/role.h"

#include "poold.h"

enum {
	SILENT_MS = 15000,  /* without an answer it is lost */
	SETTLED_MS = 60000, /* ready for so long: what failed before does not count any more */
};

static int command(struct place *p, const char *text)
{
	return link_send(&p->qmp, text, strlen(text));
}

/* ask_hello() - Has the guest say that it is there, in case nobody was there to hear it. */
static void ask_hello(struct place *p)
{
	const struct hv_role ask = {.kind = HV_ROLE_ASK};
	char line[HV_ROLE_LINE_MAX], text[HV_ROLE_LINE_MAX + 96];

	if (hv_role_format(line, &ask) < 0)
		return;
	snprintf(text, sizeof(text),
		 "{\"execute\":\"x-taiki-role\",\"arguments\":{\"text\":\"%s\"},\"id\":%d}\n", line,
		 QMP_ID_OTHER);
	command(p, text);
}

static void settled(void *data)
{
	struct place *p = data;

	p->failures = 0;
	p->why[0] = '\0';
	pool_stir(p->d);
}

/* booted() - Nobody need spare it, or wait for it, any longer. */
static void booted(struct place *p)
{
	if (!timer_is_set(&p->settled) && p->failures)
		timer_set(&p->settled, SETTLED_MS * NS_PER_MS, p, settled);
	if (p->eased && p->pid)
		work_ease(p->pid);
	p->eased = false;
}

static void becomes(struct place *p, enum pool_guest guest, const char *why)
{
	if (p->p.guest == guest)
		return;
	if (guest == POOL_LOST) {
		snprintf(p->why, sizeof(p->why), "%s", why);
		hv_log_line(LOG_WARNING, "%s: %s", p->name, why);
	}
	if (guest == POOL_PAUSED)
		p->p.since = pool_now();
	p->p.guest = guest;
	pool_stir(p->d);
}

void guest_ready(struct place *p)
{
	booted(p);
	becomes(p, POOL_READY, "");
}

static void runs_again(struct place *p)
{
	if (p->p.guest == POOL_UNSEEN || p->p.guest == POOL_PAUSED) {
		p->p.since = p->began;
		if (p->hello)
			guest_ready(p);
		else
			becomes(p, POOL_BOOTING, "");
	}
}

static void saw_run(struct place *p, enum hb_run run)
{
	static const struct {
		enum hb_run run;
		enum pool_guest guest;
		const char *why;
	} table[] = {
		{RUN_PRELAUNCH, POOL_PAUSED, ""},
		{RUN_PAUSED, POOL_PAUSED, ""},
		{RUN_WATCHDOG, POOL_LOST, "its watchdog bit"},
		{RUN_IO_ERROR, POOL_LOST, "it stopped on an I/O error"},
		{RUN_OFF, POOL_LOST, "it powered off"},
		{RUN_PANICKED, POOL_LOST, "it panicked"},
		{RUN_ERROR, POOL_LOST, "its processor cannot go on"},
	};

	if (run == RUN_RUNNING)
		runs_again(p);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].run == run)
			becomes(p, table[i].guest, table[i].why);
}

/* heard() - A line of the guest's: whoever speaks the protocol has booted. */
static void heard(struct place *p, const char *line)
{
	struct hv_role r;

	if (hv_role_parse(line, strlen(line), &r) ||
	    (r.kind != HV_ROLE_HELLO && r.kind != HV_ROLE_DONE))
		return;
	if (!p->hello)
		hv_log_line(LOG_INFO, "%s: it is ready, %.1f s after its start", p->name,
			    (double)(pool_now() - p->began) / 1000);
	p->hello = true;
	if (p->p.guest == POOL_BOOTING)
		guest_ready(p);
}

static void was_reset(struct place *p)
{
	p->hello = false;
	p->began = p->p.since = pool_now();
	if (p->p.guest == POOL_READY)
		becomes(p, POOL_BOOTING, "");
}

static void role_port(struct place *p, const struct qmp_meaning *m)
{
	p->role_port = true;
	if (m->line[0])
		heard(p, m->line);
	if (!p->hello && m->open && m->id == QMP_ID_ROLE)
		ask_hello(p);
}

static void one(struct place *p, const struct qmp_meaning *m)
{
	switch (m->says) {
	case QMP_GREETING: guest_ask(p); break;
	case QMP_RUN: saw_run(p, m->run); break;
	case QMP_RESET: was_reset(p); break;
	case QMP_PANICKED: becomes(p, POOL_LOST, "it panicked"); break;
	case QMP_WATCHDOG: saw_run(p, m->run); break;
	case QMP_SHUTDOWN: becomes(p, POOL_LOST, "it powered off"); break;
	case QMP_IO_ERROR: saw_run(p, m->run); break;
	case QMP_ROLE: role_port(p, m); break;
	case QMP_VCPUS:
	case QMP_ENGINE:
	case QMP_REFUSED:
	case QMP_OTHER:
	case QMP_DONE: break;
	}
}

static void up(void *owner)
{
	struct place *p = owner;

	p->lines.len = 0;
	p->lines.overlong = false;
	p->heard = pool_now();
	p->pinged = 0;
}

static void bytes(void *owner, const char *data, size_t len)
{
	struct place *p = owner;

	p->heard = pool_now();
	p->pinged = 0;
	while (lines_next(&p->lines, &data, &len)) {
		struct qmp_meaning m = qmp_read(p->lines.text, p->lines.len);

		one(p, &m);
	}
}

static void down(void *owner)
{
	struct place *p = owner;

	pool_stir(p->d);
}

static const struct link_ops ops = {.up = up, .bytes = bytes, .down = down};

void guest_watch(struct place *p)
{
	char path[512];

	if (hv_run_path(path, sizeof(path), p->name, "qmp.sock"))
		return;
	p->role_port = false;
	p->pinged = 0;
	p->heard = pool_now();
	link_init(&p->qmp, path, &ops, p);
	link_open(&p->qmp);
}

void guest_unwatch(struct place *p)
{
	if (p->qmp.ops)
		link_close(&p->qmp);
	p->qmp.ops = NULL;
	lines_free(&p->lines);
}

void guest_ask(struct place *p)
{
	char text[192];

	snprintf(text, sizeof(text),
		 "{\"execute\":\"qmp_capabilities\",\"id\":%d}\n"
		 "{\"execute\":\"query-status\",\"id\":%d}\n"
		 "{\"execute\":\"x-taiki-query-role\",\"id\":%d}\n",
		 QMP_ID_CAPABILITIES, QMP_ID_STATUS, QMP_ID_ROLE);
	command(p, text);
}

void guest_ping(struct poold *d)
{
	int64_t now = pool_now();
	char text[64];

	snprintf(text, sizeof(text), "{\"execute\":\"query-status\",\"id\":%d}\n", QMP_ID_STATUS);
	for (struct place *p = d->places; p; p = p->next) {
		if (!p->pid)
			continue;
		if (p->pinged && now - p->pinged >= SILENT_MS)
			becomes(p, POOL_LOST, "its hv-domain does not answer");
		else if (!p->pinged && (p->qmp.fd < 0 || !command(p, text)))
			p->pinged = now;
	}
}
