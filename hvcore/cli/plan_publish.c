// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What this host can give: measured, or from its host.conf, as its ledger has it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/capacity.h"
#include "hv/command.h"
#include "hv/standby.h"
#include "plan_apply.h"

enum { MIB = 1 << 20 };

static int64_t clip(uint64_t amount)
{
	return amount > INT32_MAX ? INT32_MAX : (int64_t)amount;
}

void plan_measure(struct plan_cluster *c)
{
	const char *name = hv_node_name();
	int h = name ? plan_host(c, name) : -1;
	struct hv_capacity cap;
	int64_t memory;

	if (h < 0 || hv_capacity(&cap, NULL))
		return;
	if (c->hosts[h].said[HV_PLAN_MEMORY] == HV_PLAN_UNKNOWN) {
		memory = clip(cap.room.memory / MIB) - c->hosts[h].waiting;
		c->hosts[h].said[HV_PLAN_MEMORY] = memory > 0 ? memory : 0;
	}
	if (c->hosts[h].said[HV_PLAN_CPU] == HV_PLAN_UNKNOWN)
		c->hosts[h].said[HV_PLAN_CPU] = cap.room.cpu == HV_CPU_UNLIMITED
							? HV_PLAN_CPU_UNLIMITED
							: clip(cap.room.cpu);
}

/* Permanent: what a host is made of does not change because it is away for a while. */
static int update(const struct options *o, const char *name, const char *value,
		  struct hv_error *err)
{
	const char *const argv[] = {"crm_attribute", "--lifetime", "forever", "--name", name,
				    "--update",      value,        NULL};
	struct hv_command cmd = {.argv = argv, .timeout_ms = left(o)};
	int rc = hv_command(&cmd, NULL, NULL, err);

	return rc > 0 ? hv_err(err, -ENOTCONN,
			       "crm_attribute failed with exit code %d; does the cluster run here?",
			       rc)
		      : rc;
}

int plan_publish(const struct options *o)
{
	struct hv_error err = {""};
	struct hv_capacity cap;
	char memory[24], cpu[24] = "unlimited";
	int rc = hv_capacity(&cap, &err);

	if (!rc) {
		snprintf(memory, sizeof(memory), "%ld", (long)clip(cap.room.memory / MIB));
		if (cap.room.cpu != HV_CPU_UNLIMITED)
			snprintf(cpu, sizeof(cpu), "%ld", (long)clip(cap.room.cpu));
		rc = update(o, HV_ATTR_CAPACITY_MEMORY, memory, &err);
	}
	rc = rc ? rc : update(o, HV_ATTR_CAPACITY_CPU, cpu, &err);
	if (rc)
		return fail(rc == -ENOENT ? -EIO : rc, &err);
	printf("This host gives %s MiB of memory (%s) and %s%s of CPU (%s).\n", memory,
	       cap.memory_from, cpu, cap.room.cpu == HV_CPU_UNLIMITED ? "" : " %", cap.cpu_from);
	return HV_EXIT_OK;
}
