// SPDX-License-Identifier: GPL-2.0-or-later
/* PUSH, POP and their kin: fast in 64-bit mode, through SS elsewhere. */
#include "hvcore/vmm/engine/soft/op_tables.h"
#include "hvcore/vmm/engine/soft/seg.h"

HOT struct insn *push64(struct cpu *c, struct insn *i, const unsigned bits, uint64_t v)
{
	uint64_t sp = c->r[REG_SP] - bits / 8;

	mem_write(c, i, sp, bits, v);
	c->r[REG_SP] = sp;
	return NEXT(c, i);
}

HOT struct insn *push_any(struct cpu *c, struct insn *i, const unsigned bits, uint64_t v)
{
	struct stack s = stack_begin(c);

	stack_push(c, i, &s, bits, v);
	stack_end(c, &s);
	return NEXT(c, i);
}

HOT struct insn *pop64_reg(struct cpu *c, struct insn *i, const unsigned bits)
{
	uint64_t v = mem_read(c, i, c->r[REG_SP], bits);

	c->r[REG_SP] += bits / 8;
	reg_set(c, i->rm, bits, v);
	return NEXT(c, i);
}

HOT struct insn *popany_reg(struct cpu *c, struct insn *i, const unsigned bits)
{
	struct stack s = stack_begin(c);
	uint64_t v = stack_pop(c, i, &s, bits);

	stack_end(c, &s);
	reg_set(c, i->rm, bits, v);
	return NEXT(c, i);
}

/* POP to memory: an address that uses rSP uses it as already incremented. */
HOT struct insn *pop_memory(struct cpu *c, struct insn *i, const unsigned bits)
{
	uint64_t old = c->r[REG_SP], va;
	struct stack s = stack_begin(c);
	uint64_t v = stack_pop(c, i, &s, bits);
	uint64_t ea;

	stack_end(c, &s);
	ea = insn_ea_offset(c, i);
	c->r[REG_SP] = old; /* until nothing can fault any more */
	va = seg_linear(c, i, i->seg, ea, bits / 8, true);
	mem_write(c, i, va, bits, v);
	stack_end(c, &s);
	return NEXT(c, i);
}

#define STACK(index, bits)                                                     \
	static struct insn *push_reg64_##bits(struct cpu *c, struct insn *i)   \
	{                                                                      \
		return push64(c, i, bits, c->r[i->rm]);                        \
	}                                                                      \
	static struct insn *push_imm64_##bits(struct cpu *c, struct insn *i)   \
	{                                                                      \
		return push64(c, i, bits, i->imm);                             \
	}                                                                      \
	static struct insn *push_mem64_##bits(struct cpu *c, struct insn *i)   \
	{                                                                      \
		uint64_t va = insn_ea(c, i, FORM_GEN, bits / 8, false);        \
                                                                               \
		return push64(c, i, bits, mem_read(c, i, va, bits));           \
	}                                                                      \
	static struct insn *push_reg_any_##bits(struct cpu *c, struct insn *i) \
	{                                                                      \
		return push_any(c, i, bits, c->r[i->rm]);                      \
	}                                                                      \
	static struct insn *push_imm_any_##bits(struct cpu *c, struct insn *i) \
	{                                                                      \
		return push_any(c, i, bits, i->imm);                           \
	}                                                                      \
	static struct insn *push_mem_any_##bits(struct cpu *c, struct insn *i) \
	{                                                                      \
		uint64_t va = insn_ea(c, i, FORM_GEN, bits / 8, false);        \
                                                                               \
		return push_any(c, i, bits, mem_read(c, i, va, bits));         \
	}                                                                      \
	REG_SIZED(pop64_reg, bits)                                             \
	REG_SIZED(popany_reg, bits)                                            \
	REG_SIZED(pop_memory, bits)
WIDE_SIZES(STACK)

insn_fn *const push_reg[2][4] = {
	{NULL, push_reg64_16, push_reg64_32, push_reg64_64},
	{NULL, push_reg_any_16, push_reg_any_32, push_reg_any_64},
};
insn_fn *const push_imm[2][4] = {
	{NULL, push_imm64_16, push_imm64_32, push_imm64_64},
	{NULL, push_imm_any_16, push_imm_any_32, push_imm_any_64},
};
insn_fn *const push_mem[2][4] = {
	{NULL, push_mem64_16, push_mem64_32, push_mem64_64},
	{NULL, push_mem_any_16, push_mem_any_32, push_mem_any_64},
};
insn_fn *const pop_reg[2][4] = {
	{NULL, pop64_reg_16, pop64_reg_32, pop64_reg_64},
	{NULL, popany_reg_16, popany_reg_32, popany_reg_64},
};
insn_fn *const pop_mem[2][4] = {
	{NULL, pop_memory_16, pop_memory_32, pop_memory_64},
	{NULL, pop_memory_16, pop_memory_32, pop_memory_64},
};

