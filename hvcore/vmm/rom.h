/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * <loader>: a test ROM instead of a kernel.  Its bytes are readable below
 * 4 GiB, where they end, and a copy of its last 128 KiB at most ends at 1 MiB;
 * vCPU 0 starts as after a reset, at ffff:0 in that copy (engines execute
 * from RAM only).
 */
#ifndef VMM_ROM_H
#define VMM_ROM_H

#include "hv/config.h"

enum { ROM_MAX = 16 << 20, ROM_SHADOW_MAX = 128 << 10 };

/* rom_load() - From @fd; called again after a reset.  0 or -errno with @err. */
int rom_load(int fd, const char *path, struct hv_error *err);

#endif
