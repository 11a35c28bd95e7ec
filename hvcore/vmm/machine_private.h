/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What machine.c and setup.c share. */
#ifndef VMM_MACHINE_PRIVATE_H
#define VMM_MACHINE_PRIVATE_H

#include <stdbool.h>

#include "hv/config.h"

extern char machine_engine_why[200];

int machine_wake_init(struct hv_error *err);
void machine_wake_fini(void);

#endif
