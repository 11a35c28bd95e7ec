// SPDX-License-Identifier: GPL-2.0-or-later
/* One-byte opcodes (SDM 2, appendix A): the way to their family, and 00 to 8F. */
#include "hvcore/vmm/engine/soft/decode.h"

/* 00..3F: eight operations in six forms each, and the oddities in the last two columns. */
static void decode_alu(struct decoder *d, uint8_t op)
{
	const struct alu_op *a;
	unsigned size = dec_size(d, op);

	a = &alu_ops[size][op >> 3 & 7];
	switch (op & 7) {
	case 0:
	case 1:
		dec_modrm(d);
		dec_rm_reg(d, a, size);
		return;
	case 2:
	case 3:
		dec_modrm(d);
		dec_reg_rm(d, a, size);
		return;
	case 4:
	case 5:
		d->i->rm = 0;
		d->i->imm = dec_immz(d, size);
		d->i->fn = a->ri;
		return;
	default: break;
	}
	if (d->is64) {
		d->ud = true;
		return;
	}
	switch (op) {
	case 0x27: d->i->fn = op_daa; return;
	case 0x2f: d->i->fn = op_das; return;
	case 0x37: d->i->fn = op_aaa; return;
	case 0x3f: d->i->fn = op_aas; return;
	case 0x0f: d->ud = true; return;
	default: break;
	}
	d->i->reg = op >> 3 & 3;
	d->i->fn = op & 1 ? op_pop_seg : op_push_seg;
	d->flags |= DEC_ENDS;
}

/* 60..6F */
static void decode_6x(struct decoder *d, uint8_t op)
{
	struct insn *i = d->i;

	switch (op) {
	case 0x60: dec_use(d, d->is64 ? NULL : op_pusha); break;
	case 0x61: dec_use(d, d->is64 ? NULL : op_popa); break;
	case 0x62:
		dec_modrm(d);
		dec_use(d, d->is64 || d->mod == 3 ? NULL : op_bound);
		break;
	case 0x63:
		dec_modrm(d);
		if (d->is64)
			dec_rm(d, d->osize == 1 ? &movzx_ops[1][1] : &movsx_ops[2][d->osize], false,
			       false);
		else
			dec_use(d, d->mode & MODE_REAL ? NULL : op_arpl);
		break;
	case 0x68:
	case 0x6a:
		i->imm = op == 0x68 ? dec_immz(d, d->osize) : dec_imm(d, 1);
		dec_use(d, push_imm[!d->is64][dec_stack_size(d)]);
		break;
	case 0x69:
	case 0x6b:
		dec_modrm(d);
		i->imm = op == 0x69 ? dec_immz(d, d->osize) : dec_imm(d, 1);
		dec_rm(d, &imul3_ops[d->osize], false, false);
		break;
	case 0x6c:
	case 0x6d:
		i->seg = SEG_ES;
		i->fn = ins_ops[op & 1 ? (d->osize == 1 ? 1 : 2) : 0];
		d->flags |= DEC_ENDS;
		break;
	case 0x6e:
	case 0x6f:
		i->seg = d->seg >= 0 ? d->seg : d->is64 ? SEG_NONE : SEG_DS;
		i->fn = outs_ops[op & 1 ? (d->osize == 1 ? 1 : 2) : 0];
		d->flags |= DEC_ENDS;
		break;
	default: d->ud = true; break;
	}
}

/* 80..8F */
static void decode_8x(struct decoder *d, uint8_t op)
{
	unsigned size = dec_size(d, op);
	struct insn *i = d->i;

	dec_modrm(d);
	switch (op) {
	case 0x82:
		if (d->is64) {
			d->ud = true;
			break;
		}
		__attribute__((fallthrough)); /* as 80 */
	case 0x80:
	case 0x81:
	case 0x83:
		i->imm = op == 0x81 ? dec_immz(d, size) : dec_imm(d, 1);
		dec_rm_imm(d, &alu_ops[size][d->reg & 7], size);
		break;
	case 0x84:
	case 0x85: dec_rm_reg(d, &test_ops[size], size); break;
	case 0x86:
	case 0x87:
		dec_unary(d, &xchg_ops[size], size);
		d->locked = d->mod != 3;
		break;
	case 0x88:
	case 0x89: dec_rm_reg(d, &mov_ops[size], size); break;
	case 0x8a:
	case 0x8b: dec_reg_rm(d, &mov_ops[size], size); break;
	case 0x8c:
		i->reg = d->reg & 7;
		if (i->reg > SEG_GS)
			d->ud = true;
		i->fn = d->mod == 3 ? op_mov_from_seg_reg : op_mov_from_seg_mem;
		break;
	case 0x8d: dec_mem_only(d, lea_ops[d->osize]); break;
	case 0x8e:
		i->reg = d->reg & 7;
		if (i->reg > SEG_GS || i->reg == SEG_CS)
			d->ud = true;
		i->fn = op_mov_to_seg;
		d->flags |= DEC_ENDS;
		break;
	default:
		if (d->reg & 7)
			d->ud = true;
		else if (d->mod == 3)
			dec_use(d, pop_reg[!d->is64][dec_stack_size(d)]);
		else
			dec_use(d, pop_mem[!d->is64][dec_stack_size(d)]);
		break;
	}
}

void decode_one(struct decoder *d, uint8_t op)
{
	struct insn *i = d->i;

	if (op < 0x40) {
		decode_alu(d, op);
		return;
	}
	switch (op >> 4) {
	case 4: /* INC, DEC: legacy only, REX otherwise */
		i->rm = op & 7;
		i->fn = unary_ops[d->osize][op >> 3 & 1].reg;
		break;
	case 5:
		i->rm = (op & 7) | (d->rex & 1) << 3;
		dec_use(d, (op & 8 ? pop_reg : push_reg)[!d->is64][dec_stack_size(d)]);
		break;
	case 6: decode_6x(d, op); break;
	case 7:
		dec_branch(d, 1, jcc_ops[op & 15], op_jcc_legacy);
		d->flags |= DEC_JCC;
		break;
	case 8: decode_8x(d, op); break;
	case 9: decode_one_9x(d, op); break;
	case 10: decode_one_ax(d, op); break;
	case 11: decode_one_bx(d, op); break;
	case 12: decode_one_cx(d, op); break;
	case 13:
		if (op >= 0xd8)
			dec_fpu(d, op);
		else if (op < 0xd4)
			decode_one_shift(d, op);
		else if (op == 0xd7) {
			i->seg = d->seg >= 0 ? d->seg : d->is64 ? SEG_NONE : SEG_DS;
			i->base = REG_BX;
			i->index = REG_ZERO;
			i->fn = op_xlat;
		} else if (d->is64) {
			d->ud = true;
		} else {
			if (op != 0xd6)
				i->imm = dec_imm(d, 1) & 0xff;
			i->fn = op == 0xd4 ? op_aam : op == 0xd5 ? op_aad : op_salc;
		}
		break;
	case 14: decode_one_ex(d, op); break;
	default: decode_one_fx(d, op); break;
	}
}
