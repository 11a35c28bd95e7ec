// SPDX-License-Identifier: GPL-2.0-or-later
/* One-byte opcodes 90 to FF (SDM 2, appendix A). */
#include "hvcore/vmm/engine/soft/decode.h"

/* 90..9F */
void decode_one_9x(struct decoder *d, uint8_t op)
{
	struct insn *i = d->i;

	if (op < 0x98) {
		i->rm = (op & 7) | (d->rex & 1) << 3;
		i->reg = REG_AX;
		if (i->rm == REG_AX) {
			i->fn = d->rep == 0xf3 ? op_pause : op_nop;
			if (d->rep == 0xf3)
				d->flags |= DEC_ENDS;
		} else {
			i->fn = xchg_ops[d->osize].reg;
		}
		return;
	}
	switch (op) {
	case 0x98: i->fn = convert_ops[0][d->osize]; break;
	case 0x99: i->fn = convert_ops[1][d->osize]; break;
	case 0x9a:
		if (d->is64) {
			d->ud = true;
			break;
		}
		i->imm = d->osize == 1 ? dec_imm(d, 2) & 0xffff : dec_imm(d, 4) & 0xffffffff;
		i->disp = (int32_t)dec_imm(d, 2) & 0xffff;
		i->fn = op_call_far_ptr;
		d->flags |= DEC_ENDS;
		break;
	case 0x9b:
		/* WAIT heeds TS only with MP. */
		i->fn = (d->mode & MODE_TS) && (d->mode & MODE_MP) ? op_fp_nm : op_fwait;
		break;
	case 0x9c: i->fn = op_pushf; break;
	case 0x9d:
		i->fn = op_popf;
		d->flags |= DEC_ENDS;
		break;
	case 0x9e: i->fn = op_sahf; break;
	default: i->fn = op_lahf; break;
	}
}

/* A0..AF: accumulator moves and strings. */
void decode_one_ax(struct decoder *d, uint8_t op)
{
	unsigned size = dec_size(d, op);
	struct insn *i = d->i;

	i->seg = d->seg >= 0 ? d->seg : d->is64 ? SEG_NONE : SEG_DS;
	switch (op) {
	case 0xa0:
	case 0xa1:
	case 0xa2:
	case 0xa3:
		/* The full-width address goes to imm: FORM_GEN knows by `op`. */
		i->imm = dec_imm(d, d->asize / 8);
		i->base = i->index = REG_ZERO;
		i->reg = 0;
		i->fn = op & 2 ? mov_ops[size].mr[FORM_GEN] : mov_ops[size].rm[FORM_GEN];
		break;
	case 0xa4:
	case 0xa5: i->fn = movs_ops[size]; break;
	case 0xa6:
	case 0xa7: i->fn = cmps_ops[size]; break;
	case 0xa8:
	case 0xa9:
		i->rm = 0;
		i->imm = dec_immz(d, size);
		i->fn = test_ops[size].ri;
		break;
	case 0xaa:
	case 0xab: i->fn = stos_ops[size]; break;
	case 0xac:
	case 0xad: i->fn = lods_ops[size]; break;
	default: i->fn = scas_ops[size]; break;
	}
}

/* B0..BF: MOV register, immediate. */
void decode_one_bx(struct decoder *d, uint8_t op)
{
	struct insn *i = d->i;

	i->rm = (op & 7) | (d->rex & 1) << 3;
	if (op < 0xb8) {
		i->rm = dec_reg8(d, i->rm);
		i->imm = dec_imm(d, 1);
		i->fn = mov_ops[0].ri;
		return;
	}
	i->imm = dec_imm(d, 1u << d->osize);
	i->fn = mov_ops[d->osize].ri;
}

void decode_one_shift(struct decoder *d, uint8_t op)
{
	unsigned size = dec_size(d, op);
	const struct op_forms *f = op >= 0xd2 && op <= 0xd3 ? shift_cl[size] : shift_imm[size];

	dec_modrm(d);
	d->i->imm = op < 0xd0 ? dec_imm(d, 1) & (size == 3 ? 63 : 31) : 1;
	dec_rm(d, &f[d->reg & 7], size == 0, false);
}

