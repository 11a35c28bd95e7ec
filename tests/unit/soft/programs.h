/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOFT_PROGRAMS_H
#define SOFT_PROGRAMS_H

#include <stdint.h>

enum { PROGRAM = 0x100000, RESULT = 0x7000 };

extern const uint8_t program_device[], program_device_end[];
extern const uint8_t program_self[], program_self_end[];
extern const uint8_t program_step[], program_step_end[];
extern const uint8_t program_breakpoints[], program_breakpoints_end[];

#endif
