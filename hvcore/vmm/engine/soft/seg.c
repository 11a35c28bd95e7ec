// SPDX-License-Identifier: GPL-2.0-or-later
/* Segment registers, descriptors, legacy addressing, stacks (SDM 3A chapters 3 and 5). */
#include "hvcore/vmm/engine/soft/soft.h"

uint64_t insn_ea_offset(const struct cpu *c, const struct insn *i)
{
	/* MOV with a full-width address keeps it in imm. */
	if (i->op >= 0xa0 && i->op <= 0xa3 && i->modrm == 0 && i->base == REG_ZERO &&
	    i->index == REG_ZERO)
		return ea_truncate(i, i->imm);
	return ea_truncate(i, c->r[i->base] + (c->r[i->index] << i->scale) + (int64_t)i->disp);
}

_Noreturn static void seg_violation(struct cpu *c, struct insn *i, unsigned seg)
{
	fault(c, i, seg == SEG_SS ? EXC_SS : EXC_GP, 0);
}

uint64_t seg_linear(struct cpu *c, struct insn *i, unsigned seg, uint64_t off, unsigned size,
		    bool write)
{
	const struct seg *s = &c->seg[seg];
	uint64_t last = off + size - 1;

	if (mode_is64(c)) {
		/* Other segments' addresses are checked where they are translated. */
		if (seg == SEG_SS && ((uint64_t)((int64_t)(off << 16) >> 16) != off ||
				      (uint64_t)((int64_t)(last << 16) >> 16) != last))
			seg_violation(c, i, seg);
		return seg == SEG_FS || seg == SEG_GS ? off + s->base : off;
	}
	if (!(c->mode & MODE_REAL)) {
		if (s->attr & SEG_UNUSABLE)
			seg_violation(c, i, seg);
		if (s->attr & SEG_CODE) {
			if (write || !(s->attr & SEG_WRITE))
				seg_violation(c, i, seg);
		} else if (write && !(s->attr & SEG_WRITE)) {
			seg_violation(c, i, seg);
		}
	}
	if (!(s->attr & SEG_CODE) && (s->attr & SEG_DOWN) && (s->attr & SEG_S)) {
		if (off <= s->limit || last > (s->attr & SEG_DB ? 0xffffffff : 0xffff))
			seg_violation(c, i, seg);
	} else if (last > s->limit && !(s->limit == 0xffffffff && off <= 0xffffffff)) {
		seg_violation(c, i, seg);
	}
	return (uint32_t)(off + s->base);
}

uint64_t ea_general(struct cpu *c, struct insn *i, unsigned size, bool write)
{
	return seg_linear(c, i, i->seg, insn_ea_offset(c, i), size, write);
}

void seg_real(struct cpu *c, unsigned seg, uint16_t sel)
{
	struct seg *s = &c->seg[seg];

	s->sel = sel;
	s->base = (uint64_t)sel << 4;
	/* Limit and size stay (unreal mode); the rest becomes a plain segment. */
	if (s->attr & SEG_UNUSABLE || !(s->attr & SEG_P)) {
		s->attr = SEG_P | SEG_S | SEG_WRITE | SEG_ACCESSED;
		s->limit = 0xffff;
	}
	if (seg == SEG_CS)
		s->attr = (s->attr & SEG_DB) | SEG_P | SEG_S | SEG_CODE | SEG_WRITE | SEG_ACCESSED;
}

void seg_set(struct seg *s, uint16_t sel, uint64_t lo)
{
	s->sel = sel;
	s->base = (lo >> 16 & 0xffffff) | (lo >> 56 << 24);
	s->limit = (lo & 0xffff) | (lo >> 32 & 0xf0000);
	s->attr = desc_attr(lo);
	if (s->attr & SEG_G)
		s->limit = s->limit << 12 | 0xfff;
}

bool desc_read(struct cpu *c, struct insn *i, uint16_t sel, struct desc *d)
{
	uint64_t base = c->gdtr.base;
	uint32_t limit = c->gdtr.limit;

	if (sel & 4) {
		base = c->seg[SEG_LDTR].base;
		limit = c->seg[SEG_LDTR].attr & SEG_UNUSABLE ? 0 : c->seg[SEG_LDTR].limit;
	}
	if ((sel | 7U) > limit)
		return false;
	d->addr = base + (sel & ~7U);
	if (!(c->efer & EFER_LMA))
		d->addr = (uint32_t)d->addr;
	d->lo = sys_read(c, i, d->addr, 8);
	d->hi = 0;
	/* System descriptors are 16 bytes in IA-32e mode. */
	if ((c->efer & EFER_LMA) && !(desc_attr(d->lo) & SEG_S) && (sel | 15U) <= limit)
		d->hi = sys_read(c, i, d->addr + 8, 8);
	return true;
}

