/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the op_sse_*.c files share: operands, handlers in their four forms, the
 * lists of operations, and the rules of SIMD floating-point exceptions.
 *
 * The lists are the truth: the same one declares a family's handlers here,
 * defines them in its file and places them in op_sse.c's table.
 */
#ifndef SOFT_SSE_H
#define SOFT_SSE_H

#include "hvcore/vmm/engine/soft/fpu.h"

typedef long long v128 __attribute__((vector_size(16), may_alias));
typedef uint32_t v4u __attribute__((vector_size(16), may_alias));
typedef uint16_t v8u __attribute__((vector_size(16), may_alias));

#define XMM(n) (*(v128 *)c->fpu.xmm[n])
/* An element of a register in memory. */
#define XMM64(n, e) (((uint64_t __attribute__((may_alias)) *)c->fpu.xmm[n])[e])
#define XMM32(n, e) (((uint32_t __attribute__((may_alias)) *)c->fpu.xmm[n])[e])

/* Handlers that op_sse.c's table names: register form, then the memory forms. */
#define SSE_DECLARE_MEM(name) insn_fn name##_bd, name##_sib, name##_gen;
#define SSE_DECLARE(name)  \
	insn_fn name##_rr; \
	SSE_DECLARE_MEM(name##_rm)
#define SSE_MEM(name)                      \
	SSE_MEM_FORM(name, _bd, FORM_BD)   \
	SSE_MEM_FORM(name, _sib, FORM_SIB) \
	SSE_MEM_FORM(name, _gen, FORM_GEN)
#define SSE_MEM_FORM(name, suffix, form)                         \
	struct insn *name##suffix(struct cpu *c, struct insn *i) \
	{                                                        \
		return name(c, i, form);                         \
	}

/* sse_load128() - An aligned 16-byte operand; sse_loadu128() any. */
HOT v128 sse_loadu128(struct cpu *c, struct insn *i, const enum form form)
{
	uint64_t va = insn_ea(c, i, form, 16, false);
	v128 v;

	memcpy(&v, mem_read128(c, i, va), 16);
	return v;
}

HOT v128 sse_load128(struct cpu *c, struct insn *i, const enum form form)
{
	uint64_t va = insn_ea(c, i, form, 16, false);
	v128 v;

	mem_align16(c, i, va);
	memcpy(&v, mem_read128(c, i, va), 16);
	return v;
}

HOT uint64_t sse_load64(struct cpu *c, struct insn *i, const enum form form)
{
	return mem_read64(c, i, insn_ea(c, i, form, 8, false));
}

HOT uint32_t sse_load32(struct cpu *c, struct insn *i, const enum form form)
{
	return (uint32_t)mem_read32(c, i, insn_ea(c, i, form, 4, false));
}

HOT v128 sse_from64(uint64_t v)
{
	return (v128){(long long)v, 0};
}

/* What an operation does, where it can overflow or underflow: SSE_WHAT(add, PS). */
enum sse_arith { SSE_add, SSE_mul, SSE_sub, SSE_div, SSE_cvt };
enum sse_type { SSE_PS = 8, SSE_PD = 16, SSE_SS = 24, SSE_SD = 32 };
enum { SSE_EXACT = 0 };
#define SSE_WHAT(arith, type) (SSE_##arith | SSE_##type)

/*
 * sse_probe(), sse_raise() - Around an operation @d op @s while exceptions are
 * unmasked: clear the host's flags; then set the guest's, and raise #XM if one
 * of them is unmasked.  @result is not committed yet.
 */
void sse_probe(void);
void sse_raise(struct cpu *c, struct insn *i, v128 d, v128 s, v128 result, unsigned what);

/* Lists, which the formatter would indent ever deeper. */
/* clang-format off */
/* op_sse_int.c: MMX (0F op) and XMM (66 0F op), destination op source, same width. */
#define SSE_INT_BOTH(X)                                                                    \
	X(0x63, packsswb) X(0x64, pcmpgtb) X(0x65, pcmpgtw) X(0x66, pcmpgtd)               \
	X(0x67, packuswb) X(0x68, punpckhbw) X(0x69, punpckhwd) X(0x6a, punpckhdq)         \
	X(0x6b, packssdw) X(0x74, pcmpeqb) X(0x75, pcmpeqw) X(0x76, pcmpeqd)               \
	X(0xd1, psrlw) X(0xd2, psrld) X(0xd3, psrlq) X(0xd4, paddq) X(0xd5, pmullw)        \
	X(0xd8, psubusb) X(0xd9, psubusw) X(0xda, pminub) X(0xdb, pand)                    \
	X(0xdc, paddusb) X(0xdd, paddusw) X(0xde, pmaxub) X(0xdf, pandn)                   \
	X(0xe0, pavgb) X(0xe1, psraw) X(0xe2, psrad) X(0xe3, pavgw) X(0xe4, pmulhuw)       \
	X(0xe5, pmulhw) X(0xe8, psubsb) X(0xe9, psubsw) X(0xea, pminsw) X(0xeb, por)       \
	X(0xec, paddsb) X(0xed, paddsw) X(0xee, pmaxsw) X(0xef, pxor)                      \
	X(0xf1, psllw) X(0xf2, pslld) X(0xf3, psllq) X(0xf4, pmuludq) X(0xf5, pmaddwd)     \
	X(0xf6, psadbw) X(0xf8, psubb) X(0xf9, psubw) X(0xfa, psubd) X(0xfb, psubq)        \
	X(0xfc, paddb) X(0xfd, paddw) X(0xfe, paddd)
/* Likewise, but MMX reads only 32 bits of memory. */
#define SSE_INT_LOW(X) X(0x60, punpcklbw) X(0x61, punpcklwd) X(0x62, punpckldq)
/* XMM only: 66 0F op; then those without 66, which are bitwise. */
#define SSE_INT_XMM(X)                                                                     \
	X(0x6c, punpcklqdq) X(0x6d, punpckhqdq) X(0x14, unpcklpd) X(0x15, unpckhpd)        \
	X(0x54, andpd) X(0x55, andnpd) X(0x56, orpd) X(0x57, xorpd)
#define SSE_INT_PS(X)                                                                      \
	X(0x14, unpcklps) X(0x15, unpckhps)                                                \
	X(0x54, andps) X(0x55, andnps) X(0x56, orps) X(0x57, xorps)
/* 71..73 /r: shifts by an immediate, by a register's low 64 bits underneath. */
#define SSE_SHIFTS(X)                                                                      \
	X(psrlw) X(psraw) X(psllw) X(psrld) X(psrad) X(pslld) X(psrlq) X(psllq)
/* clang-format on */

#define DECLARE_XMM(op, name) SSE_DECLARE(xmm_##name)
#define DECLARE_MMX(op, name) SSE_DECLARE(mmx_##name)
SSE_INT_BOTH(DECLARE_XMM)
SSE_INT_BOTH(DECLARE_MMX)
SSE_INT_LOW(DECLARE_XMM)
SSE_INT_LOW(DECLARE_MMX)
SSE_INT_XMM(DECLARE_XMM)
SSE_INT_PS(DECLARE_XMM)
#define DECLARE_SHIFT(name) insn_fn xmm_##name##_imm, mmx_##name##_imm;
SSE_SHIFTS(DECLARE_SHIFT)
insn_fn xmm_psrldq_imm, xmm_pslldq_imm;
insn_fn op_emms;

/* op_sse_shuf.c: with an immediate, and between general and vector registers. */
SSE_DECLARE(xmm_pshufd)
SSE_DECLARE(xmm_pshufhw)
SSE_DECLARE(xmm_pshuflw)
SSE_DECLARE(mmx_pshufw)
SSE_DECLARE(xmm_shufps)
SSE_DECLARE(xmm_shufpd)
SSE_DECLARE(xmm_pinsrw)
SSE_DECLARE(mmx_pinsrw)
insn_fn xmm_pextrw, mmx_pextrw, xmm_pmovmskb, mmx_pmovmskb, xmm_movmskps, xmm_movmskpd;

/* op_sse_move.c */
SSE_DECLARE(xmm_mova)
SSE_DECLARE(xmm_movu)
SSE_DECLARE(xmm_movss)
SSE_DECLARE(xmm_movsd)
SSE_DECLARE(xmm_movq)
SSE_DECLARE(xmm_movd)
SSE_DECLARE(mmx_movd)
SSE_DECLARE(mmx_movq)
SSE_DECLARE(xmm_movlps)
SSE_DECLARE(xmm_movhps)
/* Stores: register form with the operands exchanged, and to memory. */
SSE_DECLARE(xmm_mova_st)
SSE_DECLARE(xmm_movu_st)
SSE_DECLARE(xmm_movss_st)
SSE_DECLARE(xmm_movsd_st)
SSE_DECLARE(xmm_movq_st)
SSE_DECLARE(xmm_movd_st)
SSE_DECLARE(mmx_movd_st)
SSE_DECLARE(mmx_movq_st)
SSE_DECLARE_MEM(xmm_movlps_st_rm)
SSE_DECLARE_MEM(xmm_movhps_st_rm)
insn_fn xmm_movq2dq, xmm_movdq2q, xmm_maskmovdqu, mmx_maskmovq;

/* op_sse_fp.c: each in ps, pd, ss and sd. */
#define SSE_FP_ARITH(X) X(0x58, add) X(0x59, mul) X(0x5c, sub) X(0x5e, div)
#define SSE_FP_EXACT(X) X(0x51, sqrt) X(0x5d, min) X(0x5f, max) /* never tiny by computing */
#define DECLARE_FP(op, name)        \
	SSE_DECLARE(xmm_##name##ps) \
	SSE_DECLARE(xmm_##name##pd) SSE_DECLARE(xmm_##name##ss) SSE_DECLARE(xmm_##name##sd)
SSE_FP_ARITH(DECLARE_FP)
SSE_FP_EXACT(DECLARE_FP)
DECLARE_FP(0xc2, cmp)
SSE_DECLARE(xmm_rsqrtps)
SSE_DECLARE(xmm_rsqrtss)
SSE_DECLARE(xmm_rcpps)
SSE_DECLARE(xmm_rcpss)
SSE_DECLARE(xmm_comiss)
SSE_DECLARE(xmm_comisd)
SSE_DECLARE(xmm_ucomiss)
SSE_DECLARE(xmm_ucomisd)

/* op_sse_cvt.c: between vectors; from and to general registers; from and to MMX. */
#define SSE_CVT_128(X)          \
	X(cvtdq2ps, SSE_EXACT)  \
	X(cvtps2dq, SSE_EXACT)  \
	X(cvttps2dq, SSE_EXACT) \
	X(cvtpd2ps, SSE_WHAT(cvt, PS)) X(cvttpd2dq, SSE_EXACT) X(cvtpd2dq, SSE_EXACT)
#define SSE_CVT_64(X)          X(cvtps2pd, SSE_EXACT) X(cvtdq2pd, SSE_EXACT)
#define SSE_CVT_LOW(X)         X(cvtss2sd, SSE_EXACT, 32) X(cvtsd2ss, SSE_WHAT(cvt, SS), 64)
#define SSE_CVT_SI(X)          X(cvtsi2ss) X(cvtsi2sd)
#define SSE_CVT_TO_SI(X)       X(cvttss2si, 32) X(cvtss2si, 32) X(cvttsd2si, 64) X(cvtsd2si, 64)
#define SSE_CVT_PI(X)          X(cvtpi2ps) X(cvtpi2pd)
#define SSE_CVT_TO_PI(X)       X(cvttps2pi, 64) X(cvtps2pi, 64) X(cvttpd2pi, 128) X(cvtpd2pi, 128)
#define DECLARE_CVT(name, ...) SSE_DECLARE(xmm_##name)
SSE_CVT_128(DECLARE_CVT)
SSE_CVT_64(DECLARE_CVT)
SSE_CVT_LOW(DECLARE_CVT)
SSE_CVT_SI(DECLARE_CVT)
SSE_CVT_TO_SI(DECLARE_CVT)
SSE_CVT_PI(DECLARE_CVT)
SSE_CVT_TO_PI(DECLARE_CVT)

/* op_fxsr.c */
insn_fn op_fxsave, op_fxrstor, op_ldmxcsr, op_stmxcsr;

#endif
