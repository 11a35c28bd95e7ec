// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What bounds a domain: <iotune> of disks, <bandwidth> of interfaces, and the
 * CPUs of <cputune>.
 */
#include <errno.h>
#include <string.h>

#include "hv/cpuset.h"
#include "reading.h"

enum part { AVG, MAX, LENGTH, SIZE };

/* libvirt's names in <iotune>. */
static const struct {
	const char *name;
	enum hv_limit limit;
	enum part part;
} iotune[] = {
	{"total_bytes_sec", HV_BPS, AVG},
	{"read_bytes_sec", HV_BPS_RD, AVG},
	{"write_bytes_sec", HV_BPS_WR, AVG},
	{"total_iops_sec", HV_IOPS, AVG},
	{"read_iops_sec", HV_IOPS_RD, AVG},
	{"write_iops_sec", HV_IOPS_WR, AVG},
	{"total_bytes_sec_max", HV_BPS, MAX},
	{"read_bytes_sec_max", HV_BPS_RD, MAX},
	{"write_bytes_sec_max", HV_BPS_WR, MAX},
	{"total_iops_sec_max", HV_IOPS, MAX},
	{"read_iops_sec_max", HV_IOPS_RD, MAX},
	{"write_iops_sec_max", HV_IOPS_WR, MAX},
	{"total_bytes_sec_max_length", HV_BPS, LENGTH},
	{"read_bytes_sec_max_length", HV_BPS_RD, LENGTH},
	{"write_bytes_sec_max_length", HV_BPS_WR, LENGTH},
	{"total_iops_sec_max_length", HV_IOPS, LENGTH},
	{"read_iops_sec_max_length", HV_IOPS_RD, LENGTH},
	{"write_iops_sec_max_length", HV_IOPS_WR, LENGTH},
	{"size_iops_sec", HV_IOPS, SIZE},
};

static enum hv_verdict_kind take_iotune(struct reading *r, xmlNodePtr node, const char *value)
{
	for (size_t i = 0; i < sizeof(iotune) / sizeof(iotune[0]); i++) {
		struct hv_limits *l = &r->disk->limits;
		struct hv_rate *rate = &l->rate[iotune[i].limit];
		uint64_t *const to[] = {&rate->avg, &rate->max, &rate->burst, &l->iops_size};

		if (!strcmp(iotune[i].name, (const char *)node->name))
			return hv_read_u64(r, to[iotune[i].part], value);
	}
	return hv_read_refuse(r, "not a limit that Taiki knows");
}

/* Until now `burst` was the seconds that a burst at `max` may last. */
static enum hv_verdict_kind iotune_done(struct reading *r, xmlNodePtr node, const char *value)
{
	struct hv_error err;

	for (unsigned i = 0; i < HV_LIMITS; i++) {
		struct hv_rate *rate = &r->disk->limits.rate[i];

		if (!rate->burst)
			continue;
		if (!rate->max)
			return hv_read_refuse(r, "the length of a burst (_max_length) needs its "
						 "maximum (_max)");
		if (rate->burst > HV_RATE_MAX / rate->max)
			return hv_read_refuse(r, "a burst of %llu s is too long",
					      (unsigned long long)rate->burst);
		rate->burst *= rate->max;
	}
	if (hv_limits_check(&r->disk->limits, "iotune", &err))
		return hv_read_refuse(r, "%s", err.text);
	return HV_UNDERSTOOD;
}

/* KiB a second and, the burst, KiB: what the guest receives is its "inbound". */
static enum hv_verdict_kind take_bandwidth(struct reading *r, xmlNodePtr node, const char *value)
{
	bool in = !strcmp((const char *)node->name, "inbound");
	struct hv_rate *rate = &r->nic->limits.rate[in ? HV_BPS_RD : HV_BPS_WR];
	const struct {
		const char *name;
		uint64_t *to;
	} parts[] = {{"average", &rate->avg}, {"peak", &rate->max}, {"burst", &rate->burst}};
	enum hv_verdict_kind kind = HV_UNDERSTOOD;
	struct hv_error err;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char *text = hv_read_attr(node, parts[i].name);

