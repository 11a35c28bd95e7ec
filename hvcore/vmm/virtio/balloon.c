/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory balloon (virtio 1.2 §5.5).
 *
 *   queue 0  inflate   arrays of page frame numbers the guest gives up
 *   queue 1  deflate   and takes back (it may touch them at once: they read as zeroes)
 *   queue 2  stats     one buffer that goes to and fro
 *   queue 3  free page reporting; a driver that counts queues it has no feature
 *            for (§5.5.2) calls it 4: as hints are not offered, both are this one
 *
 * The target (num_pages) is a wish, `actual` what the guest says it has done.
 */
#include "hvcore/vmm/virtio/balloon.h"

#include <errno.h>
#include <linux/virtio_balloon.h>
#include <stdlib.h>
#include <string.h>

#include "hvcore/vmm/ram.h"
#include "hvcore/vmm/virtio/devices.h"

enum {
	INFLATE,
	DEFLATE,
	STATS,
	REPORT,
	REPORT_ALSO,
	QUEUES,

	QUEUE_SIZE = 128,
	PFN_BYTES_MAX = 65536, /* of page numbers in one chain; Linux sends 1024 */
	TURN_MAX = 4,          /* chains before the loop serves others */
	EVENT_INTERVAL_NS = 1000 * 1000 * 1000,
	CONFIG_TARGET = 0,
	CONFIG_ACTUAL = 4,
};

struct balloon *balloon_device;

static uint32_t config_get(const struct balloon *b, unsigned off)
{
	uint32_t v;

	memcpy(&v, b->v.config + off, sizeof(v));
	return v;
}

uint64_t balloon_actual(const struct balloon *b)
{
	uint64_t taken = (uint64_t)config_get(b, CONFIG_ACTUAL) * RAM_PAGE;

	return taken < b->memory ? b->memory - taken : 0;
}

uint64_t balloon_target(const struct balloon *b)
{
	return b->memory - (uint64_t)config_get(b, CONFIG_TARGET) * RAM_PAGE;
}

void balloon_set_target(struct balloon *b, uint64_t bytes)
{
	uint32_t pages = (b->memory - bytes) / RAM_PAGE;

	memcpy(b->v.config + CONFIG_TARGET, &pages, sizeof(pages));
	balloon_pace_asked(&b->pace, balloon_actual(b), loop_host_now());
}

/* --- giving memory back --- */

/* A run of pages that is given back in one go. */
struct run {
	uint64_t gpa, len;
};

static void run_flush(struct balloon *b, struct run *r)
{
	if (r->len && !ram_ok(board.ram, r->gpa, r->len))
		guest_fault(b->v.name, "page %#llx is not memory", (unsigned long long)r->gpa);
	else if (r->len && ram_discard(board.ram, r->gpa, r->len))
		b->failed++; /* the page stays the guest's: nothing is lost but the saving */
	r->len = 0;
}

static void run_add(struct balloon *b, struct run *r, uint64_t gpa)
{
	if (r->len && gpa == r->gpa + r->len) {
		r->len += RAM_PAGE;
		return;
	}
	if (r->len && gpa + RAM_PAGE == r->gpa) {
		r->gpa = gpa;
		r->len += RAM_PAGE;
		return;
	}
	run_flush(b, r);
	*r = (struct run){.gpa = gpa, .len = RAM_PAGE};
}

static void inflate(struct balloon *b, const struct virtq_chain *c)
{
	struct run run = {0};
	uint32_t pfn[256];
	uint64_t off = 0;
	size_t n;

	while ((n = virtq_out(c, off, pfn, sizeof(pfn)) / sizeof(pfn[0])) > 0) {
		for (size_t i = 0; i < n; i++)
			run_add(b, &run, (uint64_t)pfn[i] << VIRTIO_BALLOON_PFN_SHIFT);
		off += n * sizeof(pfn[0]);
	}
	run_flush(b, &run);
}

