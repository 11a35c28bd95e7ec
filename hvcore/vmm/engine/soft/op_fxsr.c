/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FXSAVE and FXRSTOR (SDM 1 §10.5, SDM 2A table 3-44), and MXCSR.
 *
 *      0  fcw  fsw  ftw 0 fop | fip            | fdp            | mxcsr  mask |
 *     32  ST0 ... ST7, 16 bytes each
 *    160  XMM0 ... XMM7, and in 64-bit mode XMM8 ... XMM15
 *
 * With REX.W fip and fdp have 64 bits; else 32, then the selector.
 */
#include "hvcore/vmm/engine/soft/sse.h"

enum {
	FX_SIZE = 512,
	FX_SAVED = 416, /* what the processor writes; the rest is software's */
	FX_ST = 32,
	FX_XMM = 160,
	FX_MXCSR = 24,
};

static void put16(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, 2);
}

static void put32(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, 4);
}

static uint64_t get(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

static unsigned xmm_count(const struct cpu *c)
{
	return (c->mode & MODE_SIZE) == MODE_CODE64 ? 16 : 8;
}

/*
 * check() - Alignment, and access to all 512 bytes, even those that are not used.
 * An address that is not canonical comes first: it may be #SS(0).
 */
static void check(struct cpu *c, struct insn *i, uint64_t va, bool write)
{
	if ((uint64_t)((int64_t)(va << 16) >> 16) != va)
		mem_read8(c, i, va);
	mem_align16(c, i, va);
	if (write) {
		mem_rmw_begin(c, i, va, 1);
		mem_rmw_begin(c, i, va + FX_SIZE - 1, 1);
	} else {
		mem_read8(c, i, va);
		mem_read8(c, i, va + FX_SIZE - 1);
	}
}

static COLD void fxsave(struct cpu *c, struct insn *i)
{
	uint64_t va = insn_ea(c, i, FORM_GEN, FX_SIZE, true);
	unsigned bytes = FX_XMM + 16 * xmm_count(c);
	const struct fpu *f = &c->fpu;
	uint8_t m[FX_SAVED] = {0};

	check(c, i, va, true);
	put16(m, f->fcw);
	put16(m + 2, f->fsw);
	m[4] = f->ftw;
	put16(m + 6, f->fop);
	if (i->flags & INSN_OP64) {
		memcpy(m + 8, &f->fip, 8);
		memcpy(m + 16, &f->fdp, 8);
	} else {
		put32(m + 8, f->fip);
		put16(m + 12, f->fcs);
		put32(m + 16, f->fdp);
		put16(m + 20, f->fds);
	}
	put32(m + FX_MXCSR, fpu_mxcsr(c));
	put32(m + FX_MXCSR + 4, MXCSR_VALID);
	for (unsigned n = 0; n < 8; n++)
		memcpy(m + FX_ST + 16 * n, fpu_st(c, n), 10);
	memcpy(m + FX_XMM, f->xmm, 16 * xmm_count(c));
	mem_write_bytes(c, i, va, m, bytes);
}

static COLD void fxrstor(struct cpu *c, struct insn *i)
{
	uint64_t va = insn_ea(c, i, FORM_GEN, FX_SIZE, false);
	unsigned bytes = FX_XMM + 16 * xmm_count(c);
	struct fpu *f = &c->fpu;
	uint8_t m[FX_SAVED];
	uint32_t mxcsr;

	check(c, i, va, false);
	mem_read_bytes(c, i, va, m, bytes);
	mxcsr = (uint32_t)get(m + FX_MXCSR, 4);
	if (mxcsr & ~(uint32_t)MXCSR_VALID)
		fault(c, i, EXC_GP, 0);
	fpu_set_mxcsr(c, mxcsr);
	fpu_set_control(c, (uint16_t)get(m, 2), (uint16_t)get(m + 2, 2));
	f->ftw = m[4];
	f->fop = get(m + 6, 2) & 0x7ff;
	if (i->flags & INSN_OP64) {
		f->fip = get(m + 8, 8);
		f->fdp = get(m + 16, 8);
		f->fcs = f->fds = 0;
	} else {
		f->fip = get(m + 8, 4);
		f->fcs = (uint16_t)get(m + 12, 2);
		f->fdp = get(m + 16, 4);
		f->fds = (uint16_t)get(m + 20, 2);
	}
	for (unsigned n = 0; n < 8; n++)
		memcpy(fpu_st(c, n), m + FX_ST + 16 * n, 10);
	memcpy(f->xmm, m + FX_XMM, 16 * xmm_count(c));
}

struct insn *op_fxsave(struct cpu *c, struct insn *i)
{
	fxsave(c, i);
	return NEXT(c, i);
}

struct insn *op_fxrstor(struct cpu *c, struct insn *i)
{
	fxrstor(c, i);
	return NEXT(c, i);
}

struct insn *op_ldmxcsr(struct cpu *c, struct insn *i)
{
	uint32_t v = sse_load32(c, i, FORM_GEN);

	if (v & ~(uint32_t)MXCSR_VALID)
		fault(c, i, EXC_GP, 0);
	fpu_set_mxcsr(c, v);
	return NEXT(c, i);
}

struct insn *op_stmxcsr(struct cpu *c, struct insn *i)
{
	mem_write32(c, i, insn_ea(c, i, FORM_GEN, 4, true), fpu_mxcsr(c));
	return NEXT(c, i);
}