void desc_mark(struct cpu *c, struct insn *i, const struct desc *d, unsigned bits)
{
	uint8_t type = d->lo >> 40;

	if ((type & bits) != bits)
		sys_write(c, i, d->addr + 5, 1, type | bits);
}

/* load_null() - A null selector: no access, which 64-bit code does not notice. */
static void load_null(struct cpu *c, unsigned seg, uint16_t sel)
{
	struct seg *s = &c->seg[seg];

	/* The base stays as it is on Intel's processors only for FS and GS in 64-bit mode: cleared. */
	s->sel = sel;
	s->base = 0;
	s->limit = 0xffffffff;
	s->attr = SEG_UNUSABLE | (seg == SEG_SS ? SEG_S | SEG_WRITE | SEG_P | SEG_DB : 0);
}

void seg_load(struct cpu *c, struct insn *i, unsigned seg, uint16_t sel)
{
	struct desc d;
	unsigned attr, dpl, rpl = sel & 3;

	if (c->mode & MODE_REAL) {
		seg_real(c, seg, sel);
		return;
	}
	if (!(sel & ~3)) {
		if (seg == SEG_SS && (!mode_is64(c) || c->cpl == 3 || rpl != c->cpl))
			fault(c, i, EXC_GP, 0);
		load_null(c, seg, sel);
		return;
	}
	if (!desc_read(c, i, sel, &d))
		fault(c, i, EXC_GP, sel & ~3);
	attr = desc_attr(d.lo);
	dpl = desc_dpl(d.lo);
	if (!(attr & SEG_S))
		fault(c, i, EXC_GP, sel & ~3);
	if (seg == SEG_SS) {
		if (rpl != c->cpl || dpl != c->cpl || (attr & SEG_CODE) || !(attr & SEG_WRITE))
			fault(c, i, EXC_GP, sel & ~3);
		if (!(attr & SEG_P))
			fault(c, i, EXC_SS, sel & ~3);
	} else {
		if ((attr & SEG_CODE) && !(attr & SEG_WRITE))
			fault(c, i, EXC_GP, sel & ~3);
		if (!((attr & SEG_CODE) && (attr & SEG_DOWN)) && (rpl > dpl || c->cpl > dpl))
			fault(c, i, EXC_GP, sel & ~3);
		if (!(attr & SEG_P))
			fault(c, i, EXC_NP, sel & ~3);
	}
	desc_mark(c, i, &d, SEG_ACCESSED);
	seg_set(&c->seg[seg], sel, d.lo | (uint64_t)SEG_ACCESSED << 40);
}

struct stack stack_begin(struct cpu *c)
{
	struct stack s = {c->r[REG_SP], ~0ULL};

	if (!mode_is64(c)) {
		s.mask = c->seg[SEG_SS].attr & SEG_DB ? 0xffffffff : 0xffff;
		s.sp &= s.mask;
	}
	return s;
}

void stack_push(struct cpu *c, struct insn *i, struct stack *s, unsigned bits, uint64_t v)
{
	uint64_t sp = (s->sp - bits / 8) & s->mask;
	uint64_t va = seg_linear(c, i, SEG_SS, sp, bits / 8, true);

	switch (bits) {
	case 16: mem_write16(c, i, va, v); break;
	case 32: mem_write32(c, i, va, v); break;
	default: mem_write64(c, i, va, v); break;
	}
	s->sp = sp;
}

uint64_t stack_pop(struct cpu *c, struct insn *i, struct stack *s, unsigned bits)
{
	uint64_t va = seg_linear(c, i, SEG_SS, s->sp, bits / 8, false);

	s->sp = (s->sp + bits / 8) & s->mask;
	switch (bits) {
	case 16: return mem_read16(c, i, va);
	case 32: return mem_read32(c, i, va);
	default: return mem_read64(c, i, va);
	}
}

void stack_end(struct cpu *c, const struct stack *s)
{
	if (s->mask == 0xffff)
		c->r[REG_SP] = (c->r[REG_SP] & ~0xffffULL) | s->sp;
	else
		c->r[REG_SP] = s->sp;
}
