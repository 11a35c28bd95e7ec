// SPDX-License-Identifier: GPL-2.0-or-later
/* ADD OR ADC SBB AND SUB XOR CMP, TEST, INC DEC NEG NOT: each in all sizes and forms. */
#include "hvcore/vmm/engine/soft/op_tables.h"

#define T(bits) uint##bits##_t

/* calc: one operation on host registers. */
#define CALC2(name, bits, before, insn)                                    \
	HOT T(bits) name##bits##_calc(struct cpu *c, T(bits) a, T(bits) b) \
	{                                                                  \
		__asm__(before insn " %[b], %[a]" FLAGS_OUT                \
			: [a] "+q"(a), [fl] "+m"(c->fl), [of] "=m"(c->of)  \
			: [b] "q"(b), FLAGS_CPU                            \
			: "rax", "cc");                                    \
		return a;                                                  \
	}
/* The same on memory; @lock is the prefix or nothing. */
#define CALC2_MEM(name, bits, before, insn, suffix, lock)                           \
	HOT void name##bits##suffix(struct cpu *c, MEM_T(bits) * p, T(bits) b)      \
	{                                                                           \
		__asm__ volatile(before lock insn " %[b], %[a]" FLAGS_OUT           \
				 : [a] "+m"(*p), [fl] "+m"(c->fl), [of] "=m"(c->of) \
				 : [b] "q"(b), FLAGS_CPU                            \
				 : "rax", "cc", "memory");                          \
	}

#define RR(name, bits)                                                                       \
	static struct insn *name##bits##_rr(struct cpu *c, struct insn *i)                   \
	{                                                                                    \
		T(bits)                                                                      \
		v = name##bits##_calc(c, reg_get(c, i->rm, bits), reg_get(c, i->reg, bits)); \
		KEEP_##name(reg_set(c, i->rm, bits, v);)(void) v;                            \
		return NEXT(c, i);                                                           \
	}                                                                                    \
	static struct insn *name##bits##_ri(struct cpu *c, struct insn *i)                   \
	{                                                                                    \
		T(bits) v = name##bits##_calc(c, reg_get(c, i->rm, bits), i->imm);           \
		KEEP_##name(reg_set(c, i->rm, bits, v);)(void) v;                            \
		return NEXT(c, i);                                                           \
	}
#define RM(name, bits, suffix, form)                                                    \
	static struct insn *name##bits##_rm##suffix(struct cpu *c, struct insn *i)      \
	{                                                                               \
		T(bits) b = mem_read(c, i, insn_ea(c, i, form, bits / 8, false), bits); \
		T(bits) v = name##bits##_calc(c, reg_get(c, i->reg, bits), b);          \
		KEEP_##name(reg_set(c, i->reg, bits, v);)(void) v;                      \
		return NEXT(c, i);                                                      \
	}
/* Memory destination, source B. */
#define MX(name, bits, kind, suffix, form, B)                                          \
	static struct insn *name##bits##_##kind##suffix(struct cpu *c, struct insn *i) \
	{                                                                              \
		uint64_t va = insn_ea(c, i, form, bits / 8, true);                     \
		MEM_T(bits) *p = mem_rmw_begin(c, i, va, bits / 8);                    \
                                                                                       \
		name##bits##_mem(c, p, B);                                             \
		mem_rmw_end(c, i, va, p);                                              \
		return NEXT(c, i);                                                     \
	}
#define MXLOCK(name, bits, kind, suffix, form, B)                                          \
	static struct insn *name##bits##_lock##kind##suffix(struct cpu *c, struct insn *i) \
	{                                                                                  \
		uint64_t va = insn_ea(c, i, form, bits / 8, true);                         \
		MEM_T(bits) *p = mem_rmw_begin(c, i, va, bits / 8);                        \
                                                                                           \
		name##bits##_lock(c, p, B);                                                \
		mem_rmw_end(c, i, va, p);                                                  \
		return NEXT(c, i);                                                         \
	}
/* CMP and TEST only read their memory operand. */
#define MXREAD(name, bits, kind, suffix, form, B)                                       \
	static struct insn *name##bits##_##kind##suffix(struct cpu *c, struct insn *i)  \
	{                                                                               \
		T(bits) a = mem_read(c, i, insn_ea(c, i, form, bits / 8, false), bits); \
                                                                                        \
		(void)name##bits##_calc(c, a, B);                                       \
		return NEXT(c, i);                                                      \
	}
