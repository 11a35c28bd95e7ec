// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a configuration takes.  Pure.
 */
#include "hv/cpuset.h"
#include "ledger_private.h"

enum {
	PERIOD_DEFAULT = 100000, /* microseconds; the kernel's */
	SHARES_MAX = 262144,
};

/* A cap as percent of one CPU: the quota is each processor's.  0 and -1 are none. */
static uint64_t cpu_of(const struct hv_config *c, int64_t quota)
{
	uint64_t period = c->cputune.period ? c->cputune.period : PERIOD_DEFAULT;
	uint64_t all = (uint64_t)c->vcpus_current * 100, cap;

	if (quota <= 0)
		return all;
	cap = ((uint64_t)quota * c->vcpus_current * 100 + period - 1) / period;
	return cap ? ledger_min(cap, all) : 1;
}

/* What it has when nobody is short of anything. */
static struct hv_room full(const struct hv_config *c)
{
	return (struct hv_room){c->balloon && c->current_memory ? c->current_memory : c->memory,
				cpu_of(c, c->cputune.quota)};
}

/* CPUs that are its own, and so nobody else's. */
static uint64_t pinned(const struct hv_config *c)
{
	cpu_set_t all, one;

	CPU_ZERO(&all);
	for (unsigned i = 0; i < c->npins; i++)
		if (!hv_cpuset_parse(c->pin[i].cpuset, &one))
			CPU_OR(&all, &all, &one);
	return (uint64_t)CPU_COUNT(&all) * 100;
}

void hv_ledger_entry(const struct hv_config *c, enum hv_ledger_kind kind,
		     struct hv_ledger_entry *out)
{
	memset(out, 0, sizeof(*out));
	out->kind = kind;
	out->priority = (unsigned)ledger_min(c->priority, HV_PRIORITY_MAX);
	out->full = out->minimum = full(c);
	out->shares = out->shares_minimum = ledger_min(c->cputune.shares, SHARES_MAX);
	if (c->minimum.memory && c->balloon)
		out->minimum.memory = ledger_min(c->minimum.memory, out->full.memory);
	if (c->minimum.quota > 0)
		out->minimum.cpu = ledger_min(cpu_of(c, c->minimum.quota), out->full.cpu);
	if (c->minimum.shares)
		out->shares_minimum = ledger_min(c->minimum.shares, out->shares);
	out->guaranteed = ledger_min(pinned(c), out->full.cpu);
	out->now = out->full;
	if (kind != HV_LEDGER_ACTIVE && !c->standby.waiting) {
		if (c->standby.memory && c->balloon)
			out->now.memory = ledger_min(c->standby.memory, out->full.memory);
		if (c->standby.quota)
			out->now.cpu = ledger_min(cpu_of(c, c->standby.quota), out->full.cpu);
	}
	out->target = out->now;
}

void ledger_entry_worst(const struct hv_config *c, enum hv_ledger_kind kind,
			struct hv_ledger_entry *out)
{
	hv_ledger_entry(c, kind, out);
	out->full = (struct hv_room){c->memory, (uint64_t)c->vcpus * 100};
	out->now = out->target = out->full;
}
