// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The general part of a definition: identity, size, processor, clock,
 * features, life cycle and tuning.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "hv/standby.h"
#include "reading.h"

#define KVM_ONLY "only what KVM and Taiki's own processor offer can be had"

static const char describes[] = "it only describes";
static const char tuning[] = "tuning of the host that Taiki does not do";
static const char board[] = "Taiki's board has its own";
static const char security[] = "hv-domain has its own confinement";

static enum hv_verdict_kind take_name(struct reading *r, xmlNodePtr node, const char *value)
{
	if (hv_name_kind(value) != HV_KIND_DOMAIN)
		return hv_read_refuse(
			r,
			"\"%.70s\" cannot name a domain: 1 to %d of A-Z a-z 0-9 . _ -, "
			"letter or digit first",
			value, HV_NAME_MAX);
	return hv_read_string(r, &r->c->name, value);
}

/* libvirt takes UUIDs with or without dashes and in either case. */
static enum hv_verdict_kind take_uuid(struct reading *r, xmlNodePtr node, const char *value)
{
	char *to = r->c->uuid;
	int digits = 0;

	for (const char *s = value; *s; s++) {
		if (*s == '-')
			continue;
		if (!isxdigit((unsigned char)*s) || digits == 32)
			break;
		if (digits == 8 || digits == 12 || digits == 16 || digits == 20)
			*to++ = '-';
		*to++ = (char)tolower((unsigned char)*s);
		digits++;
		if (digits == 32 && s[1] == '\0') {
			*to = '\0';
			return HV_UNDERSTOOD;
		}
	}
	return hv_read_refuse(r, "\"%.40s\" is not a UUID", value);
}

static enum hv_verdict_kind take_memory(struct reading *r, xmlNodePtr node, const char *value)
{
	const uint64_t mib = 1024 * 1024;
	char *unit = hv_read_attr(node, "unit");
	enum hv_verdict_kind kind = hv_read_memory(r, &r->c->memory, value, unit);

	xmlFree(unit);
	r->c->memory = (r->c->memory + mib - 1) / mib * mib;
	return kind;
}

static enum hv_verdict_kind take_current_memory(struct reading *r, xmlNodePtr node,
						const char *value)
{
	char *unit = hv_read_attr(node, "unit");
	enum hv_verdict_kind kind = hv_read_memory(r, &r->c->current_memory, value, unit);

	xmlFree(unit);
	return kind;
}

static enum hv_verdict_kind take_vcpu(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_uint(r, &r->c->vcpus, value);
}

static enum hv_verdict_kind take_vcpu_current(struct reading *r, xmlNodePtr node, const char *value)
{
	r->has_vcpu_current = true;
	return hv_read_uint(r, &r->c->vcpus_current, value);
}

/* <cpu>: host-passthrough by its mode, taiki-base by its model. */
static enum hv_verdict_kind take_cpu_mode(struct reading *r, xmlNodePtr node, const char *value)
{
	if (!strcmp(value, "host-passthrough")) {
		if (hv_read_child(node, "model"))
			return hv_read_refuse(
				r, "host-passthrough and a <model> contradict each other");
		r->c->cpu = HV_CPU_HOST_PASSTHROUGH;
		return HV_UNDERSTOOD;
	}
	if (!strcmp(value, "custom") && hv_read_child(node, "model"))
		return HV_UNDERSTOOD;
	return hv_read_refuse(
		r, "\"%.40s\": give mode='host-passthrough', or no <cpu> for taiki-base", value);
}

static enum hv_verdict_kind take_topology(struct reading *r, xmlNodePtr node, const char *value)
{
	static const char *const ones[] = {"dies", "clusters", "cores", "threads"};

	for (size_t i = 0; i < sizeof(ones) / sizeof(ones[0]); i++) {
		char *n = hv_read_attr(node, ones[i]);
		bool one = !n || !strcmp(n, "1");

		xmlFree(n);
		if (!one)
			return hv_read_refuse(
				r, "each virtual processor is a socket of its own; "
				   "remove it, or give sockets='N' cores='1' threads='1'");
	}
	r->skip = true;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_offset(struct reading *r, xmlNodePtr node, const char *value)
{
	r->c->rtc_localtime = !strcmp(value, "localtime");
	return HV_UNDERSTOOD;
}

/* A timer's presence is what the guest sees; its tuning is not. */
static enum hv_verdict_kind take_timer(struct reading *r, xmlNodePtr node, const char *value)
{
	static const struct {
		const char *name;
		bool have; /* the board has it; what it has not may be declared absent */
	} timers[] = {
		{"rtc", true}, {"pit", true},   {"kvmclock", true},
		{"tsc", true}, {"hpet", false}, {"hypervclock", false},
	};
	bool off = hv_read_attr_is(node, "present", "no");
	char *name = hv_read_attr(node, "name");
	enum hv_verdict_kind kind = hv_read_refuse(r, "the timer \"%.20s\" is not there",
						   name ? name : "");

