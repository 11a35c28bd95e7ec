// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The judgement over registers.  With a value of its own for every write it is decided by zones (Gibbons
 * and Korach, "Testing shared memories", 1997): the zone of a value lies between the first end and the last
 * beginning of what belongs to it, its write and the reads that saw it.  Where the end comes first the
 * register had to hold the value all that time ("forward"); else there is a moment that suits all of
 * them ("backward").  An order exists if no two forward zones overlap and no backward one lies
 * within a forward one.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "register.h"

/* Complaints of one round; more of them say nothing new. */
enum { ENOUGH = 10 };

/* All that belongs to one value of one sector. */
struct zone {
	uint32_t value;
	bool read;                      /* it was seen */
	uint64_t asked, done;           /* its write */
	uint64_t first_end, last_begin; /* of write and reads */
	uint64_t durable;               /* when a flush that covers it was over */
};

struct zones {
	struct zone *at;
	size_t n;
	uint32_t sector;
	const struct register_round *round;
	FILE *out;
	long violations;
};

static bool covers(const struct register_op *op, uint32_t sector)
{
	return op->verb != REGISTER_FLUSH && sector >= op->first && sector - op->first < op->count;
}

__attribute__((format(printf, 2, 3))) static void complain(struct zones *z, const char *fmt, ...)
{
	va_list ap;

	if (++z->violations > ENOUGH)
		return;
	fprintf(z->out, "VIOLATION sector %" PRIu32 ": ", z->sector);
	va_start(ap, fmt);
	vfprintf(z->out, fmt, ap);
	va_end(ap);
	fputc('\n', z->out);
}

static struct zone *find(struct zones *z, uint32_t value)
{
	for (size_t i = 0; i < z->n; i++)
		if (z->at[i].value == value)
			return &z->at[i];
	return NULL;
}

/* durable_at() - When the first flush was over that began after @told; a flush that failed proves nothing. */
static uint64_t durable_at(const struct register_round *r, uint64_t told)
{
	uint64_t first = REGISTER_NEVER;

	for (size_t i = 0; i < r->nops; i++) {
		const struct register_op *f = &r->op[i];

		if (f->verb == REGISTER_FLUSH && f->asked > told && f->told < first)
			first = f->told;
	}
	return first;
}

static void add(struct zones *z, const struct register_op *w)
{
	bool told = w->told != REGISTER_NEVER;
	struct zone *v = &z->at[z->n++];

	*v = (struct zone){.value = w->value,
			   .asked = w->asked,
			   .done = told ? w->told : z->round->settled,
			   .durable = REGISTER_NEVER};
	v->first_end = v->done;
	v->last_begin = v->asked;
	if (told && z->round->caches_lost)
		v->durable = w->durable ? w->told : durable_at(z->round, w->told);
}

/* What the round begins with was there, on stable storage, before anything else. */
static void add_before(struct zones *z)
{
	z->at[z->n++] = (struct zone){.value = z->round->before[z->sector]};
}

static void see(struct zones *z, uint32_t value, uint64_t asked, uint64_t told)
{
	struct zone *v = find(z, value);

	if (!v) {
		complain(
			z, "%s",
			value == REGISTER_TORN
				? "it holds parts of several writes, or of none"
				: "a value is read that this round has not written, and did not begin with");
		return;
	}
	if (told < v->asked)
		complain(z, "write %" PRIu32 " is read before it was asked for", value);
	v->read = true;
	if (told < v->first_end)
		v->first_end = told;
	if (asked > v->last_begin)
		v->last_begin = asked;
}

static bool is_forward(const struct zone *v)
{
	return v->first_end < v->last_begin;
}

/* A write that nobody was told of and nobody has seen: as if it had not been. */
static bool counts(const struct zones *z, const struct zone *v)
{
	return v->read || v->done < z->round->settled;
}

static int by_begin(const void *a, const void *b)
{
	const struct zone *x = *(struct zone *const *)a, *y = *(struct zone *const *)b;

	return x->first_end < y->first_end ? -1 : x->first_end > y->first_end;
}

/* within() - The forward zone that @v lies in; @forward does not overlap, and is in order. */
static const struct zone *within(struct zone *const *forward, size_t n, const struct zone *v)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (forward[mid]->first_end < v->last_begin)
			low = mid + 1;
		else
			high = mid;
	}
	return low && v->first_end < forward[low - 1]->last_begin ? forward[low - 1] : NULL;
}

static void judge_order(struct zones *z, struct zone **forward)
{
	size_t n = 0;

	for (size_t i = 0; i < z->n; i++)
		if (is_forward(&z->at[i]))
			forward[n++] = &z->at[i];
	qsort(forward, n, sizeof(struct zone *), by_begin);
	for (size_t i = 0; i + 1 < n; i++) {
		if (forward[i]->last_begin <= forward[i + 1]->first_end)
			continue;
		complain(z, "write %" PRIu32 " is read after write %" PRIu32 " was there",
			 forward[i]->value, forward[i + 1]->value);
		return;
	}
	for (size_t i = 0; i < z->n; i++) {
		const struct zone *v = &z->at[i];
		const struct zone *f = is_forward(v) || !counts(z, v) ? NULL
								      : within(forward, n, v);

		if (f)
			complain(z,
				 "write %" PRIu32 ", which was %s, is lost: write %" PRIu32
				 " was there before it, and is read after it",
				 v->value, v->done < z->round->settled ? "done" : "seen, not done",
				 f->value);
	}
}

/* judge_lost() - The caches are gone: what a sector holds may be old, but no older than what was flushed. */
static void judge_lost(struct zones *z)
{
	uint32_t value = z->round->after[z->sector];
	const struct zone *v = find(z, value);

	if (!v) {
		see(z, value, z->round->settled, REGISTER_NEVER);
		return;
	}
	for (size_t i = 0; i < z->n; i++) {
		const struct zone *w = &z->at[i];

		if (w->durable == REGISTER_NEVER || w == v || v->done >= w->asked)
			continue;
		complain(z,
			 "write %" PRIu32 ", which was flushed, is lost: there is write %" PRIu32
			 ", which was over before it",
			 w->value, value);
		return;
	}
}

static void judge(struct zones *z, struct zone **forward)
{
	const struct register_round *r = z->round;

	z->n = 0;
	add_before(z);
	for (size_t i = 0; i < r->nops; i++)
		if (r->op[i].verb == REGISTER_WRITE && covers(&r->op[i], z->sector))
			add(z, &r->op[i]);
	for (size_t i = 0; i < r->nops; i++) {
		const struct register_op *op = &r->op[i];

		if (op->verb == REGISTER_READ && op->told != REGISTER_NEVER &&
		    covers(op, z->sector))
			see(z, op->seen[z->sector - op->first], op->asked, op->told);
	}
	if (r->caches_lost)
		judge_lost(z);
	else
		see(z, r->after[z->sector], r->settled, REGISTER_NEVER);
	judge_order(z, forward);
}

long register_check(const struct register_round *r, FILE *out)
{
	struct zones z = {.round = r, .out = out};
	struct zone **forward = calloc(r->nops + 1, sizeof(struct zone *));

	z.at = calloc(r->nops + 1, sizeof(*z.at));
	if (!z.at || !forward) {
		z.violations = -1;
		goto out;
	}
	for (z.sector = 0; z.sector < r->sectors; z.sector++)
		judge(&z, forward);
out:
	free(z.at);
	free(forward);
	return z.violations;
}
