// SPDX-License-Identifier: GPL-2.0-or-later
/* Two-byte opcodes (0F xx), and the way to the tables of op_sse.c and op_x87.c. */
#include "hvcore/vmm/engine/soft/decode.h"

static uint8_t peek(const struct decoder *d)
{
	return d->p < d->end ? *d->p : 0;
}

static void ends(struct decoder *d, insn_fn *fn)
{
	d->i->fn = fn;
	d->flags |= DEC_ENDS;
}

/* 0F 00 */
static void decode_group6(struct decoder *d)
{
	dec_modrm(d);
	d->i->reg = d->reg & 7;
	if (d->mode & MODE_REAL)
		d->ud = true;
	switch (d->reg & 7) {
	case 0: d->i->fn = op_sldt; break;
	case 1: d->i->fn = op_str; break;
	case 2: ends(d, op_lldt); break;
	case 3: ends(d, op_ltr); break;
	case 4:
	case 5: d->i->fn = op_verr; break;
	default: d->ud = true; break;
	}
}

/* 0F 01 */
static void decode_group7(struct decoder *d)
{
	dec_modrm(d);
	if (d->mod == 3) {
		switch (d->i->modrm) {
		case 0xf8:
			d->i->fn = op_swapgs;
			d->ud = !d->is64;
			return;
		case 0xf9: d->i->fn = op_rdtscp; return;
		default: break;
		}
		if ((d->reg & 7) == 4)
			d->i->fn = op_smsw_reg;
		else if ((d->reg & 7) == 6)
			ends(d, op_lmsw);
		else
			d->ud = true;
		return;
	}
	switch (d->reg & 7) {
	case 0: d->i->fn = op_sgdt; break;
	case 1: d->i->fn = op_sidt; break;
	case 2: d->i->fn = op_lgdt; break;
	case 3: d->i->fn = op_lidt; break;
	case 4: d->i->fn = op_smsw_mem; break;
	case 6: ends(d, op_lmsw); break;
	case 7: ends(d, op_invlpg); break;
	default: d->ud = true; break;
	}
}

/* 0F AE: fences and CLFLUSH here, FXSAVE and the rest in the SSE table. */
static void decode_group15(struct decoder *d)
{
	unsigned n = peek(d) >> 3 & 7;
	bool reg = peek(d) >= 0xc0;

	if (n < 4) {
		if (!dec_sse(d, 0xae))
			d->ud = true;
		return;
	}
	dec_modrm(d);
	/* With a prefix they are others, which taiki-base has not: CLFLUSHOPT, INCSSP ... */
	if (d->op66 || d->rep)
		d->ud = true;
	else if (reg && n >= 5)
		d->i->fn = op_fence;
	else if (!reg && n == 7)
		d->i->fn = op_clflush;
	else
		d->ud = true;
}

static void decode_mov_cr(struct decoder *d, uint8_t op)
{
	dec_modrm(d);
	/* The mod field is ignored: always a register. */
	d->i->rm = (d->i->modrm & 7) | (d->rex & 1) << 3;
	d->mod = 3;
	d->i->seg = SEG_NONE;
	d->i->disp = 0;
	switch (op) {
	case 0x20: d->i->fn = op_mov_from_cr; break;
	case 0x21: d->i->fn = op_mov_from_dr; break;
	case 0x22: ends(d, op_mov_to_cr); break;
	default: ends(d, op_mov_to_dr); break;
	}
}

static void decode_bits(struct decoder *d, uint8_t op)
{
	unsigned n = op == 0xba ? 0 : op >> 3 & 3;
	const struct op_forms *f;

	dec_modrm(d);
	if (op == 0xba) {
		n = d->reg & 7;
		d->i->imm = dec_imm(d, 1) & (d->osize == 3 ? 63 : d->osize == 2 ? 31 : 15);
		if (n < 4) {
			d->ud = true;
			return;
		}
		n -= 4;
	}
	f = op == 0xba ? &bit_imm[d->osize][n] : &bit_reg[d->osize][n];
	if (d->lock && d->mod != 3 && n) {
		d->locked = true;
		d->i->fn = (op == 0xba ? bit_imm_lock : bit_reg_lock)[d->osize][n];
		return;
	}
	dec_rm(d, f, false, false);
}

static void lockable(struct decoder *d, const struct unary_op *u, unsigned size)
{
	const struct op_forms f = {u->reg, {u->mem[0], u->mem[1], u->mem[2]}};

	dec_modrm(d);
	d->locked = d->mod != 3; /* the handlers always lock */
	dec_rm(d, &f, size == 0, size == 0);
}

