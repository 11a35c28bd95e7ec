/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the halves of the balloon share: balloon.c (pages), balloon_stats.c (statistics, control). */
#ifndef VMM_VIRTIO_BALLOON_H
#define VMM_VIRTIO_BALLOON_H

#include "hvcore/vmm/loop.h"
#include "hvcore/vmm/virtio/virtio.h"

enum { BALLOON_STATS = 16 }; /* tags we keep; Linux 6.1 knows 10 */

/*
 * How fast the guest's memory moves: what it had when it was asked or, later,
 * up to two windows ago, and what it has.  Host time.
 */
struct balloon_pace {
	uint64_t asked_at, moved_at; /* ns */
	struct {
		uint64_t at, bytes;
	} from, mark;
};

struct balloon {
	struct virtio v;
	uint64_t memory;         /* bytes the guest has when the balloon is empty */
	uint64_t reported;       /* bytes given back by free page reporting, ever */
	uint64_t failed;         /* runs of pages the host could not take */
	struct loop_timer event; /* BALLOON_CHANGE held back */
	uint64_t event_at;       /* host ns of the last one */

	struct balloon_pace pace;

	unsigned period;       /* seconds between requests for statistics, 0: none */
	struct loop_timer ask; /* guest clock: a stopped guest is not asked */
	bool holding;          /* we have the statistics buffer, its chain is `held` */
	uint16_t held;
	int64_t stats_at; /* CLOCK_REALTIME seconds of the last answer, 0: never */
	uint64_t stat[BALLOON_STATS];
	uint32_t known; /* bit per tag that was answered */
};

extern struct balloon *balloon_device; /* the one of this domain, or NULL */

uint64_t balloon_actual(const struct balloon *b);
uint64_t balloon_target(const struct balloon *b);
void balloon_set_target(struct balloon *b, uint64_t bytes);

/* balloon_pace.c: pure. */
void balloon_pace_asked(struct balloon_pace *p, uint64_t bytes, uint64_t now);
void balloon_pace_moved(struct balloon_pace *p, uint64_t bytes, uint64_t now);
/* balloon_pace_rate() - Bytes a second, now that it has @bytes; 0 when it has not moved for a window. */
int64_t balloon_pace_rate(const struct balloon_pace *p, uint64_t bytes, uint64_t now);
/* balloon_pace_stalled() - Whether it was asked, and has not moved, for longer than a window. */
bool balloon_pace_stalled(const struct balloon_pace *p, uint64_t now);

void balloon_stats_init(struct balloon *b);
void balloon_stats_start(struct virtio *v);
void balloon_stats_reset(struct balloon *b);
void balloon_stats_kick(struct balloon *b, struct virtq *q);

#endif
