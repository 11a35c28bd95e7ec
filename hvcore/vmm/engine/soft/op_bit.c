// SPDX-License-Identifier: GPL-2.0-or-later
/* Bit tests and scans, CMPXCHG, XADD. */
#include "hvcore/vmm/engine/soft/op_tables.h"

#define T(bits) uint##bits##_t

/*
 * BT family.  Only CF changes.  With a register as bit number the memory
 * operand is a bit string: the number's upper part moves the address.
 */
#define BIT(name, bits, writes)                                                                \
	HOT T(bits) name##bits##_calc(struct cpu *c, T(bits) a, T(bits) n)                     \
	{                                                                                      \
		__asm__(FLAGS_IN #name " %[n], %[a]" FLAGS_KEEP                                \
			: [a] "+r"(a), [fl] "+m"(c->fl)                                        \
			: [n] "r"(n), FLAGS_CPU                                                \
			: "rax", "cc");                                                        \
		return a;                                                                      \
	}                                                                                      \
	HOT void name##bits##_mem(struct cpu *c, MEM_T(bits) * p, uint64_t n, const bool lock) \
	{                                                                                      \
		n &= bits - 1;                                                                 \
		if (!writes)                                                                   \
			(void)name##bits##_calc(c, *p, n);                                     \
		else if (!lock)                                                                \
			*p = name##bits##_calc(c, *p, n);                                      \
		else                                                                           \
			name##bits##_locked(c, p, n);                                          \
	}                                                                                      \
	BIT_BY(name, bits, writes, reg, reg_get(c, i->reg, bits),                              \
	       (int##bits##_t)reg_get(c, i->reg, bits) >> INDEX_##bits)                        \
	BIT_BY(name, bits, writes, imm, i->imm, 0)
#define LOCKED(name, bits, insn)                                                \
	HOT void name##bits##_locked(struct cpu *c, MEM_T(bits) * p, T(bits) n) \
	{                                                                       \
		__asm__ volatile(FLAGS_IN insn " %[n], %[a]" FLAGS_KEEP         \
				 : [a] "+m"(*p), [fl] "+m"(c->fl)               \
				 : [n] "r"(n), FLAGS_CPU                        \
				 : "rax", "cc", "memory");                      \
	}
#define INDEX_16 4
#define INDEX_32 5
#define INDEX_64 6
/* @words: how far the operand lies from the given address. */
#define BIT_BY(name, bits, writes, by, N, WORDS)                                                 \
	static struct insn *name##bits##_##by(struct cpu *c, struct insn *i)                     \
	{                                                                                        \
		T(bits) v = name##bits##_calc(c, reg_get(c, i->rm, bits), N);                    \
                                                                                                 \
		if (writes)                                                                      \
			reg_set(c, i->rm, bits, v);                                              \
		return NEXT(c, i);                                                               \
	}                                                                                        \
	HOT struct insn *name##bits##_m##by(struct cpu *c, struct insn *i, const enum form form, \
					    const bool lock)                                     \
	{                                                                                        \
		uint64_t va = insn_ea_plus(c, i, form, bits / 8, writes,                         \
					   (int64_t)(WORDS) * (bits / 8));                       \
		MEM_T(bits) * p;                                                                 \
		T(bits) t;                                                                       \
                                                                                                 \
		if (!writes) {                                                                   \
			t = mem_read(c, i, va, bits);                                            \
			name##bits##_mem(c, &t, N, false);                                       \
			return NEXT(c, i);                                                       \
		}                                                                                \
		p = mem_rmw_begin(c, i, va, bits / 8);                                           \
		name##bits##_mem(c, p, N, lock);                                                 \
		mem_rmw_end(c, i, va, p);                                                        \
		return NEXT(c, i);                                                               \
	}                                                                                        \
	static struct insn *name##bits##_m##by##_sib(struct cpu *c, struct insn *i)              \
	{                                                                                        \
		return name##bits##_m##by(c, i, FORM_SIB, false);                                \
	}                                                                                        \
	static struct insn *name##bits##_m##by##_gen(struct cpu *c, struct insn *i)              \
	{                                                                                        \
		return name##bits##_m##by(c, i, FORM_GEN, false);                                \
	}                                                                                        \
	static struct insn *name##bits##_m##by##_lock(struct cpu *c, struct insn *i)             \
	{                                                                                        \
		return name##bits##_m##by(c, i, FORM_GEN, true);                                 \
	}

/* insn_ea_plus() - insn_ea() moved by @plus bytes before segment checks. */
HOT uint64_t insn_ea_plus(struct cpu *c, struct insn *i, const enum form form, unsigned size,
			  bool write, int64_t plus)
{
	if (form != FORM_GEN)
		return insn_ea(c, i, form, size, write) + plus;
	return seg_linear(c, i, i->seg, ea_truncate(i, insn_ea_offset(c, i) + plus), size, write);
}

#define BITS_OF(index, bits)          \
	LOCKED(bt, bits, "bt")        \
	LOCKED(bts, bits, "lock bts") \
	LOCKED(btr, bits, "lock btr") \
	LOCKED(btc, bits, "lock btc") \
	BIT(bt, bits, false)          \
	BIT(bts, bits, true)          \
	BIT(btr, bits, true)          \
	BIT(btc, bits, true)
WIDE_SIZES(BITS_OF)

#define ONE(name, bits, by)                                                 \
	{                                                                   \
		.reg = name##bits##_##by, .mem = FORMS2(name##bits##_m##by) \
	}
#define REG_ROW(index, bits)                                                     \
	[index] = {ONE(bt, bits, reg), ONE(bts, bits, reg), ONE(btr, bits, reg), \
		   ONE(btc, bits, reg)},
#define IMM_ROW(index, bits)                                                     \
	[index] = {ONE(bt, bits, imm), ONE(bts, bits, imm), ONE(btr, bits, imm), \
		   ONE(btc, bits, imm)},
#define REG_LOCK(index, bits)                                                          \
	[index] = {bt##bits##_mreg_lock, bts##bits##_mreg_lock, btr##bits##_mreg_lock, \
		   btc##bits##_mreg_lock},
#define IMM_LOCK(index, bits)                                                          \
	[index] = {bt##bits##_mimm_lock, bts##bits##_mimm_lock, btr##bits##_mimm_lock, \
		   btc##bits##_mimm_lock},
const struct op_forms bit_reg[4][4] = {WIDE_SIZES(REG_ROW)};
const struct op_forms bit_imm[4][4] = {WIDE_SIZES(IMM_ROW)};
insn_fn *const bit_reg_lock[4][4] = {WIDE_SIZES(REG_LOCK)};
insn_fn *const bit_imm_lock[4][4] = {WIDE_SIZES(IMM_LOCK)};

/* With source 0 the destination stays (all processors do so) and ZF is set. */
#define SCAN(name, bits)                                                                          \
	HOT struct insn *name##_##bits(struct cpu *c, struct insn *i, T(bits) b)                  \
	{                                                                                         \
		T(bits) v = reg_get(c, i->reg, bits);                                             \
                                                                                                  \
		__asm__(#name " %[b], %[a]" FLAGS_OUT                                             \
			: [a] "+r"(v), [fl] "=m"(c->fl), [of] "=m"(c->of)                         \
			: [b] "r"(b), FLAGS_CPU                                                   \
			: "rax", "cc");                                                           \
		if (bits != 32 || b)                                                              \
			reg_set(c, i->reg, bits, v);                                              \
		return NEXT(c, i);                                                                \
	}                                                                                         \
	static struct insn *name##bits##_r(struct cpu *c, struct insn *i)                         \
	{                                                                                         \
		return name##_##bits(c, i, reg_get(c, i->rm, bits));                              \
	}                                                                                         \
	HOT struct insn *name##bits##_m(struct cpu *c, struct insn *i, const enum form form)      \
	{                                                                                         \
		return name##_##bits(c, i,                                                        \
				     mem_read(c, i, insn_ea(c, i, form, bits / 8, false), bits)); \
	}                                                                                         \
	MEM_FORMS2(name##bits##_m)
#define SCANS(index, bits) SCAN(bsf, bits) SCAN(bsr, bits)
WIDE_SIZES(SCANS)
#define BSF_ROW(index, bits) [index] = {.reg = bsf##bits##_r, .mem = FORMS2(bsf##bits##_m)},
#define BSR_ROW(index, bits) [index] = {.reg = bsr##bits##_r, .mem = FORMS2(bsr##bits##_m)},
const struct op_forms bsf_ops[4] = {WIDE_SIZES(BSF_ROW)};
const struct op_forms bsr_ops[4] = {WIDE_SIZES(BSR_ROW)};

/* The destination is always written; the host's LOCK form serves both (the guest cannot tell). */
#define CMPXCHG(bits)                                                                            \
	HOT bool cmpxchg##bits##_do(struct cpu *c, MEM_T(bits) * p, T(bits) * acc, T(bits) src)  \
	{                                                                                        \
		bool same;                                                                       \
		T(bits) a = *acc;                                                                \
                                                                                                 \
		__asm__ volatile("lock cmpxchg %[s], %[d]\n\tmov %[a], %[o]" FLAGS_OUT           \
				 : [a] "+a"(a), [d] "+m"(*p), [o] "=&q"(*acc), [fl] "=m"(c->fl), \
				   [of] "=m"(c->of), "=@cce"(same)                               \
				 : [s] "q"(src), FLAGS_CPU                                       \
				 : "memory");                                                    \
		return same;                                                                     \
	}                                                                                        \
	HOT struct insn *cmpxchg##bits##_m(struct cpu *c, struct insn *i, const enum form form)  \
	{                                                                                        \
		uint64_t va = insn_ea(c, i, form, bits / 8, true);                               \
		MEM_T(bits) *p = mem_rmw_begin(c, i, va, bits / 8);                              \
		T(bits) acc = c->r[REG_AX];                                                      \
		bool same = cmpxchg##bits##_do(c, p, &acc, reg_get(c, i->reg, bits));            \
                                                                                                 \
		mem_rmw_end(c, i, va, p);                                                        \
		if (!same)                                                                       \
			reg_set(c, bits == 8 ? 0 : REG_AX, bits, acc);                           \
		return NEXT(c, i);                                                               \
	}                                                                                        \
	MEM_FORMS2(cmpxchg##bits##_m)                                                            \
	static struct insn *cmpxchg##bits##_r(struct cpu *c, struct insn *i)                     \
	{                                                                                        \
		T(bits) v = reg_get(c, i->rm, bits), acc = c->r[REG_AX];                         \
		bool same = cmpxchg##bits##_do(c, &v, &acc, reg_get(c, i->reg, bits));           \
                                                                                                 \
		if (same) /* else rm keeps its upper half, too */                                \
			reg_set(c, i->rm, bits, v);                                              \
		else                                                                             \
			reg_set(c, bits == 8 ? 0 : REG_AX, bits, acc);                           \
		return NEXT(c, i);                                                               \
	}                                                                                        \
	HOT struct insn *xadd##bits##_m(struct cpu *c, struct insn *i, const enum form form)     \
	{                                                                                        \
		uint64_t va = insn_ea(c, i, form, bits / 8, true);                               \
		MEM_T(bits) *p = mem_rmw_begin(c, i, va, bits / 8);                              \
		T(bits) v = reg_get(c, i->reg, bits);                                            \
                                                                                                 \
		__asm__ volatile("lock xadd %[v], %[d]" FLAGS_OUT                                \
				 : [v] "+q"(v), [d] "+m"(*p), [fl] "=m"(c->fl), [of] "=m"(c->of) \
				 : FLAGS_CPU                                                     \
				 : "rax", "memory");                                             \
		mem_rmw_end(c, i, va, p);                                                        \
		reg_set(c, i->reg, bits, v);                                                     \
		return NEXT(c, i);                                                               \
	}                                                                                        \
	MEM_FORMS2(xadd##bits##_m)                                                               \
	static struct insn *xadd##bits##_r(struct cpu *c, struct insn *i)                        \
	{                                                                                        \
		T(bits) v = reg_get(c, i->reg, bits), d = reg_get(c, i->rm, bits);               \
                                                                                                 \
		__asm__("xadd %[v], %[d]" FLAGS_OUT                                              \
			: [v] "+q"(v), [d] "+q"(d), [fl] "=m"(c->fl), [of] "=m"(c->of)           \
			: FLAGS_CPU                                                              \
			: "rax");                                                                \
		reg_set(c, i->reg, bits, v);                                                     \
		reg_set(c, i->rm, bits, d);                                                      \
		return NEXT(c, i);                                                               \
	}
CMPXCHG(8)
CMPXCHG(16)
CMPXCHG(32)
CMPXCHG(64)
#define CMPXCHG_ROW(index, bits) \
	[index] = {.reg = cmpxchg##bits##_r, .mem = FORMS2(cmpxchg##bits##_m)},
#define XADD_ROW(index, bits) [index] = {.reg = xadd##bits##_r, .mem = FORMS2(xadd##bits##_m)},
const struct unary_op cmpxchg_ops[4] = {SIZES(CMPXCHG_ROW)};
const struct unary_op xadd_ops[4] = {SIZES(XADD_ROW)};

struct insn *op_cmpxchg8b(struct cpu *c, struct insn *i)
{
	uint64_t va = insn_ea(c, i, FORM_GEN, 8, true);
	mem64_t *p = mem_rmw_begin(c, i, va, 8);
	uint64_t old = c->r[REG_DX] << 32 | (uint32_t)c->r[REG_AX];
	uint64_t new = c->r[REG_CX] << 32 | (uint32_t)c->r[REG_BX];
	bool same;

	__asm__ volatile("lock cmpxchg %[s], %[m]"
			 : "+a"(old), [m] "+m"(*p), "=@cce"(same)
			 : [s] "r"(new)
			 : "memory");
	mem_rmw_end(c, i, va, p);
	if (!same) {
		c->r[REG_AX] = (uint32_t)old;
		c->r[REG_DX] = old >> 32;
	}
	c->fl = (c->fl & ~F_ZF) | (same ? F_ZF : 0);
	return NEXT(c, i);
}

struct insn *op_cmpxchg16b(struct cpu *c, struct insn *i)
{
	uint64_t va = insn_ea(c, i, FORM_GEN, 16, true), *p;
	bool same;

	if (va & 15)
		fault(c, i, EXC_GP, 0);
	p = mem_rmw_begin(c, i, va, 16);
	__asm__ volatile("lock cmpxchg16b %[m]"
			 : "+a"(c->r[REG_AX]),
			   "+d"(c->r[REG_DX]), [m] "+m"(*(unsigned __int128 *)p), "=@cce"(same)
			 : "b"(c->r[REG_BX]), "c"(c->r[REG_CX])
			 : "memory");
	mem_rmw_end(c, i, va, p);
	c->fl = (c->fl & ~F_ZF) | (same ? F_ZF : 0);
	return NEXT(c, i);
}
