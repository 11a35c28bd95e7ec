/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VMM_ENGINE_CALIBRATE_H
#define VMM_ENGINE_CALIBRATE_H

#include <stdint.h>

/*
 * kvm_calibrate() - How many instructions a second /dev/kvm executes of a
 * 64-bit paged loop.  Measured in a child with a deadline, since a broken
 * KVM may hang.  Takes some 20 ms.  The rate; or -errno: it cannot be opened, or
 * not measured (-ETIMEDOUT, -EIO).
 */
int64_t kvm_calibrate(void);

#endif
