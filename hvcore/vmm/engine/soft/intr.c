// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faults, and delivery of interrupts and exceptions through the IDT (SDM 3A
 * chapter 6).
 */
#include "hvcore/vmm/engine/soft/soft.h"

static bool pushes_error(unsigned vector)
{
	return vector == EXC_DF || (vector >= EXC_TS && vector <= EXC_PF) || vector == EXC_AC;
}

void fault(struct cpu *c, struct insn *i, unsigned vector, uint32_t error)
{
	if (i) {
		c->left += insns_left(i) + 1;
		c->fault_ip = insn_ip(c, i);
	} else {
		c->fault_ip = c->fault_soft ? c->scratch_ip : c->r[REG_IP];
	}
	c->fault_vector = vector;
	c->fault_error = error;
	c->fault_soft = false;
	longjmp(*c->escape, 1);
}

/* contributory() - SDM 3A table 6-4. */
static unsigned severity(unsigned vector)
{
	if (vector == EXC_PF)
		return 2;
	return vector == EXC_DE || (vector >= EXC_TS && vector <= EXC_GP);
}

/*
 * fault_deliver() - The exception that fault() noted.  One during the delivery
 * of another becomes a double fault or, then, shutdown: false.
 */
bool fault_deliver(struct cpu *c)
{
	unsigned vector = c->fault_vector;
	uint32_t error = c->fault_error;

	if (c->nesting) {
		unsigned first = severity(c->delivering), second = severity(vector);

		if (c->delivering == EXC_DF)
			return false;
		if ((first == 1 && second == 1) || (first == 2 && second)) {
			vector = EXC_DF;
			error = 0;
		}
		/* The interrupted instruction is still the first exception's. */
		c->fault_ip = c->delivering_ip;
	}
	c->nesting = 1;
	c->shadow = 0;
	c->delivering = vector;
	c->delivering_ip = c->fault_ip;
	c->r[REG_IP] = c->fault_ip;
	/* Faults restart their instruction, without its breakpoint. */
	if (vector != EXC_DB && vector != EXC_BP && vector != EXC_OF)
		c->eflags |= F_RF;
	interrupt(c, vector, false, pushes_error(vector) && !(c->mode & MODE_REAL), error);
	c->nesting = 0;
	return true;
}

static void interrupt_real(struct cpu *c, unsigned vector)
{
	struct stack s = stack_begin(c);
	uint32_t entry;

	if (vector * 4 + 3 > c->idtr.limit)
		fault(c, NULL, EXC_GP, vector * 8 + 2);
	entry = sys_read(c, NULL, c->idtr.base + vector * 4, 4);
	stack_push(c, NULL, &s, 16, flags_get(c));
	stack_push(c, NULL, &s, 16, c->seg[SEG_CS].sel);
	stack_push(c, NULL, &s, 16, c->r[REG_IP]);
	stack_end(c, &s);
	c->eflags &= ~(F_IF | F_TF | F_AC | F_RF);
	seg_real(c, SEG_CS, entry >> 16);
	c->r[REG_IP] = entry & 0xffff;
	cpu_flags_loaded(c);
}

struct idt_gate {
	uint16_t sel;
	uint64_t ip;
	unsigned type, ist, bits;
};

static struct idt_gate idt_read(struct cpu *c, unsigned vector, bool soft)
{
	bool lma = c->efer & EFER_LMA;
	unsigned size = lma ? 16 : 8, ext = soft ? 2 : 3;
	uint64_t lo, hi = 0;
	struct idt_gate g;
	uint32_t error = vector * 8 + (soft ? 2 : ext);

	if (vector * size + size - 1 > c->idtr.limit)
		fault(c, NULL, EXC_GP, error);
	lo = sys_read(c, NULL, c->idtr.base + vector * size, 8);
	if (lma)
		hi = sys_read(c, NULL, c->idtr.base + vector * size + 8, 8);
	g.type = lo >> 40 & 31;
	g.sel = lo >> 16;
	g.ip = (lo & 0xffff) | (lo >> 48 << 16) | hi << 32;
	g.ist = lma ? lo >> 32 & 7 : 0;
	g.bits = lma ? 64 : g.type & 8 ? 32 : 16;
	if (g.bits == 16)
		g.ip &= 0xffff;
	if (g.type != 14 && g.type != 15 && (lma || (g.type != 6 && g.type != 7)))
		fault(c, NULL, EXC_GP, error);
	if (soft && (lo >> 45 & 3) < c->cpl)
		fault(c, NULL, EXC_GP, error);
	if (!(lo >> 47 & 1))
		fault(c, NULL, EXC_NP, error);
	return g;
}

