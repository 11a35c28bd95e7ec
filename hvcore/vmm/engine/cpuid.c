/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * taiki-base: the one processor that every domain sees unless it asks for its
 * host's.  It must be honest on both engines and on every host a domain may
 * move to, so it holds what all of them have and nothing else: the amd64
 * baseline (SSE2), NX, SYSCALL, CMPXCHG16B, x2APIC, the TSC-deadline timer and
 * kvm-clock.
 *
 * Left out, and why:
 *   invariant TSC   a guest would use the raw TSC, which changes its rate on a
 *                   host without TSC scaling; kvm-clock survives the move
 *   XSAVE, AVX      not in `soft`; the kernel then uses FXSAVE
 *   PCID            not on AMD before Zen 3, nor in QEMU's emulation
 *   RDTSCP          not on a KVM that runs without hardware virtualization
 *   MTRR, PAT, MCE  nothing to cache and no machine checks: the board is RAM
 *                   and devices
 *   SSE3 and later  not in `soft`
 *
 * The identity is a 64-bit in-order Atom (family 6, model 0x1c, stepping 10).
 * It does not speculate, so guests need neither retpolines nor page-table
 * isolation against the processor they see; the host's own mitigations guard
 * the host.  A stock kernel expects of this identity that RDMSR 0x1a0
 * (MISC_ENABLE: 1, fast strings; written back, too, before there is an IDT)
 * and 0x8b (microcode revision; written with 0 first) work.
 *
 * A leaf that is not in the table reads as zeroes.
 */
#include "hvcore/vmm/engine/engine.h"

#include <string.h>

#include "hvcore/vmm/clock.h"

enum {
	LEAF_MAX = 0xb,
	LEAF_EXT_MAX = 0x80000008,
	LEAF_HV_MAX = 0x40000010,
	SIGNATURE = 0x000106ca, /* family 6, model 0x1c, stepping 10 */
	APIC_BUS_KHZ = 1000000, /* the local APIC timer counts nanoseconds */
	PHYS_BITS = 40,
	LINEAR_BITS = 48,
};

#define BIT(n) (1U << (n))

/* SDM 2A, CPUID: leaf 1. */
enum {
	F1D_FPU = BIT(0),
	F1D_DE = BIT(2),
	F1D_PSE = BIT(3),
	F1D_TSC = BIT(4),
	F1D_MSR = BIT(5),
	F1D_PAE = BIT(6),
	F1D_CX8 = BIT(8),
	F1D_APIC = BIT(9),
	F1D_SEP = BIT(11),
	F1D_PGE = BIT(13),
	F1D_CMOV = BIT(15),
	F1D_CLFSH = BIT(19),
	F1D_MMX = BIT(23),
	F1D_FXSR = BIT(24),
	F1D_SSE = BIT(25),
	F1D_SSE2 = BIT(26),
	F1D_HTT = BIT(28), /* leaf 1 EBX[23:16] is valid */
};
#define F1C_CX16         BIT(13)
#define F1C_X2APIC       BIT(21)
#define F1C_TSC_DEADLINE BIT(24)
#define F1C_HYPERVISOR   BIT(31)

#define F7B_ERMS BIT(9) /* REP MOVSB/STOSB are the fast way to copy */

/* Leaf 0x80000001. */
#define FXC_LAHF    BIT(0)
#define FXD_SYSCALL BIT(11)
#define FXD_NX      BIT(20)
#define FXD_LM      BIT(29)

/* Linux, Documentation/virt/kvm/x86/cpuid.rst: leaf 0x40000001 EAX. */
#define KVM_NOP_IO_DELAY       BIT(1)
#define KVM_CLOCKSOURCE2       BIT(3)
#define KVM_CLOCKSOURCE_STABLE BIT(24)

#define LEAF1_EDX                                                                                  \
	(F1D_FPU | F1D_DE | F1D_PSE | F1D_TSC | F1D_MSR | F1D_PAE | F1D_CX8 | F1D_APIC | F1D_SEP | \
	 F1D_PGE | F1D_CMOV | F1D_CLFSH | F1D_MMX | F1D_FXSR | F1D_SSE | F1D_SSE2)
#define LEAF1_ECX (F1C_CX16 | F1C_X2APIC | F1C_TSC_DEADLINE | F1C_HYPERVISOR)

enum { INDEXED = KVM_CPUID_FLAG_SIGNIFCANT_INDEX }; /* the header's spelling */

