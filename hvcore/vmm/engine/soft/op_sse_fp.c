/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SSE and SSE2 arithmetic and comparison, each operation by the host's own
 * instruction with the operands in the guest's order (which NaN survives
 * depends on it).
 */
#include "hvcore/vmm/engine/soft/flags.h"
#include "hvcore/vmm/engine/soft/sse.h"

void sse_probe(void)
{
	uint32_t v;

	__asm__ volatile("stmxcsr %0" : "=m"(v));
	v &= ~(uint32_t)FPX_ALL;
	__asm__ volatile("ldmxcsr %0" : : "m"(v));
}

static bool denormal32(uint32_t v)
{
	return !(v & 0x7f800000) && (v & 0x007fffff);
}

static bool denormal64(uint64_t v)
{
	return !(v >> 52 & 0x7ff) && (v & 0xfffffffffffffULL);
}

/* is_tiny() - Whether an element of @v is denormal. */
static bool is_tiny(v128 v, enum sse_tiny tiny)
{
	v4u w = (v4u)v;
	bool yes = false;

	switch (tiny) {
	case TINY_NEVER: break;
	case TINY_PS:
		for (unsigned n = 0; n < 4; n++)
			yes |= denormal32(w[n]);
		break;
	case TINY_PD: yes = denormal64((uint64_t)v[0]) || denormal64((uint64_t)v[1]); break;
	case TINY_SS: yes = denormal32(w[0]); break;
	case TINY_SD: yes = denormal64((uint64_t)v[0]); break;
	}
	return yes;
}

void sse_raise(struct cpu *c, struct insn *i, v128 result, enum sse_tiny tiny)
{
	uint32_t unmasked = ~c->fpu.mxcsr >> 7 & FPX_ALL;
	uint32_t flags;

	__asm__ volatile("stmxcsr %0" : "=m"(flags));
	flags &= FPX_ALL;
	/* SDM 1 §11.5.2: with an unmasked one of these, nothing is computed. */
	if (flags & unmasked & FPX_PRE)
		flags &= FPX_PRE;
	/* §10.2.3, §4.9.1.5: unmasked, underflow does not ask whether the result is inexact. */
	else if (unmasked & FPX_UE && is_tiny(result, tiny))
		flags |= FPX_UE;
	c->fpu.mxcsr |= flags;
	if (flags & unmasked) {
		sse_probe();
		fault(c, i, c->cr4 & FPU_CR4_OSXMMEXCPT ? EXC_XM : EXC_UD, 0);
	}
}

/*
 * An operation from its host form, name_host(c, i, d, s): what is usual, and what
 * is done while exceptions are unmasked, out of line.
 */
#define FP_RUN(name, tiny)                                                          \
	static COLD struct insn *name##_trap(struct cpu *c, struct insn *i, v128 s) \
	{                                                                           \
		v128 d;                                                             \
                                                                                    \
		sse_probe();                                                        \
		d = name##_host(i, XMM(i->reg), s);                                 \
		sse_raise(c, i, d, tiny);                                           \
		XMM(i->reg) = d;                                                    \
		return NEXT(c, i);                                                  \
	}                                                                           \
	HOT struct insn *name(struct cpu *c, struct insn *i, v128 s)                \
	{                                                                           \
		if (unlikely(fpu_trapping(c)))                                      \
			return name##_trap(c, i, s);                                \
		XMM(i->reg) = name##_host(i, XMM(i->reg), s);                       \
		return NEXT(c, i);                                                  \
	}
