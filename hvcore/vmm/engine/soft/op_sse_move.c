/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads, stores and moves of XMM and MMX registers. */
#include "hvcore/vmm/engine/soft/seg.h"
#include "hvcore/vmm/engine/soft/sse.h"

/* A load: what the register becomes, from memory and from another register. */
#define LOAD(name, mem, reg_)                                                           \
	struct insn *name##_rr(struct cpu *c, struct insn *i)                           \
	{                                                                               \
		reg_;                                                                   \
		return NEXT(c, i);                                                      \
	}                                                                               \
	HOT struct insn *name##_rm(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                               \
		mem;                                                                    \
		return NEXT(c, i);                                                      \
	}                                                                               \
	SSE_MEM(name##_rm)

LOAD(xmm_mova, XMM(i->reg) = sse_load128(c, i, form), XMM(i->reg) = XMM(i->rm))
LOAD(xmm_movu, XMM(i->reg) = sse_loadu128(c, i, form), XMM(i->reg) = XMM(i->rm))
LOAD(xmm_movss, XMM(i->reg) = sse_from64(sse_load32(c, i, form)),
     XMM32(i->reg, 0) = XMM32(i->rm, 0))
LOAD(xmm_movsd, XMM(i->reg) = sse_from64(sse_load64(c, i, form)),
     XMM64(i->reg, 0) = XMM64(i->rm, 0))
LOAD(xmm_movq, XMM(i->reg) = sse_from64(sse_load64(c, i, form)),
     XMM(i->reg) = sse_from64(XMM64(i->rm, 0)))
/* The register forms of these two are MOVHLPS and MOVLHPS. */
LOAD(xmm_movlps, XMM64(i->reg, 0) = sse_load64(c, i, form), XMM64(i->reg, 0) = XMM64(i->rm, 1))
LOAD(xmm_movhps, XMM64(i->reg, 1) = sse_load64(c, i, form), XMM64(i->reg, 1) = XMM64(i->rm, 0))

/* movd_load() - The 32- or, with REX.W, 64-bit operand of MOVD. */
HOT uint64_t movd_load(struct cpu *c, struct insn *i, const enum form form)
{
	return i->flags & INSN_OP64 ? sse_load64(c, i, form) : sse_load32(c, i, form);
}

HOT uint64_t movd_reg(const struct cpu *c, const struct insn *i)
{
	return i->flags & INSN_OP64 ? c->r[i->rm] : (uint32_t)c->r[i->rm];
}

LOAD(xmm_movd, XMM(i->reg) = sse_from64(movd_load(c, i, form)),
     XMM(i->reg) = sse_from64(movd_reg(c, i)))

/* mmx_load() - Commit an MMX register's new value. */
HOT void mmx_load(struct cpu *c, unsigned n, uint64_t v)
{
	fpu_mmx(c);
	fpu_set_mm(c, n, v);
}

LOAD(mmx_movd, fpu_wait(c, i); mmx_load(c, i->reg, movd_load(c, i, form)), fpu_wait(c, i);
     mmx_load(c, i->reg, movd_reg(c, i)))
LOAD(mmx_movq, fpu_wait(c, i); mmx_load(c, i->reg, sse_load64(c, i, form)), fpu_wait(c, i);
     mmx_load(c, i->reg, fpu_mm(c, i->rm)))

/* Stores of 16 bytes. */
HOT struct insn *xmm_mova_st_rm(struct cpu *c, struct insn *i, const enum form form)
{
	uint64_t va = insn_ea(c, i, form, 16, true);

	mem_align16(c, i, va);
	mem_write128(c, i, va, &XMM(i->reg));
	return NEXT(c, i);
}

HOT struct insn *xmm_movu_st_rm(struct cpu *c, struct insn *i, const enum form form)
{
	mem_write128(c, i, insn_ea(c, i, form, 16, true), &XMM(i->reg));
	return NEXT(c, i);
}

SSE_MEM(xmm_mova_st_rm)
SSE_MEM(xmm_movu_st_rm)

/* Stores of less. */
#define STORE(name, bits, value)                                                        \
	HOT struct insn *name##_rm(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                               \
		mem_write##bits(c, i, insn_ea(c, i, form, bits / 8, true), value);      \
		return NEXT(c, i);                                                      \
	}                                                                               \
	SSE_MEM(name##_rm)

STORE(xmm_movss_st, 32, XMM32(i->reg, 0))
STORE(xmm_movsd_st, 64, XMM64(i->reg, 0))
STORE(xmm_movq_st, 64, XMM64(i->reg, 0))
STORE(xmm_movlps_st, 64, XMM64(i->reg, 0))
STORE(xmm_movhps_st, 64, XMM64(i->reg, 1))

HOT void movd_store(struct cpu *c, struct insn *i, const enum form form, uint64_t v)
{
	if (i->flags & INSN_OP64)
		mem_write64(c, i, insn_ea(c, i, form, 8, true), v);
	else
		mem_write32(c, i, insn_ea(c, i, form, 4, true), v);
}

HOT struct insn *xmm_movd_st_rm(struct cpu *c, struct insn *i, const enum form form)
{
	movd_store(c, i, form, XMM64(i->reg, 0));
	return NEXT(c, i);
}

HOT struct insn *mmx_movd_st_rm(struct cpu *c, struct insn *i, const enum form form)
{
	fpu_wait(c, i);
	movd_store(c, i, form, fpu_mm(c, i->reg));
	fpu_mmx(c);
	return NEXT(c, i);
}

HOT struct insn *mmx_movq_st_rm(struct cpu *c, struct insn *i, const enum form form)
{
	fpu_wait(c, i);
	mem_write64(c, i, insn_ea(c, i, form, 8, true), fpu_mm(c, i->reg));
	fpu_mmx(c);
	return NEXT(c, i);
}

SSE_MEM(xmm_movd_st_rm)
SSE_MEM(mmx_movd_st_rm)
SSE_MEM(mmx_movq_st_rm)

/* The same between registers: the destination is rm. */
#define STORE_REG(name, statement)                            \
	struct insn *name##_rr(struct cpu *c, struct insn *i) \
	{                                                     \
		statement;                                    \
		return NEXT(c, i);                            \
	}

STORE_REG(xmm_mova_st, XMM(i->rm) = XMM(i->reg))
STORE_REG(xmm_movu_st, XMM(i->rm) = XMM(i->reg))
STORE_REG(xmm_movss_st, XMM32(i->rm, 0) = XMM32(i->reg, 0))
STORE_REG(xmm_movsd_st, XMM64(i->rm, 0) = XMM64(i->reg, 0))
STORE_REG(xmm_movq_st, XMM(i->rm) = sse_from64(XMM64(i->reg, 0)))
STORE_REG(mmx_movq_st, fpu_wait(c, i); mmx_load(c, i->rm, fpu_mm(c, i->reg)))
STORE_REG(xmm_movd_st, c->r[i->rm] = i->flags & INSN_OP64 ? XMM64(i->reg, 0) : XMM32(i->reg, 0))
STORE_REG(mmx_movd_st, fpu_wait(c, i); fpu_mmx(c);
	  c->r[i->rm] = i->flags & INSN_OP64 ? fpu_mm(c, i->reg) : (uint32_t)fpu_mm(c, i->reg))

/* Between MMX and XMM. */
struct insn *xmm_movq2dq(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	fpu_mmx(c);
	XMM(i->reg) = sse_from64(fpu_mm(c, i->rm));
	return NEXT(c, i);
}

struct insn *xmm_movdq2q(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	mmx_load(c, i->reg, XMM64(i->rm, 0));
	return NEXT(c, i);
}

/*
 * mask_store() - Store those of @n bytes at DS:[rDI] whose mask byte has bit 7.
 * Bytes that are not selected are not written, and do not fault; every page that
 * is written to is checked before the first store.
 */
static COLD void mask_store(struct cpu *c, struct insn *i, const uint8_t *v, const uint8_t *mask,
			    unsigned n)
{
	bool is64 = (c->mode & MODE_SIZE) == MODE_CODE64;
	unsigned seg = is64 || i->seg != SEG_NONE ? i->seg : SEG_DS;
	uint64_t va = seg_linear(c, i, seg, ea_truncate(i, c->r[REG_DI]), n, true);
	int last = -1;

	for (unsigned k = 0; k < n; k++)
		if (mask[k] & 0x80) {
			if (last < 0 || ((va + k) ^ (va + last)) & PAGE_MASK)
				mem_rmw_begin(c, i, va + k, 1);
			last = (int)k;
		}
	for (unsigned k = 0; k < n; k++)
		if (mask[k] & 0x80)
			mem_write8(c, i, va + k, v[k]);
}

struct insn *xmm_maskmovdqu(struct cpu *c, struct insn *i)
{
	mask_store(c, i, c->fpu.xmm[i->reg], c->fpu.xmm[i->rm], 16);
	return NEXT(c, i);
}

struct insn *mmx_maskmovq(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	mask_store(c, i, c->fpu.st[i->reg & 7], c->fpu.st[i->rm & 7], 8);
	fpu_mmx(c);
	return NEXT(c, i);
}
