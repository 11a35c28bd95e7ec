/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard `lease`; hv/guard.h has what it does. */
#ifndef HV_LIB_LEASE_H
#define HV_LIB_LEASE_H

#include <sys/types.h>

#include "hv/config.h"

/* lease_register() - Let sanlock know this process, for life; again: nothing.  0 or -errno with @err. */
int lease_register(const struct hv_disk *disk, struct hv_error *err);

/* lease_acquire() - @disk's lease for the registered process @pid, or (0) for this one, which is registered first. */
int lease_acquire(const struct hv_disk *disk, pid_t pid, int timeout_ms, struct hv_error *err);

#endif