#define FP_FORMS(name, load)                                                                  \
	struct insn *xmm_##name##_rr(struct cpu *c, struct insn *i)                           \
	{                                                                                     \
		return name(c, i, XMM(i->rm));                                                \
	}                                                                                     \
	HOT struct insn *xmm_##name##_rm(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                                     \
		return name(c, i, load(c, i, form));                                          \
	}                                                                                     \
	SSE_MEM(xmm_##name##_rm)
#define FP_HANDLERS(name, load, tiny)                                 \
	HOT v128 name##_host(const struct insn *i, v128 d, v128 s)    \
	{                                                             \
		__asm__ volatile(#name " %1, %0" : "+x"(d) : "x"(s)); \
		return d;                                             \
	}                                                             \
	FP_RUN(name, tiny)                                            \
	FP_FORMS(name, load)

HOT v128 load_ss(struct cpu *c, struct insn *i, const enum form form)
{
	return sse_from64(sse_load32(c, i, form));
}

HOT v128 load_sd(struct cpu *c, struct insn *i, const enum form form)
{
	return sse_from64(sse_load64(c, i, form));
}

#define FP_ARITH(op, name)                          \
	FP_HANDLERS(name##ps, sse_load128, TINY_PS) \
	FP_HANDLERS(name##pd, sse_load128, TINY_PD) \
	FP_HANDLERS(name##ss, load_ss, TINY_SS)     \
	FP_HANDLERS(name##sd, load_sd, TINY_SD)
#define FP_EXACT(op, name)                             \
	FP_HANDLERS(name##ps, sse_load128, TINY_NEVER) \
	FP_HANDLERS(name##pd, sse_load128, TINY_NEVER) \
	FP_HANDLERS(name##ss, load_ss, TINY_NEVER)     \
	FP_HANDLERS(name##sd, load_sd, TINY_NEVER)

SSE_FP_ARITH(FP_ARITH)
SSE_FP_EXACT(FP_EXACT)
/* The approximations: no exceptions. */
FP_HANDLERS(rsqrtps, sse_load128, TINY_NEVER)
FP_HANDLERS(rsqrtss, load_ss, TINY_NEVER)
FP_HANDLERS(rcpps, sse_load128, TINY_NEVER)
FP_HANDLERS(rcpss, load_ss, TINY_NEVER)

/* CMPcc: the predicate is an immediate, so there is an instruction for each. */
#define PREDICATE(n, type)                                                           \
	case n:                                                                      \
		__asm__ volatile("cmp" #type " $" #n ", %1, %0" : "+x"(d) : "x"(s)); \
		break;
#define CMP_HANDLERS(type, load)                                        \
	HOT v128 cmp##type##_host(const struct insn *i, v128 d, v128 s) \
	{                                                               \
		switch (i->imm & 7) {                                   \
			PREDICATE(0, type)                              \
			PREDICATE(1, type)                              \
			PREDICATE(2, type)                              \
			PREDICATE(3, type)                              \
			PREDICATE(4, type)                              \
			PREDICATE(5, type)                              \
			PREDICATE(6, type)                              \
			PREDICATE(7, type)                              \
		}                                                       \
		return d;                                               \
	}                                                               \
	FP_RUN(cmp##type, TINY_NEVER)                                   \
	FP_FORMS(cmp##type, load)

CMP_HANDLERS(ps, sse_load128)
CMP_HANDLERS(pd, sse_load128)
CMP_HANDLERS(ss, load_ss)
CMP_HANDLERS(sd, load_sd)

/* COMIS and UCOMIS: ZF, PF and CF; the other flags are cleared. */
HOT struct insn *comi_commit(struct cpu *c, struct insn *i, uint8_t fl)
{
	c->fl = fl & F_LAHF;
	c->of = 0;
	return NEXT(c, i);
}

#define COMI_HANDLERS(name, load)                                                             \
	HOT uint8_t name##_host(v128 d, v128 s)                                               \
	{                                                                                     \
		uint16_t ax;                                                                  \
                                                                                              \
		__asm__ volatile(#name " %2, %1\n\tlahf" : "=a"(ax) : "x"(d), "x"(s) : "cc"); \
		return ax >> 8;                                                               \
	}                                                                                     \
	static COLD struct insn *name##_trap(struct cpu *c, struct insn *i, v128 s)           \
	{                                                                                     \
		uint8_t fl;                                                                   \
                                                                                              \
		sse_probe();                                                                  \
		fl = name##_host(XMM(i->reg), s);                                             \
		sse_raise(c, i, s, TINY_NEVER);                                               \
		return comi_commit(c, i, fl);                                                 \
	}                                                                                     \
	HOT struct insn *name(struct cpu *c, struct insn *i, v128 s)                          \
	{                                                                                     \
		if (unlikely(fpu_trapping(c)))                                                \
			return name##_trap(c, i, s);                                          \
		return comi_commit(c, i, name##_host(XMM(i->reg), s));                        \
	}                                                                                     \
	FP_FORMS(name, load)

COMI_HANDLERS(comiss, load_ss)
COMI_HANDLERS(comisd, load_sd)
COMI_HANDLERS(ucomiss, load_ss)
COMI_HANDLERS(ucomisd, load_sd)
