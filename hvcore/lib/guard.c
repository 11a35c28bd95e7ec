/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which guard a disk has, and what there is of it. */
#include <errno.h>

#include "hv/guard.h"
#include "lease.h"

int hv_guard_prepare(const struct hv_disk *disk, struct hv_error *err)
{
	if (disk->readonly || disk->guard != HV_GUARD_LEASE)
		return 0;
	return lease_register(disk, err);
}

int hv_guard_take(const struct hv_disk *disk, const char *domain, bool fencing, pid_t pid,
		  int timeout_ms, struct hv_error *err)
{
	if (disk->readonly)
		return 0;
	switch (disk->guard) {
	case HV_GUARD_FENCING:
		if (fencing)
			return 0;
		return hv_err(err, -EPERM,
			      "disk %s of %s: its guard is fencing, and fencing is disabled, so "
			      "nothing would keep another host from writing %s; enable it "
			      "(stonith-enabled=true) or choose guard lease",
			      disk->target, domain, disk->path);
	case HV_GUARD_LEASE: return lease_acquire(disk, pid, timeout_ms, err);
	case HV_GUARD_MIRROR: return 0; /* its promotion: who has none is not let in */
	case HV_GUARD_SCSI_PR:
		return hv_err(err, -ENOTSUP,
			      "disk %s of %s: guard scsi-pr is not there yet: it needs persistent "
			      "reservations; choose guard fencing or lease",
			      disk->target, domain);
	}
	return hv_err(err, -EINVAL, "disk %s of %s: unknown guard %d", disk->target, domain,
		      disk->guard);
}
