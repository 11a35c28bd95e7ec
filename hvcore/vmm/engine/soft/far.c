// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Far transfers: JMP, CALL, RET and IRET between code segments, call gates
 * (SDM 3A §5.8, §6.12; 2A CALL, JMP, RET, IRET).  Task gates and TSSs as targets
 * are refused with #GP: no hardware task switch.
 */
#include "hvcore/vmm/engine/soft/soft.h"

/* cs_load() - CS becomes descriptor @d with privilege @cpl; the caller checked it. */
static void cs_load(struct cpu *c, struct insn *i, uint16_t sel, const struct desc *d, unsigned cpl)
{
	desc_mark(c, i, d, SEG_ACCESSED);
	seg_set(&c->seg[SEG_CS], (sel & ~3) | cpl, d->lo | (uint64_t)SEG_ACCESSED << 40);
	c->cpl = cpl;
	cpu_update(c);
}

/* ip_check() - @ip fits the code segment @d. */
static void ip_check(struct cpu *c, struct insn *i, const struct desc *d, uint64_t ip)
{
	struct seg s;

	seg_set(&s, 0, d->lo);
	if ((c->efer & EFER_LMA) && (s.attr & SEG_L)) {
		if ((uint64_t)((int64_t)(ip << 16) >> 16) != ip)
			fault(c, i, EXC_GP, 0);
	} else if (ip > s.limit) {
		fault(c, i, EXC_GP, 0);
	}
}

/* code_desc() - The descriptor for a transfer to @sel without change of privilege, or a gate. */
static void code_desc(struct cpu *c, struct insn *i, uint16_t sel, struct desc *d)
{
	if (!(sel & ~3))
		fault(c, i, EXC_GP, 0);
	if (!desc_read(c, i, sel, d))
		fault(c, i, EXC_GP, sel & ~3);
}

static void check_code(struct cpu *c, struct insn *i, uint16_t sel, const struct desc *d)
{
	unsigned attr = desc_attr(d->lo), dpl = desc_dpl(d->lo);

	if (!(attr & SEG_S) || !(attr & SEG_CODE))
		fault(c, i, EXC_GP, sel & ~3);
	if (attr & SEG_DOWN ? dpl > c->cpl : (sel & 3) > c->cpl || dpl != c->cpl)
		fault(c, i, EXC_GP, sel & ~3);
	if ((c->efer & EFER_LMA) && (attr & SEG_L) && (attr & SEG_DB))
		fault(c, i, EXC_GP, sel & ~3);
	if (!(attr & SEG_P))
		fault(c, i, EXC_NP, sel & ~3);
}

static uint64_t ip_truncate(uint64_t ip, unsigned bits)
{
	return bits == 16 ? (uint16_t)ip : bits == 32 ? (uint32_t)ip : ip;
}

struct gate {
	uint16_t sel;
	uint64_t ip;
	unsigned bits; /* of the pushes */
	unsigned params;
};

/* gate_read() - @d is a call gate for @sel; returns its target, checked for use. */
static struct gate gate_read(struct cpu *c, struct insn *i, uint16_t sel, const struct desc *d)
{
	unsigned type = desc_attr(d->lo) & SEG_TYPE, dpl = desc_dpl(d->lo);
	struct gate g = {.sel = d->lo >> 16, .ip = (d->lo & 0xffff) | (d->lo >> 48 << 16)};

	if (c->efer & EFER_LMA) {
		if (type != 12)
			fault(c, i, EXC_GP, sel & ~3);
		g.ip |= d->hi << 32;
		g.bits = 64;
	} else {
		if (type != 12 && type != 4)
			fault(c, i, EXC_GP, sel & ~3);
		g.bits = type == 12 ? 32 : 16;
		g.params = d->lo >> 32 & 31;
		g.ip = ip_truncate(g.ip, g.bits);
	}
	if (dpl < c->cpl || dpl < (sel & 3))
		fault(c, i, EXC_GP, sel & ~3);
	if (!(desc_attr(d->lo) & SEG_P))
		fault(c, i, EXC_NP, sel & ~3);
	return g;
}

