// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Paused on an I/O error: the disks' requests are tried again until all are done, then the
 * guest goes on.  It never sees that anything failed.
 */
#include "log.h"
#include "loop.h"
#include "machine.h"
#include "machine_private.h"
#include "virtio/devices.h"

enum { LOOK_NS = 50 * 1000 * 1000 }; /* how soon an attempt that is under way is looked at */

static struct loop_timer timer;
static uint64_t since; /* host ns */

uint64_t machine_io_error_ms(void)
{
	return machine_state() == MACHINE_IO_ERROR ? (loop_host_now() - since) / 1000000 : 0;
}

static void look(struct loop_timer *t)
{
	struct hv_error err;

	if (machine_state() != MACHINE_IO_ERROR)
		return;
	switch (virtio_blk_retry()) {
	case BLK_RETRY_UNDER_WAY: loop_host_timer_arm(t, loop_host_now() + LOOK_NS); break;
	case BLK_RETRY_FAILED: loop_host_timer_arm(t, loop_host_now() + BLK_RETRY_NS); break;
	case BLK_RETRY_NOTHING:
		log_line(LOG_NOTICE, "its disks answer again after %llu ms: resumed",
			 (unsigned long long)machine_io_error_ms());
		if (machine_resume(&err))
			log_line(LOG_ERROR, "%s", err.text);
		break;
	}
}

void io_retry_begin(void)
{
	log_line(LOG_WARNING, "paused on an I/O error: what failed is tried again every second");
	since = loop_host_now();
	timer.expired = look;
	loop_host_timer_arm(&timer, since + BLK_RETRY_NS);
}
