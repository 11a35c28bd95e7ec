// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "capacity_measure.h"

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t times(uint64_t n, unsigned percent)
{
	return n / 100 * percent + n % 100 * percent / 100;
}

void hv_capacity_decide(const struct hv_room *measured, const struct hv_host_conf *conf,
			struct hv_capacity *out)
{
	*out = (struct hv_capacity){
		.has.memory = conf->has.memory ? conf->has.memory : measured->memory,
		.has.cpu = conf->has.cpu ? conf->has.cpu : measured->cpu,
		.keep = conf->keep,
		.each = conf->each,
	};
	out->room.memory = times(less(out->has.memory, conf->keep.memory), conf->overcommit_memory);
	out->guarantee = less(out->has.cpu, conf->keep.cpu);
	out->room.cpu = conf->overcommit_cpu ? times(out->guarantee, conf->overcommit_cpu)
					     : HV_CPU_UNLIMITED;
	out->slack = conf->slack == UINT64_MAX ? out->room.memory / 64 : conf->slack;
}

int hv_capacity(struct hv_capacity *out, struct hv_error *err)
{
	struct hv_host_conf conf;
	struct hv_measured m;
	int rc = hv_host_conf_load(&conf, err);

	if (!rc)
		rc = hv_capacity_measure("", &m, err);
	if (rc)
		return rc;
	hv_capacity_decide(&m.room, &conf, out);
	snprintf(out->memory_from, sizeof(out->memory_from), "%s",
		 conf.has.memory ? "host.conf" : m.memory_from);
	snprintf(out->cpu_from, sizeof(out->cpu_from), "%s",
		 conf.has.cpu ? "host.conf" : m.cpu_from);
	return 0;
}
