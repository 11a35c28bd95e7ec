/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMD floating-point exceptions while the guest has some unmasked (SDM 1 §11.5).
 *
 * The host computes masked.  Most flags are the same then; overflow and underflow
 * are not: unmasked, they ask whether the result *with an unbounded exponent* is
 * inexact.  x87 answers that: its exponent is wide enough for all operands, and
 * it rounds to 24 or 53 bits if told so.
 */
#include "hvcore/vmm/engine/soft/sse.h"

enum {
	PC_24 = 0x000,
	PC_53 = 0x200,
	EXT_BIAS = 16383,
	EXT_SPECIAL = 0x7fff, /* infinity or NaN */
	MXCSR_DAZ = 0x40,
};

void sse_probe(void)
{
	uint32_t v;

	__asm__ volatile("stmxcsr %0" : "=m"(v));
	v &= ~(uint32_t)FPX_ALL;
	__asm__ volatile("ldmxcsr %0" : : "m"(v));
}

/* An element: its bits, as single or double. */
struct element {
	uint64_t bits;
	bool wide;
};

static bool denormal(struct element e)
{
	uint64_t exp = e.wide ? e.bits >> 52 & 0x7ff : e.bits >> 23 & 0xff;
	uint64_t frac = e.wide ? e.bits << 12 : e.bits << 41;

	return !exp && frac;
}

/* element() - Number @n of @v; @daz: a denormal is zero. */
static struct element element(v128 v, unsigned n, bool wide, bool daz)
{
	struct element e = {.wide = wide};

	memcpy(&e.bits, (char *)&v + n * (wide ? 8 : 4), wide ? 8 : 4);
	if (daz && denormal(e))
		e.bits &= wide ? 1ULL << 63 : 1ULL << 31;
	return e;
}

static void push(struct element e)
{
	if (e.wide)
		__asm__ volatile("fldl %0" : : "m"(e.bits));
	else
		__asm__ volatile("flds %0" : : "m"(e.bits));
}

/* unbounded() - @d op @s with a wide exponent, rounded to 24 or 53 bits; *@inexact as x87 says. */
static struct ext unbounded(uint32_t mxcsr, enum sse_arith arith, struct element d,
			    struct element s, bool wide, bool *inexact)
{
	uint16_t fcw = FPX_ALL | (wide ? PC_53 : PC_24) | (mxcsr >> 13 & 3) << 10;
	struct ext r = {0};
	uint16_t sw;

	__asm__ volatile("fnclex\n\tfldcw %0" : : "m"(fcw));
	if (arith == SSE_cvt)
		__asm__ volatile("fldz");
	else
		push(d);
	push(s);
	switch (arith) {
	case SSE_add:
	case SSE_cvt: __asm__ volatile("faddp"); break;
	case SSE_mul: __asm__ volatile("fmulp"); break;
	case SSE_sub: __asm__ volatile("fsubrp"); break; /* AT&T: st(1) - st(0) */
	case SSE_div: __asm__ volatile("fdivrp"); break;
	}
	__asm__ volatile("fnstsw %0\n\tfstpt %1\n\tfnclex" : "=a"(sw), "+m"(r));
	*inexact = sw & FPX_PE;
	return r;
}

/* differs() - Whether the host's (denormal) result is not the exact one. */
static bool differs(struct ext r, struct element result)
{
	struct ext h = {0};

	push(result);
	__asm__ volatile("fstpt %0\n\tfnclex" : "+m"(h));
	return h.frac != r.frac || h.exp != r.exp;
}

/* range_flags() - OE, UE and PE of one element under the guest's masks. */
static uint32_t range_flags(uint32_t mxcsr, enum sse_arith arith, struct element d,
			    struct element s, struct element result)
{
	bool wide = result.wide;
	bool inexact;
	struct ext r = unbounded(mxcsr, arith, d, s, wide, &inexact);
	int exp = (r.exp & 0x7fff) - EXT_BIAS;
	uint32_t flags = inexact ? FPX_PE : 0;

	if ((r.exp & 0x7fff) == EXT_SPECIAL || !r.frac)
		return flags;
	if (exp > (wide ? 1023 : 127))
		return flags | FPX_OE | (mxcsr & FPX_OE << 7 ? FPX_PE : 0);
	if (exp >= (wide ? -1022 : -126))
		return flags;
	if (!(mxcsr & FPX_UE << 7))
		return flags | FPX_UE;
	return inexact || mxcsr & MXCSR_FTZ || differs(r, result) ? FPX_UE | FPX_PE : 0;
}

/* all_range_flags() - The same of every element. */
static uint32_t all_range_flags(struct cpu *c, v128 d, v128 s, v128 result, unsigned what)
{
	enum sse_arith arith = what & 7;
	enum sse_type type = what & ~7U;
	bool wide = type == SSE_PD || type == SSE_SD;
	bool packed = type == SSE_PS || type == SSE_PD;
	bool daz = c->fpu.mxcsr & MXCSR_DAZ;
	unsigned count = !packed ? 1 : wide || arith == SSE_cvt ? 2 : 4;
	uint32_t flags = 0;

	for (unsigned n = 0; n < count; n++)
		flags |= range_flags(c->fpu.mxcsr, arith, element(d, n, wide, daz),
				     element(s, n, wide || arith == SSE_cvt, daz),
				     element(result, n, wide, false));
	/* The guest's control word again. */
	fpu_set_control(c, c->fpu.fcw, c->fpu.fsw);
	return flags;
}

void sse_raise(struct cpu *c, struct insn *i, v128 d, v128 s, v128 result, unsigned what)
{
	uint32_t unmasked = ~c->fpu.mxcsr >> 7 & FPX_ALL;
	uint32_t flags;

	__asm__ volatile("stmxcsr %0" : "=m"(flags));
	flags &= FPX_ALL;
	/* With an unmasked one of these, nothing is computed. */
	if (flags & unmasked & FPX_PRE)
		flags &= FPX_PRE;
	else if (what != SSE_EXACT && unmasked & (FPX_OE | FPX_UE))
		flags = (flags & FPX_PRE) | all_range_flags(c, d, s, result, what);
	c->fpu.mxcsr |= flags;
	if (flags & unmasked) {
		sse_probe();
		fault(c, i, c->cr4 & FPU_CR4_OSXMMEXCPT ? EXC_XM : EXC_UD, 0);
	}
}
