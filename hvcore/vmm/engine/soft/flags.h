/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arithmetic flags.  The host executes the guest's operation, so its flags are
 * the guest's, undefined ones included: LAHF and SETO keep them, SAHF brings
 * CF (and what an instruction leaves alone) back before an operation.
 */
#ifndef SOFT_FLAGS_H
#define SOFT_FLAGS_H

#include "hvcore/vmm/engine/soft/cpu.h"

/*
 * Assembly text around an operation, and its input operands.  AH cannot be
 * used together with R8-R15, so the vCPU's address stands in a legacy register
 * and cpu.fl is addressed by offset; the statement lists c->fl, and c->of as
 * [of], among its outputs.
 */
#define FLAGS_IN   "movb %c[fo](%[cpu]), %%ah\n\tsahf\n\t"
#define FLAGS_OUT  "\n\tlahf\n\tmovb %%ah, %c[fo](%[cpu])\n\tseto %[of]"
#define FLAGS_KEEP "\n\tlahf\n\tmovb %%ah, %c[fo](%[cpu])" /* OF stays */
#define FLAGS_CPU  [cpu] "R"(c), [fo] "i"(offsetof(struct cpu, fl))

HOT uint32_t flags_get(const struct cpu *c)
{
	return c->eflags | (c->fl & F_LAHF) | (uint32_t)c->of << 11;
}

HOT void flags_set_arith(struct cpu *c, uint32_t v)
{
	c->fl = v & F_LAHF;
	c->of = v >> 11 & 1;
}

/* Conditions in the order of the encoding; odd ones are the negation of their neighbour. */
#define CONDITIONS(X) \
	X(0, o)       \
	X(1, no)      \
	X(2, b)       \
	X(3, ae)      \
	X(4, e)       \
	X(5, ne)      \
	X(6, be) X(7, a) X(8, s) X(9, ns) X(10, p) X(11, np) X(12, l) X(13, ge) X(14, le) X(15, g)

HOT bool cond(const struct cpu *c, const unsigned cc)
{
	bool v;

	switch (cc >> 1) {
	case 0: v = c->of; break;
	case 1: v = c->fl & F_CF; break;
	case 2: v = c->fl & F_ZF; break;
	case 3: v = c->fl & (F_CF | F_ZF); break;
	case 4: v = c->fl & F_SF; break;
	case 5: v = c->fl & F_PF; break;
	case 6: v = (c->fl >> 7) != c->of; break;
	default: v = (c->fl & F_ZF) || (c->fl >> 7) != c->of; break;
	}
	return v ^ (cc & 1);
}

#endif
