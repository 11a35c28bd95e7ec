/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What machine.c, machine_state.c, io_retry.c, setup.c and info.c share. */
#ifndef VMM_MACHINE_PRIVATE_H
#define VMM_MACHINE_PRIVATE_H

#include <stdint.h>

#include "hv/config.h"
#include "machine.h"

extern char machine_engine_why[200];

struct machine_counts {
	uint64_t resets, pauses;
};
extern struct machine_counts machine_counts;

/* machine_state.c */
void machine_set_state(enum machine_state to);
bool machine_resumable(void);

/* io_retry_begin() - io_retry.c: the state is MACHINE_IO_ERROR from now on. */
void io_retry_begin(void);

int machine_wake_init(struct hv_error *err);
void machine_wake_fini(void);

#endif
