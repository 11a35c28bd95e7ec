// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "hv/config.h"
#include "hv/limits.h"

const char *const hv_limit_name[HV_LIMITS] = {
	[HV_BPS] = "bps",   [HV_BPS_RD] = "bps_rd",   [HV_BPS_WR] = "bps_wr",
	[HV_IOPS] = "iops", [HV_IOPS_RD] = "iops_rd", [HV_IOPS_WR] = "iops_wr",
};

static int check_rate(const struct hv_rate *r, const char *what, const char *name,
		      struct hv_error *err)
{
	if (r->avg > HV_RATE_MAX || r->max > HV_RATE_MAX || r->burst > HV_RATE_MAX)
		return hv_err(err, -EINVAL, "%s: %s and its burst can be up to %llu", what, name,
			      HV_RATE_MAX);
	if (!r->avg && (r->max || r->burst))
		return hv_err(err, -EINVAL, "%s: a burst of %s needs %s itself", what, name, name);
	if (r->max && r->max < r->avg)
		return hv_err(err, -EINVAL, "%s: the maximum of %s is below %s itself", what, name,
			      name);
	return 0;
}

int hv_limits_check(const struct hv_limits *l, const char *what, struct hv_error *err)
{
	for (unsigned i = 0; i < HV_LIMITS; i++) {
		int rc = check_rate(&l->rate[i], what, hv_limit_name[i], err);

		if (rc)
			return rc;
	}
	for (unsigned i = 0; i < HV_LIMITS; i += HV_IOPS)
		if (l->rate[i].avg && (l->rate[i + 1].avg || l->rate[i + 2].avg))
			return hv_err(
				err, -EINVAL,
				"%s: %s limits both directions together; give that, or %s and %s",
				what, hv_limit_name[i], hv_limit_name[i + 1], hv_limit_name[i + 2]);
	if (l->iops_size > HV_RATE_MAX)
		return hv_err(err, -EINVAL, "%s: iops_size can be up to %llu", what, HV_RATE_MAX);
	if (l->iops_size && !l->rate[HV_IOPS].avg && !l->rate[HV_IOPS_RD].avg &&
	    !l->rate[HV_IOPS_WR].avg)
		return hv_err(err, -EINVAL, "%s: iops_size needs a limit on iops", what);
	return 0;
}

bool hv_limits_any(const struct hv_limits *l)
{
	for (unsigned i = 0; i < HV_LIMITS; i++)
		if (l->rate[i].avg)
			return true;
	return false;
}

uint64_t hv_rate_burst(const struct hv_rate *r)
{
	if (r->burst)
		return r->burst;
	if (r->max)
		return r->max;
	return r->avg < 10 ? 1 : r->avg / 10;
}
