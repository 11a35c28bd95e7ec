/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HV_LIB_TURN_H
#define HV_LIB_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/config.h"

/* In the run directory; whoever has locked it (OFD) has the turn. */
#define HV_TURN_FILE "starter"

/*
 * hv_turn() - The right to change a domain's run directory, which is made if
 * need be.  Two starters of one domain take turns: the second then finds it
 * running.  It is the turn of what has that name in the end: who waited while the directory
 * was renamed or removed has waited for another one, and begins anew.
 * Returns a descriptor that ends the turn when it is closed;
 * -ETIMEDOUT past @deadline (hv_clock_ms()); -errno.
 */
int hv_turn(const char *name, int64_t deadline, struct hv_error *err);

/* hv_turn_taken() - Whether somebody has it now, or that cannot be told.  Makes nothing. */
bool hv_turn_taken(const char *name);

#endif
