// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The judgement: history.h says what is decided here.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "history.h"

/* Complaints of one kind about one pair of openings; more of them say nothing new. */
enum { ENOUGH = 5 };

uint64_t history_hash(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325U;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3U;
	return h;
}

static bool same_process(const struct opening *a, const struct opening *b)
{
	return a->node == b->node && a->boot == b->boot && a->pid == b->pid && a->start == b->start;
}

/* Whether an opening makes its process a writer of the file. */
static bool is_writer(const struct opening *o)
{
	return o->writable && (o->closed == NEVER || o->writes || o->flushes);
}

/* Whether @op put something on the disk, for others to find. */
static bool has_effect(const struct op *op)
{
	return op->completed != NEVER && op->rc >= 0 && (!op->flush || op->destaged);
}

size_t check_writers(const struct history *h, FILE *out)
{
	size_t violations = 0;

	for (size_t b = 0; b < h->nopenings; b++) {
		const struct opening *later = &h->opening[b];
		size_t said = 0;

		if (!is_writer(later) || (h->shared && !strcmp(h->shared, later->path)))
			continue;
		for (size_t i = 0; i < h->nops; i++) {
			const struct op *op = &h->op[i];
			const struct opening *first = &h->opening[op->opening];

			if (first->ino != later->ino || same_process(first, later) ||
			    first->opened > later->opened || !has_effect(op) ||
			    op->completed < later->opened)
				continue;
			violations++;
			if (++said > ENOUGH)
				continue;
			fprintf(out,
				"VIOLATION two writers: %s: %s of %" PRIu64 " bytes at %" PRIu64
				" by %s completed %.3f ms after %s had opened it\n",
				first->path, op->flush ? "a flush" : "a write", op->len, op->off,
				first->label, (double)(op->completed - later->opened) / 1e6,
				later->label);
		}
	}
	return violations;
}

/* Whether write @w was made durable before @until, by a flush of the same host. */
static bool is_flushed(const struct history *h, const struct op *w, uint64_t until)
{
	const struct opening *by = &h->opening[w->opening];

	if (w->completed == NEVER || w->rc < 0 || w->completed > until)
		return false;
	if (w->destaged)
		return true;
	for (size_t i = (size_t)(w - h->op); i < h->nops; i++) {
		const struct op *f = &h->op[i];
		const struct opening *at = &h->opening[f->opening];

		if (f->submitted > until)
			break;
		if (f->flush && at->ino == by->ino && at->node == by->node &&
		    at->boot == by->boot && f->submitted >= w->completed && f->completed <= until &&
		    f->rc >= 0)
			return true;
	}
	return false;
}

static uint64_t place_of(const struct image *image, const struct ack *a)
{
	return image->at + a->number * RECORD_SIZE;
}

static bool is_its(const struct image *image, uint64_t ino)
{
	return ino == image->ino || (image->mirror && ino == image->mirror);
}

/* Whether record @a was written and flushed before it was acknowledged. */
static bool was_flushed(const struct history *h, const struct image *image, const struct ack *a)
{
	uint64_t off = place_of(image, a);

	for (size_t i = 0; i < h->nops && h->op[i].submitted < a->when; i++) {
		const struct op *w = &h->op[i];

		if (!w->flush && is_its(image, h->opening[w->opening].ino) && w->off <= off &&
		    w->off + w->len >= off + RECORD_SIZE && is_flushed(h, w, a->when))
			return true;
	}
	return false;
}

static size_t check_acks(const struct history *h, const struct image *image, FILE *out)
{
	size_t violations = 0;

	for (size_t i = 0; i < h->nacks; i++) {
		const struct ack *a = &h->ack[i];
		char want[128], have[sizeof(want)] = "";
		int len = snprintf(want, sizeof(want), "taiki-record %" PRIu64 " %s\n", a->number,
				   a->boot);
		ssize_t n = pread(image->fd, have, (size_t)len, (off_t)place_of(image, a));

		if (n != len || memcmp(want, have, (size_t)len) != 0) {
			have[n > 0 ? n : 0] = '\0';
			have[strcspn(have, "\n")] = '\0';
			if (++violations <= ENOUGH)
				fprintf(out,
					"VIOLATION lost: record %" PRIu64
					" of boot %s was acknowledged, the image holds '%s'\n",
					a->number, a->boot, have);
		}
		if (!was_flushed(h, image, a)) {
			if (++violations <= ENOUGH)
				fprintf(out,
					"VIOLATION not flushed: record %" PRIu64
					" of boot %s was acknowledged before it was on disk\n",
					a->number, a->boot);
		}
	}
	return violations;
}

/* last_writes() - For each sector of the image, 1 + the index of the last write to it. */
static uint32_t *last_writes(const struct history *h, const struct image *image)
{
	uint64_t sectors = image->size / SECTOR_SIZE;
	uint32_t *last = calloc(sectors + 1, sizeof(*last));

	for (size_t i = 0; last && i < h->nops; i++) {
		const struct op *w = &h->op[i];

		if (w->flush || h->opening[w->opening].ino != image->ino || w->len == 0)
			continue;
		for (uint64_t s = w->off / SECTOR_SIZE;
		     s <= (w->off + w->len - 1) / SECTOR_SIZE && s < sectors; s++)
			last[s] = (uint32_t)i + 1;
	}
	return last;
}

/* Whether @w is the last write to every sector it touches. */
static bool is_last(const uint32_t *last, const struct image *image, const struct op *w, size_t i)
{
	uint64_t end = w->off + w->len;

	if (w->len == 0 || end > image->size / SECTOR_SIZE * SECTOR_SIZE)
		return false;
	for (uint64_t s = w->off / SECTOR_SIZE; s <= (end - 1) / SECTOR_SIZE; s++) {
		if (last[s] != i + 1)
			return false;
	}
	return true;
}

static size_t check_content(const struct history *h, const struct image *image, FILE *out)
{
	uint32_t *last = last_writes(h, image);
	size_t violations = 0;

	for (size_t i = 0; last && i < h->nops; i++) {
		const struct op *w = &h->op[i];
		char *data;

		if (w->flush || !w->hash || h->opening[w->opening].ino != image->ino ||
		    !is_last(last, image, w, i) || !is_flushed(h, w, NEVER - 1))
			continue;
		data = malloc(w->len);
		if (data && pread(image->fd, data, w->len, (off_t)w->off) == (ssize_t)w->len &&
		    history_hash(data, w->len) != w->hash && ++violations <= ENOUGH)
			fprintf(out,
				"VIOLATION altered: %" PRIu64 " bytes at %" PRIu64
				", written and flushed by %s, are not in the image\n",
				w->len, w->off, h->opening[w->opening].label);
		free(data);
	}
	free(last);
	return violations;
}

size_t check_image(const struct history *h, const struct image *image, FILE *out)
{
	return check_acks(h, image, out) + check_content(h, image, out);
}
