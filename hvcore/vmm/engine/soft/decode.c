// SPDX-License-Identifier: GPL-2.0-or-later
/* Prefixes, ModRM, immediates, and the one-byte opcodes (SDM 2, appendix A). */
#include "hvcore/vmm/engine/soft/decode.h"

static uint8_t byte(struct decoder *d)
{
	if (d->p >= d->end) {
		d->over = true;
		return 0;
	}
	return *d->p++;
}

uint64_t dec_imm(struct decoder *d, unsigned bytes)
{
	uint64_t v = 0;

	for (unsigned n = 0; n < bytes; n++)
		v |= (uint64_t)byte(d) << (8 * n);
	switch (bytes) {
	case 1: return (uint64_t)(int8_t)v;
	case 2: return (uint64_t)(int16_t)v;
	case 4: return (uint64_t)(int32_t)v;
	default: return v;
	}
}

uint64_t dec_immz(struct decoder *d, unsigned size)
{
	return dec_imm(d, size == 0 ? 1 : size == 1 ? 2 : 4);
}

unsigned dec_reg8(const struct decoder *d, unsigned n)
{
	if (!d->rex && n >= 4 && n < 8)
		return (n - 4) * 8 + 1; /* AH CH DH BH */
	return n * 8;
}

static void address16(struct decoder *d)
{
	static const uint8_t base[8] = {REG_BX, REG_BX, REG_BP, REG_BP,
					REG_SI, REG_DI, REG_BP, REG_BX};
	static const uint8_t index[8] = {REG_SI,   REG_DI,   REG_SI,   REG_DI,
					 REG_ZERO, REG_ZERO, REG_ZERO, REG_ZERO};
	struct insn *i = d->i;
	unsigned rm = d->rm & 7;

	i->base = base[rm];
	i->index = index[rm];
	if (d->mod == 0 && rm == 6) {
		i->base = REG_ZERO;
		i->disp = (int16_t)dec_imm(d, 2);
	} else if (d->mod) {
		i->disp = (int32_t)dec_imm(d, d->mod == 1 ? 1 : 2);
	}
}

static void address32(struct decoder *d)
{
	struct insn *i = d->i;
	unsigned rm = d->rm & 7;

	i->index = REG_ZERO;
	i->base = rm | (d->rex & 1) << 3;
	if (rm == 4) {
		uint8_t sib = byte(d);

		i->scale = sib >> 6;
		i->index = (sib >> 3 & 7) | (d->rex & 2) << 2;
		if (i->index == 4)
			i->index = REG_ZERO;
		i->base = (sib & 7) | (d->rex & 1) << 3;
		if ((sib & 7) == 5 && d->mod == 0) {
			i->base = REG_ZERO;
			i->disp = (int32_t)dec_imm(d, 4);
		}
	} else if (rm == 5 && d->mod == 0) {
		i->base = d->is64 ? REG_IP : REG_ZERO;
		i->disp = (int32_t)dec_imm(d, 4);
	}
	if (d->mod)
		i->disp = (int32_t)dec_imm(d, d->mod == 1 ? 1 : 4);
}

void dec_modrm(struct decoder *d)
{
	uint8_t m = byte(d);
	struct insn *i = d->i;

	d->has_modrm = true;
	i->modrm = m;
	d->mod = m >> 6;
	d->reg = (m >> 3 & 7) | (d->rex & 4) << 1;
	d->rm = (m & 7) | (d->rex & 1) << 3;
	i->reg = d->reg;
	if (d->mod == 3) {
		i->rm = d->rm;
		return;
	}
	if (d->asize == 16)
		address16(d);
	else
		address32(d);
	if (d->seg >= 0)
		i->seg = d->seg;
	else if (d->is64)
		i->seg = SEG_NONE;
	else
		i->seg = i->base == REG_SP || i->base == REG_BP ? SEG_SS : SEG_DS;
	if (!d->is64 || d->asize != 64)
		d->form = FORM_GEN;
	else if (i->index != REG_ZERO || i->seg != SEG_NONE)
		d->form = FORM_SIB;
	else
		d->form = FORM_BD;
}

static void use(struct decoder *d, insn_fn *fn)
{
	if (fn)
		d->i->fn = fn;
	else
		d->ud = true;
}