		if (text && kind == HV_UNDERSTOOD)
			kind = hv_read_memory(r, parts[i].to, text, "KiB");
		xmlFree(text);
	}
	if (kind == HV_UNDERSTOOD && !rate->avg)
		return hv_read_refuse(r, "it has no average=, in KiB a second");
	if (kind == HV_UNDERSTOOD && hv_limits_check(&r->nic->limits, "bandwidth", &err))
		return hv_read_refuse(r, "%s", err.text);
	return kind;
}

static enum hv_verdict_kind read_cpuset(struct reading *r, char **to, const char *value)
{
	cpu_set_t set;

	if (hv_cpuset_parse(value, &set))
		return hv_read_refuse(r, "\"%.40s\" is no set of CPUs: give 2, or 0-3,8", value);
	return hv_read_string(r, to, value);
}

static enum hv_verdict_kind take_vcpupin(struct reading *r, xmlNodePtr node, const char *value)
{
	if (r->c->npins == HV_VCPUS_MAX)
		return hv_read_refuse(r, "more than %d pins", HV_VCPUS_MAX);
	r->c->npins++;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_pin_vcpu(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_uint(r, &r->c->pin[r->c->npins - 1].vcpu, value);
}

static enum hv_verdict_kind take_pin_cpuset(struct reading *r, xmlNodePtr node, const char *value)
{
	return read_cpuset(r, &r->c->pin[r->c->npins - 1].cpuset, value);
}

static enum hv_verdict_kind vcpupin_done(struct reading *r, xmlNodePtr node, const char *value)
{
	char *vcpu = hv_read_attr(node, "vcpu");
	bool given = vcpu && r->c->pin[r->c->npins - 1].cpuset;

	xmlFree(vcpu);
	return given ? HV_UNDERSTOOD : hv_read_refuse(r, "give vcpu='N' and cpuset='CPUS'");
}

static enum hv_verdict_kind take_emulatorpin(struct reading *r, xmlNodePtr node, const char *value)
{
	return read_cpuset(r, &r->c->emulatorpin, value);
}

#define IOTUNE    "domain/devices/disk/iotune"
#define BANDWIDTH "domain/devices/interface/bandwidth"

const struct rule hv_rules_limits[] = {
	{.path = IOTUNE, .kind = HV_UNDERSTOOD, .done = iotune_done, .flags = RULE_ONCE},
	REFUSE(IOTUNE "/group_name", "limits are each disk's own"),
	TAKE_ONCE(IOTUNE "/*", take_iotune),

	{.path = BANDWIDTH, .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	TAKE_ONCE(BANDWIDTH "/inbound", take_bandwidth),
	TAKE_ONCE(BANDWIDTH "/outbound", take_bandwidth),
	REFUSE(BANDWIDTH "/inbound/@floor", "a bridge cannot promise a rate"),
	UNDERSTOOD(BANDWIDTH "/inbound/@average"),
	UNDERSTOOD(BANDWIDTH "/inbound/@peak"),
	UNDERSTOOD(BANDWIDTH "/inbound/@burst"),
	UNDERSTOOD(BANDWIDTH "/outbound/@average"),
	UNDERSTOOD(BANDWIDTH "/outbound/@peak"),
	UNDERSTOOD(BANDWIDTH "/outbound/@burst"),

	{.path = "domain/cputune/vcpupin",
	 .kind = HV_UNDERSTOOD,
	 .take = take_vcpupin,
	 .done = vcpupin_done},
	TAKE("domain/cputune/vcpupin/@vcpu", take_pin_vcpu),
	TAKE("domain/cputune/vcpupin/@cpuset", take_pin_cpuset),
	{.path = "domain/cputune/emulatorpin", .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	TAKE("domain/cputune/emulatorpin/@cpuset", take_emulatorpin),
	{0},
};
