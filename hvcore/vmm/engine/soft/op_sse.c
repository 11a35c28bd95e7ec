/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of MMX, SSE and SSE2 instructions for the decoder (insn.h). */
#include "hvcore/vmm/engine/soft/sse.h"

/* Register and memory forms; with an immediate; one of the two forms only. */
#define XM(name)                                          \
	{                                                 \
		.reg = name##_rr, .mem = FORMS(name##_rm) \
	}
#define XM_IMM(name)                                                         \
	{                                                                    \
		.reg = name##_rr, .mem = FORMS(name##_rm), .flags = SSE_IMM8 \
	}
#define M_ONLY(name)                    \
	{                               \
		.mem = FORMS(name##_rm) \
	}
#define R_ONLY(name)        \
	{                   \
		.reg = name \
	}
#define R_IMM(name)                            \
	{                                      \
		.reg = name, .flags = SSE_IMM8 \
	}
#define MM(name)                                                            \
	{                                                                   \
		.reg = name##_rr, .mem = FORMS(name##_rm), .flags = SSE_MMX \
	}
#define MM_IMM(name)                                                                   \
	{                                                                              \
		.reg = name##_rr, .mem = FORMS(name##_rm), .flags = SSE_MMX | SSE_IMM8 \
	}
#define MMR(name)                             \
	{                                     \
		.reg = name, .flags = SSE_MMX \
	}
#define MMR_IMM(name)                                    \
	{                                                \
		.reg = name, .flags = SSE_MMX | SSE_IMM8 \
	}

static const struct sse_op shift_w[8] = {
	[2] = R_IMM(xmm_psrlw_imm),
	[4] = R_IMM(xmm_psraw_imm),
	[6] = R_IMM(xmm_psllw_imm),
};
static const struct sse_op shift_d[8] = {
	[2] = R_IMM(xmm_psrld_imm),
	[4] = R_IMM(xmm_psrad_imm),
	[6] = R_IMM(xmm_pslld_imm),
};
static const struct sse_op shift_q[8] = {
	[2] = R_IMM(xmm_psrlq_imm),
	[3] = R_IMM(xmm_psrldq_imm),
	[6] = R_IMM(xmm_psllq_imm),
	[7] = R_IMM(xmm_pslldq_imm),
};
static const struct sse_op mmx_shift_w[8] = {
	[2] = MMR_IMM(mmx_psrlw_imm),
	[4] = MMR_IMM(mmx_psraw_imm),
	[6] = MMR_IMM(mmx_psllw_imm),
};
static const struct sse_op mmx_shift_d[8] = {
	[2] = MMR_IMM(mmx_psrld_imm),
	[4] = MMR_IMM(mmx_psrad_imm),
	[6] = MMR_IMM(mmx_pslld_imm),
};
static const struct sse_op mmx_shift_q[8] = {
	[2] = MMR_IMM(mmx_psrlq_imm),
	[6] = MMR_IMM(mmx_psllq_imm),
};
static const struct sse_op control[8] = {
	[0] = {.mem = FORM_ANY(op_fxsave), .flags = SSE_MMX},
	[1] = {.mem = FORM_ANY(op_fxrstor), .flags = SSE_MMX},
	[2] = {.mem = FORM_ANY(op_ldmxcsr)},
	[3] = {.mem = FORM_ANY(op_stmxcsr)},
};

#define ROW_BOTH(op, name) [SSE_NONE][op] = MM(mmx_##name), [SSE_66][op] = XM(xmm_##name),
#define ROW_XMM(op, name)  [SSE_66][op] = XM(xmm_##name),
#define ROW_PS(op, name)   [SSE_NONE][op] = XM(xmm_##name),
#define ROW_FP(op, name)                                                        \
	[SSE_NONE][op] = XM(xmm_##name##ps), [SSE_66][op] = XM(xmm_##name##pd), \
	[SSE_F3][op] = XM(xmm_##name##ss), [SSE_F2][op] = XM(xmm_##name##sd),

const struct sse_op sse_ops[SSE_PREFIXES][256] = {
	SSE_INT_BOTH(ROW_BOTH) SSE_INT_LOW(ROW_BOTH) SSE_INT_XMM(ROW_XMM) SSE_INT_PS(ROW_PS)
		SSE_FP_ARITH(ROW_FP) SSE_FP_EXACT(ROW_FP)

			[SSE_NONE][0x10] = XM(xmm_movu),
	[SSE_66][0x10] = XM(xmm_movu),
	[SSE_F3][0x10] = XM(xmm_movss),
	[SSE_F2][0x10] = XM(xmm_movsd),
	[SSE_NONE][0x11] = XM(xmm_movu_st),
	[SSE_66][0x11] = XM(xmm_movu_st),
	[SSE_F3][0x11] = XM(xmm_movss_st),
	[SSE_F2][0x11] = XM(xmm_movsd_st),
	[SSE_NONE][0x12] = XM(xmm_movlps),
	[SSE_66][0x12] = M_ONLY(xmm_movlps),
	[SSE_NONE][0x13] = M_ONLY(xmm_movlps_st),
	[SSE_66][0x13] = M_ONLY(xmm_movlps_st),
	[SSE_NONE][0x16] = XM(xmm_movhps),
	[SSE_66][0x16] = M_ONLY(xmm_movhps),
	[SSE_NONE][0x17] = M_ONLY(xmm_movhps_st),
	[SSE_66][0x17] = M_ONLY(xmm_movhps_st),
	[SSE_NONE][0x28] = XM(xmm_mova),
	[SSE_66][0x28] = XM(xmm_mova),
	[SSE_NONE][0x29] = XM(xmm_mova_st),
	[SSE_66][0x29] = XM(xmm_mova_st),
	[SSE_NONE][0x2a] = XM(xmm_cvtpi2ps),
	[SSE_66][0x2a] = XM(xmm_cvtpi2pd),
	[SSE_F3][0x2a] = XM(xmm_cvtsi2ss),
	[SSE_F2][0x2a] = XM(xmm_cvtsi2sd),
	[SSE_NONE][0x2b] = M_ONLY(xmm_mova_st), /* MOVNTPS */
	[SSE_66][0x2b] = M_ONLY(xmm_mova_st),
	[SSE_NONE][0x2c] = XM(xmm_cvttps2pi),
	[SSE_66][0x2c] = XM(xmm_cvttpd2pi),
	[SSE_F3][0x2c] = XM(xmm_cvttss2si),
	[SSE_F2][0x2c] = XM(xmm_cvttsd2si),
	[SSE_NONE][0x2d] = XM(xmm_cvtps2pi),
	[SSE_66][0x2d] = XM(xmm_cvtpd2pi),
	[SSE_F3][0x2d] = XM(xmm_cvtss2si),
	[SSE_F2][0x2d] = XM(xmm_cvtsd2si),
	[SSE_NONE][0x2e] = XM(xmm_ucomiss),
	[SSE_66][0x2e] = XM(xmm_ucomisd),
	[SSE_NONE][0x2f] = XM(xmm_comiss),
	[SSE_66][0x2f] = XM(xmm_comisd),

	[SSE_NONE][0x50] = R_ONLY(xmm_movmskps),
	[SSE_66][0x50] = R_ONLY(xmm_movmskpd),
	[SSE_NONE][0x52] = XM(xmm_rsqrtps),
	[SSE_F3][0x52] = XM(xmm_rsqrtss),
	[SSE_NONE][0x53] = XM(xmm_rcpps),
	[SSE_F3][0x53] = XM(xmm_rcpss),
	[SSE_NONE][0x5a] = XM(xmm_cvtps2pd),
	[SSE_66][0x5a] = XM(xmm_cvtpd2ps),
	[SSE_F3][0x5a] = XM(xmm_cvtss2sd),
	[SSE_F2][0x5a] = XM(xmm_cvtsd2ss),
	[SSE_NONE][0x5b] = XM(xmm_cvtdq2ps),
	[SSE_66][0x5b] = XM(xmm_cvtps2dq),
	[SSE_F3][0x5b] = XM(xmm_cvttps2dq),

	[SSE_NONE][0x6e] = MM(mmx_movd),
	[SSE_66][0x6e] = XM(xmm_movd),
	[SSE_NONE][0x6f] = MM(mmx_movq),
	[SSE_66][0x6f] = XM(xmm_mova),
	[SSE_F3][0x6f] = XM(xmm_movu),
	[SSE_NONE][0x70] = MM_IMM(mmx_pshufw),
	[SSE_66][0x70] = XM_IMM(xmm_pshufd),
	[SSE_F3][0x70] = XM_IMM(xmm_pshufhw),
	[SSE_F2][0x70] = XM_IMM(xmm_pshuflw),
	[SSE_NONE][0x71] = {.group = mmx_shift_w, .flags = SSE_MMX | SSE_IMM8},
	[SSE_NONE][0x72] = {.group = mmx_shift_d, .flags = SSE_MMX | SSE_IMM8},
	[SSE_NONE][0x73] = {.group = mmx_shift_q, .flags = SSE_MMX | SSE_IMM8},
	[SSE_66][0x71] = {.group = shift_w, .flags = SSE_IMM8},
	[SSE_66][0x72] = {.group = shift_d, .flags = SSE_IMM8},
	[SSE_66][0x73] = {.group = shift_q, .flags = SSE_IMM8},
	[SSE_NONE][0x77] = {.reg = op_emms, .mem = FORM_ANY(op_emms), .flags = SSE_MMX},
	[SSE_NONE][0x7e] = MM(mmx_movd_st),
	[SSE_66][0x7e] = XM(xmm_movd_st),
	[SSE_F3][0x7e] = XM(xmm_movq),
	[SSE_NONE][0x7f] = MM(mmx_movq_st),
	[SSE_66][0x7f] = XM(xmm_mova_st),
	[SSE_F3][0x7f] = XM(xmm_movu_st),

	[SSE_NONE][0xae] = {.group = control, .flags = SSE_MMX},
	[SSE_NONE][0xc2] = XM_IMM(xmm_cmpps),
	[SSE_66][0xc2] = XM_IMM(xmm_cmppd),
	[SSE_F3][0xc2] = XM_IMM(xmm_cmpss),
	[SSE_F2][0xc2] = XM_IMM(xmm_cmpsd),
	[SSE_NONE][0xc4] = MM_IMM(mmx_pinsrw),
	[SSE_66][0xc4] = XM_IMM(xmm_pinsrw),
	[SSE_NONE][0xc5] = MMR_IMM(mmx_pextrw),
	[SSE_66][0xc5] = R_IMM(xmm_pextrw),
	[SSE_NONE][0xc6] = XM_IMM(xmm_shufps),
	[SSE_66][0xc6] = XM_IMM(xmm_shufpd),

	[SSE_66][0xd6] = XM(xmm_movq_st),
	[SSE_F3][0xd6] = R_ONLY(xmm_movq2dq),
	[SSE_F2][0xd6] = R_ONLY(xmm_movdq2q),
	[SSE_NONE][0xd7] = MMR(mmx_pmovmskb),
	[SSE_66][0xd7] = R_ONLY(xmm_pmovmskb),
	[SSE_66][0xe6] = XM(xmm_cvttpd2dq),
	[SSE_F3][0xe6] = XM(xmm_cvtdq2pd),
	[SSE_F2][0xe6] = XM(xmm_cvtpd2dq),
	[SSE_NONE][0xe7] = {.mem = FORMS(mmx_movq_st_rm), .flags = SSE_MMX}, /* MOVNTQ */
	[SSE_66][0xe7] = M_ONLY(xmm_mova_st),                                /* MOVNTDQ */
	[SSE_NONE][0xf7] = MMR(mmx_maskmovq),
	[SSE_66][0xf7] = R_ONLY(xmm_maskmovdqu),
};
