// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a configuration says of rate limits and pins.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/config.h"
#include "hv/cpuset.h"

#include "config_check.h"

static int check_pins(const struct hv_config *c, struct hv_error *err)
{
	cpu_set_t set;

	if (c->npins > HV_VCPUS_MAX)
		return hv_err(err, -EINVAL, "%s: more than %d pins", c->name, HV_VCPUS_MAX);
	for (unsigned i = 0; i < c->npins; i++) {
		const struct hv_pin *p = &c->pin[i];

		if (p->vcpu >= c->vcpus)
			return hv_err(err, -EINVAL, "%s: vcpu %u is pinned, and there are %u",
				      c->name, p->vcpu, c->vcpus);
		if (!p->cpuset || hv_cpuset_parse(p->cpuset, &set))
			return hv_err(err, -EINVAL,
				      "%s: vcpu %u: \"%.60s\" is no set of CPUs; give 2 or 0-3,8",
				      c->name, p->vcpu, p->cpuset ? p->cpuset : "");
		for (unsigned j = 0; j < i; j++)
			if (c->pin[j].vcpu == p->vcpu)
				return hv_err(err, -EINVAL, "%s: vcpu %u is pinned twice", c->name,
					      p->vcpu);
	}
	if (c->emulatorpin && hv_cpuset_parse(c->emulatorpin, &set))
		return hv_err(err, -EINVAL,
			      "%s: emulatorpin: \"%.60s\" is no set of CPUs; give 2 or 0-3,8",
			      c->name, c->emulatorpin);
	return 0;
}

int hv_check_tune(const struct hv_config *c, struct hv_error *err)
{
	int rc = check_pins(c, err);

	for (unsigned i = 0; !rc && i < c->ndisks && i < HV_DISKS_MAX; i++) {
		char what[32];

		snprintf(what, sizeof(what), "disk %.15s",
			 c->disk[i].target ? c->disk[i].target : "");
		rc = hv_limits_check(&c->disk[i].limits, what, err);
	}
	for (unsigned i = 0; !rc && i < c->nnics && i < HV_NICS_MAX; i++) {
		char what[32];

		snprintf(what, sizeof(what), "interface %u", i);
		rc = hv_limits_check(&c->nic[i].limits, what, err);
	}
	return rc;
}