/* What does not depend on the vCPU. */
static const struct kvm_cpuid_entry2 fixed[] = {
	/* "GenuineIntel" */
	{.function = 0, .eax = LEAF_MAX, .ebx = 0x756e6547, .ecx = 0x6c65746e, .edx = 0x49656e69},
	/* EBX[15:8]: CLFLUSH line in 8-byte units; per-vCPU fields are filled in below. */
	{.function = 1, .eax = SIGNATURE, .ebx = 8 << 8, .ecx = LEAF1_ECX, .edx = LEAF1_EDX},
	/* One round, one descriptor: "see leaf 4". */
	{.function = 2, .eax = 0x0000ff01},
	/* L1 data and instruction 32 KiB, 8-way; L2 512 KiB, 8-way: EBX ways, line; ECX sets. */
	{.function = 4, .index = 0, .flags = INDEXED, .eax = 0x121, .ebx = 0x01c0003f, .ecx = 63},
	{.function = 4, .index = 1, .flags = INDEXED, .eax = 0x122, .ebx = 0x01c0003f, .ecx = 63},
	{.function = 4, .index = 2, .flags = INDEXED, .eax = 0x143, .ebx = 0x01c0003f, .ecx = 1023},
	{.function = 4, .index = 3, .flags = INDEXED},
	/* The local APIC timer runs in every idle state. */
	{.function = 6, .eax = BIT(2)},
	{.function = 7, .index = 0, .flags = INDEXED, .ebx = F7B_ERMS},
	{.function = 0xb, .index = 0, .flags = INDEXED, .ebx = 1, .ecx = 0x100},
	{.function = 0xb, .index = 1, .flags = INDEXED, .ecx = 0x201},
	{.function = 0xb, .index = 2, .flags = INDEXED, .ecx = 0x002},
	/* "KVMKVMKVM\0\0\0" */
	{.function = 0x40000000,
	 .eax = LEAF_HV_MAX,
	 .ebx = 0x4b4d564b,
	 .ecx = 0x564b4d56,
	 .edx = 0x0000004d},
	{.function = 0x40000001,
	 .eax = KVM_NOP_IO_DELAY | KVM_CLOCKSOURCE2 | KVM_CLOCKSOURCE_STABLE},
	/* TSC and APIC bus frequency; `kvm` puts in the host's where it cannot scale. */
	{.function = 0x40000010, .eax = CLOCK_TSC_KHZ, .ebx = APIC_BUS_KHZ},
	{.function = 0x80000000, .eax = LEAF_EXT_MAX},
	{.function = 0x80000001, .ecx = FXC_LAHF, .edx = FXD_SYSCALL | FXD_NX | FXD_LM},
	/* The brand string: filled in below. */
	{.function = 0x80000002},
	{.function = 0x80000003},
	{.function = 0x80000004},
	/* L2: 512 KiB, 8-way (code 6), 64-byte lines. */
	{.function = 0x80000006, .ecx = 512 << 16 | 6 << 12 | 64},
	{.function = 0x80000007},
	{.function = 0x80000008, .eax = LINEAR_BITS << 8 | PHYS_BITS},
};

static const char brand[48] = "Taiki base processor";

/* id_bits() - How many bits an APIC id needs to name one of @n processors. */
static unsigned id_bits(unsigned n)
{
	unsigned bits = 0;

	while ((1U << bits) < n)
		bits++;
	return bits;
}

/*
 * place() - What @e says about @vcpu and the @vcpus of the domain: one package
 * of single-threaded cores, APIC id = index.
 */
static void place(struct kvm_cpuid_entry2 *e, unsigned vcpu, unsigned vcpus)
{
	switch (e->function) {
	case 1:
		e->ebx |= vcpu << 24 | (1U << id_bits(vcpus)) << 16;
		if (vcpus > 1)
			e->edx |= F1D_HTT;
		break;
	case 4:
		if (e->eax)
			e->eax |= (vcpus - 1) << 26;
		break;
	case 0xb:
		e->edx = vcpu;
		if (e->index == 1) {
			e->eax = id_bits(vcpus);
			e->ebx = vcpus;
		}
		break;
	case 0x80000002:
	case 0x80000003:
	case 0x80000004: memcpy(&e->eax, brand + 16 * (e->function - 0x80000002), 16); break;
	default: break;
	}
}

unsigned engine_cpuid(unsigned vcpu, unsigned vcpus, struct kvm_cpuid_entry2 *out, unsigned max)
{
	const unsigned n = sizeof(fixed) / sizeof(fixed[0]);

	if (max < n)
		return 0;
	for (unsigned i = 0; i < n; i++) {
		out[i] = fixed[i];
		place(&out[i], vcpu, vcpus);
	}
	return n;
}
