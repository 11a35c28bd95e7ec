/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the block device share: blk.c (requests), blk_report.c (errors), blk_query.c (control). */
#ifndef VMM_VIRTIO_BLK_H
#define VMM_VIRTIO_BLK_H

#include "hvcore/vmm/block/block.h"
#include "hvcore/vmm/loop.h"
#include "hvcore/vmm/virtio/virtio.h"

/* One row for each enum block_op. */
struct blk_count {
	uint64_t done, failed, bytes;
};

struct blk {
	struct virtio v;
	struct block block;
	char *serial;
	bool discard;
	unsigned inflight;
	uint64_t began; /* host ns since when nothing was answered; 0: nothing is owed */
	struct blk_count count[BLOCK_ZEROES + 1];
	unsigned index;        /* in the configuration, and on the progress page */
	uint64_t done, failed; /* all of count[] */
	uint64_t refused;      /* requests the guest made wrong */
	uint64_t event_at;     /* host ns of the last BLOCK_IO_ERROR event */
	uint64_t unreported;   /* errors since */
	enum block_op last_op; /* the last of them */
	int last_error;
	struct loop_timer event; /* a BLOCK_IO_ERROR held back */
	struct blk *next;
};

extern struct blk *blk_list;

/* What events and messages call an enum block_op. */
extern const char *const blk_op_name[BLOCK_ZEROES + 1];

/* blk_report_error() - @op failed with @error (-errno): BLOCK_IO_ERROR, now or soon. */
void blk_report_error(struct blk *d, enum block_op op, int error);
void blk_report_init(struct blk *d);

/* blk_set_capacity() - Take block.size over into the configuration space. */
void blk_set_capacity(struct blk *d);

#endif