/* 0F C7: CMPXCHG8B and CMPXCHG16B only. */
static void decode_group9(struct decoder *d)
{
	dec_modrm(d);
	d->locked = true;
	if (d->mod == 3 || (d->reg & 7) != 1)
		d->ud = true;
	else
		d->i->fn = d->osize == 3 ? op_cmpxchg16b : op_cmpxchg8b;
}

static void double_shift(struct decoder *d, uint8_t op)
{
	const struct op_forms *imm = op & 8 ? shrd_imm : shld_imm, *cl = op & 8 ? shrd_cl : shld_cl;

	dec_modrm(d);
	if (!(op & 1))
		d->i->imm = dec_imm(d, 1) & (d->osize == 3 ? 63 : 31);
	dec_rm(d, op & 1 ? &cl[d->osize] : &imm[d->osize], false, false);
}

/* 0F 00..0F 0F and 18..1F */
static void decode_0x(struct decoder *d, uint8_t op)
{
	struct insn *i = d->i;

	switch (op) {
	case 0x00: decode_group6(d); break;
	case 0x01: decode_group7(d); break;
	case 0x02:
	case 0x03:
		dec_modrm(d);
		i->fn = op == 2 ? op_lar : op_lsl;
		d->ud = d->mode & MODE_REAL;
		break;
	case 0x05: ends(d, op_syscall); break;
	case 0x06: ends(d, op_clts); break;
	case 0x07: ends(d, op_sysret); break;
	case 0x08:
	case 0x09: i->fn = op_wbinvd; break;
	case 0x0d:
		dec_modrm(d);
		i->fn = op_nop;
		d->ud = d->mod == 3;
		break;
	case 0x18:
	case 0x19:
	case 0x1a:
	case 0x1b:
	case 0x1c:
	case 0x1d:
	case 0x1e:
	case 0x1f: /* prefetches, hints, ENDBR, long NOP */
		dec_modrm(d);
		i->fn = op_nop;
		break;
	default: d->ud = true; break;
	}
}

/* 0F 30..0F 37 */
static void decode_3x(struct decoder *d, uint8_t op)
{
	switch (op) {
	case 0x30: ends(d, op_wrmsr); break;
	case 0x31: d->i->fn = op_rdtsc; break;
	case 0x32: d->i->fn = op_rdmsr; break;
	case 0x33: d->i->fn = op_rdpmc; break;
	case 0x34: ends(d, op_sysenter); break;
	case 0x35: ends(d, op_sysexit); break;
	default: d->ud = true; break;
	}
}

/* 0F A0..0F AF */
static void decode_ax(struct decoder *d, uint8_t op)
{
	struct insn *i = d->i;

	switch (op) {
	case 0xa0:
	case 0xa8:
		i->reg = SEG_FS + (op >> 3 & 1);
		i->fn = op_push_seg;
		break;
	case 0xa1:
	case 0xa9:
		i->reg = SEG_FS + (op >> 3 & 1);
		ends(d, op_pop_seg);
		break;
	case 0xa2: i->fn = op_cpuid; break;
	case 0xa3:
	case 0xab: decode_bits(d, op); break;
	case 0xa4:
	case 0xa5:
	case 0xac:
	case 0xad: double_shift(d, op); break;
	case 0xae: decode_group15(d); break;
	case 0xaf:
		dec_modrm(d);
		dec_rm(d, &imul2_ops[d->osize], false, false);
		break;
	default: d->ud = true; break;
	}
}

/* 0F B0..0F BF */
static void decode_bx(struct decoder *d, uint8_t op)
{
	unsigned size = op & 1 ? d->osize : 0;

	switch (op) {
	case 0xb0:
	case 0xb1: lockable(d, &cmpxchg_ops[size], size); break;
	case 0xb2:
	case 0xb4:
	case 0xb5:
		dec_modrm(d);
		d->ud = d->mod == 3;
		ends(d, op_load_far_ptr);
		break;
	case 0xb3:
	case 0xba:
	case 0xbb: decode_bits(d, op); break;
	case 0xb6:
	case 0xb7:
		dec_modrm(d);
		dec_rm(d, &movzx_ops[op & 1][d->osize], !(op & 1), false);
		break;
	case 0xbc:
	case 0xbd:
		dec_modrm(d);
		dec_rm(d, op & 1 ? &bsr_ops[d->osize] : &bsf_ops[d->osize], false, false);
		break;
	case 0xbe:
	case 0xbf:
		dec_modrm(d);
		dec_rm(d, &movsx_ops[op & 1][d->osize], !(op & 1), false);
		break;
	default: /* B8 is POPCNT, which taiki-base has not; B9 is UD1 */
		d->ud = true;
		if (op == 0xb9)
			dec_modrm(d);
		break;
	}
}