/* same_stack() - The stack an interrupt without change of privilege pushes to. */
static void same_stack(struct cpu *c, struct inner *n)
{
	n->ss = c->seg[SEG_SS];
	n->sp = c->r[REG_SP];
	n->mask = ~0ULL;
	if (!(c->efer & EFER_LMA))
		n->mask = n->ss.attr & SEG_DB ? 0xffffffff : 0xffff;
}

static void push_frame(struct cpu *c, struct inner *n, const struct idt_gate *g, bool stack,
		       bool has_error, uint32_t error)
{
	if (stack) {
		inner_push(c, NULL, n, g->bits, c->seg[SEG_SS].sel);
		inner_push(c, NULL, n, g->bits, c->r[REG_SP]);
	}
	inner_push(c, NULL, n, g->bits, flags_get(c));
	inner_push(c, NULL, n, g->bits, c->seg[SEG_CS].sel);
	inner_push(c, NULL, n, g->bits, c->r[REG_IP]);
	if (has_error)
		inner_push(c, NULL, n, g->bits, error);
}

void interrupt(struct cpu *c, unsigned vector, bool soft, bool has_error, uint32_t error)
{
	struct idt_gate g;
	struct desc d;
	struct inner n;
	unsigned attr, cpl, bits_l;
	bool lma = c->efer & EFER_LMA;

	if (c->mode & MODE_REAL) {
		interrupt_real(c, vector);
		return;
	}
	g = idt_read(c, vector, soft);
	if (!(g.sel & ~3) || !desc_read(c, NULL, g.sel, &d))
		fault(c, NULL, EXC_GP, (g.sel & ~3) | !soft);
	attr = desc_attr(d.lo);
	cpl = attr & SEG_DOWN ? c->cpl : desc_dpl(d.lo);
	bits_l = attr & (SEG_L | SEG_DB);
	if (!(attr & SEG_S) || !(attr & SEG_CODE) || cpl > c->cpl || (lma && bits_l != SEG_L))
		fault(c, NULL, EXC_GP, (g.sel & ~3) | !soft);
	if (!(attr & SEG_P))
		fault(c, NULL, EXC_NP, (g.sel & ~3) | !soft);
	if (g.ist) {
		same_stack(c, &n);
		n.sp = sys_read(c, NULL, c->seg[SEG_TR].base + 28 + 8 * g.ist, 8);
		if (cpl < c->cpl)
			n.ss = (struct seg){.sel = cpl,
					    .limit = 0xffffffff,
					    .attr = SEG_UNUSABLE | SEG_P | SEG_S | SEG_WRITE |
						    SEG_DB};
	} else if (cpl < c->cpl) {
		stack_switch(c, NULL, cpl, &n);
	} else {
		same_stack(c, &n);
	}
	if (lma)
		n.sp &= ~15ULL;
	n.supervisor = cpl < 3;
	push_frame(c, &n, &g, lma || cpl < c->cpl, has_error, error);
	/* Nothing faults from here on, but for the accessed bit. */
	desc_mark(c, NULL, &d, SEG_ACCESSED);
	if (n.mask == 0xffff)
		c->r[REG_SP] = (c->r[REG_SP] & ~0xffffULL) | n.sp;
	else
		c->r[REG_SP] = n.sp;
	c->seg[SEG_SS] = n.ss;
	seg_set(&c->seg[SEG_CS], (g.sel & ~3) | cpl, d.lo | (uint64_t)SEG_ACCESSED << 40);
	c->r[REG_IP] = g.ip;
	c->eflags &= ~(F_TF | F_NT | F_RF | (g.type & 1 ? 0 : F_IF));
	c->step = false; /* INT n does not trap once it is done */
	c->cpl = cpl;
	cpu_update(c);
	cpu_flags_loaded(c);
}
