// SPDX-License-Identifier: GPL-2.0-or-later
/* Shifts and rotates.  The decoder masks immediate counts; a count of 0 changes no flags. */
#include "hvcore/vmm/engine/soft/op_tables.h"

#define T(bits) uint##bits##_t

/* Both sources of the count; what stands behind it goes to name##bits##_calc() too. */
#define BY_BOTH(name, bits, ...)                         \
	SHIFT_BY(name, bits, imm, i->imm, ##__VA_ARGS__) \
	SHIFT_BY(name, bits, cl, c->r[REG_CX] & (bits == 64 ? 63 : 31), ##__VA_ARGS__)
#define SHIFT_BY(name, bits, by, N, ...)                                                         \
	static struct insn *name##bits##_##by(struct cpu *c, struct insn *i)                     \
	{                                                                                        \
		T(bits) v = reg_get(c, i->rm, bits);                                             \
		uint8_t n = N;                                                                   \
                                                                                                 \
		if (likely(n))                                                                   \
			v = name##bits##_calc(c, v, n, ##__VA_ARGS__);                           \
		reg_set(c, i->rm, bits, v);                                                      \
		return NEXT(c, i);                                                               \
	}                                                                                        \
	HOT struct insn *name##bits##_m##by(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                                        \
		uint64_t va = insn_ea(c, i, form, bits / 8, true);                               \
		MEM_T(bits) *p = mem_rmw_begin(c, i, va, bits / 8);                              \
		uint8_t n = N;                                                                   \
                                                                                                 \
		if (likely(n))                                                                   \
			*p = name##bits##_calc(c, *p, n, ##__VA_ARGS__);                         \
		mem_rmw_end(c, i, va, p);                                                        \
		return NEXT(c, i);                                                               \
	}                                                                                        \
	MEM_FORMS2(name##bits##_m##by)

/* Rotates change only CF and OF: SAHF brings the others (and CF for RCL, RCR). */
#define SHIFT(name, bits, before)                                          \
	HOT T(bits) name##bits##_calc(struct cpu *c, T(bits) a, uint8_t n) \
	{                                                                  \
		__asm__(before #name " %%cl, %[a]" FLAGS_OUT               \
			: [a] "+q"(a), [fl] "+m"(c->fl), [of] "+m"(c->of)  \
			: "c"(n), FLAGS_CPU                                \
			: "rax", "cc");                                    \
		return a;                                                  \
	}                                                                  \
	BY_BOTH(name, bits)

#define DEFINE(index, bits)        \
	SHIFT(rol, bits, FLAGS_IN) \
	SHIFT(ror, bits, FLAGS_IN) \
	SHIFT(rcl, bits, FLAGS_IN) \
	SHIFT(rcr, bits, FLAGS_IN) \
	SHIFT(shl, bits, "")       \
	SHIFT(shr, bits, "")       \
	SHIFT(sar, bits, "")
SIZES(DEFINE)

#define ONE(name, bits, by)                                                 \
	{                                                                   \
		.reg = name##bits##_##by, .mem = FORMS2(name##bits##_m##by) \
	}
#define ROW(bits, by)                                                                           \
	{                                                                                       \
		ONE(rol, bits, by), ONE(ror, bits, by), ONE(rcl, bits, by), ONE(rcr, bits, by), \
			ONE(shl, bits, by), ONE(shr, bits, by), ONE(shl, bits, by),             \
			ONE(sar, bits, by)                                                      \
	}
#define ROW_IMM(index, bits) [index] = ROW(bits, imm),
#define ROW_CL(index, bits)  [index] = ROW(bits, cl),
const struct op_forms shift_imm[4][8] = {SIZES(ROW_IMM)};
const struct op_forms shift_cl[4][8] = {SIZES(ROW_CL)};

#define DOUBLE(name, bits)                                                            \
	HOT T(bits) name##bits##_calc(struct cpu *c, T(bits) a, uint8_t n, T(bits) b) \
	{                                                                             \
		__asm__(#name " %%cl, %[b], %[a]" FLAGS_OUT                           \
			: [a] "+r"(a), [fl] "+m"(c->fl), [of] "+m"(c->of)             \
			: "c"(n), [b] "r"(b), FLAGS_CPU                               \
			: "rax", "cc");                                               \
		return a;                                                             \
	}                                                                             \
	BY_BOTH(name, bits, reg_get(c, i->reg, bits))
#define DOUBLES(index, bits) DOUBLE(shld, bits) DOUBLE(shrd, bits)
WIDE_SIZES(DOUBLES)
#define SHLD_IMM(index, bits) [index] = ONE(shld, bits, imm),
#define SHLD_CL(index, bits)  [index] = ONE(shld, bits, cl),
#define SHRD_IMM(index, bits) [index] = ONE(shrd, bits, imm),
#define SHRD_CL(index, bits)  [index] = ONE(shrd, bits, cl),
const struct op_forms shld_imm[4] = {WIDE_SIZES(SHLD_IMM)};
const struct op_forms shld_cl[4] = {WIDE_SIZES(SHLD_CL)};
const struct op_forms shrd_imm[4] = {WIDE_SIZES(SHRD_IMM)};
const struct op_forms shrd_cl[4] = {WIDE_SIZES(SHRD_CL)};
