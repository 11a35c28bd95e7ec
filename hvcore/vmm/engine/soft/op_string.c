// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MOVS STOS LODS SCAS CMPS, with REP.
 *
 * Registers move on with every element or run of elements, so that a fault or
 * an interrupt in between finds the state from which the instruction restarts.
 * MOVS and STOS work on runs inside a page.
 */
#include "hvcore/vmm/engine/soft/block.h"
#include "hvcore/vmm/engine/soft/mmu.h"
#include "hvcore/vmm/engine/soft/op_tables.h"
#include "hvcore/vmm/engine/soft/seg.h"

/* reg_step() - Move a pointer or count register within the address size. */
HOT void reg_step(struct cpu *c, const struct insn *i, unsigned n, int64_t by)
{
	if (i->flags & INSN_ADDR16)
		reg_set(c, n, 16, c->r[n] + by);
	else if (i->flags & INSN_ADDR32)
		c->r[n] = (uint32_t)(c->r[n] + by);
	else
		c->r[n] += by;
}

HOT uint64_t count(const struct cpu *c, const struct insn *i)
{
	return ea_truncate(i, c->r[REG_CX]);
}

HOT uint64_t source(struct cpu *c, struct insn *i, unsigned size)
{
	return seg_linear(c, i, i->seg, ea_truncate(i, c->r[REG_SI]), size, false);
}

HOT uint64_t target(struct cpu *c, struct insn *i, unsigned size, bool write)
{
	return seg_linear(c, i, SEG_ES, ea_truncate(i, c->r[REG_DI]), size, write);
}

HOT int64_t step(const struct cpu *c, unsigned size)
{
	return c->eflags & F_DF ? -(int64_t)size : (int64_t)size;
}

/* again() - A REP instruction with work left may be interrupted here: true to leave it. */
HOT bool again(struct cpu *c, uint64_t cost)
{
	c->left -= (int64_t)cost;
	/* TF traps after each element. */
	return unlikely(c->left < 0) || unlikely(c->slow) ||
	       unlikely(atomic_load_explicit(&c->attention, memory_order_relaxed));
}

/* leave() - Interrupted: the instruction restarts. */
static struct insn *leave(struct cpu *c, struct insn *i)
{
	c->left += insns_left(i) + 1;
	c->r[REG_IP] = insn_ip(c, i);
	return NULL;
}

/* run() - How many elements of @size lie in one page from @va on, at most @n. */
HOT uint64_t run(uint64_t va, unsigned size, uint64_t n)
{
	uint64_t fit = (PAGE_SIZE - (va & ~PAGE_MASK)) / size;

	return fit < n ? fit : n;
}

/* runs() - Whether runs are possible: upwards, flat 64-bit addresses. */
HOT bool runs(const struct cpu *c, const struct insn *i)
{
	return !(c->eflags & F_DF) && !(i->flags & (INSN_ADDR16 | INSN_ADDR32)) && !c->slow;
}

static void copy_run(uint8_t *to, const uint8_t *from, uint64_t n, unsigned size)
{
	/* An overlap upwards repeats the pattern, as the elements one by one would. */
	if (to > from && to < from + n) {
		for (uint64_t k = 0; k < n; k += size)
			memmove(to + k, from + k, size);
		return;
	}
	memmove(to, from, n);
}

HOT struct insn *movs(struct cpu *c, struct insn *i, const unsigned bits)
{
	const unsigned size = bits / 8;

	if (!(i->flags & (INSN_REP | INSN_REPNE))) {
		uint64_t from = source(c, i, size), to = target(c, i, size, true);

		mem_write(c, i, to, bits, mem_read(c, i, from, bits));
		reg_step(c, i, REG_SI, step(c, size));
		reg_step(c, i, REG_DI, step(c, size));
		return NEXT(c, i);
	}
	while (count(c, i)) {
		uint64_t from = source(c, i, size), to = target(c, i, size, true), n = 0;

		if (runs(c, i))
			n = run(to, size, run(from, size, count(c, i)));
		if (n > 1) {
			const uint8_t *a = mem_host(c, i, from, false);
			uint8_t *b = mem_host(c, i, to, true);

			if (a && b)
				copy_run(b, a, n * size, size);
			else
				n = 0;
		}
		if (n <= 1) {
			n = 1;
			mem_write(c, i, to, bits, mem_read(c, i, from, bits));
		}
		reg_step(c, i, REG_SI, step(c, size) * (int64_t)n);
		reg_step(c, i, REG_DI, step(c, size) * (int64_t)n);
		reg_step(c, i, REG_CX, -(int64_t)n);
		if (again(c, 1 + n * size / 64) && count(c, i))
			return leave(c, i);
	}
	return NEXT(c, i);
}

static void fill_run(uint8_t *to, uint64_t n, unsigned bits, uint64_t v)
{
	switch (bits) {
	case 8: v = (uint8_t)v * 0x0101010101010101ULL; break;
	case 16: v = (uint16_t)v * 0x0001000100010001ULL; break;
	case 32: v = (uint32_t)v * 0x0000000100000001ULL; break;
	default: break;
	}
	if ((v & 0xff) * 0x0101010101010101ULL == v) {
		memset(to, (int)(v & 0xff), n);
		return;
	}
	for (; n >= 8; n -= 8, to += 8)
		memcpy(to, &v, 8);
	memcpy(to, &v, n);
}

