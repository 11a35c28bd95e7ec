// SPDX-License-Identifier: GPL-2.0-or-later
/* What follows from control registers, CS and EFLAGS: mode, privilege, stepping. */
#include "hvcore/vmm/engine/soft/soft.h"

void cpu_set_cpl(struct cpu *c, unsigned cpl)
{
	bool user = cpl == 3;

	c->cpl = cpl;
	c->mode = (c->mode & ~MODE_USER) | (user ? MODE_USER : 0);
	c->space = &c->spaces[user];
	c->tlb = c->space->tlb;
	/* The jump cache has no mode in its key. */
	if (unlikely(c->space->mode != c->mode)) {
		c->space->mode = c->mode;
		space_forget_jumps(c, c->space);
	}
	c->gen = c->space->gen;
}

void cpu_update(struct cpu *c)
{
	unsigned mode = 0;

	if (!(c->cr0 & CR0_PE)) {
		mode = MODE_REAL | (c->seg[SEG_CS].attr & SEG_DB ? MODE_CODE32 : MODE_CODE16);
	} else if ((c->efer & EFER_LMA) && (c->seg[SEG_CS].attr & SEG_L)) {
		mode = MODE_CODE64;
		c->seg[SEG_CS].base = 0;
	} else {
		mode = c->seg[SEG_CS].attr & SEG_DB ? MODE_CODE32 : MODE_CODE16;
	}
	if (c->cr0 & CR0_EM)
		mode |= MODE_EM | MODE_SSE_UD;
	if (!(c->cr4 & CR4_OSFXSR))
		mode |= MODE_SSE_UD;
	if (c->cr0 & CR0_TS)
		mode |= MODE_TS;
	if (c->cr0 & CR0_MP)
		mode |= MODE_MP;
	c->mode = mode;
	cpu_set_cpl(c, c->cpl);
}

void cpu_flags_loaded(struct cpu *c)
{
	bool slow = (c->eflags & F_TF) || (c->dr[7] & 0xff);

	if (slow != c->slow) {
		c->slow = slow;
		/* Entries made without looking at breakpoints, and chains past them. */
		mmu_flush(c, true);
		cpu_attention(c);
	}
	if ((c->eflags & F_IF) && atomic_load_explicit(&c->events, memory_order_relaxed))
		cpu_attention(c);
}