struct insn *op_leave64(struct cpu *c, struct insn *i)
{
	uint64_t bp = c->r[REG_BP], v = mem_read64(c, i, bp);

	c->r[REG_SP] = bp + 8;
	c->r[REG_BP] = v;
	return NEXT(c, i);
}

static unsigned stack_bits(const struct cpu *c, const struct insn *i)
{
	if (i->flags & INSN_OP16)
		return 16;
	return mode_is64(c) ? 64 : 32;
}

struct insn *op_leave(struct cpu *c, struct insn *i)
{
	struct stack s = stack_begin(c);
	unsigned bits = stack_bits(c, i);
	uint64_t v;

	s.sp = c->r[REG_BP] & s.mask;
	v = stack_pop(c, i, &s, bits);
	stack_end(c, &s);
	reg_set(c, REG_BP, bits, v);
	return NEXT(c, i);
}

/* ENTER: imm = size | nesting << 16 (SDM 2A). */
struct insn *op_enter(struct cpu *c, struct insn *i)
{
	unsigned bits = stack_bits(c, i), level = i->imm >> 16 & 31;
	struct stack s = stack_begin(c), link = s;
	uint64_t frame, bp = c->r[REG_BP];

	stack_push(c, i, &s, bits, bp);
	frame = s.sp;
	if (level) {
		link.sp = bp & s.mask;
		for (unsigned n = 1; n < level; n++) {
			struct stack from;

			link.sp = (link.sp - bits / 8) & link.mask;
			from = link;
			stack_push(c, i, &s, bits, stack_pop(c, i, &from, bits));
		}
		stack_push(c, i, &s, bits, frame);
	}
	s.sp = (s.sp - (i->imm & 0xffff)) & s.mask;
	/* A page that cannot be written must fault here, before RBP changes. */
	mem_rmw_begin(c, i, seg_linear(c, i, SEG_SS, s.sp, 1, true), 1);
	stack_end(c, &s);
	reg_set(c, REG_BP, bits, frame);
	return NEXT(c, i);
}

struct insn *op_pusha(struct cpu *c, struct insn *i)
{
	unsigned bits = i->flags & INSN_OP16 ? 16 : 32;
	struct stack s = stack_begin(c);

	for (unsigned n = 0; n < 8; n++)
		stack_push(c, i, &s, bits, c->r[n]);
	stack_end(c, &s);
	return NEXT(c, i);
}

struct insn *op_popa(struct cpu *c, struct insn *i)
{
	unsigned bits = i->flags & INSN_OP16 ? 16 : 32;
	struct stack s = stack_begin(c);
	uint64_t v[8];

	for (unsigned n = 8; n-- > 0;)
		v[n] = stack_pop(c, i, &s, bits);
	for (unsigned n = 0; n < 8; n++)
		if (n != REG_SP)
			reg_set(c, n, bits, v[n]);
	stack_end(c, &s);
	return NEXT(c, i);
}

struct insn *op_pushf(struct cpu *c, struct insn *i)
{
	return push_any(c, i, stack_bits(c, i), flags_get(c) & ~(F_VM | F_RF));
}

struct insn *op_popf(struct cpu *c, struct insn *i)
{
	struct stack s = stack_begin(c);
	unsigned bits = stack_bits(c, i);
	uint64_t v = stack_pop(c, i, &s, bits);
	uint32_t may = F_TF | F_DF | F_NT | F_AC | F_ID;

	if (c->cpl == 0)
		may |= F_IOPL;
	if (c->cpl <= (c->eflags & F_IOPL) >> 12)
		may |= F_IF;
	if (bits == 16)
		may &= 0xffff;
	flags_set_arith(c, v);
	c->eflags = ((c->eflags & ~may) | (v & may)) & ~F_RF;
	stack_end(c, &s);
	if (c->eflags & F_TF) {
		cpu_flags_loaded(c);
		return resume(c, i);
	}
	cpu_flags_loaded(c);
	return NEXT(c, i);
}

/* i->reg: the segment. */
struct insn *op_push_seg(struct cpu *c, struct insn *i)
{
	unsigned bits = stack_bits(c, i);
	struct stack s = stack_begin(c);

	if (bits == 32) {
		/* Only the low half of the slot is written. */
		s.sp = (s.sp - 2) & s.mask;
		stack_push(c, i, &s, 16, c->seg[i->reg].sel);
	} else {
		stack_push(c, i, &s, bits, c->seg[i->reg].sel);
	}
	stack_end(c, &s);
	return NEXT(c, i);
}

struct insn *op_pop_seg(struct cpu *c, struct insn *i)
{
	struct stack s = stack_begin(c);
	uint64_t v = stack_pop(c, i, &s, stack_bits(c, i));

	seg_load(c, i, i->reg, v);
	stack_end(c, &s);
	if (i->reg == SEG_SS) {
		c->shadow = 1;
		return resume(c, i);
	}
	return resume(c, i);
}