/* C0..CF */
void decode_one_cx(struct decoder *d, uint8_t op)
{
	unsigned size = dec_size(d, op);
	struct insn *i = d->i;

	switch (op) {
	case 0xc0:
	case 0xc1: decode_one_shift(d, op); return;
	case 0xc4:
	case 0xc5:
		dec_modrm(d);
		i->fn = op_load_far_ptr;
		d->ud = d->is64 || d->mod == 3;
		d->flags |= DEC_ENDS;
		return;
	case 0xc6:
	case 0xc7:
		dec_modrm(d);
		i->imm = dec_immz(d, size);
		if (d->reg & 7)
			d->ud = true;
		else
			dec_rm_imm(d, &mov_ops[size], size);
		return;
	case 0xc8:
		i->imm = dec_imm(d, 2) & 0xffff;
		i->imm |= (dec_imm(d, 1) & 0xff) << 16;
		i->fn = op_enter;
		return;
	case 0xc9: i->fn = d->is64 && d->osize != 1 ? op_leave64 : op_leave; return;
	case 0xcc: i->fn = op_int3; break;
	case 0xcd:
		i->imm = dec_imm(d, 1) & 0xff;
		i->fn = op_int;
		break;
	case 0xce: dec_use(d, d->is64 ? NULL : op_into); break;
	case 0xcf: i->fn = op_iret; break;
	default: /* C2 C3 CA CB: returns */
		i->imm = op & 1 ? 0 : dec_imm(d, 2) & 0xffff;
		if (op & 8)
			i->fn = op_ret_far;
		else if (!d->is64)
			i->fn = op_ret_legacy;
		else
			i->fn = op & 1 ? op_ret64 : op_ret64_imm;
		break;
	}
	d->flags |= DEC_ENDS;
}

/* E0..EF */
void decode_one_ex(struct decoder *d, uint8_t op)
{
	struct insn *i = d->i;

	d->flags |= DEC_ENDS;
	switch (op) {
	case 0xe0:
	case 0xe1:
	case 0xe2:
	case 0xe3: dec_branch(d, 1, op_loop, op_loop); break;
	case 0xe4:
	case 0xe5:
	case 0xe6:
	case 0xe7:
		i->imm = dec_imm(d, 1) & 0xff;
		i->fn = op & 2 ? op_out_imm : op_in_imm;
		break;
	case 0xe8:
		dec_branch(d, d->osize == 1 && !d->is64 ? 2 : 4, op_call64, op_call_legacy);
		break;
	case 0xe9: dec_branch(d, d->osize == 1 && !d->is64 ? 2 : 4, op_jmp, op_jmp_legacy); break;
	case 0xea:
		i->imm = d->osize == 1 ? dec_imm(d, 2) & 0xffff : dec_imm(d, 4) & 0xffffffff;
		i->disp = (int32_t)dec_imm(d, 2) & 0xffff;
		dec_use(d, d->is64 ? NULL : op_jmp_far_ptr);
		break;
	case 0xeb: dec_branch(d, 1, op_jmp, op_jmp_legacy); break;
	default: i->fn = op & 2 ? op_out_dx : op_in_dx; break;
	}
}

/* FE, FF */
static void decode_group5(struct decoder *d, uint8_t op)
{
	unsigned size = dec_size(d, op), n;

	dec_modrm(d);
	n = d->reg & 7;
	if (n < 2) {
		dec_unary(d, &unary_ops[size][n], size);
		return;
	}
	if (size == 0 || n == 7) {
		d->ud = true;
		return;
	}
	if (n == 6) {
		if (d->mod == 3)
			dec_use(d, push_reg[!d->is64][dec_stack_size(d)]);
		else
			dec_use(d, push_mem[!d->is64][dec_stack_size(d)]);
		return;
	}
	d->flags |= DEC_ENDS;
	if (n == 3 || n == 5)
		dec_use(d, d->mod == 3 ? NULL : n == 3 ? op_call_far_mem : op_jmp_far_mem);
	else if (n == 2)
		dec_rm(d, d->is64 ? &call_ind64 : &call_ind, false, false);
	else
		dec_rm(d, d->is64 ? &jmp_ind64 : &jmp_ind, false, false);
}

/* F0..FF but prefixes. */
void decode_one_fx(struct decoder *d, uint8_t op)
{
	unsigned size = dec_size(d, op), n;
	struct insn *i = d->i;

	switch (op) {
	case 0xf1: i->fn = op_int1; break;
	case 0xf4: i->fn = op_hlt; break;
	case 0xf5: i->fn = op_cmc; return;
	case 0xf6:
	case 0xf7:
		dec_modrm(d);
		n = d->reg & 7;
		if (n < 2) {
			i->imm = dec_immz(d, size);
			dec_rm_imm(d, &test_ops[size], size);
		} else if (n < 4) {
			dec_unary(d, &unary_ops[size][n], size);
		} else {
			dec_rm(d, &mul_ops[size][n - 4], size == 0, false);
		}
		return;
	case 0xf8: i->fn = op_clc; return;
	case 0xf9: i->fn = op_stc; return;
	case 0xfa: i->fn = op_cli; return;
	case 0xfb: i->fn = op_sti; break;
	case 0xfc: i->fn = op_cld; return;
	case 0xfd: i->fn = op_std; return;
	default: decode_group5(d, op); return;
	}
	d->flags |= DEC_ENDS;
}