/* Reported pages: the buffers themselves, given back as far as they are whole pages. */
static void report(struct balloon *b, const struct virtq_chain *c)
{
	for (unsigned i = c->nout; i < c->nout + c->nin; i++) {
		const struct virtq_seg *s = &c->seg[i];
		uint64_t from = (s->gpa + RAM_PAGE - 1) & ~(uint64_t)(RAM_PAGE - 1);
		uint64_t to = (s->gpa + s->len) & ~(uint64_t)(RAM_PAGE - 1);

		if (to > from && ram_discard(board.ram, from, to - from) == 0)
			b->reported += to - from;
	}
}

static void page_queue(struct balloon *b, struct virtq *q, bool reporting)
{
	unsigned budget = TURN_MAX;
	struct virtq_chain c;

	while (virtq_take(q, &c, &budget)) {
		if (c.out_len > PFN_BYTES_MAX) {
			virtio_broken(&b->v, "%llu bytes of page numbers at once",
				      (unsigned long long)c.out_len);
			return;
		}
		if (reporting)
			report(b, &c);
		else if (q->index == INFLATE)
			inflate(b, &c);
		virtq_push(q, c.head, 0);
	}
}

static void balloon_kick(struct virtio *v, struct virtq *q)
{
	struct balloon *b = (struct balloon *)v;

	if (q->index == STATS && virtio_has(v, VIRTIO_BALLOON_F_STATS_VQ))
		balloon_stats_kick(b, q);
	else
		page_queue(b, q, q->index >= STATS);
}

/* --- what the guest says --- */

static void change_event(struct balloon *b)
{
	uint64_t now = loop_host_now();

	b->event_at = now;
	event_emit("BALLOON_CHANGE", json_pack("{s:I}", "actual", (json_int_t)balloon_actual(b)));
}

static void change_later(struct loop_timer *t)
{
	change_event((struct balloon *)((char *)t - offsetof(struct balloon, event)));
}

/* The driver says how many pages it has given: often, so events are spaced and the last one counts. */
static void balloon_config_write(struct virtio *v, unsigned off, unsigned size, uint32_t value)
{
	struct balloon *b = (struct balloon *)v;

	if (off != CONFIG_ACTUAL || size != 4) {
		guest_fault(v->name, "write of %u bytes at %u of the configuration", size, off);
		return;
	}
	memcpy(v->config + CONFIG_ACTUAL, &value, sizeof(value));
	balloon_pace_moved(&b->pace, balloon_actual(b), loop_host_now());
	if (b->event_at && loop_host_now() - b->event_at < EVENT_INTERVAL_NS)
		loop_host_timer_arm(&b->event, b->event_at + EVENT_INTERVAL_NS);
	else
		change_event(b);
}

static void balloon_reset(struct virtio *v)
{
	struct balloon *b = (struct balloon *)v;

	/* A guest that starts over has all its memory again; the target stays. */
	memset(v->config + CONFIG_ACTUAL, 0, sizeof(uint32_t));
	balloon_stats_reset(b);
}

static const struct virtio_device_ops balloon_ops = {
	.id = 5,
	.class_code = 0x00ff00, /* no class fits */
	.features = 1ULL << VIRTIO_BALLOON_F_STATS_VQ,
	.kick = balloon_kick,
	.reset = balloon_reset,
	.start = balloon_stats_start,
	.config_write = balloon_config_write,
};

int virtio_balloon_create(const struct hv_config *c, struct hv_error *err)
{
	struct balloon *b = calloc(1, sizeof(*b));
	int rc;

	if (!b)
		return hv_err(err, -ENOMEM, "balloon: no memory for the device");
	b->v.ops = &balloon_ops;
	b->v.name = "balloon0";
	b->v.nqueues = QUEUES;
	b->v.config_len = 8;
	b->memory = c->memory;
	b->period = c->balloon_stats_period;
	b->event.expired = change_later;
	if (c->free_page_reporting)
		b->v.features |= 1ULL << VIRTIO_BALLOON_F_REPORTING;
	if (c->balloon_autodeflate)
		b->v.features |= 1ULL << VIRTIO_BALLOON_F_DEFLATE_ON_OOM;
	balloon_set_target(b, c->current_memory);
	balloon_stats_init(b);
	rc = virtio_add(&b->v, QUEUE_SIZE, err);
	if (!rc)
		balloon_device = b;
	return rc;
}
