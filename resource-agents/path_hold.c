// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which paths count, and what is remembered of them as text: "told UP WANTED", and "path ID FAILURES
 * SINCE" a line.  Pure.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "path_publish.h"

enum { LINE = PATH_ID + 64 };

static const struct path_known *known(const struct path_record *r, const char *id)
{
	for (unsigned i = 0; i < r->n; i++)
		if (!strcmp(r->path[i].id, id))
			return &r->path[i];
	return NULL;
}

/* since() - Since when it works without a break. */
static int64_t since(const struct path_known *was, const struct path_seen *is, int64_t now)
{
	if (!is->works)
		return PATH_NOT_SINCE;
	if (!was)
		return PATH_SINCE_EVER;
	if (was->since == PATH_NOT_SINCE || was->failures != is->failures)
		return now;
	/* A clock that has gone back is that of another boot. */
	return was->since > now ? now : was->since;
}

unsigned path_hold(struct path_record *r, const struct path_seen *seen, unsigned n, int64_t now,
		   int64_t hold_ms, bool *counts)
{
	struct path_record is = {.told = r->told};
	unsigned up = 0;

	for (unsigned i = 0; i < n; i++) {
		struct path_known *k = &is.path[is.n];

		counts[i] = false;
		if (is.n == PATHS_MAX || strlen(seen[i].id) >= PATH_ID)
			continue;
		strcpy(k->id, seen[i].id);
		k->failures = seen[i].failures;
		k->since = since(known(r, k->id), &seen[i], now);
		counts[i] = k->since == PATH_SINCE_EVER ||
			    (k->since != PATH_NOT_SINCE && now - k->since >= hold_ms);
		up += counts[i];
		is.n++;
	}
	*r = is;
	return up;
}

char *path_record_print(const struct path_record *r)
{
	size_t size = (r->n + 1) * (size_t)LINE, len;
	char *text = malloc(size);

	if (!text)
		return NULL;
	len = (size_t)snprintf(text, size, "told %d %d\n", r->told.up, r->told.wanted);
	for (unsigned i = 0; i < r->n; i++)
		len += (size_t)snprintf(text + len, size - len, "path %s %" PRIu64 " %" PRId64 "\n",
					r->path[i].id, r->path[i].failures, r->path[i].since);
	return text;
}

static void parse_line(struct path_record *r, const char *line)
{
	struct path_known *k = &r->path[r->n];
	struct path_told t;
	int end = 0;

	if (sscanf(line, "told %d %d%n", &t.up, &t.wanted, &end) == 2 && !line[end])
		r->told = t;
	else if (r->n < PATHS_MAX &&
		 sscanf(line, "path %63s %" SCNu64 " %" SCNd64 "%n", k->id, &k->failures, &k->since,
			&end) == 3 &&
		 !line[end] && k->since >= PATH_NOT_SINCE)
		r->n++;
}

void path_record_parse(struct path_record *r, const char *text)
{
	char line[LINE];

	*r = (struct path_record){.told = {PATH_NOT_TOLD, PATH_NOT_TOLD}};
	while (*text) {
		size_t len = strcspn(text, "\n");

		/* A line without its end was not written to its end. */
		if (len < sizeof(line) && text[len]) {
			memcpy(line, text, len);
			line[len] = '\0';
			parse_line(r, line);
		}
		text += len + (text[len] == '\n');
	}
}
