/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the halves of the balloon share: balloon.c (pages), balloon_stats.c (statistics, control). */
#ifndef VMM_VIRTIO_BALLOON_H
#define VMM_VIRTIO_BALLOON_H

#include "hvcore/vmm/loop.h"
#include "hvcore/vmm/virtio/virtio.h"

enum { BALLOON_STATS = 16 }; /* tags we keep; Linux 6.1 knows 10 */

struct balloon {
	struct virtio v;
	uint64_t memory;         /* bytes the guest has when the balloon is empty */
	uint64_t reported;       /* bytes given back by free page reporting, ever */
	uint64_t failed;         /* runs of pages the host could not take */
	struct loop_timer event; /* BALLOON_CHANGE held back */
	uint64_t event_at;       /* host ns of the last one */

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
void balloon_set_target(struct balloon *b, uint64_t bytes);

void balloon_stats_init(struct balloon *b);
void balloon_stats_start(struct virtio *v);
void balloon_stats_reset(struct balloon *b);
void balloon_stats_kick(struct balloon *b, struct virtq *q);

#endif
