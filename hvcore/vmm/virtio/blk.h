/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the block device share: blk.c (requests), blk_setup.c, blk_gate.c (a standby's gate),
 * blk_report.c (errors), blk_keep.c (and what is tried again), blk_throttle.c (limits), blk_query.c (control).
 */
#ifndef VMM_VIRTIO_BLK_H
#define VMM_VIRTIO_BLK_H

#include "hvcore/vmm/block/block.h"
#include "hvcore/vmm/loop.h"
#include "hvcore/vmm/virtio/throttle.h"
#include "hvcore/vmm/virtio/virtio.h"

enum {
	BLK_QUEUE_SIZE = 512, /* so that 1 MiB in scattered pages is one request */
	BLK_SECTOR = 512,     /* bytes: what the device counts in, whatever the guest's sector */
	BLK_DISCARD_MAX = 1 << 22, /* sectors: 2 GiB a request */
	BLK_ZEROES_MAX = 1 << 15,  /* sectors: 16 MiB, which may have to be written */
};

/* One row for each enum block_op. */
struct blk_count {
	uint64_t done, failed, bytes;
};

/* A request that waits, for its turn under a limit or for its disk to be back; embedded in it. */
struct blk_waiting {
	struct blk_waiting *next;
	bool again; /* it has failed before */
	uint64_t bytes;
	uint64_t since; /* host ns */
};

enum blk_gate_state {
	GATE_NONE,   /* a disk like any other */
	GATE_CLOSED, /* no image: capacity 0, every request is an I/O error */
	GATE_OPENING, /* an image was handed over, and its first read is in flight; closed to the guest */
	GATE_OPEN, /* for ever */
	GATE_SEEN, /* and the guest has read the new capacity */
};

struct blk_gate {
	enum blk_gate_state state;
	uint64_t since;   /* host ns: the image was handed over */
	uint64_t refused; /* requests while it was closed */
	uint8_t read;     /* bytes of the new capacity that the guest has read, a bit each */
	uint64_t ticket;  /* of the command that waits for the first read */
	struct block_request probe;
	struct iovec iov;
	uint8_t *buf; /* what it reads into */
};

struct blk {
	struct virtio v;
	struct block block;
	char *serial;
	bool discard;
	unsigned sector; /* bytes: the smallest request, as the guest is told */
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
	struct throttle throttle;
	struct loop_timer turn; /* when the next of those that wait may begin */
	struct blk_waiting *waiting[THROTTLE_WAYS], **waiting_end[THROTTLE_WAYS];
	unsigned
		waits; /* requests that wait; not counted in inflight: nothing of theirs has begun */
	uint64_t throttled; /* requests that had to wait, ever */
	bool pause_on_error;
	struct blk_waiting *kept, **kept_end; /* failed; tried again when the disk may be back */
	unsigned nkept, retrying;             /* retrying: of these in flight, counted there too */
	bool tried, back; /* the last attempt is to be judged; something of it was done */
	uint64_t try_at;  /* host ns: not again before */
	struct blk_gate gate;
	struct blk *next;
};

extern struct blk *blk_list;
extern const struct virtio_device_ops blk_ops;

/* What events and messages call an enum block_op. */
extern const char *const blk_op_name[BLOCK_ZEROES + 1];

/* blk_report_error() - @op failed with @error (-errno): BLOCK_IO_ERROR, now or soon. */
void blk_report_error(struct blk *d, enum block_op op, int error);
void blk_report_init(struct blk *d);

/*
 * blk_keeps() - The request @w has ended with @result: whether it failed on a disk that keeps
 * it, so that the guest is told nothing; the domain is paused then (BOARD_IO_ERROR).
 */
bool blk_keeps(struct blk *d, struct blk_waiting *w, enum block_op op, int result);
/* blk_again() - Try up to @most of them again.  The caller kicks. */
void blk_again(struct blk *d, unsigned most);
/* blk_kept_take() - The first of them; there is one. */
struct blk_waiting *blk_kept_take(struct blk *d);
void blk_keep_init(struct blk *d, bool pause_on_error);

/*
 * blk_hold() - Before a request begins: whether it waits now, and is blk_pass()'s
 * when its turn has come.  Those of one direction pass in order.
 */
bool blk_hold(struct blk *d, struct blk_waiting *w, enum throttle_way way, uint64_t bytes);
/* blk_release() - Begin what may, of those that wait: time has passed, or something changed. */
void blk_release(struct blk *d);
/* blk_forget() - A reset: those that wait, or were kept, will never have been. */
void blk_forget(struct blk *d);
void blk_throttle_init(struct blk *d, const struct hv_limits *l);
/* blk_pass() - blk.c: @w begins now, or (@go false) is thrown away. */
void blk_pass(struct blk_waiting *w, bool go);

/* blk_set_capacity() - Take block.size over into the configuration space. */
void blk_set_capacity(struct blk *d);

/* blk_closed() - Whether the gate is closed to the guest. */
static inline bool blk_closed(const struct blk *d)
{
	return d->gate.state == GATE_CLOSED || d->gate.state == GATE_OPENING;
}

/* blk_gate_read() - virtio_device_ops.config_read: the guest has read configuration. */
void blk_gate_read(struct virtio *v, unsigned off, unsigned size);
/* blk_gate_name() - Of the state, for control; NULL: there is no gate. */
const char *blk_gate_name(const struct blk *d);

#endif
