/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x87, MMX and SSE state, and how the host's own unit computes for the guest.
 *
 * Between fpu_enter() and fpu_leave() the host's unit runs under the guest's
 * control words:
 *
 *   x87    the host's control word is the guest's, as it is.  x87 reports an
 *          unmasked exception only at the next waiting instruction, so a
 *          handler's asm reads the status word, clears it and stores the result
 *          the hardware made (x87.h).  The host's stack is empty in between,
 *          and no exception is pending.
 *   SSE    the host's MXCSR has the guest's rounding, FTZ and DAZ, with every
 *          exception masked.  Its flags accumulate there; the guest's flags are
 *          those in fpu.mxcsr or in the host's register.  While the guest has
 *          exceptions unmasked, each operation starts with clear flags and
 *          raises #XM afterwards (sse.h).
 *
 * No code of ours computes with floating point in between.
 */
#ifndef SOFT_FPU_H
#define SOFT_FPU_H

#include "hvcore/vmm/engine/soft/insn.h"

struct kvm_fpu;

enum { /* flags of FSW and MXCSR; masks of FCW, and of MXCSR shifted left by 7 */
       FPX_IE = 1,
       FPX_DE = 2,
       FPX_ZE = 4,
       FPX_OE = 8,
       FPX_UE = 16,
       FPX_PE = 32,
       FPX_ALL = 63,
       FPX_PRE = FPX_IE | FPX_DE | FPX_ZE, /* found before the operation: no result */
};

enum { /* FSW */
       FSW_SF = 1 << 6,
       FSW_ES = 1 << 7,
       FSW_C0 = 1 << 8,
       FSW_C1 = 1 << 9,
       FSW_C2 = 1 << 10,
       FSW_TOP = 7 << 11,
       FSW_C3 = 1 << 14,
       FSW_B = 1 << 15,
       FSW_CC = FSW_C0 | FSW_C1 | FSW_C2 | FSW_C3,
};

enum {
	FCW_INIT = 0x037f,
	FCW_RESET = 0x0040,
	FCW_ALL = 0x1f3f, /* bits that can be written; bit 6 reads as 1 */
	FCW_ONE = 0x0040,
	MXCSR_INIT = 0x1f80,
	MXCSR_MASKS = 0x1f80,
	MXCSR_FTZ = 0x8000,
	MXCSR_VALID = 0xffff, /* MXCSR_MASK of FXSAVE */
};

enum {
	FPU_CR0_PE = 1 << 0,
	FPU_CR4_OSXMMEXCPT = 1 << 10,
};

/* fpu_reset() - Power-up state, outside enter and leave.  INIT leaves the state alone (SDM 3A §9.1). */
void fpu_reset(struct cpu *c);

/* fpu_enter(), fpu_leave() - Give the host's unit to @c, and take it back. */
void fpu_enter(struct cpu *c);
void fpu_leave(struct cpu *c);

/* fpu_get(), fpu_set() - The state as KVM has it.  Outside enter and leave. -EINVAL: bad MXCSR. */
void fpu_get(const struct cpu *c, struct kvm_fpu *out);
int fpu_set(struct cpu *c, const struct kvm_fpu *in);

/* fpu_mxcsr() - The guest's MXCSR with all flags. */
uint32_t fpu_mxcsr(struct cpu *c);
/* fpu_set_mxcsr() - Load MXCSR; the value is valid. */
void fpu_set_mxcsr(struct cpu *c, uint32_t v);
/* fpu_set_control() - Load FCW and FSW: what is pending follows from both. */
void fpu_set_control(struct cpu *c, uint16_t fcw, uint16_t fsw);
/* fpu_init() - FNINIT. */
void fpu_init(struct cpu *c);
/* fpu_tags() - The tag word, two bits for each physical register. */
uint16_t fpu_tags(const struct cpu *c);
/* fpu_set_tags() - Only "empty" counts of a tag word that is loaded. */
void fpu_set_tags(struct cpu *c, uint16_t tags);

/* An 80-bit register. */
struct ext {
	uint64_t frac;
	uint16_t exp; /* with the sign */
	uint16_t zero[3];
} __attribute__((may_alias));
_Static_assert(sizeof(struct ext) == 16, "");

HOT unsigned fpu_top(const struct cpu *c)
{
	return c->fpu.fsw >> 11 & 7;
}

/* fpu_st() - ST(@n). */
HOT struct ext *fpu_st(struct cpu *c, unsigned n)
{
	return (struct ext *)c->fpu.st[(fpu_top(c) + n) & 7];
}

HOT bool fpu_empty(const struct cpu *c, unsigned n)
{
	return !(c->fpu.ftw >> ((fpu_top(c) + n) & 7) & 1);
}

/* fpu_wait() - #MF if an unmasked x87 exception is pending (CR0.NE counts as set, as under KVM). */
HOT void fpu_wait(struct cpu *c, struct insn *i)
{
	if (unlikely(c->fpu.fsw & FSW_ES))
		fault(c, i, EXC_MF, 0);
}

/* fpu_mmx() - What every MMX instruction does to the stack: TOP 0, nothing empty. */
HOT void fpu_mmx(struct cpu *c)
{
	c->fpu.fsw &= ~FSW_TOP;
	c->fpu.ftw = 0xff;
}

HOT uint64_t fpu_mm(const struct cpu *c, unsigned n)
{
	return ((const struct ext *)c->fpu.st[n & 7])->frac;
}

HOT void fpu_set_mm(struct cpu *c, unsigned n, uint64_t v)
{
	struct ext *e = (struct ext *)c->fpu.st[n & 7];

	e->frac = v;
	e->exp = 0xffff;
}

/* fpu_trapping() - The guest has unmasked SSE exceptions. */
HOT bool fpu_trapping(const struct cpu *c)
{
	return (~c->fpu.mxcsr & MXCSR_MASKS) != 0;
}

#endif
