/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What machine.c, setup.c and info.c share. */
#ifndef VMM_MACHINE_PRIVATE_H
#define VMM_MACHINE_PRIVATE_H

#include <stdint.h>

#include "hv/config.h"

extern char machine_engine_why[200];

struct machine_counts {
	uint64_t resets, pauses;
};
extern struct machine_counts machine_counts;

int machine_wake_init(struct hv_error *err);
void machine_wake_fini(void);

#endif
