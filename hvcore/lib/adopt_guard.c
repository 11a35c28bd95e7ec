// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What keeps each gated disk to one writer between hosts, taken for the standby's process.
 */
#include <errno.h>

#include "adopt.h"
#include "hv/guard.h"
#include "hv/rundir.h"
#include "probe.h"

int adopt_guard(struct adoption *d, struct hv_error *err)
{
	pid_t pid = 0;
	int rc = 0;

	if (hv_presence(d->now, &pid, err) != HV_PRESENT || !pid)
		return hv_err(err, -ESRCH, "domain %s: its process has ended", d->domain);
	for (unsigned i = 0; i < d->config.ndisks && !rc; i++) {
		const struct hv_disk *disk = &d->config.disk[i];

		if (disk->gated)
			rc = hv_guard_take(disk, d->domain, d->a->fencing_enabled, pid,
					   hv_left_ms(d->deadline), err);
	}
	d->hopeless = rc && rc != -ESRCH; /* that is this process alone */
	return rc;
}
