// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is ready, as transient attributes of this node: taiki-twin-NAME, taiki-spares.
 * Which ones may be set stands in RUN/.poold.attributes, for who has to withdraw them after us.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "heartbeat/reporter.h"
#include "hv/daemon.h"
#include "hv/standby.h"

#include "attributes.h"
#include "poold.h"

enum { AGAIN_MS = 2000, ANSWER_MS = 12000, VALUE = 16 };

struct attribute {
	struct attribute *next;
	char name[REPORTER_TEXT];
	char want[VALUE];  /* "": withdrawn */
	char is[VALUE];    /* what the cluster has taken */
	bool known;        /* .is is true */
	uint32_t id;       /* of the request under way, 0: none */
	char asked[VALUE]; /* ... and its value */
	int64_t sent;
};

static struct {
	struct poold *d;
	struct attribute *list;
	struct hb_timer again;
	bool written; /* RUN/.poold.attributes is what it should be */
} self;

static struct attribute *find(const char *name)
{
	struct attribute *a = self.list;

	while (a && strcmp(a->name, name) != 0)
		a = a->next;
	if (a)
		return a;
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	snprintf(a->name, sizeof(a->name), "%s", name);
	a->next = self.list;
	self.list = a;
	self.written = false;
	return a;
}

static void set(const char *name, const char *value)
{
	struct attribute *a = find(name);

	if (a)
		snprintf(a->want, sizeof(a->want), "%s", value);
}

static void tell(struct attribute *a)
{
	struct reporter_request r = {.id = ++self.d->last_id, .kind = REPORTER_ATTR};

	if (!r.id)
		r.id = ++self.d->last_id;
	snprintf(r.name, sizeof(r.name), "%s", a->name);
	snprintf(r.value, sizeof(r.value), "%s", a->want);
	memcpy(a->asked, a->want, sizeof(a->asked));
	a->sent = pool_now();
	a->id = send(self.d->reporter, &r, sizeof(r), MSG_NOSIGNAL) < 0 ? 0 : r.id;
}

/* flush() - Tell what is not told yet; true: all of it is. */
static bool flush(void)
{
	bool all = true;

	for (struct attribute *a = self.list; a; a = a->next) {
		if (a->id && pool_now() - a->sent > ANSWER_MS)
			a->id = 0; /* the worker died with it */
		if (a->known && !strcmp(a->is, a->want) && !a->id)
			continue;
		all = false;
		if (!a->id || strcmp(a->asked, a->want) != 0)
			tell(a);
	}
	return all;
}

static void write_names(void)
{
	char text[65536];
	size_t n = 0;

	if (self.written)
		return;
	for (struct attribute *a = self.list; a && n < sizeof(text) - REPORTER_TEXT; a = a->next)
		n += (size_t)sprintf(text + n, "%s\n", a->name);
	text[n] = '\0';
	self.written = !attributes_write(text);
}

static void flush_again(void *data)
{
	if (!flush())
		timer_set(&self.again, AGAIN_MS * NS_PER_MS, NULL, flush_again);
}

void publish(struct poold *d)
{
	unsigned spares = 0;
	char text[VALUE], domain[HV_NAME_MAX + 1], name[REPORTER_TEXT];

	for (struct attribute *a = self.list; a; a = a->next)
		a->want[0] = '\0';
	for (struct place *p = d->places; p; p = p->next) {
		bool ready = pool_ready(&p->p);

		spares += ready && p->p.spare;
		if (p->p.spare || hv_twin_of(domain, p->name))
			continue;
		snprintf(name, sizeof(name), ATTRIBUTE_TWIN "%s", domain);
		if (ready)
			set(name, "1");
	}
	snprintf(text, sizeof(text), "%u", spares);
	if (d->settings.spares || spares)
		set(ATTRIBUTE_SPARES, text);
	write_names();
	if (!flush() && !timer_is_set(&self.again))
		timer_set(&self.again, AGAIN_MS * NS_PER_MS, NULL, flush_again);
}

void publish_again(struct poold *d)
{
	for (struct attribute *a = self.list; a; a = a->next)
		a->known = false;
	publish(d);
}

void publish_answered(struct poold *d, uint32_t id, int rc)
{
	for (struct attribute *a = self.list; a; a = a->next) {
		if (!a->id || a->id != id)
			continue;
		a->id = 0;
		a->known = !rc;
		memcpy(a->is, a->asked, sizeof(a->is));
	}
}

/* left_behind() - By one before us: what it has published is withdrawn, unless it is true again. */
static void left_behind(void *arg, const char *name)
{
	find(name);
}

int publish_start(struct poold *d)
{
	self.d = d;
	attributes_read(left_behind, NULL);
	return 0;
}

void publish_end(struct poold *d, int ms)
{
	int64_t until = pool_now() + ms;
	struct reporter_answer a;

	for (struct attribute *at = self.list; at; at = at->next)
		at->want[0] = '\0';
	while (!flush() && pool_now() < until) {
		struct pollfd p = {.fd = d->reporter, .events = POLLIN};

		if (poll(&p, 1, (int)(until - pool_now())) <= 0)
			break;
		if (recv(d->reporter, &a, sizeof(a), MSG_DONTWAIT) == sizeof(a))
			publish_answered(d, a.id, a.rc);
	}
	if (flush())
		attributes_write("");
}
