/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What taiki-base promises, and whether a host's KVM can keep it.
 *
 * Whatever a guest acts upon when it sees it in CPUID must be there: without
 * it the guest would take a path that fails, and one that moved here from a
 * host that has it would find it gone.  Left out of the comparison is what the
 * kernel's local APIC and hypervisor leaves add themselves (checked as
 * capabilities, kvm.c) and what is only advice on speed.
 */
#include "hvcore/vmm/engine/kvm.h"

#include <errno.h>

enum kind {
	NEEDED,
	SUPPLIED, /* by KVM, whatever the host's processor has */
	ADVICE,   /* on what is fast: no guest fails without it */
};

static const struct feature {
	uint32_t function;
	enum kvm_register reg;
	uint8_t bit;
	uint8_t kind;
	const char *name;
} features[] = {
	{0x1, KVM_ECX, 13, NEEDED, "CMPXCHG16B"},
	{0x1, KVM_ECX, 21, SUPPLIED, "x2APIC"},
	{0x1, KVM_ECX, 24, SUPPLIED, "TSC-deadline timer"},
	{0x1, KVM_ECX, 31, SUPPLIED, "hypervisor"},
	{0x1, KVM_EDX, 0, NEEDED, "x87"},
	{0x1, KVM_EDX, 2, NEEDED, "debugging extensions"},
	{0x1, KVM_EDX, 3, NEEDED, "4 MiB pages"},
	{0x1, KVM_EDX, 4, NEEDED, "TSC"},
	{0x1, KVM_EDX, 5, NEEDED, "MSRs"},
	{0x1, KVM_EDX, 6, NEEDED, "PAE"},
	{0x1, KVM_EDX, 8, NEEDED, "CMPXCHG8B"},
	{0x1, KVM_EDX, 9, SUPPLIED, "APIC"},
	{0x1, KVM_EDX, 11, NEEDED, "SYSENTER"},
	{0x1, KVM_EDX, 13, NEEDED, "global pages"},
	{0x1, KVM_EDX, 15, NEEDED, "CMOV"},
	{0x1, KVM_EDX, 19, NEEDED, "CLFLUSH"},
	{0x1, KVM_EDX, 23, NEEDED, "MMX"},
	{0x1, KVM_EDX, 24, NEEDED, "FXSAVE"},
	{0x1, KVM_EDX, 25, NEEDED, "SSE"},
	{0x1, KVM_EDX, 26, NEEDED, "SSE2"},
	{0x1, KVM_EDX, 28, ADVICE, "HTT"},
	{0x6, KVM_EAX, 2, SUPPLIED, "APIC timer that never stops"},
	{0x7, KVM_EBX, 9, ADVICE, "fast REP MOVSB"},
	{0x40000001, KVM_EAX, 1, NEEDED, "no I/O delay"},
	{0x40000001, KVM_EAX, 3, NEEDED, "kvm-clock"},
	{0x40000001, KVM_EAX, 24, NEEDED, "stable kvm-clock"},
	{0x80000001, KVM_ECX, 0, NEEDED, "LAHF in 64-bit mode"},
	{0x80000001, KVM_EDX, 11, NEEDED, "SYSCALL"},
	{0x80000001, KVM_EDX, 20, NEEDED, "NX"},
	{0x80000001, KVM_EDX, 29, NEEDED, "64-bit mode"},
};
enum { FEATURES = sizeof(features) / sizeof(features[0]) };

static const char *const names[] = {"eax", "ebx", "ecx", "edx"};

const struct kvm_cpuid_entry2 *kvm_cpuid_find(const struct kvm_cpuid_entry2 *table, unsigned n,
					      uint32_t function, uint32_t index)
{
	for (unsigned i = 0; i < n; i++)
		if (table[i].function == function && table[i].index == index)
			return &table[i];
	return NULL;
}

uint32_t kvm_cpuid_register(const struct kvm_cpuid_entry2 *e, enum kvm_register reg)
{
	const uint32_t value[] = {e->eax, e->ebx, e->ecx, e->edx};

	return value[reg];
}

bool kvm_feature_known(uint32_t function, enum kvm_register reg, unsigned bit)
{
	for (unsigned i = 0; i < FEATURES; i++)
		if (features[i].function == function && features[i].reg == reg &&
		    features[i].bit == bit)
			return true;
	return false;
}

static bool has(const struct kvm_cpuid_entry2 *table, unsigned n, const struct feature *f)
{
	const struct kvm_cpuid_entry2 *e = kvm_cpuid_find(table, n, f->function, 0);

	return e && (kvm_cpuid_register(e, f->reg) >> f->bit & 1);
}

/* check_width() - Physical addresses must reach the end of RAM; unused high bits are nobody's. */
static int check_width(const struct kvm_cpuid_entry2 *have, unsigned n, uint64_t ram_end,
		       struct hv_error *err)
{
	const struct kvm_cpuid_entry2 *e = kvm_cpuid_find(have, n, 0x80000008, 0);
	unsigned bits = e ? e->eax & 0xff : 36; /* SDM 2A, CPUID: where the leaf is missing */

	if (bits >= 52 || ram_end <= 1ULL << bits)
		return 0;
	return hv_err(
		err, -ENOTSUP,
		"/dev/kvm: this host's physical addresses have %u bits (CPUID leaf 0x80000008 "
		"eax), too few for this domain's memory; use engine='soft' or less memory",
		bits);
}

int kvm_features_check(const struct kvm_cpuid_entry2 *want, unsigned nwant,
		       const struct kvm_cpuid_entry2 *have, unsigned nhave, uint64_t ram_end,
		       struct hv_error *err)
{
	for (unsigned i = 0; i < FEATURES; i++) {
		const struct feature *f = &features[i];

		if (f->kind != NEEDED || !has(want, nwant, f) || has(have, nhave, f))
			continue;
		return hv_err(err, -ENOTSUP,
			      "/dev/kvm: this host cannot be a taiki-base processor: it lacks %s "
			      "(CPUID leaf 0x%x, %s bit %u); use engine='soft'",
			      f->name, f->function, names[f->reg], f->bit);
	}
	return check_width(have, nhave, ram_end, err);
}
