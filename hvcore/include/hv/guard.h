/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guards: what keeps a writable disk to one writer between hosts (design 5.2).
 *
 * A domain that starts takes them itself, before it opens its disks and gives
 * up its rights.  A standby has gated disks and no guard of theirs; it only makes
 * ready for them (hv_guard_prepare()).  At adoption the agent, which has the rights, takes
 * them on behalf of the standby's process, before it opens the images:
 *
 *   hv-domain, at start     hv_guard_prepare(disk)                 of each gated disk
 *   agent, at adoption      hv_guard_take(disk, ..., its pid)      then open, then x-taiki-open-gate
 *
 * What was taken ends with that process: an adoption that fails ends in its proven death.
 */
#ifndef HV_GUARD_H
#define HV_GUARD_H

#include <stdbool.h>
#include <sys/types.h>

#include "hv/config.h"

/* How long a start waits for the lease of an owner that may be dead: 140 s with sanlock's defaults, and a margin. */
enum { HV_GUARD_WAIT_MS = 300000 };

/*
 * hv_guard_prepare() - For the calling process: make it possible that somebody takes
 * @disk's guard for it later, when it has no rights any more.  0, or -errno with @err.
 */
int hv_guard_prepare(const struct hv_disk *disk, struct hv_error *err);

/*
 * hv_guard_take() - Take @disk's guard for the process @pid, which has prepared itself (0: for
 * the calling process).  A read-only disk needs none.  @domain is for messages; @fencing: the
 * cluster's fencing may be relied on.
 *
 * Guard `lease` asks sanlock for the lease: from then on sanlock kills the process with
 * SIGKILL when the host can no longer renew its lockspace, before another host may take the
 * lease.  It waits at most @timeout_ms, in steps of a second, while a dead owner's
 * lease runs out; that an owner is alive is known from its renewals, after two of them (40 s).
 * sanlock's own reads and writes come on top of that, bounded by its I/O timeout.
 *
 * 0; -EPERM (guard fencing, and there is none), -EBUSY (another host has the lease), -ESRCH
 * (@pid has not prepared itself), -ENOTSUP, or another -errno; @err says what to do.
 */
int hv_guard_take(const struct hv_disk *disk, const char *domain, bool fencing, pid_t pid,
		  int timeout_ms, struct hv_error *err);

#endif
