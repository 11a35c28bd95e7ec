/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VMM_BLOCK_LEASE_H
#define VMM_BLOCK_LEASE_H

#include "hv/config.h"

/*
 * lease_acquire() - Register this process with sanlock and acquire @disk's
 * lease for it, before the disk is opened for writing.  From then on sanlock
 * kills this process with SIGKILL when the host can no longer renew its
 * lockspace, before another host may take the lease.  Waits while a dead owner's
 * lease runs out (140 s with sanlock's defaults); that an owner is alive is
 * known from its renewals, after two of them (40 s).
 */
int lease_acquire(const struct hv_disk *disk, struct hv_error *err);

#endif
