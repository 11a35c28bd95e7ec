// SPDX-License-Identifier: GPL-2.0-or-later
/* Multiplication, division and decimal adjustment. */
#include "hvcore/vmm/engine/soft/op_tables.h"

#define T(bits) uint##bits##_t

/* The product's halves to rDX:rAX; LAHF needs AX, so the low half moves away first. */
#define WIDEN(name, bits)                                                               \
	HOT struct insn *name##_##bits(struct cpu *c, struct insn *i, T(bits) b)        \
	{                                                                               \
		T(bits) hi, lo, a = c->r[REG_AX];                                       \
                                                                                        \
		__asm__(#name " %[b]\n\tmov %[a], %[lo]" FLAGS_OUT                      \
			: [a] "+a"(a),                                                  \
			  "=&d"(hi), [lo] "=&r"(lo), [fl] "=m"(c->fl), [of] "=m"(c->of) \
			: [b] "r"(b), FLAGS_CPU                                         \
			: "cc");                                                        \
		reg_set(c, REG_AX, bits, lo);                                           \
		reg_set(c, REG_DX, bits, hi);                                           \
		return NEXT(c, i);                                                      \
	}
WIDEN(mul, 16)
WIDEN(mul, 32)
WIDEN(mul, 64)
WIDEN(imul, 16)
WIDEN(imul, 32)
WIDEN(imul, 64)
#define WIDEN8(name)                                                                      \
	HOT struct insn *name##_8(struct cpu *c, struct insn *i, uint8_t b)               \
	{                                                                                 \
		uint16_t a = (uint8_t)c->r[REG_AX], lo;                                   \
                                                                                          \
		__asm__(#name " %[b]\n\tmov %[a], %[lo]" FLAGS_OUT                        \
			: [a] "+a"(a), [lo] "=&r"(lo), [fl] "=m"(c->fl), [of] "=m"(c->of) \
			: [b] "q"(b), FLAGS_CPU                                           \
			: "cc");                                                          \
		reg_set(c, REG_AX, 16, lo);                                               \
		return NEXT(c, i);                                                        \
	}
WIDEN8(mul)
WIDEN8(imul)

/* Division: the host would trap where the guest must, so the quotient is checked before. */
HOT struct insn *div_8(struct cpu *c, struct insn *i, uint8_t b)
{
	uint16_t a = c->r[REG_AX];

	if (unlikely(!b || a / b > UINT8_MAX))
		fault(c, i, EXC_DE, 0);
	reg_set(c, REG_AX, 16, (uint16_t)(a % b << 8 | a / b));
	return NEXT(c, i);
}

HOT struct insn *idiv_8(struct cpu *c, struct insn *i, uint8_t b)
{
	int a = (int16_t)c->r[REG_AX], d = (int8_t)b;

	if (unlikely(!d || a / d != (int8_t)(a / d)))
		fault(c, i, EXC_DE, 0);
	reg_set(c, REG_AX, 16, (uint16_t)((uint8_t)(a % d) << 8 | (uint8_t)(a / d)));
	return NEXT(c, i);
}