void decode_0f(struct decoder *d)
{
	uint8_t op;
	struct insn *i = d->i;

	if (d->p >= d->end) {
		d->over = true;
		return;
	}
	op = *d->p++;
	i->op = op;
	if (dec_sse(d, op))
		return;
	switch (op >> 4) {
	case 0:
	case 1: decode_0x(d, op); break;
	case 2:
		if (op < 0x24)
			decode_mov_cr(d, op);
		else
			d->ud = true;
		break;
	case 3: decode_3x(d, op); break;
	case 4:
		dec_modrm(d);
		dec_rm(d, &cmov_ops[op & 15][d->osize], false, false);
		break;
	case 8:
		dec_branch(d, d->osize == 1 && !d->is64 ? 2 : 4, jcc_ops[op & 15], op_jcc_legacy);
		d->flags |= DEC_JCC;
		break;
	case 9:
		dec_modrm(d);
		dec_rm(d, &setcc_ops[op & 15], true, false);
		break;
	case 10: decode_ax(d, op); break;
	case 11: decode_bx(d, op); break;
	case 12:
		if (op >= 0xc8) {
			i->rm = (op & 7) | (d->rex & 1) << 3;
			i->fn = bswap_ops[d->osize];
		} else if (op < 0xc2) {
			lockable(d, &xadd_ops[op & 1 ? d->osize : 0], op & 1 ? d->osize : 0);
		} else if (op == 0xc3) { /* MOVNTI */
			dec_modrm(d);
			dec_mem_only(d, mov_ops[d->osize == 1 ? 2 : d->osize].mr);
		} else if (op == 0xc7) {
			decode_group9(d);
		} else {
			d->ud = true;
		}
		break;
	default:
		d->ud = true;
		if (op == 0xff)
			dec_modrm(d);
		break;
	}
}

/* fpu_trap() - The handler that raises what this mode demands of FPU instructions, or NULL. */
static insn_fn *fpu_trap(const struct decoder *d, unsigned flags)
{
	if (flags & SSE_INT)
		return NULL;
	if (flags & SSE_MMX) {
		if (d->mode & MODE_EM)
			return op_ud;
	} else if (d->mode & MODE_SSE_UD) {
		return op_ud;
	}
	return d->mode & MODE_TS ? op_fp_nm : NULL;
}

/* dec_sse() - Whether 0F @op is in the SSE table; then it is decoded. */
bool dec_sse(struct decoder *d, uint8_t op)
{
	unsigned prefix = d->rep == 0xf3   ? SSE_F3
			  : d->rep == 0xf2 ? SSE_F2
			  : d->op66        ? SSE_66
					   : SSE_NONE;
	const struct sse_op *s = &sse_ops[prefix][op];
	insn_fn *trap;
	bool sse = false;

	for (unsigned n = 0; n < SSE_PREFIXES; n++) {
		const struct sse_op *o = &sse_ops[n][op];

		sse |= o->reg || o->mem[0] || o->group;
	}
	if (!sse || (op == 0xae && (peek(d) >> 3 & 7) >= 4))
		return false;
	if (op != 0x77)
		dec_modrm(d);
	else
		d->mod = 3;
	if (s->group)
		s = &s->group[d->reg & 7];
	if (s->flags & SSE_IMM8)
		d->i->imm = dec_imm(d, 1) & 0xff;
	d->i->fn = d->mod == 3 ? s->reg : s->mem[d->form];
	if (!d->i->fn) {
		d->ud = true;
		return true;
	}
	/* FXSAVE and FXRSTOR trap as x87 does, whatever CR4.OSFXSR says. */
	trap = fpu_trap(d, op == 0xae && (d->reg & 7) < 2 ? SSE_MMX : s->flags);
	if (op == 0xae && (d->reg & 7) < 2 && (d->mode & MODE_EM))
		trap = op_fp_nm;
	if (trap) {
		d->i->fn = trap;
		d->flags |= DEC_ENDS;
	}
	return true;
}

void dec_fpu(struct decoder *d, uint8_t op)
{
	dec_modrm(d);
	d->i->rm = d->mod == 3 ? d->i->modrm & 7 : d->i->rm;
	if (d->mod == 3)
		d->i->fn = x87_reg[op & 7][d->i->modrm & 63];
	else
		d->i->fn = x87_mem[op & 7][d->i->modrm >> 3 & 7].mem[d->form];
	if (d->mode & (MODE_EM | MODE_TS)) {
		d->i->fn = op_fp_nm;
		d->flags |= DEC_ENDS;
	}
	if (!d->i->fn)
		d->ud = true;
}