void dec_mem_only(struct decoder *d, insn_fn *const mem[FORMS_MEM])
{
	if (d->mod == 3)
		d->ud = true;
	else
		use(d, mem[d->form]);
}

void dec_rm(struct decoder *d, const struct op_forms *f, bool byte_rm, bool byte_reg)
{
	if (byte_reg)
		d->i->reg = dec_reg8(d, d->reg);
	if (d->mod != 3) {
		use(d, f->mem[d->form]);
		return;
	}
	if (byte_rm)
		d->i->rm = dec_reg8(d, d->rm);
	use(d, f->reg);
}

static void unary(struct decoder *d, const struct unary_op *u, unsigned size)
{
	if (size == 0)
		d->i->reg = dec_reg8(d, d->reg);
	if (d->mod != 3) {
		d->locked = d->lock && u->lock[0];
		use(d, d->locked ? u->lock[d->form] : u->mem[d->form]);
		return;
	}
	if (size == 0)
		d->i->rm = dec_reg8(d, d->rm);
	use(d, u->reg);
}

/* rm_reg() - Ev,Gv: the destination is rm.  reg_rm(): Gv,Ev.  rm_imm(): Ev,imm (already read). */
static void rm_reg(struct decoder *d, const struct alu_op *a, unsigned size)
{
	if (size == 0)
		d->i->reg = dec_reg8(d, d->reg);
	if (d->mod != 3) {
		d->locked = d->lock && a->lock_mr[0];
		use(d, d->locked ? a->lock_mr[d->form] : a->mr[d->form]);
		return;
	}
	if (size == 0)
		d->i->rm = dec_reg8(d, d->rm);
	use(d, a->rr);
}

static void reg_rm(struct decoder *d, const struct alu_op *a, unsigned size)
{
	if (d->mod != 3) {
		if (size == 0)
			d->i->reg = dec_reg8(d, d->reg);
		use(d, a->rm[d->form]);
		return;
	}
	d->i->rm = size ? d->reg : dec_reg8(d, d->reg);
	d->i->reg = size ? d->rm : dec_reg8(d, d->rm);
	use(d, a->rr);
}

static void rm_imm(struct decoder *d, const struct alu_op *a, unsigned size)
{
	if (d->mod != 3) {
		d->locked = d->lock && a->lock_mi[0];
		use(d, d->locked ? a->lock_mi[d->form] : a->mi[d->form]);
		return;
	}
	d->i->rm = size ? d->rm : dec_reg8(d, d->rm);
	use(d, a->ri);
}

void dec_branch(struct decoder *d, unsigned bytes, insn_fn *fast, insn_fn *legacy)
{
	int64_t disp = (int64_t)dec_imm(d, bytes);

	d->i->disp = (int32_t)(disp + (d->p - d->start));
	d->i->seg = SEG_BRANCH;
	d->i->gen = 0;
	d->i->fn = d->is64 ? fast : legacy;
	d->flags |= DEC_ENDS;
}

/* size() - Operand size index of an opcode whose bit 0 is clear for bytes. */
static unsigned size_of(const struct decoder *d, uint8_t op)
{
	return op & 1 ? d->osize : 0;
}

