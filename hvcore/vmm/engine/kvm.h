/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the kvm engine: what its files share.
 *
 *   kvm.c           creation and the table of operations
 *   kvm_cpuid.c     the CPUID table
 *   kvm_features.c  whether the host can do what it says
 *   kvm_run.c       the run loop, exits, kicks, the PIC's interrupt
 *   kvm_irq.c       messages, routes, doorbells
 *   kvm_mem.c       memory slots and the dirty log
 *   kvm_state.c     get, set, reset, boot
 *   kvm_clock.c     kvm-clock and TSC across stop and cont
 *   kvm_timer.c     the same for the local APIC's counting timer
 */
#ifndef VMM_ENGINE_KVM_H
#define VMM_ENGINE_KVM_H

#include <pthread.h>
#include <stdatomic.h>

#include "hvcore/vmm/engine/engine.h"

enum {
	KVM_PINS = 24, /* IOAPIC pins */
	KVM_SLOTS = 2, /* RAM below and above 4 GiB; the ROM's slot is the next */
};

struct kvm_vcpu {
	struct engine *e;
	unsigned index;
	int fd;
	struct kvm_run *run; /* shared with the kernel; its immediate_exit is set by any thread */
	_Atomic int tid;     /* the thread inside run(), 0: none */
	_Atomic bool kicked; /* a kick not yet answered */
	_Atomic bool nmi;    /* to be injected before the guest is entered */
	uint64_t deadline;   /* IA32_TSC_DEADLINE while the clock stands, loop thread only */
	/* The local APIC timer's registers while the clock stands and it counts; else 0. */
	uint32_t initial_count, current_count;
	uint32_t signature;               /* CPUID leaf 1 EAX */
	char why[200];                    /* for ENGINE_FAILED */
	struct engine_vcpu_state initial; /* after create(): what reset() goes back to */
};

/* The message an IOAPIC pin sends; addr 0: none yet. */
struct kvm_pin {
	uint64_t addr;
	uint32_t data;
};

struct kvm_slot {
	uint64_t gpa, size;
	uint64_t offset; /* in the RAM's file */
	void *host;
};

struct engine {
	struct engine_config cfg;
	int kvm, vm;
	size_t run_size; /* bytes of struct kvm_run's mapping */
	struct kvm_vcpu *vcpu;

	_Atomic bool intr; /* the PIC's INTR pin */

	pthread_mutex_t routes; /* guards pin[] and the kernel's copy of it */
	struct kvm_pin pin[KVM_PINS];

	/* Setup and loop thread only. */
	struct kvm_slot slot[KVM_SLOTS];
	bool logging;
	unsigned tsc_khz;
	bool stopped; /* the clock stands, and tsc is what every vCPU's TSC reads */
	uint64_t tsc;
};

/* kvm_ioctl() - ioctl() that returns -errno. */
int kvm_ioctl(int fd, unsigned long request, unsigned long arg);
#define kvm_ioctlp(fd, request, ptr) kvm_ioctl(fd, request, (unsigned long)(ptr))

int kvm_cpuid_apply(struct kvm_vcpu *v, struct hv_error *err);

enum kvm_register { KVM_EAX, KVM_EBX, KVM_ECX, KVM_EDX };
const struct kvm_cpuid_entry2 *kvm_cpuid_find(const struct kvm_cpuid_entry2 *table, unsigned n,
					      uint32_t function, uint32_t index);
uint32_t kvm_cpuid_register(const struct kvm_cpuid_entry2 *e, enum kvm_register reg);
/* kvm_feature_known() - Whether it has been thought about what a host without the bit means. */
bool kvm_feature_known(uint32_t function, enum kvm_register reg, unsigned bit);
/*
 * kvm_features_check() - 0 if a host that offers @have can be @want, with RAM
 * that ends at @ram_end; else -ENOTSUP, and @err names leaf and feature.
 */
int kvm_features_check(const struct kvm_cpuid_entry2 *want, unsigned nwant,
		       const struct kvm_cpuid_entry2 *have, unsigned nhave, uint64_t ram_end,
		       struct hv_error *err);

enum engine_exit kvm_run(struct engine *e, unsigned thread, const char **why);
void kvm_kick(struct engine *e, unsigned thread);
void kvm_nmi(struct engine *e, unsigned vcpu);
void kvm_extint(struct engine *e, bool level);
int kvm_run_init(struct hv_error *err); /* the kick signal's handler */

int kvm_msi(struct engine *e, uint64_t addr, uint32_t data);
void kvm_ioapic_route(struct engine *e, unsigned pin, uint64_t addr, uint32_t data, bool level);
int kvm_doorbell(struct engine *e, uint64_t gpa, unsigned size, int fd, bool on);

int kvm_map_ram(struct engine *e, struct hv_error *err);
int kvm_rom(struct engine *e, uint64_t gpa, void *host, uint64_t size);
int kvm_dirty_log(struct engine *e, bool on);
int kvm_dirty_harvest(struct engine *e, uint64_t *bitmap, size_t words);

int kvm_get(struct engine *e, unsigned vcpu, struct engine_vcpu_state *s);
int kvm_set(struct engine *e, unsigned vcpu, const struct engine_vcpu_state *s);
void kvm_reset(struct engine *e);
int kvm_boot(struct engine *e, uint32_t eip, uint32_t ebx);
int kvm_msr_get(struct kvm_vcpu *v, uint32_t msr, uint64_t *value);
int kvm_msr_set(struct kvm_vcpu *v, uint32_t msr, uint64_t value);

void kvm_clock_changed(struct engine *e);

/* kvm_timer_stop(), _go() - The clock stops, goes on. */
void kvm_timer_stop(struct kvm_vcpu *v);
void kvm_timer_go(struct kvm_vcpu *v);
/* While it stands: what the kernel is given of @s, and what the kernel's @s is to the outside. */
void kvm_timer_hide(struct kvm_vcpu *v, struct kvm_lapic_state *s);
void kvm_timer_show(const struct kvm_vcpu *v, struct kvm_lapic_state *s);

#endif
