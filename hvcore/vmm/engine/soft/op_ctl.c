// SPDX-License-Identifier: GPL-2.0-or-later
/* Near branches: fast ones for 64-bit mode, checked ones for the others. */
#include "hvcore/vmm/engine/soft/block.h"
#include "hvcore/vmm/engine/soft/op_tables.h"
#include "hvcore/vmm/engine/soft/seg.h"

#define JCC(cc, name)                                              \
	static struct insn *j##name(struct cpu *c, struct insn *i) \
	{                                                          \
		if (cond(c, cc))                                   \
			return branch_direct(c, i);                \
		return branch_direct(c, i + 1);                    \
	}
CONDITIONS(JCC)
#define JCC_ROW(cc, name) [cc] = j##name,
insn_fn *const jcc_ops[16] = {CONDITIONS(JCC_ROW)};

struct insn *op_jmp(struct cpu *c, struct insn *i)
{
	return branch_direct(c, i);
}

struct insn *op_call64(struct cpu *c, struct insn *i)
{
	uint64_t sp = c->r[REG_SP] - 8;

	mem_write64(c, i, sp, insn_next_ip(c, i));
	c->r[REG_SP] = sp;
	return branch_direct(c, i);
}

HOT struct insn *ret64(struct cpu *c, struct insn *i, uint64_t more)
{
	uint64_t sp = c->r[REG_SP], ip = mem_read64(c, i, sp);

	if (unlikely(!canonical(ip)))
		fault(c, i, EXC_GP, 0);
	c->r[REG_SP] = sp + 8 + more;
	c->r[REG_IP] = ip;
	return branch_indirect(c, i);
}

struct insn *op_ret64(struct cpu *c, struct insn *i)
{
	return ret64(c, i, 0);
}

struct insn *op_ret64_imm(struct cpu *c, struct insn *i)
{
	return ret64(c, i, i->imm);
}

HOT struct insn *jmp_to64(struct cpu *c, struct insn *i, uint64_t ip)
{
	if (unlikely(!canonical(ip)))
		fault(c, i, EXC_GP, 0);
	c->r[REG_IP] = ip;
	return branch_indirect(c, i);
}

HOT struct insn *call_to64(struct cpu *c, struct insn *i, uint64_t ip)
{
	uint64_t sp = c->r[REG_SP] - 8;

	if (unlikely(!canonical(ip)))
		fault(c, i, EXC_GP, 0);
	mem_write64(c, i, sp, insn_next_ip(c, i));
	c->r[REG_SP] = sp;
	c->r[REG_IP] = ip;
	return branch_indirect(c, i);
}

#define INDIRECT64(name)                                                                   \
	static struct insn *name##_r(struct cpu *c, struct insn *i)                        \
	{                                                                                  \
		return name##_to64(c, i, c->r[i->rm]);                                     \
	}                                                                                  \
	HOT struct insn *name##_m(struct cpu *c, struct insn *i, const enum form form)     \
	{                                                                                  \
		return name##_to64(c, i, mem_read64(c, i, insn_ea(c, i, form, 8, false))); \
	}                                                                                  \
	MEM_FORMS2(name##_m)
INDIRECT64(jmp)
INDIRECT64(call)
const struct op_forms jmp_ind64 = {.reg = jmp_r, .mem = FORMS2(jmp_m)};
const struct op_forms call_ind64 = {.reg = call_r, .mem = FORMS2(call_m)};

/* Outside 64-bit mode: IP is truncated to the operand size and checked against CS. */
static unsigned ip_bits(const struct insn *i)
{
	return i->flags & INSN_OP16 ? 16 : 32;
}

static uint64_t ip_check(struct cpu *c, struct insn *i, uint64_t ip)
{
	ip = ip_bits(i) == 16 ? (uint16_t)ip : (uint32_t)ip;
	if (ip > c->seg[SEG_CS].limit)
		fault(c, i, EXC_GP, 0);
	return ip;
}

static struct insn *jmp_legacy(struct cpu *c, struct insn *i, uint64_t ip)
{
	c->r[REG_IP] = ip_check(c, i, ip);
	return branch_indirect(c, i);
}

static struct insn *call_legacy(struct cpu *c, struct insn *i, uint64_t ip)
{
	struct stack s = stack_begin(c);

	ip = ip_check(c, i, ip);
	stack_push(c, i, &s, ip_bits(i), insn_next_ip(c, i));
	stack_end(c, &s);
	c->r[REG_IP] = ip;
	return branch_indirect(c, i);
}

struct insn *op_jmp_legacy(struct cpu *c, struct insn *i)
{
	return jmp_legacy(c, i, c->r[REG_IP] + (int64_t)i->disp);
}

struct insn *op_jcc_legacy(struct cpu *c, struct insn *i)
{
	/* `op` is 70+cc or (0F) 80+cc. */
	bool taken = false;

	switch (i->op & 15) {
#define LEGACY_CASE(cc, name) \
	case cc: taken = cond(c, cc); break;
		CONDITIONS(LEGACY_CASE)
	}
	if (taken)
		return op_jmp_legacy(c, i);
	return branch_direct(c, i + 1);
}

struct insn *op_call_legacy(struct cpu *c, struct insn *i)
{
	return call_legacy(c, i, c->r[REG_IP] + (int64_t)i->disp);
}

struct insn *op_ret_legacy(struct cpu *c, struct insn *i)
{
	struct stack s = stack_begin(c);
	uint64_t ip = ip_check(c, i, stack_pop(c, i, &s, ip_bits(i)));

	s.sp = (s.sp + i->imm) & s.mask;
	stack_end(c, &s);
	c->r[REG_IP] = ip;
	return branch_indirect(c, i);
}

#define INDIRECT(name)                                                                          \
	static struct insn *name##_ind_r(struct cpu *c, struct insn *i)                         \
	{                                                                                       \
		return name##_legacy(c, i, c->r[i->rm]);                                        \
	}                                                                                       \
	static struct insn *name##_ind_m(struct cpu *c, struct insn *i)                         \
	{                                                                                       \
		unsigned bits = ip_bits(i);                                                     \
		uint64_t va = insn_ea(c, i, FORM_GEN, bits / 8, false);                         \
                                                                                                \
		return name##_legacy(c, i,                                                      \
				     bits == 16 ? mem_read16(c, i, va) : mem_read32(c, i, va)); \
	}
INDIRECT(jmp)
INDIRECT(call)
const struct op_forms jmp_ind = {.reg = jmp_ind_r, .mem = FORM_ANY(jmp_ind_m)};
const struct op_forms call_ind = {.reg = call_ind_r, .mem = FORM_ANY(call_ind_m)};

/* E0 LOOPNE, E1 LOOPE, E2 LOOP, E3 JrCXZ; the count register has the address size. */
struct insn *op_loop(struct cpu *c, struct insn *i)
{
	uint64_t old = c->r[REG_CX], n = ea_truncate(i, old - (i->op != 0xe3));
	bool taken = i->op == 0xe3 ? !n : n != 0;

	if (i->op == 0xe0)
		taken = taken && !(c->fl & F_ZF);
	else if (i->op == 0xe1)
		taken = taken && (c->fl & F_ZF);
	if (taken && !mode_is64(c))
		ip_check(c, i, c->r[REG_IP] + (int64_t)i->disp);
	if (i->op != 0xe3)
		c->r[REG_CX] = i->flags & INSN_ADDR16 ? (old & ~0xffffULL) | n : n;
	if (!taken)
		return branch_direct(c, i + 1);
	if (mode_is64(c))
		return branch_direct(c, i);
	return op_jmp_legacy(c, i);
}