	for (size_t i = 0; name && i < sizeof(timers) / sizeof(timers[0]); i++) {
		if (strcmp(timers[i].name, name))
			continue;
		if (timers[i].have != off) {
			r->why[0] = '\0';
			kind = HV_PASSED_OVER;
		} else {
			hv_read_refuse(r,
				       off ? "the board always has the timer %s"
					   : "the timer %s is not there",
				       name);
		}
	}
	xmlFree(name);
	return kind;
}

static enum hv_verdict_kind take_features(struct reading *r, xmlNodePtr node, const char *value)
{
	r->c->acpi = hv_read_child(node, "acpi");
	return HV_UNDERSTOOD;
}

static const struct {
	const char *name;
	enum hv_action action;
} actions[] = {
	{"destroy", HV_ACTION_DESTROY},
	{"restart", HV_ACTION_RESTART},
	{"preserve", HV_ACTION_PRESERVE},
};

static enum hv_verdict_kind take_action(struct reading *r, enum hv_action *to, const char *value)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (!strcmp(actions[i].name, value))
			*to = actions[i].action;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_on_poweroff(struct reading *r, xmlNodePtr node, const char *value)
{
	return take_action(r, &r->c->on_poweroff, value);
}

static enum hv_verdict_kind take_on_reboot(struct reading *r, xmlNodePtr node, const char *value)
{
	return take_action(r, &r->c->on_reboot, value);
}

static enum hv_verdict_kind take_on_crash(struct reading *r, xmlNodePtr node, const char *value)
{
	return take_action(r, &r->c->on_crash, value);
}

static enum hv_verdict_kind take_shares(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_u64(r, &r->c->cputune.shares, value);
}

static enum hv_verdict_kind take_period(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_u64(r, &r->c->cputune.period, value);
}

static enum hv_verdict_kind take_quota(struct reading *r, xmlNodePtr node, const char *value)
{
	uint64_t n = 0;