void far_jump(struct cpu *c, struct insn *i, uint16_t sel, uint64_t ip, unsigned bits)
{
	struct desc d;

	ip = ip_truncate(ip, bits);
	if (c->mode & MODE_REAL) {
		if (ip > c->seg[SEG_CS].limit)
			fault(c, i, EXC_GP, 0);
		seg_real(c, SEG_CS, sel);
		c->r[REG_IP] = ip;
		return;
	}
	code_desc(c, i, sel, &d);
	if (!(desc_attr(d.lo) & SEG_S)) {
		struct gate g = gate_read(c, i, sel, &d);

		sel = g.sel;
		ip = g.ip;
		code_desc(c, i, sel, &d);
	}
	check_code(c, i, sel, &d);
	ip_check(c, i, &d, ip);
	cs_load(c, i, sel, &d, c->cpl);
	c->r[REG_IP] = ip;
}

/* inner_stack() - SS:rSP for privilege @cpl from the TSS. */
static void inner_stack(struct cpu *c, struct insn *i, unsigned cpl, uint16_t *ss, uint64_t *sp)
{
	const struct seg *tr = &c->seg[SEG_TR];
	unsigned type = tr->attr & 13;

	if (c->efer & EFER_LMA) {
		if (4 + 8 * cpl + 7 > tr->limit)
			fault(c, i, EXC_TS, tr->sel & ~3);
		*sp = sys_read(c, i, tr->base + 4 + 8 * cpl, 8);
		*ss = cpl;
	} else if (type & 8) {
		if (4 + 8 * cpl + 5 > tr->limit)
			fault(c, i, EXC_TS, tr->sel & ~3);
		*sp = sys_read(c, i, tr->base + 4 + 8 * cpl, 4);
		*ss = sys_read(c, i, tr->base + 8 + 8 * cpl, 2);
	} else {
		if (2 + 4 * cpl + 3 > tr->limit)
			fault(c, i, EXC_TS, tr->sel & ~3);
		*sp = sys_read(c, i, tr->base + 2 + 4 * cpl, 2);
		*ss = sys_read(c, i, tr->base + 4 + 4 * cpl, 2);
	}
}

void stack_switch(struct cpu *c, struct insn *i, unsigned cpl, struct inner *n)
{
	struct desc d;
	uint16_t sel;

	inner_stack(c, i, cpl, &sel, &n->sp);
	n->ss = (struct seg){.sel = sel,
			     .attr = SEG_UNUSABLE | SEG_P | SEG_S | SEG_WRITE | SEG_DB,
			     .limit = 0xffffffff};
	n->mask = ~0ULL;
	if (c->efer & EFER_LMA)
		return; /* a null SS with RPL = CPL */
	if (!(sel & ~3) || !desc_read(c, i, sel, &d) || (sel & 3) != cpl || desc_dpl(d.lo) != cpl ||
	    (desc_attr(d.lo) & (SEG_S | SEG_CODE | SEG_WRITE)) != (SEG_S | SEG_WRITE))
		fault(c, i, EXC_TS, sel & ~3);
	if (!(desc_attr(d.lo) & SEG_P))
		fault(c, i, EXC_SS, sel & ~3);
	desc_mark(c, i, &d, SEG_ACCESSED);
	seg_set(&n->ss, sel, d.lo | (uint64_t)SEG_ACCESSED << 40);
	n->mask = n->ss.attr & SEG_DB ? 0xffffffff : 0xffff;
}

void inner_push(struct cpu *c, struct insn *i, struct inner *n, unsigned bits, uint64_t v)
{
	uint64_t sp = (n->sp - bits / 8) & n->mask;
	uint64_t va = n->mask == ~0ULL ? sp : (uint32_t)(n->ss.base + sp);

	/* The new stack belongs to the inner privilege. */
	if (n->supervisor)
		sys_write(c, i, va, bits / 8, v);
	else
		mem_write_slow(c, i, va, bits / 8, v);
	n->sp = sp;
}

