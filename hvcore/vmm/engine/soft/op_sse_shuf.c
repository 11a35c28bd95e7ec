/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shuffles by an immediate, and single elements and masks to and from general
 * registers.
 */
#include "hvcore/vmm/engine/soft/sse.h"

/* Two bits of the immediate choose each element. */
HOT v128 pshufd(v128 d, v128 s, unsigned imm)
{
	v4u a = (v4u)s;

	return (v128)(v4u){a[imm & 3], a[imm >> 2 & 3], a[imm >> 4 & 3], a[imm >> 6]};
}

HOT uint64_t shuffle16(uint64_t s, unsigned imm)
{
	uint64_t r = 0;

	for (unsigned n = 0; n < 4; n++)
		r |= (s >> 16 * (imm >> 2 * n & 3) & 0xffff) << 16 * n;
	return r;
}

HOT v128 pshuflw(v128 d, v128 s, unsigned imm)
{
	s[0] = (long long)shuffle16((uint64_t)s[0], imm);
	return s;
}

HOT v128 pshufhw(v128 d, v128 s, unsigned imm)
{
	s[1] = (long long)shuffle16((uint64_t)s[1], imm);
	return s;
}

HOT v128 shufps(v128 d, v128 s, unsigned imm)
{
	v4u a = (v4u)d;
	v4u b = (v4u)s;

	return (v128)(v4u){a[imm & 3], a[imm >> 2 & 3], b[imm >> 4 & 3], b[imm >> 6]};
}

HOT v128 shufpd(v128 d, v128 s, unsigned imm)
{
	return (v128){d[imm & 1], s[imm >> 1 & 1]};
}

#define SHUFFLE(name)                                                                         \
	struct insn *xmm_##name##_rr(struct cpu *c, struct insn *i)                           \
	{                                                                                     \
		XMM(i->reg) = name(XMM(i->reg), XMM(i->rm), (uint8_t)i->imm);                 \
		return NEXT(c, i);                                                            \
	}                                                                                     \
	HOT struct insn *xmm_##name##_rm(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                                     \
		v128 s = sse_load128(c, i, form);                                             \
                                                                                              \
		XMM(i->reg) = name(XMM(i->reg), s, (uint8_t)i->imm);                          \
		return NEXT(c, i);                                                            \
	}                                                                                     \
	SSE_MEM(xmm_##name##_rm)

SHUFFLE(pshufd)
SHUFFLE(pshuflw)
SHUFFLE(pshufhw)
SHUFFLE(shufps)
SHUFFLE(shufpd)

HOT struct insn *pshufw(struct cpu *c, struct insn *i, uint64_t s)
{
	fpu_mmx(c);
	fpu_set_mm(c, i->reg, shuffle16(s, (uint8_t)i->imm));
	return NEXT(c, i);
}

struct insn *mmx_pshufw_rr(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	return pshufw(c, i, fpu_mm(c, i->rm));
}

HOT struct insn *mmx_pshufw_rm(struct cpu *c, struct insn *i, const enum form form)
{
	fpu_wait(c, i);
	return pshufw(c, i, sse_load64(c, i, form));
}

SSE_MEM(mmx_pshufw_rm)

HOT uint16_t *xmm_word(struct cpu *c, unsigned n, uint64_t imm)
{
	return (uint16_t *)c->fpu.xmm[n] + (imm & 7);
}

struct insn *xmm_pinsrw_rr(struct cpu *c, struct insn *i)
{
	*xmm_word(c, i->reg, i->imm) = (uint16_t)c->r[i->rm];
	return NEXT(c, i);
}

HOT struct insn *xmm_pinsrw_rm(struct cpu *c, struct insn *i, const enum form form)
{
	uint16_t v = (uint16_t)mem_read16(c, i, insn_ea(c, i, form, 2, false));

	*xmm_word(c, i->reg, i->imm) = v;
	return NEXT(c, i);
}

SSE_MEM(xmm_pinsrw_rm)

HOT struct insn *mmx_insert(struct cpu *c, struct insn *i, uint64_t v)
{
	unsigned shift = (i->imm & 3) * 16;

	fpu_mmx(c);
	fpu_set_mm(c, i->reg, (fpu_mm(c, i->reg) & ~(0xffffULL << shift)) | (v & 0xffff) << shift);
	return NEXT(c, i);
}

struct insn *mmx_pinsrw_rr(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	return mmx_insert(c, i, c->r[i->rm]);
}

HOT struct insn *mmx_pinsrw_rm(struct cpu *c, struct insn *i, const enum form form)
{
	fpu_wait(c, i);
	return mmx_insert(c, i, mem_read16(c, i, insn_ea(c, i, form, 2, false)));
}

SSE_MEM(mmx_pinsrw_rm)

struct insn *xmm_pextrw(struct cpu *c, struct insn *i)
{
	c->r[i->reg] = *xmm_word(c, i->rm, i->imm);
	return NEXT(c, i);
}

struct insn *mmx_pextrw(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	fpu_mmx(c);
	c->r[i->reg] = fpu_mm(c, i->rm) >> (i->imm & 3) * 16 & 0xffff;
	return NEXT(c, i);
}

/* The signs of the elements, as a mask. */
#define MOVMSK(name)                                                  \
	struct insn *xmm_##name(struct cpu *c, struct insn *i)        \
	{                                                             \
		uint32_t r;                                           \
                                                                      \
		__asm__(#name " %1, %0" : "=r"(r) : "x"(XMM(i->rm))); \
		c->r[i->reg] = r;                                     \
		return NEXT(c, i);                                    \
	}

MOVMSK(pmovmskb)
MOVMSK(movmskps)
MOVMSK(movmskpd)

struct insn *mmx_pmovmskb(struct cpu *c, struct insn *i)
{
	uint32_t r;

	fpu_wait(c, i);
	fpu_mmx(c);
	__asm__("pmovmskb %1, %0" : "=r"(r) : "x"(sse_from64(fpu_mm(c, i->rm))));
	c->r[i->reg] = r;
	return NEXT(c, i);
}
