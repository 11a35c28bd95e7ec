// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events: to every client and to the log.
 *
 * A guest can cause some of them as often as it likes.  Clients get them all
 * (who does not read is dropped); the log, which is a file on somebody's disk,
 * gets a burst of each and then one a second with the number left out.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hvcore/vmm/board.h"
#include "hvcore/vmm/log.h"

#include "control.h"

enum {
	KINDS_MAX = 32, /* different events; we have fewer */
	LOG_BURST = 10, /* lines of one kind before the limit of one a second applies */
};

struct kind {
	const char *name; /* the emitter's literal */
	unsigned credit;
	time_t refilled;
	uint64_t left_out;
};

static struct kind kinds[KINDS_MAX];

static struct kind *kind_of(const char *name)
{
	for (unsigned i = 0; i < KINDS_MAX; i++) {
		if (!kinds[i].name)
			kinds[i] = (struct kind){.name = name, .credit = LOG_BURST};
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	}
	return NULL;
}

/* may_log() - One credit a second, LOG_BURST at most. */
static bool may_log(struct kind *k, time_t now)
{
	if (now > k->refilled) {
		time_t more = k->refilled ? now - k->refilled : 0;

		k->credit = more + k->credit > LOG_BURST ? LOG_BURST : k->credit + (unsigned)more;
		k->refilled = now;
	}
	if (!k->credit) {
		k->left_out++;
		return false;
	}
	k->credit--;
	return true;
}

static void log_event(const char *name, const json_t *data, const struct timespec *at)
{
	struct kind *k = kind_of(name);
	char *text;

	if (!k || !may_log(k, at->tv_sec))
		return;
	text = data ? json_dumps(data, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	if (k->left_out)
		log_line(LOG_NOTICE, "event %s %s (%llu more are not shown)", name,
			 text ? text : "{}", (unsigned long long)k->left_out);
	else
		log_line(LOG_NOTICE, "event %s %s", name, text ? text : "{}");
	k->left_out = 0;
	free(text);
}

void event_emit(const char *name, json_t *data)
{
	struct timespec at;
	json_t *event;

	clock_gettime(CLOCK_REALTIME, &at);
	control_counters.events++;
	log_event(name, data, &at);
	event = json_pack("{s:{s:I, s:I}, s:s, s:o*}", "timestamp", "seconds",
			  (json_int_t)at.tv_sec, "microseconds", (json_int_t)(at.tv_nsec / 1000),
			  "event", name, "data", data);
	if (event)
		control_broadcast(event);
	json_decref(event);
}