HOT struct insn *stos(struct cpu *c, struct insn *i, const unsigned bits)
{
	const unsigned size = bits / 8;

	if (!(i->flags & (INSN_REP | INSN_REPNE))) {
		mem_write(c, i, target(c, i, size, true), bits, c->r[REG_AX]);
		reg_step(c, i, REG_DI, step(c, size));
		return NEXT(c, i);
	}
	while (count(c, i)) {
		uint64_t to = target(c, i, size, true), n = 0;
		uint8_t *p = NULL;

		if (runs(c, i))
			n = run(to, size, count(c, i));
		if (n > 1)
			p = mem_host(c, i, to, true);
		if (p) {
			fill_run(p, n * size, bits, c->r[REG_AX]);
		} else {
			n = 1;
			mem_write(c, i, to, bits, c->r[REG_AX]);
		}
		reg_step(c, i, REG_DI, step(c, size) * (int64_t)n);
		reg_step(c, i, REG_CX, -(int64_t)n);
		if (again(c, 1 + n * size / 64) && count(c, i))
			return leave(c, i);
	}
	return NEXT(c, i);
}

HOT struct insn *lods(struct cpu *c, struct insn *i, const unsigned bits)
{
	const unsigned size = bits / 8;

	if (!(i->flags & (INSN_REP | INSN_REPNE))) {
		reg_set(c, 0, bits, mem_read(c, i, source(c, i, size), bits));
		reg_step(c, i, REG_SI, step(c, size));
		return NEXT(c, i);
	}
	while (count(c, i)) {
		reg_set(c, 0, bits, mem_read(c, i, source(c, i, size), bits));
		reg_step(c, i, REG_SI, step(c, size));
		reg_step(c, i, REG_CX, -1);
		if (again(c, 1) && count(c, i))
			return leave(c, i);
	}
	return NEXT(c, i);
}

/* REPE and REPNE end by ZF after an element was compared. */
HOT bool goes_on(const struct cpu *c, const struct insn *i)
{
	bool equal = c->fl & F_ZF;

	return i->flags & INSN_REPNE ? !equal : equal;
}

#define COMPARE(index, bits)                                                        \
	HOT void compare##bits(struct cpu *c, uint##bits##_t a, uint##bits##_t b)   \
	{                                                                           \
		__asm__("cmp %[b], %[a]" FLAGS_OUT                                  \
			: [fl] "=m"(c->fl), [of] "=m"(c->of)                        \
			: [a] "q"(a), [b] "q"(b), FLAGS_CPU                         \
			: "rax", "cc");                                             \
	}                                                                           \
	static void scas##bits(struct cpu *c, struct insn *i)                       \
	{                                                                           \
		compare##bits(c, c->r[REG_AX],                                      \
			      mem_read(c, i, target(c, i, bits / 8, false), bits)); \
		reg_step(c, i, REG_DI, step(c, bits / 8));                          \
	}                                                                           \
	static void cmps##bits(struct cpu *c, struct insn *i)                       \
	{                                                                           \
		/* If both are forbidden, Intel's processors report rDI's. */       \
		uint64_t b = mem_read(c, i, target(c, i, bits / 8, false), bits);   \
                                                                                    \
		compare##bits(c, mem_read(c, i, source(c, i, bits / 8), bits), b);  \
		reg_step(c, i, REG_SI, step(c, bits / 8));                          \
		reg_step(c, i, REG_DI, step(c, bits / 8));                          \
	}                                                                           \
	static struct insn *op_scas##bits(struct cpu *c, struct insn *i)            \
	{                                                                           \
		return comparing(c, i, scas##bits);                                 \
	}                                                                           \
	static struct insn *op_cmps##bits(struct cpu *c, struct insn *i)            \
	{                                                                           \
		return comparing(c, i, cmps##bits);                                 \
	}

HOT struct insn *comparing(struct cpu *c, struct insn *i, void (*one)(struct cpu *, struct insn *))
{
	uint8_t fl = c->fl, of = c->of;

	if (!(i->flags & (INSN_REP | INSN_REPNE))) {
		one(c, i);
		return NEXT(c, i);
	}
	while (count(c, i)) {
		/* A fault leaves the flags as they were before the instruction (SDM 2B, REP). */
		c->fl = fl;
		c->of = of;
		one(c, i);
		reg_step(c, i, REG_CX, -1);
		if (!goes_on(c, i))
			break;
		if (again(c, 1) && count(c, i))
			return leave(c, i);
	}
	return NEXT(c, i);
}
SIZES(COMPARE)

#define SIMPLE(index, bits) REG_SIZED(movs, bits) REG_SIZED(stos, bits) REG_SIZED(lods, bits)
SIZES(SIMPLE)
insn_fn *const movs_ops[4] = {movs_8, movs_16, movs_32, movs_64};
insn_fn *const stos_ops[4] = {stos_8, stos_16, stos_32, stos_64};
insn_fn *const lods_ops[4] = {lods_8, lods_16, lods_32, lods_64};
insn_fn *const scas_ops[4] = {op_scas8, op_scas16, op_scas32, op_scas64};
insn_fn *const cmps_ops[4] = {op_cmps8, op_cmps16, op_cmps32, op_cmps64};