	/* libvirt: any negative value is no limit. */
	if (*value == '-' && isdigit((unsigned char)value[1])) {
		r->c->cputune.quota = -1;
		return HV_UNDERSTOOD;
	}
	if (hv_read_u64(r, &n, value) != HV_UNDERSTOOD)
		return HV_REFUSED;
	r->c->cputune.quota = (int64_t)n;
	return HV_UNDERSTOOD;
}

#define ACTIONS   "destroy|restart|preserve"
#define NO_ACTION "give destroy, restart or preserve"

const struct rule hv_rules_domain[] = {
	UNDERSTOOD("domain"),
	ONE_OF("domain/@type", "kvm|qemu", "give type='kvm'"),
	PASS("domain/@id", describes),
	TAKE_ONCE("domain/name", take_name),
	TAKE_ONCE("domain/uuid", take_uuid),
	PASS("domain/title", describes),
	PASS("domain/description", describes),
	REFUSE("domain/genid", "there is no VM generation ID device"),
	REFUSE("domain/hwuuid", "the guest does not see a hardware UUID"),

	TAKE_ONCE("domain/memory", take_memory),
	UNDERSTOOD("domain/memory/@unit"),
	PASS("domain/memory/@dumpCore", describes),
	TAKE_ONCE("domain/currentMemory", take_current_memory),
	UNDERSTOOD("domain/currentMemory/@unit"),
	REFUSE("domain/maxMemory", "memory cannot be plugged in yet"),
	TAKE_ONCE("domain/vcpu", take_vcpu),
	TAKE("domain/vcpu/@current", take_vcpu_current),
	PASS("domain/vcpu/@placement", tuning),
	PASS("domain/vcpu/@cpuset", tuning),
	REFUSE("domain/vcpus", "single processors cannot be plugged in; give <vcpu current='N'>"),

	{.path = "domain/cpu", .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	TAKE("domain/cpu/@mode", take_cpu_mode),
	PASS("domain/cpu/@match", describes),
	PASS("domain/cpu/@check", describes),
	PASS("domain/cpu/@migratable", "host-passthrough stays on its kind of host"),
	ONE_OF("domain/cpu/model", "taiki-base", "the one model is taiki-base"),
	PASS("domain/cpu/model/@fallback", describes),
	TAKE("domain/cpu/topology", take_topology),
	REFUSE("domain/cpu/feature",
	       "single features cannot be chosen; taiki-base is one fixed set"),
	PASS_TREE("domain/cpu/cache", tuning),
	REFUSE("domain/cpu/numa", "guests have one NUMA node"),
	REFUSE("domain/cpu/maxphysaddr", "it cannot be chosen"),

	UNDERSTOOD("domain/clock"),
	{.path = "domain/clock/@offset",
	 .kind = HV_UNDERSTOOD,
	 .values = "utc|localtime",
	 .why = "give utc or localtime",
	 .take = take_offset},
	TAKE("domain/clock/timer", take_timer),
	PASS("domain/clock/timer/@name", describes),
	PASS("domain/clock/timer/@present", describes),
	PASS("domain/clock/timer/@tickpolicy", "a stopped guest's timers continue where they were"),
	PASS_IF("domain/clock/timer/@track", "guest|realtime|boot", "not a way to track time"),
	PASS_IF("domain/clock/timer/@mode", "auto|native|emulate", "not a mode there is"),
	REFUSE("domain/clock/timer/@frequency", "a guest's TSC runs at its host's frequency"),
	PASS_TREE("domain/clock/timer/catchup",
		  "a stopped guest's timers continue where they were"),

	TAKE_ONCE("domain/features", take_features),
	UNDERSTOOD("domain/features/acpi"),
	PASS_TREE("domain/features/apic", board),
	PASS_TREE("domain/features/pae", board),
	PASS_TREE("domain/features/hap", "the engine decides"),
	PASS_TREE("domain/features/ioapic", board),
	PASS("domain/features/vmport", describes),
	PASS_IF("domain/features/vmport/@state", "off", "there is no VMware port"),
	PASS("domain/features/pmu", describes),
	PASS_IF("domain/features/pmu/@state", "off", "there is no PMU"),
	PASS("domain/features/smm", describes),
	PASS_IF("domain/features/smm/@state", "off", "there is no SMM"),
	PASS("domain/features/pvspinlock", describes),
	PASS_IF("domain/features/pvspinlock/@state", "off", "there are no paravirtual spin locks"),
	PASS("domain/features/kvm", describes),
	PASS("domain/features/kvm/*", describes),
	PASS_IF("domain/features/kvm/hidden/@state", "off", "KVM cannot be hidden from the guest"),
	PASS_IF("domain/features/kvm/hint-dedicated/@state", "off", KVM_ONLY),
	PASS_IF("domain/features/kvm/poll-control/@state", "off", KVM_ONLY),
	PASS_IF("domain/features/kvm/pv-ipi/@state", "off", KVM_ONLY),
	REFUSE("domain/features/hyperv", "there is no Hyper-V interface for guests"),

	{.path = "domain/on_poweroff",
	 .kind = HV_UNDERSTOOD,
	 .values = ACTIONS,
	 .why = NO_ACTION,
	 .take = take_on_poweroff,
	 .flags = RULE_ONCE},
	{.path = "domain/on_reboot",
	 .kind = HV_UNDERSTOOD,
	 .values = ACTIONS,
	 .why = NO_ACTION,
	 .take = take_on_reboot,
	 .flags = RULE_ONCE},
	{.path = "domain/on_crash",
	 .kind = HV_UNDERSTOOD,
	 .values = ACTIONS,
	 .why = NO_ACTION,
	 .take = take_on_crash,
	 .flags = RULE_ONCE},
	PASS("domain/on_lockfailure", "a domain whose lease is lost ends"),
	PASS("domain/pm", describes),
	PASS("domain/pm/suspend-to-mem", describes),
	PASS_IF("domain/pm/suspend-to-mem/@enabled", "no", "guests cannot suspend"),
	PASS("domain/pm/suspend-to-disk", describes),
	PASS_IF("domain/pm/suspend-to-disk/@enabled", "no", "guests cannot suspend"),

	UNDERSTOOD("domain/cputune"),
	TAKE_ONCE("domain/cputune/shares", take_shares),
	TAKE_ONCE("domain/cputune/period", take_period),
	TAKE_ONCE("domain/cputune/quota", take_quota),
	PASS_TREE("domain/cputune/*", tuning),
	PASS_TREE("domain/memtune", tuning),
	PASS_TREE("domain/memoryBacking", tuning),
	PASS_TREE("domain/numatune", tuning),
	PASS_TREE("domain/blkiotune", tuning),
	PASS_TREE("domain/iothreads", tuning),
	PASS_TREE("domain/iothreadids", tuning),
	PASS_TREE("domain/defaultiothread", tuning),
	PASS_TREE("domain/resource", "hv-domain has a slice of its own"),
	PASS_TREE("domain/seclabel", security),
	PASS_TREE("domain/perf", tuning),
	REFUSE("domain/sysinfo", "there are no SMBIOS tables for the guest to read"),
	REFUSE("domain/launchSecurity", "memory encryption is not there"),
	REFUSE("domain/bootloader", "only kernels are booted: give <os><kernel>"),
	{0},
};
