/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Model-specific registers, TSC and kvm-clock. */
#ifndef SOFT_MSR_H
#define SOFT_MSR_H

#include "hvcore/vmm/engine/soft/cpu.h"

enum {
	MSR_TSC = 0x10,
	MSR_APIC_BASE = 0x1b,
	MSR_UCODE = 0x8b,
	MSR_SYSENTER_CS = 0x174,
	MSR_SYSENTER_ESP,
	MSR_SYSENTER_EIP,
	MSR_MISC_ENABLE = 0x1a0,
	MSR_PAT = 0x277,
	MSR_TSC_DEADLINE = 0x6e0,
	MSR_X2APIC = 0x800,
	MSR_X2APIC_END = 0x900,
	MSR_KVM_WALL_CLOCK = 0x4b564d00,
	MSR_KVM_SYSTEM_TIME = 0x4b564d01,
};
#define MSR_EFER           0xc0000080U
#define MSR_STAR           0xc0000081U
#define MSR_LSTAR          0xc0000082U
#define MSR_CSTAR          0xc0000083U
#define MSR_SFMASK         0xc0000084U
#define MSR_FS_BASE        0xc0000100U
#define MSR_GS_BASE        0xc0000101U
#define MSR_KERNEL_GS_BASE 0xc0000102U
#define MSR_TSC_AUX        0xc0000103U

#define APIC_BASE_BSP    0x100ULL
#define APIC_BASE_ENABLE 0x800ULL
#define APIC_BASE_X2     0xc00ULL

/* msr_read(), msr_write() - false: #GP.  @host: state being restored, checks of the guest's do not apply. */
bool msr_read(struct cpu *c, uint32_t msr, uint64_t *v);
bool msr_write(struct cpu *c, uint32_t msr, uint64_t v, bool host);
/* msr_saved - Those that are state, in the order to restore them. */
extern const uint32_t msr_saved[];
extern const unsigned msr_nsaved;
uint64_t tsc_read(struct cpu *c);
/* kvm_clock_update() - Write the vCPU's time page anew (after the clock changed). */
void kvm_clock_update(struct cpu *c);

/* callback_*() - Board functions with the host's FPU state put back meanwhile. */
void callback_eoi(struct cpu *c, unsigned vector);
uint32_t callback_in(struct cpu *c, uint16_t port, unsigned size);
void callback_out(struct cpu *c, uint16_t port, unsigned size, uint32_t v);
uint64_t callback_mmio_read(struct cpu *c, uint64_t gpa, unsigned size);
void callback_mmio_write(struct cpu *c, uint64_t gpa, unsigned size, uint64_t v);
int callback_ack(struct cpu *c);

#endif
