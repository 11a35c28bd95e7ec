/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the QMP server talks to, with nothing behind it: a loop that is turned
 * by hand, a machine that only remembers, and devices that answer from memory.
 */
#ifndef TEST_CONTROL_FAKES_H
#define TEST_CONTROL_FAKES_H

#include <stdbool.h>
#include <stdint.h>

#include "hvcore/vmm/machine.h"

struct fakes {
	enum machine_state state;
	unsigned resets, powerdowns, quits;
	int powerdown_rc;
	uint64_t balloon; /* 0: there is none */
	uint64_t disk_size;
	bool link_up;
	char adopted[64]; /* the name it was given */
	char role[64];    /* the line that was said, "+": to be kept */
	uint64_t gate_ticket;
	uint64_t gate_nbd, gate_vhost;
	/* the size of the export that a gate was opened with; 0: an image */ /* of who opened the gate of "vdb"; 0: nobody */
	unsigned log_lines, nmis;
	uint64_t io_error_ms, owing_ms;
	struct hv_limits limits; /* set last, of whatever */
	char watchdog[20];       /* the action it was set to last */
};
extern struct fakes fakes;

/* fakes_reset() - As at start: running, a balloon of 64 MiB, one disk "vda". */
void fakes_reset(void);

/* fake_loop_turn() - Serve whatever is ready within @ms; how many handlers ran. */
int fake_loop_turn(int ms);

#endif
