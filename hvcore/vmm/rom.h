/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * <loader>: a test ROM instead of a kernel.  It ends at 4 GiB, where vCPU 0
 * begins after a reset (F000:FFF0 with CS at FFFF0000, SDM 3A §10.1.4), and is
 * executed there.  As on a PC, its last 128 KiB at most are found below 1 MiB
 * too, in RAM.
 */
#ifndef VMM_ROM_H
#define VMM_ROM_H

#include "hv/config.h"

enum { ROM_MAX = 16 << 20, ROM_SHADOW_MAX = 128 << 10 };

/* rom_load() - From @fd; called again after a reset.  0 or -errno with @err. */
int rom_load(int fd, const char *path, struct hv_error *err);

#endif
