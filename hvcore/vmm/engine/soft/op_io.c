// SPDX-License-Identifier: GPL-2.0-or-later
/* Ports: IN OUT INS OUTS. */
#include "hvcore/vmm/engine/soft/msr.h"
#include "hvcore/vmm/engine/soft/op_tables.h"
#include "hvcore/vmm/engine/soft/soft.h"

/* port_check() - By IOPL, else by the TSS's bitmap (SDM 1 §19.5). */
static void port_check(struct cpu *c, struct insn *i, uint16_t port, unsigned size)
{
	const struct seg *tr = &c->seg[SEG_TR];
	unsigned map, bits;

	if ((c->mode & MODE_REAL) || c->cpl <= (c->eflags & F_IOPL) >> 12)
		return;
	if (!(tr->attr & 8) || tr->limit < 103)
		fault(c, i, EXC_GP, 0);
	map = sys_read(c, i, tr->base + 102, 2) + port / 8;
	if (map + 1 > tr->limit)
		fault(c, i, EXC_GP, 0);
	bits = sys_read(c, i, tr->base + map, 2) >> (port % 8);
	if (bits & ((1U << size) - 1))
		fault(c, i, EXC_GP, 0);
}

static unsigned port_size(const struct insn *i)
{
	if (!(i->op & 1))
		return 1;
	return i->flags & INSN_OP16 ? 2 : 4;
}

static struct insn *in(struct cpu *c, struct insn *i, uint16_t port)
{
	unsigned size = port_size(i);

	port_check(c, i, port, size);
	reg_set(c, 0, size * 8, callback_in(c, port, size));
	return resume(c, i);
}

static struct insn *out(struct cpu *c, struct insn *i, uint16_t port)
{
	unsigned size = port_size(i);
	uint64_t mask = size == 4 ? 0xffffffff : (1U << (8 * size)) - 1;

	port_check(c, i, port, size);
	callback_out(c, port, size, c->r[REG_AX] & mask);
	return resume(c, i);
}

struct insn *op_in_imm(struct cpu *c, struct insn *i)
{
	return in(c, i, i->imm);
}

struct insn *op_in_dx(struct cpu *c, struct insn *i)
{
	return in(c, i, c->r[REG_DX]);
}

struct insn *op_out_imm(struct cpu *c, struct insn *i)
{
	return out(c, i, i->imm);
}

struct insn *op_out_dx(struct cpu *c, struct insn *i)
{
	return out(c, i, c->r[REG_DX]);
}

HOT void step(struct cpu *c, const struct insn *i, unsigned n, int64_t by)
{
	if (i->flags & INSN_ADDR16)
		reg_set(c, n, 16, c->r[n] + by);
	else if (i->flags & INSN_ADDR32)
		c->r[n] = (uint32_t)(c->r[n] + by);
	else
		c->r[n] += by;
}

/* One element; the memory side is checked before the port is touched. */
static void ins_one(struct cpu *c, struct insn *i, unsigned size)
{
	uint64_t va = seg_linear(c, i, SEG_ES, ea_truncate(i, c->r[REG_DI]), size, true);
	void *p = mem_rmw_begin(c, i, va, size);
	uint32_t v = callback_in(c, c->r[REG_DX], size);

	memcpy(p, &v, size);
	mem_rmw_end(c, i, va, p);
	step(c, i, REG_DI, c->eflags & F_DF ? -(int64_t)size : size);
}

static void outs_one(struct cpu *c, struct insn *i, unsigned size)
{
	uint64_t va = seg_linear(c, i, i->seg, ea_truncate(i, c->r[REG_SI]), size, false);
	uint32_t v = mem_read_slow(c, i, va, size);

	callback_out(c, c->r[REG_DX], size, v);
	step(c, i, REG_SI, c->eflags & F_DF ? -(int64_t)size : size);
}

static struct insn *string(struct cpu *c, struct insn *i,
			   void (*one)(struct cpu *, struct insn *, unsigned))
{
	unsigned size = port_size(i);

	port_check(c, i, c->r[REG_DX], size);
	if (!(i->flags & (INSN_REP | INSN_REPNE))) {
		one(c, i, size);
		return resume(c, i);
	}
	while (ea_truncate(i, c->r[REG_CX])) {
		one(c, i, size);
		step(c, i, REG_CX, -1);
		if (--c->left < 0 || atomic_load_explicit(&c->attention, memory_order_relaxed)) {
			if (!ea_truncate(i, c->r[REG_CX]))
				break;
			c->left += insns_left(i) + 1;
			c->r[REG_IP] = insn_ip(c, i);
			return NULL;
		}
	}
	return resume(c, i);
}

static struct insn *op_ins(struct cpu *c, struct insn *i)
{
	return string(c, i, ins_one);
}

static struct insn *op_outs(struct cpu *c, struct insn *i)
{
	return string(c, i, outs_one);
}

insn_fn *const ins_ops[3] = {op_ins, op_ins, op_ins};
insn_fn *const outs_ops[3] = {op_outs, op_outs, op_outs};
