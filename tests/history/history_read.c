// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the records.  A line that is no record of a known version makes the
 * whole check fail: what cannot be read cannot be judged.  A last line without
 * its end belongs to a server that was killed while it wrote, and is left out.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"

enum { VERSION = 1 };

/* What a server's record says about itself, and its operations under way. */
struct reader {
	struct history *h;
	const char *path, *node, *boot;
	unsigned line;
	size_t first_opening; /* this record's first: fh 1 */
	size_t *pending;      /* operation number -> index */
	size_t npending;
};

static void *grow(void *array, size_t n, size_t size)
{
	/* Doubling: at each power of two. */
	if (n & (n - 1))
		return array;
	void *bigger = reallocarray(array, n ? n * 2 : 1, size);

	if (!bigger) {
		fprintf(stderr, "history-check: no memory\n");
		exit(2);
	}
	return bigger;
}

static const char *intern(struct history *h, const char *text)
{
	for (size_t i = 0; i < h->nwords; i++) {
		if (!strcmp(h->word[i], text))
			return h->word[i];
	}
	h->word = grow(h->word, h->nwords, sizeof(*h->word));
	h->word[h->nwords] = strdup(text);
	if (!h->word[h->nwords])
		exit(2);
	return h->word[h->nwords++];
}

static uint64_t number(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

static const char *string(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static int bad(const struct reader *r, const char *why)
{
	fprintf(stderr, "history-check: %s:%u: %s\n", r->path, r->line, why);
	return -1;
}

static int read_start(struct reader *r, const json_t *o)
{
	if (number(o, "v") != VERSION)
		return bad(r, "not version 1 of the record");
	r->node = intern(r->h, string(o, "node"));
	r->boot = intern(r->h, string(o, "boot"));
	return 0;
}

static int read_open(struct reader *r, const json_t *o)
{
	struct history *h = r->h;
	char label[256];

	if (number(o, "fh") != h->nopenings - r->first_opening + 1)
		return bad(r, "an opening is missing");
	snprintf(label, sizeof(label), "%s (%s %s, process %llu)", r->node, string(o, "comm"),
		 string(o, "domain"), (unsigned long long)number(o, "pid"));
	h->opening = grow(h->opening, h->nopenings, sizeof(*h->opening));
	h->opening[h->nopenings++] = (struct opening){
		.node = r->node,
		.boot = r->boot,
		.path = intern(h, string(o, "path")),
		.label = intern(h, label),
		.pid = number(o, "pid"),
		.start = number(o, "start"),
		.ino = number(o, "ino"),
		.writable = json_is_true(json_object_get(o, "write")),
		.opened = number(o, "t"),
		.closed = NEVER,
	};
	return 0;
}

/* The opening an "fh" names, or NULL. */
static struct opening *opening_of(struct reader *r, const json_t *o)
{
	size_t i = r->first_opening + number(o, "fh") - 1;

	return number(o, "fh") && i < r->h->nopenings ? &r->h->opening[i] : NULL;
}

static int read_submit(struct reader *r, const json_t *o)
{
	struct history *h = r->h;
	struct opening *by = opening_of(r, o);
	bool flush = !strcmp(string(o, "kind"), "flush");

	if (!by)
		return bad(r, "an operation of no opening");
	if (number(o, "op") != r->npending + 1)
		return bad(r, "an operation is missing");
	if (flush)
		by->flushes++;
	else
		by->writes++;
	r->pending = grow(r->pending, r->npending, sizeof(*r->pending));
	r->pending[r->npending++] = h->nops;
	h->op = grow(h->op, h->nops, sizeof(*h->op));
	h->op[h->nops++] = (struct op){
		.opening = (size_t)(by - h->opening),
		.flush = flush,
		.off = number(o, "off"),
		.len = number(o, "len"),
		.hash = strtoull(string(o, "hash"), NULL, 16),
		.submitted = number(o, "t"),
		.completed = NEVER,
	};
	return 0;
}

static int read_complete(struct reader *r, const json_t *o)
{
	uint64_t n = number(o, "op");

	if (!n || n > r->npending)
		return bad(r, "the end of an operation that never began");
	struct op *op = &r->h->op[r->pending[n - 1]];

	op->completed = number(o, "t");
	op->rc = json_integer_value(json_object_get(o, "rc"));
	op->destaged = number(o, "destaged");
	return 0;
}

static int read_line(struct reader *r, const json_t *o)
{
	const char *ev = string(o, "ev");
	struct opening *closed;

	if (r->line == 1)
		return strcmp(ev, "start") ? bad(r, "does not begin with a start")
					   : read_start(r, o);
	if (!strcmp(ev, "open"))
		return read_open(r, o);
	if (!strcmp(ev, "submit"))
		return read_submit(r, o);
	if (!strcmp(ev, "complete"))
		return read_complete(r, o);
	if (!strcmp(ev, "close")) {
		closed = opening_of(r, o);
		if (!closed)
			return bad(r, "a close of no opening");
		closed->closed = number(o, "t");
		return 0;
	}
	return bad(r, "an unknown event");
}

/* Calls @each with every complete line of @path as JSON. */
static int read_file(struct reader *r, int (*each)(struct reader *, const json_t *))
{
	FILE *f = fopen(r->path, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int rc = 0;

	if (!f) {
		fprintf(stderr, "history-check: %s: cannot open: %s\n", r->path, strerror(errno));
		return -1;
	}
	while (!rc && (n = getline(&line, &size, f)) > 0 && line[n - 1] == '\n') {
		json_t *o = json_loadb(line, (size_t)n, 0, NULL);

		r->line++;
		rc = json_is_object(o) ? each(r, o) : bad(r, "not a JSON object");
		json_decref(o);
	}
	free(line);
	fclose(f);
	return rc;
}

int history_read(struct history *h, const char *path)
{
	struct reader r = {.h = h, .path = path, .first_opening = h->nopenings};
	int rc = read_file(&r, read_line);

	free(r.pending);
	return rc;
}

static int read_ack(struct reader *r, const json_t *o)
{
	struct history *h = r->h;
	struct ack a = {.when = number(o, "t")};
	unsigned long long n;

	if (number(o, "v") != VERSION)
		return bad(r, "not version 1 of the record");
	if (sscanf(string(o, "line"), "ack %llu %39s", &n, a.boot) != 2)
		return 0; /* the guest said something else */
	a.number = n;
	h->ack = grow(h->ack, h->nacks, sizeof(*h->ack));
	h->ack[h->nacks++] = a;
	return 0;
}

int history_read_acks(struct history *h, const char *path)
{
	struct reader r = {.h = h, .path = path};

	return read_file(&r, read_ack);
}

static int by_submission(const void *a, const void *b)
{
	const struct op *x = a, *y = b;

	return x->submitted < y->submitted ? -1 : x->submitted > y->submitted;
}

void history_sort(struct history *h)
{
	if (h->nops)
		qsort(h->op, h->nops, sizeof(*h->op), by_submission);
}

void history_free(struct history *h)
{
	for (size_t i = 0; i < h->nwords; i++)
		free(h->word[i]);
	free(h->word);
	free(h->opening);
	free(h->op);
	free(h->ack);
	memset(h, 0, sizeof(*h));
}
