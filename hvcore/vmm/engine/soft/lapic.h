/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC (SDM 3A chapter 11), xAPIC and x2APIC.  Its timer counts
 * nanoseconds of the domain's clock.  IRR and TMR bits may be set by any
 * thread; all else is the run thread's.
 */
#ifndef SOFT_LAPIC_H
#define SOFT_LAPIC_H

#include "hvcore/vmm/engine/soft/cpu.h"

struct kvm_lapic_state;

enum { LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR, LVTS };

struct lapic {
	uint32_t id, tpr, ldr, dfr, svr, esr, esr_pending;
	uint64_t icr;
	uint32_t lvt[LVTS];
	uint32_t timer_initial, timer_divide;
	uint64_t timer_start;  /* ns: when the count began */
	uint64_t deadline;     /* ns: next expiry, or UINT64_MAX */
	uint64_t tsc_deadline; /* as written; 0: disarmed */
	uint32_t isr[8];
	_Atomic uint32_t irr[8]; /* any thread */
	_Atomic uint32_t tmr[8]; /* any thread */
};

enum { /* register offsets, and values of their fields */
       REG_ID = 0x20,
       REG_VERSION = 0x30,
       REG_TPR = 0x80,
       REG_APR = 0x90,
       REG_PPR = 0xa0,
       REG_EOI = 0xb0,
       REG_RRD = 0xc0,
       REG_LDR = 0xd0,
       REG_DFR = 0xe0,
       REG_SVR = 0xf0,
       REG_ISR = 0x100,
       REG_TMR = 0x180,
       REG_IRR = 0x200,
       REG_ESR = 0x280,
       REG_CMCI = 0x2f0,
       REG_ICR = 0x300,
       REG_ICR2 = 0x310,
       REG_LVT = 0x320,
       REG_INITIAL = 0x380,
       REG_CURRENT = 0x390,
       REG_DIVIDE = 0x3e0,
       REG_SELF = 0x3f0,
       VERSION = 0x50014,
       LVT_MASKED = 1 << 16,
       LVT_MODE = 3 << 17,
       LVT_PERIODIC = 1 << 17,
       LVT_DEADLINE = 2 << 17,
       SVR_ENABLE = 1 << 8,
       MODE_FIXED = 0,
       MODE_LOWEST = 1,
       MODE_NMI = 4,
       MODE_INIT = 5,
       MODE_SIPI = 6,
       MODE_EXTINT = 7,
};

void lapic_reset(struct cpu *c);
/* lapic_raise() - Set @vector in @c's IRR; any thread. */
void lapic_raise(struct cpu *c, unsigned vector, bool level);
/* lapic_timer_start() - The count begins anew; lapic_timer_current() - where it stands. */
void lapic_timer_start(struct cpu *c);
uint32_t lapic_timer_current(struct cpu *c);
uint64_t lapic_mmio_read(struct cpu *c, unsigned off, unsigned size);
void lapic_mmio_write(struct cpu *c, unsigned off, unsigned size, uint64_t v);
/* lapic_msr_*() - x2APIC registers 0x800..0x8ff: false = #GP. */
bool lapic_msr_read(struct cpu *c, uint32_t msr, uint64_t *v);
bool lapic_msr_write(struct cpu *c, uint32_t msr, uint64_t v);
/* lapic_set_deadline() - MSR TSC_DEADLINE. */
void lapic_set_deadline(struct cpu *c, uint64_t tsc);
/* lapic_poll() - Fire the timer if it is due at @now ns. */
void lapic_poll(struct cpu *c, uint64_t now);
/* lapic_pending() - The vector to deliver now, or -1; lapic_ack() - It is taken. */
int lapic_pending(struct cpu *c);
void lapic_ack(struct cpu *c, unsigned vector);
/* lapic_takes_extint() - Whether LINT0 passes the PIC's interrupts. */
bool lapic_takes_extint(const struct cpu *c);
/* lapic_set_cr8() - CR8 is TPR's upper half. */
void lapic_set_cr8(struct cpu *c, unsigned v);
/* lapic_message() - Deliver an interrupt message; any thread. */
void lapic_message(struct engine *e, struct cpu *from, uint32_t dest, bool logical, unsigned mode,
		   unsigned vector, bool level, unsigned shorthand);
void lapic_save(struct cpu *c, struct kvm_lapic_state *s);
void lapic_restore(struct cpu *c, const struct kvm_lapic_state *s);

#endif
