// SPDX-License-Identifier: GPL-2.0-or-later
/* Prefixes, ModRM, immediates and operand forms (SDM 2, chapter 2). */
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

void dec_use(struct decoder *d, insn_fn *fn)
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
		dec_use(d, mem[d->form]);
}

void dec_rm(struct decoder *d, const struct op_forms *f, bool byte_rm, bool byte_reg)
{
	if (byte_reg)
		d->i->reg = dec_reg8(d, d->reg);
	if (d->mod != 3) {
		dec_use(d, f->mem[d->form]);
		return;
	}
	if (byte_rm)
		d->i->rm = dec_reg8(d, d->rm);
	dec_use(d, f->reg);
}

void dec_unary(struct decoder *d, const struct unary_op *u, unsigned size)
{
	if (size == 0)
		d->i->reg = dec_reg8(d, d->reg);
	if (d->mod != 3) {
		d->locked = d->lock && u->lock[0];
		dec_use(d, d->locked ? u->lock[d->form] : u->mem[d->form]);
		return;
	}
	if (size == 0)
		d->i->rm = dec_reg8(d, d->rm);
	dec_use(d, u->reg);
}

void dec_rm_reg(struct decoder *d, const struct alu_op *a, unsigned size)
{
	if (size == 0)
		d->i->reg = dec_reg8(d, d->reg);
	if (d->mod != 3) {
		d->locked = d->lock && a->lock_mr[0];
		dec_use(d, d->locked ? a->lock_mr[d->form] : a->mr[d->form]);
		return;
	}
	if (size == 0)
		d->i->rm = dec_reg8(d, d->rm);
	dec_use(d, a->rr);
}

void dec_reg_rm(struct decoder *d, const struct alu_op *a, unsigned size)
{
	if (d->mod != 3) {
		if (size == 0)
			d->i->reg = dec_reg8(d, d->reg);
		dec_use(d, a->rm[d->form]);
		return;
	}
	d->i->rm = size ? d->reg : dec_reg8(d, d->reg);
	d->i->reg = size ? d->rm : dec_reg8(d, d->rm);
	dec_use(d, a->rr);
}

void dec_rm_imm(struct decoder *d, const struct alu_op *a, unsigned size)
{
	if (d->mod != 3) {
		d->locked = d->lock && a->lock_mi[0];
		dec_use(d, d->locked ? a->lock_mi[d->form] : a->mi[d->form]);
		return;
	}
	d->i->rm = size ? d->rm : dec_reg8(d, d->rm);
	dec_use(d, a->ri);
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

unsigned dec_size(const struct decoder *d, uint8_t op)
{
	return op & 1 ? d->osize : 0;
}

unsigned dec_stack_size(const struct decoder *d)
{
	return d->is64 && d->osize == 2 ? 3 : d->osize;
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
