/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The integer handlers by operation, size (0..3: 8, 16, 32, 64 bits) and form,
 * for decode_*.c.  Register-to-register handlers have their destination in rm.
 */
#ifndef SOFT_OP_TABLES_H
#define SOFT_OP_TABLES_H

#include "hvcore/vmm/engine/soft/op.h"

/* Two operands: destination and source each a register, memory or an immediate. */
struct alu_op {
	insn_fn *rr, *ri;
	insn_fn *rm[FORMS_MEM]; /* reg = reg op memory */
	insn_fn *mr[FORMS_MEM]; /* memory = memory op reg */
	insn_fn *mi[FORMS_MEM];
	insn_fn *lock_mr[FORMS_MEM];
	insn_fn *lock_mi[FORMS_MEM];
};
struct unary_op {
	insn_fn *reg;
	insn_fn *mem[FORMS_MEM];
	insn_fn *lock[FORMS_MEM];
};

extern const struct alu_op alu_ops[4][8]; /* add or adc sbb and sub xor cmp */
extern const struct alu_op test_ops[4];
extern const struct unary_op unary_ops[4][4]; /* inc dec not neg */

/* op_mov.c */
extern const struct alu_op mov_ops[4];        /* .rr .ri .rm .mr .mi */
extern const struct op_forms movzx_ops[2][4]; /* [source 8, 16][destination] */
extern const struct op_forms movsx_ops[3][4]; /* [source 8, 16, 32][destination] */
extern insn_fn *const lea_ops[4][FORMS_MEM];
extern const struct unary_op xchg_ops[4]; /* always locked: .reg .mem */
extern const struct op_forms cmov_ops[16][4];
extern const struct op_forms setcc_ops[16];
extern insn_fn *const bswap_ops[4];
extern insn_fn *const convert_ops[2][4]; /* [CBW CWDE CDQE, CWD CDQ CQO][size] */
extern insn_fn op_nop, op_pause, op_xlat, op_lahf, op_sahf, op_salc;

/* op_stack.c: by operand size; [0] in 64-bit mode with the 64-bit stack, [1] any other */
extern insn_fn *const push_reg[2][4], *const push_imm[2][4], *const pop_reg[2][4];
extern insn_fn *const push_mem[2][4], *const pop_mem[2][4];
extern insn_fn op_leave64, op_leave, op_enter, op_pusha, op_popa, op_pushf, op_popf, op_push_seg,
	op_pop_seg;

/* op_shift.c */
extern const struct op_forms shift_1[4][8], shift_imm[4][8],
	shift_cl[4][8]; /* [size][rol ror rcl rcr shl shr sal sar] */
extern const struct op_forms shld_imm[4], shld_cl[4], shrd_imm[4], shrd_cl[4];

/* op_mul.c */
extern const struct op_forms mul_ops[4][4]; /* mul imul div idiv, of the accumulator */
extern const struct op_forms imul2_ops[4];  /* reg *= rm */
extern const struct op_forms imul3_ops[4];  /* reg = rm * imm */
extern insn_fn op_aaa, op_aas, op_daa, op_das, op_aam, op_aad;

/* op_bit.c */
extern const struct op_forms bit_reg[4][4]; /* [size][bt bts btr btc] by register */
extern const struct op_forms bit_imm[4][4];
extern insn_fn *const bit_reg_lock[4][4], *const bit_imm_lock[4][4];
extern const struct op_forms bsf_ops[4], bsr_ops[4];
extern const struct unary_op cmpxchg_ops[4], xadd_ops[4];
extern insn_fn op_cmpxchg8b, op_cmpxchg16b;

/* op_string.c: by operand size */
extern insn_fn *const movs_ops[4],
	*const stos_ops[4], *const lods_ops[4], *const scas_ops[4],
							*const cmps_ops[4],
								*const ins_ops[3],
									*const outs_ops[3];

/* op_ctl.c */
extern insn_fn *const jcc_ops[16];
extern insn_fn op_jmp, op_call64, op_ret64, op_ret64_imm;
extern insn_fn op_jmp_legacy, op_jcc_legacy, op_call_legacy, op_ret_legacy;
extern insn_fn op_loop; /* LOOPNE LOOPE LOOP JCXZ, every mode */
extern const struct op_forms jmp_ind64, call_ind64, jmp_ind, call_ind;

/* op_fuse.c: replaces a compare followed by a conditional jump, or NULL */
insn_fn *fuse(const struct insn *compare, unsigned cc);

/* op_far.c */
extern insn_fn op_jmp_far_ptr, op_call_far_ptr, op_jmp_far_mem, op_call_far_mem, op_ret_far,
	op_iret, op_int, op_int3, op_into, op_int1, op_syscall, op_sysret, op_sysenter, op_sysexit,
	op_mov_to_seg, op_mov_from_seg_reg, op_mov_from_seg_mem, op_load_far_ptr, op_bound, op_arpl,
	op_lar, op_lsl, op_verr;

/* op_sys.c, op_io.c */
extern insn_fn op_ud, op_fp_nm, op_gp, op_hlt, op_cli, op_sti, op_cld, op_std, op_clc, op_stc,
	op_cmc, op_cpuid, op_rdtsc, op_rdtscp, op_rdmsr, op_wrmsr, op_mov_from_cr, op_mov_to_cr,
	op_mov_from_dr, op_mov_to_dr, op_clts, op_lmsw, op_smsw_reg, op_smsw_mem, op_sgdt, op_sidt,
	op_lgdt, op_lidt, op_sldt, op_str, op_lldt, op_ltr, op_invlpg, op_swapgs, op_wbinvd,
	op_clflush, op_fence, op_in_imm, op_in_dx, op_out_imm, op_out_dx, op_rdpmc;

#endif
