/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The balloon's statistics queue (virtio 1.2 §5.5.6.3), and the balloon as the
 * control connection sees it.
 *
 * The driver hands in one buffer; giving it back asks for new figures, which
 * come in the same buffer.  So the device holds it between two questions.
 */
#include <errno.h>
#include <linux/virtio_balloon.h>
#include <string.h>
#include <time.h>

#include "hvcore/vmm/clock.h"
#include "hvcore/vmm/virtio/balloon.h"
#include "hvcore/vmm/virtio/devices.h"

enum { STATS_QUEUE = 2, PERIOD_MAX = 24 * 3600 };

#define SECOND_NS 1000000000ULL

static const char *const stat_name[BALLOON_STATS] = {
	[VIRTIO_BALLOON_S_SWAP_IN] = "stat-swap-in",
	[VIRTIO_BALLOON_S_SWAP_OUT] = "stat-swap-out",
	[VIRTIO_BALLOON_S_MAJFLT] = "stat-major-faults",
	[VIRTIO_BALLOON_S_MINFLT] = "stat-minor-faults",
	[VIRTIO_BALLOON_S_MEMFREE] = "stat-free-memory",
	[VIRTIO_BALLOON_S_MEMTOT] = "stat-total-memory",
	[VIRTIO_BALLOON_S_AVAIL] = "stat-available-memory",
	[VIRTIO_BALLOON_S_CACHES] = "stat-disk-caches",
	[VIRTIO_BALLOON_S_HTLB_PGALLOC] = "stat-htlb-pgalloc",
	[VIRTIO_BALLOON_S_HTLB_PGFAIL] = "stat-htlb-pgfail",
};

static void ask_again(struct balloon *b)
{
	if (b->period && (b->v.status & 4 /* DRIVER_OK */))
		loop_timer_arm(&b->ask, clock_now(board.clock) + b->period * SECOND_NS);
}

static void ask(struct loop_timer *t)
{
	struct balloon *b = (struct balloon *)((char *)t - offsetof(struct balloon, ask));

	if (b->holding && virtio_live(&b->v)) {
		b->holding = false;
		virtq_push(&b->v.queue[STATS_QUEUE], b->held, 0);
	}
	ask_again(b);
}

void balloon_stats_init(struct balloon *b)
{
	b->ask.expired = ask;
}

void balloon_stats_start(struct virtio *v)
{
	ask_again((struct balloon *)v);
}

void balloon_stats_reset(struct balloon *b)
{
	loop_timer_cancel(&b->ask);
	b->holding = false;
	b->known = 0;
	b->stats_at = 0;
}

static void take(struct balloon *b, const struct virtq_chain *c)
{
	struct virtio_balloon_stat s; /* packed: le16 tag, le64 value */

	/* More than we know are passed over; more than that are not looked at. */
	for (unsigned i = 0; i < 4 * BALLOON_STATS; i++) {
		if (virtq_out(c, i * sizeof(s), &s, sizeof(s)) != sizeof(s))
			break;
		if (s.tag < BALLOON_STATS && stat_name[s.tag]) {
			b->stat[s.tag] = s.val;
			b->known |= 1U << s.tag;
		}
	}
	b->stats_at = time(NULL);
}

void balloon_stats_kick(struct balloon *b, struct virtq *q)
{
	unsigned budget = 4; /* one is what a driver has */
	struct virtq_chain c;

	while (virtq_take(q, &c, &budget)) {
		/* A driver has one buffer; a second one goes back at once. */
		if (b->holding)
			virtq_push(q, b->held, 0);
		take(b, &c);
		b->holding = true;
		b->held = c.head;
	}
}

/* --- control --- */

int virtio_balloon_set(uint64_t bytes, struct hv_error *err)
{
	struct balloon *b = balloon_device;

	if (!b)
		return hv_err(err, -ENODEV, "the domain has no balloon; add <memballoon> to it");
	if (bytes == 0 || bytes > b->memory)
		return hv_err(err, -EINVAL,
			      "the guest cannot be left with %llu bytes; give 1 to %llu",
			      (unsigned long long)bytes, (unsigned long long)b->memory);
	balloon_set_target(b, bytes);
	virtio_config_changed(&b->v);
	return 0;
}

bool virtio_balloon_actual(uint64_t *bytes)
{
	if (!balloon_device)
		return false;
	*bytes = balloon_actual(balloon_device);
	return true;
}

static const char *state_of(const struct balloon *b, uint64_t now)
{
	if (balloon_actual(b) == balloon_target(b))
		return "reached";
	if (!(b->v.status & 4 /* DRIVER_OK */))
		return "no-driver";
	return balloon_pace_stalled(&b->pace, now) ? "stalled" : "moving";
}

json_t *virtio_balloon_query(void)
{
	const struct balloon *b = balloon_device;
	uint64_t now = loop_host_now();

	if (!b) {
		json_int_t all = (json_int_t)board.config->memory;

		return json_pack("{s:I, s:I, s:I, s:I, s:s}", "maximum", all, "asked", all,
				 "reached", all, "rate", (json_int_t)0, "state", "fixed");
	}
	return json_pack("{s:I, s:I, s:I, s:I, s:s}", "maximum", (json_int_t)b->memory, "asked",
			 (json_int_t)balloon_target(b), "reached", (json_int_t)balloon_actual(b),
			 "rate", (json_int_t)balloon_pace_rate(&b->pace, balloon_actual(b), now),
			 "state", state_of(b, now));
}

json_t *virtio_balloon_stats(void)
{
	const struct balloon *b = balloon_device;
	json_t *stats = json_object();

	if (!b)
		return json_pack("{s:i, s:o}", "last-update", 0, "stats", stats);
	for (unsigned i = 0; i < BALLOON_STATS; i++)
		if (b->known >> i & 1)
			json_object_set_new(stats, stat_name[i],
					    json_integer((json_int_t)b->stat[i]));
	return json_pack("{s:I, s:o, s:I, s:I}", "last-update", (json_int_t)b->stats_at, "stats",
			 stats, "x-taiki-reported", (json_int_t)b->reported, "x-taiki-failed",
			 (json_int_t)b->failed);
}

int virtio_balloon_stats_period(unsigned seconds, struct hv_error *err)
{
	struct balloon *b = balloon_device;

	if (!b)
		return hv_err(err, -ENODEV, "the domain has no balloon; add <memballoon> to it");
	if (seconds > PERIOD_MAX)
		return hv_err(err, -EINVAL, "a period of %u s is too long; give 0 (off) to %d",
			      seconds, PERIOD_MAX);
	b->period = seconds;
	loop_timer_cancel(&b->ask);
	ask_again(b);
	return 0;
}
