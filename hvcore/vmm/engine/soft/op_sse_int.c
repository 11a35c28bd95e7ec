/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Integer operations on XMM and MMX registers.  None of them touches MXCSR.
 *
 * MMX ones run on the host's MM0: its stack is empty between handlers, and EMMS
 * makes it so again.
 */
#include "hvcore/vmm/engine/soft/sse.h"

#define XMM_BODY(name)                                       \
	HOT v128 name(v128 d, v128 s)                        \
	{                                                    \
		__asm__(#name " %1, %0" : "+x"(d) : "x"(s)); \
		return d;                                    \
	}
#define XMM_HANDLERS(op, name)                                                                \
	XMM_BODY(name)                                                                        \
	struct insn *xmm_##name##_rr(struct cpu *c, struct insn *i)                           \
	{                                                                                     \
		XMM(i->reg) = name(XMM(i->reg), XMM(i->rm));                                  \
		return NEXT(c, i);                                                            \
	}                                                                                     \
	HOT struct insn *xmm_##name##_rm(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                                     \
		v128 s = sse_load128(c, i, form);                                             \
                                                                                              \
		XMM(i->reg) = name(XMM(i->reg), s);                                           \
		return NEXT(c, i);                                                            \
	}                                                                                     \
	SSE_MEM(xmm_##name##_rm)

SSE_INT_BOTH(XMM_HANDLERS)
SSE_INT_LOW(XMM_HANDLERS)
SSE_INT_XMM(XMM_HANDLERS)
SSE_INT_PS(XMM_HANDLERS)

#define MMX_BODY(name)                                                                   \
	HOT uint64_t name##_mm(uint64_t d, uint64_t s)                                   \
	{                                                                                \
		__asm__("movq %0, %%mm0\n\tmovq %1, %%mm1\n\t" #name " %%mm1, %%mm0\n\t" \
			"movq %%mm0, %0\n\temms"                                         \
			: "+r"(d)                                                        \
			: "r"(s)                                                         \
			: "mm0", "mm1");                                                 \
		return d;                                                                \
	}
#define MMX_HANDLERS_OF(name, load)                                                           \
	MMX_BODY(name)                                                                        \
	struct insn *mmx_##name##_rr(struct cpu *c, struct insn *i)                           \
	{                                                                                     \
		fpu_wait(c, i);                                                               \
		fpu_mmx(c);                                                                   \
		fpu_set_mm(c, i->reg, name##_mm(fpu_mm(c, i->reg), fpu_mm(c, i->rm)));        \
		return NEXT(c, i);                                                            \
	}                                                                                     \
	HOT struct insn *mmx_##name##_rm(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                                     \
		uint64_t s;                                                                   \
                                                                                              \
		fpu_wait(c, i);                                                               \
		s = load(c, i, form);                                                         \
		fpu_mmx(c);                                                                   \
		fpu_set_mm(c, i->reg, name##_mm(fpu_mm(c, i->reg), s));                       \
		return NEXT(c, i);                                                            \
	}                                                                                     \
	SSE_MEM(mmx_##name##_rm)
#define MMX_HANDLERS(op, name)     MMX_HANDLERS_OF(name, sse_load64)
#define MMX_LOW_HANDLERS(op, name) MMX_HANDLERS_OF(name, sse_load32)

SSE_INT_BOTH(MMX_HANDLERS)
SSE_INT_LOW(MMX_LOW_HANDLERS)

/* Shifts by an immediate: the register's shift with the count in a vector. */
#define SHIFT_HANDLERS(name)                                                        \
	struct insn *xmm_##name##_imm(struct cpu *c, struct insn *i)                \
	{                                                                           \
		XMM(i->rm) = name(XMM(i->rm), sse_from64((uint8_t)i->imm));         \
		return NEXT(c, i);                                                  \
	}                                                                           \
	struct insn *mmx_##name##_imm(struct cpu *c, struct insn *i)                \
	{                                                                           \
		fpu_wait(c, i);                                                     \
		fpu_mmx(c);                                                         \
		fpu_set_mm(c, i->rm, name##_mm(fpu_mm(c, i->rm), (uint8_t)i->imm)); \
		return NEXT(c, i);                                                  \
	}

SSE_SHIFTS(SHIFT_HANDLERS)

/* byte_shift() - Both halves as one number. */
HOT void byte_shift(struct cpu *c, struct insn *i, bool left)
{
	unsigned bytes = (uint8_t)i->imm;
	unsigned __int128 v;

	memcpy(&v, &XMM(i->rm), 16);
	if (bytes > 15)
		v = 0;
	else
		v = left ? v << bytes * 8 : v >> bytes * 8;
	memcpy(&XMM(i->rm), &v, 16);
}

struct insn *xmm_psrldq_imm(struct cpu *c, struct insn *i)
{
	byte_shift(c, i, false);
	return NEXT(c, i);
}

struct insn *xmm_pslldq_imm(struct cpu *c, struct insn *i)
{
	byte_shift(c, i, true);
	return NEXT(c, i);
}

struct insn *op_emms(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	fpu_mmx(c);
	c->fpu.ftw = 0;
	return NEXT(c, i);
}
