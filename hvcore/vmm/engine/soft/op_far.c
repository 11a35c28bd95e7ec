// SPDX-License-Identifier: GPL-2.0-or-later
/* Far branches, software interrupts, system calls, and moves of segment registers. */
#include "hvcore/vmm/engine/soft/op_tables.h"
#include "hvcore/vmm/engine/soft/soft.h"

static unsigned op_bits(const struct insn *i)
{
	if (i->flags & INSN_OP64)
		return 64;
	return i->flags & INSN_OP16 ? 16 : 32;
}

struct insn *op_jmp_far_ptr(struct cpu *c, struct insn *i)
{
	far_jump(c, i, i->disp, i->imm, op_bits(i));
	return branch_indirect(c, i);
}

struct insn *op_call_far_ptr(struct cpu *c, struct insn *i)
{
	far_call(c, i, i->disp, i->imm, op_bits(i));
	return branch_indirect(c, i);
}

/* far_pointer() - m16:16, m16:32 or m16:64. */
static uint16_t far_pointer(struct cpu *c, struct insn *i, uint64_t *ip)
{
	unsigned bytes = op_bits(i) / 8;
	uint64_t va = insn_ea(c, i, FORM_GEN, bytes + 2, false);

	*ip = 0;
	mem_read_bytes(c, i, va, ip, bytes);
	return mem_read16(c, i, va + bytes);
}

struct insn *op_jmp_far_mem(struct cpu *c, struct insn *i)
{
	uint64_t ip;
	uint16_t sel = far_pointer(c, i, &ip);

	far_jump(c, i, sel, ip, op_bits(i));
	return branch_indirect(c, i);
}

struct insn *op_call_far_mem(struct cpu *c, struct insn *i)
{
	uint64_t ip;
	uint16_t sel = far_pointer(c, i, &ip);

	far_call(c, i, sel, ip, op_bits(i));
	return branch_indirect(c, i);
}

struct insn *op_ret_far(struct cpu *c, struct insn *i)
{
	far_ret(c, i, op_bits(i), i->imm, false);
	return branch_indirect(c, i);
}

struct insn *op_iret(struct cpu *c, struct insn *i)
{
	far_ret(c, i, op_bits(i), 0, true);
	return branch_indirect(c, i);
}

/* software() - INT n, INT3, INTO: the return address is the next instruction's. */
static struct insn *software(struct cpu *c, struct insn *i, unsigned vector, bool soft)
{
	c->scratch_ip = insn_ip(c, i);
	c->fault_soft = true; /* a fault while delivering belongs to this instruction */
	c->r[REG_IP] = insn_next_ip(c, i);
	interrupt(c, vector, soft, false, 0);
	c->fault_soft = false;
	return branch_indirect(c, i);
}

struct insn *op_int(struct cpu *c, struct insn *i)
{
	return software(c, i, i->imm, true);
}

struct insn *op_int3(struct cpu *c, struct insn *i)
{
	return software(c, i, EXC_BP, true);
}

struct insn *op_int1(struct cpu *c, struct insn *i)
{
	return software(c, i, EXC_DB, false);
}

struct insn *op_into(struct cpu *c, struct insn *i)
{
	if (!c->of)
		return branch_direct(c, i + 1);
	return software(c, i, EXC_OF, true);
}

static void flat(struct seg *s, uint16_t sel, unsigned attr)
{
	*s = (struct seg){.sel = sel, .limit = 0xffffffff, .attr = attr};
}

enum {
	ATTR_CODE64 = SEG_G | SEG_L | SEG_P | SEG_S | SEG_CODE | SEG_WRITE | SEG_ACCESSED,
	ATTR_CODE32 = SEG_G | SEG_DB | SEG_P | SEG_S | SEG_CODE | SEG_WRITE | SEG_ACCESSED,
	ATTR_DATA = SEG_G | SEG_DB | SEG_P | SEG_S | SEG_WRITE | SEG_ACCESSED,
	ATTR_USER = 3 << SEG_DPL_SHIFT,
};

struct insn *op_syscall(struct cpu *c, struct insn *i)
{
	uint16_t sel = c->star >> 32 & 0xfffc;

	/* As Intel: only in 64-bit mode. */
	if (!(c->efer & EFER_SCE) || !mode_is64(c))
		fault(c, i, EXC_UD, 0);
	c->r[REG_CX] = insn_next_ip(c, i);
	c->r[11] = flags_get(c) & ~F_RF;
	flags_set_arith(c, c->r[11] & ~c->sfmask);
	c->eflags = (c->eflags & ~(uint32_t)c->sfmask & ~F_RF) | F_ONE;
	flat(&c->seg[SEG_CS], sel, ATTR_CODE64);
	flat(&c->seg[SEG_SS], sel + 8, ATTR_DATA);
	c->r[REG_IP] = c->lstar;
	c->cpl = 0;
	cpu_update(c);
	cpu_flags_loaded(c);
	return branch_indirect(c, i);
}

