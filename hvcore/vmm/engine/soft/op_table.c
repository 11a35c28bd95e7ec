// SPDX-License-Identifier: GPL-2.0-or-later
/* Descriptor table registers: SGDT SIDT LGDT LIDT SLDT STR LLDT LTR. */
#include "hvcore/vmm/engine/soft/op_tables.h"
#include "hvcore/vmm/engine/soft/soft.h"

static void privileged(struct cpu *c, struct insn *i)
{
	if (c->cpl)
		fault(c, i, EXC_GP, 0);
}

static struct insn *table_store(struct cpu *c, struct insn *i, uint64_t base, uint16_t limit)
{
	unsigned bytes = mode_is64(c) ? 8 : 4;
	uint64_t va = insn_ea(c, i, FORM_GEN, 2 + bytes, true);
	uint8_t image[10];

	memcpy(image, &limit, 2);
	memcpy(image + 2, &base, 8);
	mem_write_bytes(c, i, va, image, 2 + bytes);
	return NEXT(c, i);
}

struct insn *op_sgdt(struct cpu *c, struct insn *i)
{
	return table_store(c, i, c->gdtr.base, c->gdtr.limit);
}

struct insn *op_sidt(struct cpu *c, struct insn *i)
{
	return table_store(c, i, c->idtr.base, c->idtr.limit);
}

static void table_load(struct cpu *c, struct insn *i, uint64_t *base, uint16_t *limit)
{
	unsigned bytes = mode_is64(c) ? 8 : 4;
	uint64_t va = insn_ea(c, i, FORM_GEN, 2 + bytes, false), b = 0;
	uint8_t image[10] = {0};

	privileged(c, i);
	mem_read_bytes(c, i, va, image, 2 + bytes);
	memcpy(&b, image + 2, 8);
	/* With 16-bit operands the base has 24 bits. */
	if (bytes == 4 && (i->flags & INSN_OP16))
		b &= 0xffffff;
	*base = b;
	memcpy(limit, image, 2);
}

struct insn *op_lgdt(struct cpu *c, struct insn *i)
{
	table_load(c, i, &c->gdtr.base, &c->gdtr.limit);
	return NEXT(c, i);
}

struct insn *op_lidt(struct cpu *c, struct insn *i)
{
	table_load(c, i, &c->idtr.base, &c->idtr.limit);
	return NEXT(c, i);
}

static struct insn *selector_store(struct cpu *c, struct insn *i, uint16_t sel)
{
	if (i->modrm >> 6 == 3)
		reg_set(c, i->rm, i->flags & INSN_OP16 ? 16 : 64, sel);
	else
		mem_write16(c, i, insn_ea(c, i, FORM_GEN, 2, true), sel);
	return NEXT(c, i);
}

struct insn *op_sldt(struct cpu *c, struct insn *i)
{
	return selector_store(c, i, c->seg[SEG_LDTR].sel);
}

struct insn *op_str(struct cpu *c, struct insn *i)
{
	return selector_store(c, i, c->seg[SEG_TR].sel);
}

/* system_load() - LDTR or TR from a descriptor whose type is in @types (bits). */
static void system_load(struct cpu *c, struct insn *i, unsigned seg, unsigned types)
{
	uint16_t sel = c->r[i->rm];
	struct desc d;
	unsigned attr;

	privileged(c, i);
	if (i->modrm >> 6 != 3)
		sel = mem_read16(c, i, insn_ea(c, i, FORM_GEN, 2, false));
	if (!(sel & ~3)) {
		if (seg == SEG_TR)
			fault(c, i, EXC_GP, 0);
		c->seg[seg] = (struct seg){.sel = sel, .attr = SEG_UNUSABLE};
		return;
	}
	if ((sel & 4) || !desc_read(c, i, sel, &d))
		fault(c, i, EXC_GP, sel & ~3);
	attr = desc_attr(d.lo);
	if ((attr & SEG_S) || !(types >> (attr & SEG_TYPE) & 1))
		fault(c, i, EXC_GP, sel & ~3);
	if (!(attr & SEG_P))
		fault(c, i, EXC_NP, sel & ~3);
	if (seg == SEG_TR) {
		desc_mark(c, i, &d, 2); /* busy */
		d.lo |= 2ULL << 40;
	}
	seg_set(&c->seg[seg], sel, d.lo);
	if (c->efer & EFER_LMA)
		c->seg[seg].base |= d.hi << 32;
}

struct insn *op_lldt(struct cpu *c, struct insn *i)
{
	system_load(c, i, SEG_LDTR, 1 << 2);
	return NEXT(c, i);
}

struct insn *op_ltr(struct cpu *c, struct insn *i)
{
	system_load(c, i, SEG_TR, c->efer & EFER_LMA ? 1 << 9 : 1 << 9 | 1 << 1);
	return NEXT(c, i);
}