/* call_gate() - CALL through @g into a more privileged (or the same) segment. */
static void call_gate(struct cpu *c, struct insn *i, const struct gate *g)
{
	unsigned old_cpl = c->cpl, attr, dpl;
	struct desc d;
	struct inner n;
	uint64_t params[32];

	code_desc(c, i, g->sel, &d);
	attr = desc_attr(d.lo);
	dpl = desc_dpl(d.lo);
	if (!(attr & SEG_S) || !(attr & SEG_CODE) || dpl > c->cpl)
		fault(c, i, EXC_GP, g->sel & ~3);
	if (!(attr & SEG_P))
		fault(c, i, EXC_NP, g->sel & ~3);
	ip_check(c, i, &d, g->ip);
	if ((attr & SEG_DOWN) || dpl == old_cpl) {
		struct stack s = stack_begin(c);

		stack_push(c, i, &s, g->bits, c->seg[SEG_CS].sel);
		stack_push(c, i, &s, g->bits, insn_next_ip(c, i));
		stack_end(c, &s);
		cs_load(c, i, g->sel, &d, old_cpl);
		c->r[REG_IP] = g->ip;
		return;
	}
	for (unsigned k = 0; k < g->params; k++)
		params[k] = mem_read_slow(c, i,
					  seg_linear(c, i, SEG_SS, c->r[REG_SP] + k * g->bits / 8,
						     g->bits / 8, false),
					  g->bits / 8);
	stack_switch(c, i, dpl, &n);
	n.supervisor = dpl < 3;
	inner_push(c, i, &n, g->bits, c->seg[SEG_SS].sel);
	inner_push(c, i, &n, g->bits, c->r[REG_SP]);
	for (unsigned k = g->params; k-- > 0;)
		inner_push(c, i, &n, g->bits, params[k]);
	inner_push(c, i, &n, g->bits, c->seg[SEG_CS].sel);
	inner_push(c, i, &n, g->bits, insn_next_ip(c, i));
	c->seg[SEG_SS] = n.ss;
	c->r[REG_SP] = n.sp;
	cs_load(c, i, g->sel, &d, dpl);
	c->r[REG_IP] = g->ip;
}

void far_call(struct cpu *c, struct insn *i, uint16_t sel, uint64_t ip, unsigned bits)
{
	struct stack s = stack_begin(c);
	struct desc d;

	ip = ip_truncate(ip, bits);
	if (!(c->mode & MODE_REAL)) {
		code_desc(c, i, sel, &d);
		if (!(desc_attr(d.lo) & SEG_S)) {
			struct gate g = gate_read(c, i, sel, &d);

			call_gate(c, i, &g);
			return;
		}
		check_code(c, i, sel, &d);
		ip_check(c, i, &d, ip);
	}
	stack_push(c, i, &s, bits, c->seg[SEG_CS].sel);
	stack_push(c, i, &s, bits, insn_next_ip(c, i));
	if (c->mode & MODE_REAL)
		seg_real(c, SEG_CS, sel);
	else
		cs_load(c, i, sel, &d, c->cpl);
	stack_end(c, &s);
	c->r[REG_IP] = ip;
}

/* load_flags() - What IRET may change at privilege @cpl. */
static void load_flags(struct cpu *c, uint64_t v, unsigned bits, unsigned cpl)
{
	uint32_t may = F_TF | F_DF | F_NT | F_RF | F_AC | F_ID;

	if (cpl == 0)
		may |= F_IOPL | F_VIF | F_VIP;
	if (cpl <= (c->eflags & F_IOPL) >> 12)
		may |= F_IF;
	if (bits == 16)
		may &= 0xffff;
	flags_set_arith(c, v);
	c->eflags = (c->eflags & ~may) | (v & may) | F_ONE;
	/* RF lasts for one instruction and matters to breakpoints only. */
	if (!(c->dr[7] & 0xff))
		c->eflags &= ~F_RF;
	cpu_flags_loaded(c);
}

/* drop_segments() - After a return outwards, segments the outer level may not use become null. */
static void drop_segments(struct cpu *c)
{
	static const uint8_t data[] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};

	for (unsigned n = 0; n < sizeof(data); n++) {
		struct seg *s = &c->seg[data[n]];
		bool conforming = (s->attr & SEG_CODE) && (s->attr & SEG_DOWN);

		if (!conforming && (s->attr & SEG_S) && (s->attr >> SEG_DPL_SHIFT & 3) < c->cpl) {
			s->sel = 0;
			s->attr = SEG_UNUSABLE;
		}
	}
}

/* outer_stack() - SS:rSP popped by a return to privilege @rpl. */
static void outer_stack(struct cpu *c, struct insn *i, uint16_t sel, bool to64, unsigned rpl,
			struct seg *ss)
{
	struct desc d;

