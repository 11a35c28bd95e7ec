/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keeps a writable disk to one writer between hosts (design: guards). */
#include <errno.h>

#include "hvcore/vmm/block/block.h"
#include "hvcore/vmm/block/lease.h"

int block_guard(const struct hv_disk *disk, const char *domain, bool fencing, struct hv_error *err)
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
	case HV_GUARD_LEASE: return lease_acquire(disk, err);
	case HV_GUARD_MIRROR:
		return hv_err(err, -ENOTSUP,
			      "disk %s of %s: guard mirror is not there yet: it needs Taiki's "
			      "mirror, whose promotion it is; choose guard fencing or lease",
			      disk->target, domain);
	case HV_GUARD_SCSI_PR:
		return hv_err(err, -ENOTSUP,
			      "disk %s of %s: guard scsi-pr is not there yet: it needs persistent "
			      "reservations; choose guard fencing or lease",
			      disk->target, domain);
	}
	return hv_err(err, -EINVAL, "disk %s of %s: unknown guard %d", disk->target, domain,
		      disk->guard);
}