/* 00..3F: eight operations in six forms each, and the oddities in the last two columns. */
static void decode_alu(struct decoder *d, uint8_t op)
{
	const struct alu_op *a;
	unsigned size = size_of(d, op);

	a = &alu_ops[size][op >> 3 & 7];
	switch (op & 7) {
	case 0:
	case 1:
		dec_modrm(d);
		rm_reg(d, a, size);
		return;
	case 2:
	case 3:
		dec_modrm(d);
		reg_rm(d, a, size);
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

/* stack_size() - Operand size index of PUSH, POP, near branches: 64 by default in 64-bit mode. */
static unsigned stack_size(const struct decoder *d)
{
	return d->is64 && d->osize == 2 ? 3 : d->osize;
}

/* 60..6F */
static void decode_6x(struct decoder *d, uint8_t op)
{
	struct insn *i = d->i;

	switch (op) {
	case 0x60: use(d, d->is64 ? NULL : op_pusha); break;
	case 0x61: use(d, d->is64 ? NULL : op_popa); break;
	case 0x62:
		dec_modrm(d);
		use(d, d->is64 || d->mod == 3 ? NULL : op_bound);
		break;
	case 0x63:
		dec_modrm(d);
		if (d->is64)
			dec_rm(d, d->osize == 1 ? &movzx_ops[1][1] : &movsx_ops[2][d->osize], false,
			       false);
		else
			use(d, d->mode & MODE_REAL ? NULL : op_arpl);
		break;
	case 0x68:
	case 0x6a:
		i->imm = op == 0x68 ? dec_immz(d, d->osize) : dec_imm(d, 1);
		use(d, push_imm[!d->is64][stack_size(d)]);
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
	unsigned size = size_of(d, op);
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
		rm_imm(d, &alu_ops[size][d->reg & 7], size);
		break;
	case 0x84:
	case 0x85: rm_reg(d, &test_ops[size], size); break;
	case 0x86:
	case 0x87:
		unary(d, &xchg_ops[size], size);
		d->locked = d->mod != 3;
		break;
	case 0x88:
	case 0x89: rm_reg(d, &mov_ops[size], size); break;
	case 0x8a:
	case 0x8b: reg_rm(d, &mov_ops[size], size); break;
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
			use(d, pop_reg[!d->is64][stack_size(d)]);
		else
			use(d, pop_mem[!d->is64][stack_size(d)]);
		break;
	}
}

/* 90..9F */
static void decode_9x(struct decoder *d, uint8_t op)
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
static void decode_ax(struct decoder *d, uint8_t op)
{
	unsigned size = size_of(d, op);
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
static void decode_bx(struct decoder *d, uint8_t op)
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

static void decode_shift(struct decoder *d, uint8_t op)
{
	unsigned size = size_of(d, op);
	const struct op_forms *f = op >= 0xd2 && op <= 0xd3 ? shift_cl[size] : shift_imm[size];

	dec_modrm(d);
	d->i->imm = op < 0xd0 ? dec_imm(d, 1) & (size == 3 ? 63 : 31) : 1;
	dec_rm(d, &f[d->reg & 7], size == 0, false);
}

/* C0..CF */
static void decode_cx(struct decoder *d, uint8_t op)
{
	unsigned size = size_of(d, op);
	struct insn *i = d->i;

	switch (op) {
	case 0xc0:
	case 0xc1: decode_shift(d, op); return;
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
			rm_imm(d, &mov_ops[size], size);
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
	case 0xce: use(d, d->is64 ? NULL : op_into); break;
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
static void decode_ex(struct decoder *d, uint8_t op)
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
		use(d, d->is64 ? NULL : op_jmp_far_ptr);
		break;
	case 0xeb: dec_branch(d, 1, op_jmp, op_jmp_legacy); break;
	default: i->fn = op & 2 ? op_out_dx : op_in_dx; break;
	}
}

/* FE, FF */
static void decode_group5(struct decoder *d, uint8_t op)
{
	unsigned size = size_of(d, op), n;

	dec_modrm(d);
	n = d->reg & 7;
	if (n < 2) {
		unary(d, &unary_ops[size][n], size);
		return;
	}
	if (size == 0 || n == 7) {
		d->ud = true;
		return;
	}
	if (n == 6) {
		if (d->mod == 3)
			use(d, push_reg[!d->is64][stack_size(d)]);
		else
			use(d, push_mem[!d->is64][stack_size(d)]);
		return;
	}
	d->flags |= DEC_ENDS;
	if (n == 3 || n == 5)
		use(d, d->mod == 3 ? NULL : n == 3 ? op_call_far_mem : op_jmp_far_mem);
	else if (n == 2)
		dec_rm(d, d->is64 ? &call_ind64 : &call_ind, false, false);
	else
		dec_rm(d, d->is64 ? &jmp_ind64 : &jmp_ind, false, false);
}

/* F0..FF but prefixes. */
static void decode_fx(struct decoder *d, uint8_t op)
{
	unsigned size = size_of(d, op), n;
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
			rm_imm(d, &test_ops[size], size);
		} else if (n < 4) {
			unary(d, &unary_ops[size][n], size);
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

static void decode_one(struct decoder *d, uint8_t op)
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
		use(d, (op & 8 ? pop_reg : push_reg)[!d->is64][stack_size(d)]);
		break;
	case 6: decode_6x(d, op); break;
	case 7:
		dec_branch(d, 1, jcc_ops[op & 15], op_jcc_legacy);
		d->flags |= DEC_JCC;
		break;
	case 8: decode_8x(d, op); break;
	case 9: decode_9x(d, op); break;
	case 10: decode_ax(d, op); break;
	case 11: decode_bx(d, op); break;
	case 12: decode_cx(d, op); break;
	case 13:
		if (op >= 0xd8)
			dec_fpu(d, op);
		else if (op < 0xd4)
			decode_shift(d, op);
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
	case 14: decode_ex(d, op); break;
	default: decode_fx(d, op); break;
	}
}

/* prefix() - Whether @b is one in this mode; notes it. */
static bool prefix(struct decoder *d, uint8_t b)
{
	switch (b) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
		if (!d->is64)
			d->seg = b >> 3 & 3;
		return true;
	case 0x64:
	case 0x65: d->seg = SEG_FS + (b & 1); return true;
	case 0x66: d->op66 = true; return true;
	case 0x67:
		if (d->is64)
			d->asize = 32;
		else
			d->asize = (d->mode & MODE_SIZE) == MODE_CODE16 ? 32 : 16;
		return true;
	case 0xf0: d->lock = true; return true;
	case 0xf2:
	case 0xf3: d->rep = b; return true;
	default: return false;
	}
}

static void finish(struct decoder *d)
{
	struct insn *i = d->i;

	if (d->has_modrm && d->mod != 3 && i->base == REG_IP)
		i->disp += d->p - d->start;
	i->len = d->p - d->start;
	if (d->lock && !d->locked)
		d->ud = true;
	if (d->ud) {
		i->fn = op_ud;
		i->seg = SEG_NONE;
	}
	if (d->gp)
		i->fn = op_gp;
	if (d->ud || d->gp)
		d->flags = DEC_ENDS;
}

unsigned decode(const uint8_t *p, unsigned avail, unsigned mode, struct decoded *out)
{
	struct decoder d = {
		.p = p,
		.start = p,
		.mode = mode,
		.i = &out->insn,
		.seg = -1,
		.end = p + (avail < INSN_BYTES_MAX ? avail : INSN_BYTES_MAX),
		.is64 = (mode & MODE_SIZE) == MODE_CODE64,
	};
	bool code32 = (mode & MODE_SIZE) != MODE_CODE16;
	uint8_t b;

	memset(out, 0, sizeof(*out));
	out->insn.seg = SEG_NONE;
	d.asize = d.is64 ? 64 : code32 ? 32 : 16;
	while (prefix(&d, b = byte(&d)) && !d.over)
		d.rex = 0;
	if (d.is64 && (b & 0xf0) == 0x40) {
		d.rex = b;
		b = byte(&d);
		/* REX counts only right before the opcode; a prefix behind it voids it. */
		while (!d.over && (prefix(&d, b) || (b & 0xf0) == 0x40)) {
			d.rex = (b & 0xf0) == 0x40 ? b : 0;
			b = byte(&d);
		}
	}
	d.osize = d.op66 == code32 ? 1 : 2;
	if (d.rex & 8)
		d.osize = 3;
	out->insn.op = b;
	out->insn.flags = (d.rep == 0xf3   ? INSN_REP
			   : d.rep == 0xf2 ? INSN_REPNE
					   : 0) |
			  (d.lock ? INSN_LOCK : 0) | (d.osize == 1 ? INSN_OP16 : 0) |
			  (d.osize == 3 ? INSN_OP64 : 0) | (d.asize == 32 ? INSN_ADDR32 : 0) |
			  (d.asize == 16 ? INSN_ADDR16 : 0);
	if (!d.over) {
		if (b == 0x0f)
			decode_0f(&d);
		else
			decode_one(&d, b);
	}
	if (d.over) {
		if (avail < INSN_BYTES_MAX)
			return 0;
		d.gp = true; /* SDM 2.3.11 */
	}
	finish(&d);
	out->flags = d.flags;
	return d.p - d.start;
}
