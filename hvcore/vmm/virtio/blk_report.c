/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O errors, to the operator: an event each, but not a flood of them from a
 * dead disk.  The last one of a burst is always told.
 */
#include <errno.h>
#include <string.h>

#include "hvcore/vmm/virtio/blk.h"

enum { EVENT_INTERVAL_NS = 100 * 1000 * 1000 };

const char *const blk_op_name[BLOCK_ZEROES + 1] = {
	[BLOCK_READ] = "read",       [BLOCK_WRITE] = "write",  [BLOCK_FLUSH] = "write",
	[BLOCK_DISCARD] = "discard", [BLOCK_ZEROES] = "write",
};

static void report_now(struct blk *d)
{
	event_emit("BLOCK_IO_ERROR",
		   json_pack("{s:s, s:s, s:s, s:b, s:s, s:I}", "device", d->v.name, "operation",
			     blk_op_name[d->last_op], "action",
			     d->pause_on_error ? "stop" : "report", "nospace",
			     d->last_error == -ENOSPC, "reason", strerror(-d->last_error),
			     "x-taiki-errors", (json_int_t)d->unreported));
	d->event_at = loop_host_now();
	d->unreported = 0;
}

static void report_later(struct loop_timer *t)
{
	report_now((struct blk *)((char *)t - offsetof(struct blk, event)));
}

void blk_report_init(struct blk *d)
{
	d->event.expired = report_later;
}

void blk_report_error(struct blk *d, enum block_op op, int error)
{
	d->last_op = op;
	d->last_error = error;
	d->unreported++;
	if (d->event_at && loop_host_now() - d->event_at < EVENT_INTERVAL_NS)
		loop_host_timer_arm(&d->event, d->event_at + EVENT_INTERVAL_NS);
	else
		report_now(d);
}