#define DIV(bits, wide, swide)                                                                \
	HOT struct insn *div_##bits(struct cpu *c, struct insn *i, T(bits) b)                 \
	{                                                                                     \
		T(bits) hi = c->r[REG_DX], lo = c->r[REG_AX], q, r;                           \
                                                                                              \
		if (unlikely(hi >= b)) /* also b == 0 */                                      \
			fault(c, i, EXC_DE, 0);                                               \
		__asm__("div %[b]" : "=a"(q), "=d"(r) : [b] "r"(b), "a"(lo), "d"(hi) : "cc"); \
		reg_set(c, REG_AX, bits, q);                                                  \
		reg_set(c, REG_DX, bits, r);                                                  \
		return NEXT(c, i);                                                            \
	}                                                                                     \
	HOT struct insn *idiv_##bits(struct cpu *c, struct insn *i, T(bits) b)                \
	{                                                                                     \
		wide a = (wide)(T(bits))c->r[REG_DX] << bits | (T(bits))c->r[REG_AX];         \
		wide d = (wide)(swide)(int##bits##_t)b;                                       \
		bool an = (swide)a < 0, dn = (swide)d < 0;                                    \
		wide q, r;                                                                    \
                                                                                              \
		if (unlikely(!b))                                                             \
			fault(c, i, EXC_DE, 0);                                               \
		/* On magnitudes: the most negative number has no positive in swide. */       \
		q = (an ? -a : a) / (dn ? -d : d);                                            \
		r = (an ? -a : a) % (dn ? -d : d);                                            \
		if (unlikely(q > ((wide)1 << (bits - 1)) - (an == dn)))                       \
			fault(c, i, EXC_DE, 0);                                               \
		reg_set(c, REG_AX, bits, (T(bits))(an == dn ? q : -q));                       \
		reg_set(c, REG_DX, bits, (T(bits))(an ? -r : r));                             \
		return NEXT(c, i);                                                            \
	}
DIV(16, uint32_t, int32_t)
DIV(32, uint64_t, int64_t)
DIV(64, unsigned __int128, __int128)

#define GROUP(name, bits)                                                                    \
	static struct insn *name##bits##_r(struct cpu *c, struct insn *i)                    \
	{                                                                                    \
		return name##_##bits(c, i, reg_get(c, i->rm, bits));                         \
	}                                                                                    \
	HOT struct insn *name##bits##_m(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                                    \
		uint64_t va = insn_ea(c, i, form, bits / 8, false);                          \
                                                                                             \
		return name##_##bits(c, i, mem_read(c, i, va, bits));                        \
	}                                                                                    \
	MEM_FORMS2(name##bits##_m)
#define GROUPS(index, bits) GROUP(mul, bits) GROUP(imul, bits) GROUP(div, bits) GROUP(idiv, bits)
SIZES(GROUPS)
#define ONE(name, bits)                                              \
	{                                                            \
		.reg = name##bits##_r, .mem = FORMS2(name##bits##_m) \
	}
#define GROUP_ROW(index, bits) \
	[index] = {ONE(mul, bits), ONE(imul, bits), ONE(div, bits), ONE(idiv, bits)},
const struct op_forms mul_ops[4][4] = {SIZES(GROUP_ROW)};

#define IMUL(index, bits)                                                  \
	HOT T(bits) imul##bits##_calc(struct cpu *c, T(bits) a, T(bits) b) \
	{                                                                  \
		__asm__("imul %[b], %[a]" FLAGS_OUT                        \
			: [a] "+r"(a), [fl] "=m"(c->fl), [of] "=m"(c->of)  \
			: [b] "r"(b), FLAGS_CPU                            \
			: "rax", "cc");                                    \
		return a;                                                  \
	}                                                                  \
	IMUL_BY(bits, two, reg_get(c, i->reg, bits))                       \
	IMUL_BY(bits, three, i->imm)
#define IMUL_BY(bits, by, B)                                                                     \
	static struct insn *imul##bits##_##by(struct cpu *c, struct insn *i)                     \
	{                                                                                        \
		reg_set(c, i->reg, bits, imul##bits##_calc(c, reg_get(c, i->rm, bits), B));      \
		return NEXT(c, i);                                                               \
	}                                                                                        \
	HOT struct insn *imul##bits##_m##by(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                                        \
		uint64_t va = insn_ea(c, i, form, bits / 8, false);                              \
                                                                                                 \
		reg_set(c, i->reg, bits, imul##bits##_calc(c, mem_read(c, i, va, bits), B));     \
		return NEXT(c, i);                                                               \
	}                                                                                        \
	MEM_FORMS2(imul##bits##_m##by)
WIDE_SIZES(IMUL)
#define IMUL2_ROW(index, bits) \
	[index] = {.reg = imul##bits##_two, .mem = FORMS2(imul##bits##_mtwo)},
#define IMUL3_ROW(index, bits) \
	[index] = {.reg = imul##bits##_three, .mem = FORMS2(imul##bits##_mthree)},
const struct op_forms imul2_ops[4] = {WIDE_SIZES(IMUL2_ROW)};
const struct op_forms imul3_ops[4] = {WIDE_SIZES(IMUL3_ROW)};

/* SF, ZF and PF of an 8-bit result; the rest as given. */
static void flags_logic8(struct cpu *c, uint8_t v, uint8_t rest)
{
	c->fl = (v & F_SF) | (v ? 0 : F_ZF) | (__builtin_parity(v) ? 0 : F_PF) | rest;
}

static struct insn *adjust_ascii(struct cpu *c, struct insn *i, int sign)
{
	uint16_t ax = c->r[REG_AX];
	bool carry = (ax & 15) > 9 || (c->fl & F_AF);

	if (carry)
		ax += sign * 0x106;
	reg_set(c, REG_AX, 16, ax & 0xff0f);
	flags_logic8(c, ax & 15, carry ? F_AF | F_CF : 0);
	return NEXT(c, i);
}

struct insn *op_aaa(struct cpu *c, struct insn *i)
{
	return adjust_ascii(c, i, 1);
}

struct insn *op_aas(struct cpu *c, struct insn *i)
{
	return adjust_ascii(c, i, -1);
}

static struct insn *adjust_decimal(struct cpu *c, struct insn *i, int sign)
{
	uint8_t al = R8(0), old = al, rest = 0;

	if ((al & 15) > 9 || (c->fl & F_AF)) {
		al += sign * 6;
		/* SDM 2A DAS: a borrow out of the low step counts as CF. */
		rest |= F_AF | (c->fl & F_CF) | (sign < 0 && old < 6 ? F_CF : 0);
	}
	if (old > 0x99 || (c->fl & F_CF)) {
		al += sign * 0x60;
		rest |= F_CF;
	} else if (sign > 0) {
		rest &= ~F_CF;
	}
	R8(0) = al;
	flags_logic8(c, al, rest);
	return NEXT(c, i);
}

struct insn *op_daa(struct cpu *c, struct insn *i)
{
	return adjust_decimal(c, i, 1);
}

struct insn *op_das(struct cpu *c, struct insn *i)
{
	return adjust_decimal(c, i, -1);
}

struct insn *op_aam(struct cpu *c, struct insn *i)
{
	uint8_t al = R8(0), base = i->imm;

	if (!base)
		fault(c, i, EXC_DE, 0);
	reg_set(c, REG_AX, 16, (uint16_t)(al / base << 8 | al % base));
	flags_logic8(c, al % base, 0);
	return NEXT(c, i);
}

struct insn *op_aad(struct cpu *c, struct insn *i)
{
	uint8_t al = R8(0) + R8(1) * (uint8_t)i->imm;

	reg_set(c, REG_AX, 16, al);
	flags_logic8(c, al, 0);
	return NEXT(c, i);
}