	if (!(sel & ~3)) {
		if (!to64 || rpl == 3 || (sel & 3) != rpl)
			fault(c, i, EXC_GP, 0);
		*ss = (struct seg){.sel = sel,
				   .limit = 0xffffffff,
				   .attr = SEG_UNUSABLE | SEG_P | SEG_S | SEG_WRITE | SEG_DB};
		return;
	}
	if (!desc_read(c, i, sel, &d) || (sel & 3) != rpl || desc_dpl(d.lo) != rpl ||
	    (desc_attr(d.lo) & (SEG_S | SEG_CODE | SEG_WRITE)) != (SEG_S | SEG_WRITE))
		fault(c, i, EXC_GP, sel & ~3);
	if (!(desc_attr(d.lo) & SEG_P))
		fault(c, i, EXC_SS, sel & ~3);
	desc_mark(c, i, &d, SEG_ACCESSED);
	seg_set(ss, sel, d.lo | (uint64_t)SEG_ACCESSED << 40);
}

/* return_code() - CS for a return to @sel: any outer or the same privilege. */
static void return_code(struct cpu *c, struct insn *i, uint16_t sel, struct desc *d)
{
	unsigned attr, rpl = sel & 3;

	code_desc(c, i, sel, d);
	attr = desc_attr(d->lo);
	if (!(attr & SEG_S) || !(attr & SEG_CODE) || rpl < c->cpl)
		fault(c, i, EXC_GP, sel & ~3);
	if (attr & SEG_DOWN ? desc_dpl(d->lo) > rpl : desc_dpl(d->lo) != rpl)
		fault(c, i, EXC_GP, sel & ~3);
	if (!(attr & SEG_P))
		fault(c, i, EXC_NP, sel & ~3);
}

static void ret_real(struct cpu *c, struct insn *i, unsigned bits, unsigned pop, bool iret)
{
	struct stack s = stack_begin(c);
	uint64_t ip = stack_pop(c, i, &s, bits), flags;
	uint16_t sel = stack_pop(c, i, &s, bits);

	if (iret) {
		flags = stack_pop(c, i, &s, bits);
		load_flags(c, flags, bits, 0);
	}
	s.sp = (s.sp + pop) & s.mask;
	stack_end(c, &s);
	seg_real(c, SEG_CS, sel);
	c->r[REG_IP] = ip;
}

void far_ret(struct cpu *c, struct insn *i, unsigned bits, unsigned pop, bool iret)
{
	struct stack s = stack_begin(c);
	unsigned old_cpl = c->cpl;
	uint64_t ip, flags = 0, sp = 0;
	uint16_t sel, ss_sel = 0;
	struct seg ss;
	struct desc d;
	bool outer, to64;

	if (c->mode & MODE_REAL) {
		ret_real(c, i, bits, pop, iret);
		return;
	}
	if (iret && (c->eflags & F_NT))
		fault(c, i, EXC_GP,
		      0); /* a return to another task, or not allowed in IA-32e mode */
	ip = stack_pop(c, i, &s, bits);
	sel = stack_pop(c, i, &s, bits);
	if (iret)
		flags = stack_pop(c, i, &s, bits);
	if (iret && (flags & F_VM) && bits == 32 && !c->cpl && !(c->efer & EFER_LMA))
		engine_fail(c, "the guest entered virtual-8086 mode, which soft does not have");
	return_code(c, i, sel, &d);
	ip_check(c, i, &d, ip);
	outer = (sel & 3) > c->cpl;
	to64 = (c->efer & EFER_LMA) && (desc_attr(d.lo) & SEG_L);
	s.sp = (s.sp + pop) & s.mask;
	if (outer || (iret && mode_is64(c))) {
		sp = stack_pop(c, i, &s, bits);
		ss_sel = stack_pop(c, i, &s, bits);
		outer_stack(c, i, ss_sel, to64, sel & 3, &ss);
		outer = true;
	}
	cs_load(c, i, sel, &d, sel & 3);
	c->r[REG_IP] = ip;
	if (outer) {
		c->seg[SEG_SS] = ss;
		s.sp = sp + pop;
		if (!to64 && !(ss.attr & SEG_DB))
			s.mask = 0xffff;
		else
			s.mask = to64 ? ~0ULL : 0xffffffff;
		s.sp &= s.mask;
	}
	stack_end(c, &s);
	if (c->cpl > old_cpl)
		drop_segments(c);
	if (iret) {
		load_flags(c, flags, bits, old_cpl);
		c->nmi_masked = false;
	}
}
