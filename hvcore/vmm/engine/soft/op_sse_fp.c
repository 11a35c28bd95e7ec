/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SSE and SSE2 arithmetic and comparison, each operation by the host's own
 * instruction with the operands in the guest's order (which NaN survives
 * depends on it).
 */
#include "hvcore/vmm/engine/soft/flags.h"
#include "hvcore/vmm/engine/soft/sse.h"

/*
 * An operation from its host form, name_host(c, i, d, s): what is usual, and what
 * is done while exceptions are unmasked, out of line.
 */
#define FP_RUN(name, what)                                                          \
	static COLD struct insn *name##_trap(struct cpu *c, struct insn *i, v128 s) \
	{                                                                           \
		v128 d;                                                             \
                                                                                    \
		sse_probe();                                                        \
		d = name##_host(i, XMM(i->reg), s);                                 \
		sse_raise(c, i, XMM(i->reg), s, d, what);                           \
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
#define FP_HANDLERS(name, load, what)                                 \
	HOT v128 name##_host(const struct insn *i, v128 d, v128 s)    \
	{                                                             \
		__asm__ volatile(#name " %1, %0" : "+x"(d) : "x"(s)); \
		return d;                                             \
	}                                                             \
	FP_RUN(name, what)                                            \
	FP_FORMS(name, load)

HOT v128 load_ss(struct cpu *c, struct insn *i, const enum form form)
{
	return sse_from64(sse_load32(c, i, form));
}

HOT v128 load_sd(struct cpu *c, struct insn *i, const enum form form)
{
	return sse_from64(sse_load64(c, i, form));
}

#define FP_ARITH(op, name)                                     \
	FP_HANDLERS(name##ps, sse_load128, SSE_WHAT(name, PS)) \
	FP_HANDLERS(name##pd, sse_load128, SSE_WHAT(name, PD)) \
	FP_HANDLERS(name##ss, load_ss, SSE_WHAT(name, SS))     \
	FP_HANDLERS(name##sd, load_sd, SSE_WHAT(name, SD))
#define FP_EXACT(op, name)                            \
	FP_HANDLERS(name##ps, sse_load128, SSE_EXACT) \
	FP_HANDLERS(name##pd, sse_load128, SSE_EXACT) \
	FP_HANDLERS(name##ss, load_ss, SSE_EXACT)     \
	FP_HANDLERS(name##sd, load_sd, SSE_EXACT)

SSE_FP_ARITH(FP_ARITH)
SSE_FP_EXACT(FP_EXACT)
/* The approximations: no exceptions. */
FP_HANDLERS(rsqrtps, sse_load128, SSE_EXACT)
FP_HANDLERS(rsqrtss, load_ss, SSE_EXACT)
FP_HANDLERS(rcpps, sse_load128, SSE_EXACT)
FP_HANDLERS(rcpss, load_ss, SSE_EXACT)

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
	FP_RUN(cmp##type, SSE_EXACT)                                    \
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
		sse_raise(c, i, s, s, s, SSE_EXACT);                                          \
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