struct insn *op_sysret(struct cpu *c, struct insn *i)
{
	bool wide = i->flags & INSN_OP64;
	uint16_t sel = c->star >> 48;
	uint32_t flags;

	if (!(c->efer & EFER_SCE) || !mode_is64(c))
		fault(c, i, EXC_UD, 0);
	if (c->cpl || (wide && !canonical(c->r[REG_CX])))
		fault(c, i, EXC_GP, 0);
	flat(&c->seg[SEG_CS], (wide ? sel + 16 : sel) | 3,
	     (wide ? ATTR_CODE64 : ATTR_CODE32) | ATTR_USER);
	flat(&c->seg[SEG_SS], (sel + 8) | 3, ATTR_DATA | ATTR_USER);
	c->r[REG_IP] = wide ? c->r[REG_CX] : (uint32_t)c->r[REG_CX];
	flags = c->r[11] & 0x3c7fd7;
	flags_set_arith(c, flags);
	c->eflags = (flags & ~F_ARITH & ~F_RF) | F_ONE;
	c->cpl = 3;
	cpu_update(c);
	cpu_flags_loaded(c);
	return branch_indirect(c, i);
}

struct insn *op_sysenter(struct cpu *c, struct insn *i)
{
	uint16_t sel = c->sysenter_cs & 0xfffc;
	bool lma = c->efer & EFER_LMA;

	if ((c->mode & MODE_REAL) || !sel)
		fault(c, i, EXC_GP, 0);
	c->eflags &= ~(F_VM | F_IF | F_RF);
	flat(&c->seg[SEG_CS], sel, lma ? ATTR_CODE64 : ATTR_CODE32);
	flat(&c->seg[SEG_SS], sel + 8, ATTR_DATA);
	c->r[REG_SP] = lma ? c->sysenter_esp : (uint32_t)c->sysenter_esp;
	c->r[REG_IP] = lma ? c->sysenter_eip : (uint32_t)c->sysenter_eip;
	c->cpl = 0;
	cpu_update(c);
	return branch_indirect(c, i);
}

struct insn *op_sysexit(struct cpu *c, struct insn *i)
{
	bool wide = i->flags & INSN_OP64;
	uint16_t sel = (c->sysenter_cs & 0xfffc) + (wide ? 32 : 16);

	if ((c->mode & MODE_REAL) || !(c->sysenter_cs & 0xfffc) || c->cpl)
		fault(c, i, EXC_GP, 0);
	if (wide && (!canonical(c->r[REG_CX]) || !canonical(c->r[REG_DX])))
		fault(c, i, EXC_GP, 0);
	flat(&c->seg[SEG_CS], sel | 3, (wide ? ATTR_CODE64 : ATTR_CODE32) | ATTR_USER);
	flat(&c->seg[SEG_SS], (sel + 8) | 3, ATTR_DATA | ATTR_USER);
	c->r[REG_SP] = wide ? c->r[REG_CX] : (uint32_t)c->r[REG_CX];
	c->r[REG_IP] = wide ? c->r[REG_DX] : (uint32_t)c->r[REG_DX];
	c->cpl = 3;
	cpu_update(c);
	return branch_indirect(c, i);
}

struct insn *op_mov_to_seg(struct cpu *c, struct insn *i)
{
	uint16_t sel = c->r[i->rm];

	if (i->modrm >> 6 != 3)
		sel = mem_read16(c, i, insn_ea(c, i, FORM_GEN, 2, false));
	seg_load(c, i, i->reg, sel);
	if (i->reg == SEG_SS)
		c->shadow = 1;
	else if (mode_is64(c))
		return branch_direct(c, i + 1);
	return resume(c, i);
}

struct insn *op_mov_from_seg_reg(struct cpu *c, struct insn *i)
{
	reg_set(c, i->rm, i->flags & INSN_OP16 ? 16 : 64, c->seg[i->reg].sel);
	return NEXT(c, i);
}

struct insn *op_mov_from_seg_mem(struct cpu *c, struct insn *i)
{
	mem_write16(c, i, insn_ea(c, i, FORM_GEN, 2, true), c->seg[i->reg].sel);
	return NEXT(c, i);
}

/* LES LDS LSS LFS LGS. */
struct insn *op_load_far_ptr(struct cpu *c, struct insn *i)
{
	unsigned seg = i->op == 0xc4 ? SEG_ES : i->op == 0xc5 ? SEG_DS : (i->op & 7);
	uint64_t ip;
	uint16_t sel = far_pointer(c, i, &ip);