#define EACH_FORM(M, ...) \
	M(__VA_ARGS__, _bd, FORM_BD) M(__VA_ARGS__, _sib, FORM_SIB) M(__VA_ARGS__, _gen, FORM_GEN)

#define KEEP_add(x) x
#define KEEP_or(x)  x
#define KEEP_adc(x) x
#define KEEP_sbb(x) x
#define KEEP_and(x) x
#define KEEP_sub(x) x
#define KEEP_xor(x) x
#define KEEP_cmp(x)
#define KEEP_test(x)

#define WRITING(name, bits, before)                                      \
	CALC2(name, bits, before, #name)                                 \
	CALC2_MEM(name, bits, before, #name, _mem, "")                   \
	CALC2_MEM(name, bits, before, #name, _lock, "lock ")             \
	RR(name, bits)                                                   \
	RM(name, bits, _bd, FORM_BD)                                     \
	RM(name, bits, _sib, FORM_SIB)                                   \
	RM(name, bits, _gen, FORM_GEN)                                   \
	MX(name, bits, mr, _bd, FORM_BD, reg_get(c, i->reg, bits))       \
	MX(name, bits, mr, _sib, FORM_SIB, reg_get(c, i->reg, bits))     \
	MX(name, bits, mr, _gen, FORM_GEN, reg_get(c, i->reg, bits))     \
	MX(name, bits, mi, _bd, FORM_BD, i->imm)                         \
	MX(name, bits, mi, _sib, FORM_SIB, i->imm)                       \
	MX(name, bits, mi, _gen, FORM_GEN, i->imm)                       \
	MXLOCK(name, bits, mr, _sib, FORM_SIB, reg_get(c, i->reg, bits)) \
	MXLOCK(name, bits, mr, _gen, FORM_GEN, reg_get(c, i->reg, bits)) \
	MXLOCK(name, bits, mi, _sib, FORM_SIB, i->imm)                   \
	MXLOCK(name, bits, mi, _gen, FORM_GEN, i->imm)

#define READING(name, bits)                                              \
	CALC2(name, bits, "", #name)                                     \
	RR(name, bits)                                                   \
	MXREAD(name, bits, mr, _bd, FORM_BD, reg_get(c, i->reg, bits))   \
	MXREAD(name, bits, mr, _sib, FORM_SIB, reg_get(c, i->reg, bits)) \
	MXREAD(name, bits, mr, _gen, FORM_GEN, reg_get(c, i->reg, bits)) \
	MXREAD(name, bits, mi, _bd, FORM_BD, i->imm)                     \
	MXREAD(name, bits, mi, _sib, FORM_SIB, i->imm)                   \
	MXREAD(name, bits, mi, _gen, FORM_GEN, i->imm)

#define DEFINE(index, bits)           \
	WRITING(add, bits, "")        \
	WRITING(or, bits, "")         \
	WRITING(adc, bits, FLAGS_IN)  \
	WRITING(sbb, bits, FLAGS_IN)  \
	WRITING(and, bits, "")        \
	WRITING(sub, bits, "")        \
	WRITING(xor, bits, "")        \
	READING(cmp, bits)            \
	RM(cmp, bits, _bd, FORM_BD)   \
	RM(cmp, bits, _sib, FORM_SIB) \
	RM(cmp, bits, _gen, FORM_GEN) \
	READING(test, bits)
SIZES(DEFINE)

#define F3(name, bits, kind)                                                                   \
	{                                                                                      \
		name##bits##_##kind##_bd, name##bits##_##kind##_sib, name##bits##_##kind##_gen \
	}
#define F2(name, bits, kind)                                                                    \
	{                                                                                       \
		name##bits##_##kind##_sib, name##bits##_##kind##_sib, name##bits##_##kind##_gen \
	}
#define WRITE_OPS(name, bits)                                                           \
	{                                                                               \
		.rr = name##bits##_rr, .ri = name##bits##_ri, .rm = F3(name, bits, rm), \
		.mr = F3(name, bits, mr), .mi = F3(name, bits, mi),                     \
		.lock_mr = F2(name, bits, lockmr), .lock_mi = F2(name, bits, lockmi),   \
	}
#define ROW(index, bits)                   \
	[index] = {                        \
		WRITE_OPS(add, bits),      \
		WRITE_OPS(or, bits),       \
		WRITE_OPS(adc, bits),      \
		WRITE_OPS(sbb, bits),      \
		WRITE_OPS(and, bits),      \
		WRITE_OPS(sub, bits),      \
		WRITE_OPS(xor, bits),      \
		{.rr = cmp##bits##_rr,     \
		 .ri = cmp##bits##_ri,     \
		 .rm = F3(cmp, bits, rm),  \
		 .mr = F3(cmp, bits, mr),  \
		 .mi = F3(cmp, bits, mi)}, \
	},
const struct alu_op alu_ops[4][8] = {SIZES(ROW)};

#define TEST_ROW(index, bits)                \
	[index] = {.rr = test##bits##_rr,    \
		   .ri = test##bits##_ri,    \
		   .mr = F3(test, bits, mr), \
		   .mi = F3(test, bits, mi)},
const struct alu_op test_ops[4] = {SIZES(TEST_ROW)};

/* One operand.  INC and DEC leave CF as it is: SAHF first.  NOT touches no flags. */
#define UNARY(name, bits, before, after)                                    \
	static struct insn *name##bits##_r(struct cpu *c, struct insn *i)   \
	{                                                                   \
		T(bits) v = reg_get(c, i->rm, bits);                        \
                                                                            \
		__asm__(before #name " %[a]" after                          \
			: [a] "+q"(v), [fl] "+m"(c->fl), [of] "+m"(c->of)   \
			: FLAGS_CPU                                         \
			: "rax", "cc");                                     \
		reg_set(c, i->rm, bits, v);                                 \
		return NEXT(c, i);                                          \
	}                                                                   \
	UNARY_MEM(name, bits, before, after, , "", _sib, FORM_SIB)          \
	UNARY_MEM(name, bits, before, after, , "", _gen, FORM_GEN)          \
	UNARY_MEM(name, bits, before, after, lock, "lock ", _sib, FORM_SIB) \
	UNARY_MEM(name, bits, before, after, lock, "lock ", _gen, FORM_GEN)
#define UNARY_MEM(name, bits, before, after, kind, prefix, suffix, form)                  \
	static struct insn *name##bits##_##kind##m##suffix(struct cpu *c, struct insn *i) \
	{                                                                                 \
		uint64_t va = insn_ea(c, i, form, bits / 8, true);                        \
		MEM_T(bits) *p = mem_rmw_begin(c, i, va, bits / 8);                       \
                                                                                          \
		__asm__ volatile(before prefix #name SUFFIX_##bits " %[a]" after          \
				 : [a] "+m"(*p), [fl] "+m"(c->fl), [of] "+m"(c->of)       \
				 : FLAGS_CPU                                              \
				 : "rax", "cc", "memory");                                \
		mem_rmw_end(c, i, va, p);                                                 \
		return NEXT(c, i);                                                        \
	}
#define SUFFIX_8  "b"
#define SUFFIX_16 "w"
#define SUFFIX_32 "l"
#define SUFFIX_64 "q"
#define UNARIES(index, bits)                  \
	UNARY(inc, bits, FLAGS_IN, FLAGS_OUT) \
	UNARY(dec, bits, FLAGS_IN, FLAGS_OUT) \
	UNARY(not, bits, "", "")              \
	UNARY(neg, bits, "", FLAGS_OUT)
SIZES(UNARIES)

#define UNARY_ROW(name, bits)                                                                  \
	{                                                                                      \
		.reg = name##bits##_r, .mem = F2(name, bits, m), .lock = F2(name, bits, lockm) \
	}
#define UNARY_ROWS(index, bits)                                                      \
	[index] = {UNARY_ROW(inc, bits), UNARY_ROW(dec, bits), UNARY_ROW(not, bits), \
		   UNARY_ROW(neg, bits)},
const struct unary_op unary_ops[4][4] = {SIZES(UNARY_ROWS)};