	seg_load(c, i, seg, sel);
	reg_set(c, i->reg, op_bits(i), ip);
	return resume(c, i);
}

struct insn *op_bound(struct cpu *c, struct insn *i)
{
	unsigned bits = op_bits(i);
	uint64_t va = insn_ea(c, i, FORM_GEN, bits / 4, false);
	int64_t v, lo, hi;

	if (bits == 16) {
		v = (int16_t)c->r[i->reg];
		lo = (int16_t)mem_read16(c, i, va);
		hi = (int16_t)mem_read16(c, i, va + 2);
	} else {
		v = (int32_t)c->r[i->reg];
		lo = (int32_t)mem_read32(c, i, va);
		hi = (int32_t)mem_read32(c, i, va + 4);
	}
	if (v < lo || v > hi)
		fault(c, i, EXC_BR, 0);
	return NEXT(c, i);
}

static void set_zf(struct cpu *c, bool v)
{
	c->fl = (c->fl & ~F_ZF) | (v ? F_ZF : 0);
}

struct insn *op_arpl(struct cpu *c, struct insn *i)
{
	bool memory = i->modrm >> 6 != 3;
	uint64_t va = memory ? insn_ea(c, i, FORM_GEN, 2, false) : 0;
	uint16_t v = memory ? (uint16_t)mem_read16(c, i, va) : c->r[i->rm];
	uint16_t rpl = c->r[i->reg] & 3;
	bool low = (v & 3) < rpl;

	/* Memory is written only if it changes. */
	if (low && memory)
		mem_write16(c, i, insn_ea(c, i, FORM_GEN, 2, true), (v & ~3) | rpl);
	else if (low)
		reg_set(c, i->rm, 16, (v & ~3) | rpl);
	set_zf(c, low);
	return NEXT(c, i);
}

/* visible() - Whether @sel names a descriptor this privilege may look at. */
static bool visible(struct cpu *c, struct insn *i, struct desc *d, uint16_t *sel)
{
	unsigned attr;

	*sel = c->r[i->rm];
	if (i->modrm >> 6 != 3)
		*sel = mem_read16(c, i, insn_ea(c, i, FORM_GEN, 2, false));
	if (!(*sel & ~3) || !desc_read(c, i, *sel, d))
		return false;
	attr = desc_attr(d->lo);
	if ((attr & SEG_S) && (attr & SEG_CODE) && (attr & SEG_DOWN))
		return true;
	return c->cpl <= desc_dpl(d->lo) && (*sel & 3U) <= desc_dpl(d->lo);
}

struct insn *op_lar(struct cpu *c, struct insn *i)
{
	struct desc d;
	uint16_t sel;
	bool ok = visible(c, i, &d, &sel);
	unsigned type;

	if (ok && !(desc_attr(d.lo) & SEG_S)) {
		type = desc_attr(d.lo) & SEG_TYPE;
		if (c->efer & EFER_LMA)
			ok = type == 2 || type == 9 || type == 11 || type == 12;
		else
			ok = type && type != 6 && type != 7 && type != 8 && type != 10 && type < 13;
	}
	if (ok)
		reg_set(c, i->reg, op_bits(i), d.lo >> 32 & 0x00ffff00);
	set_zf(c, ok);
	return NEXT(c, i);
}

struct insn *op_lsl(struct cpu *c, struct insn *i)
{
	struct desc d;
	struct seg s;
	uint16_t sel;
	bool ok = visible(c, i, &d, &sel);
	unsigned type;

	if (ok && !(desc_attr(d.lo) & SEG_S)) {
		type = desc_attr(d.lo) & SEG_TYPE;
		if (c->efer & EFER_LMA)
			ok = type == 2 || type == 9 || type == 11;
		else
			ok = type == 1 || type == 2 || type == 3 || type == 9 || type == 11;
	}
	if (ok) {
		seg_set(&s, sel, d.lo);
		reg_set(c, i->reg, op_bits(i), s.limit);
	}
	set_zf(c, ok);
	return NEXT(c, i);
}

/* VERR (reg 4), VERW (reg 5). */
struct insn *op_verr(struct cpu *c, struct insn *i)
{
	struct desc d;
	uint16_t sel;
	bool ok = visible(c, i, &d, &sel) && (desc_attr(d.lo) & SEG_S);
	unsigned attr = ok ? desc_attr(d.lo) : 0;

	if (i->reg == 4)
		ok = ok && (!(attr & SEG_CODE) || (attr & SEG_WRITE));
	else
		ok = ok && !(attr & SEG_CODE) && (attr & SEG_WRITE);
	set_zf(c, ok);
	return NEXT(c, i);
}
