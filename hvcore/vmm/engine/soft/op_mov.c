// SPDX-License-Identifier: GPL-2.0-or-later
/* Moves of data: MOV, MOVZX, MOVSX, LEA, XCHG, CMOVcc, SETcc, BSWAP, CBW and CWD families. */
#include "hvcore/vmm/engine/soft/op_tables.h"

HOT struct insn *mov_rr(struct cpu *c, struct insn *i, const unsigned bits)
{
	reg_set(c, i->rm, bits, reg_get(c, i->reg, bits));
	return NEXT(c, i);
}

HOT struct insn *mov_ri(struct cpu *c, struct insn *i, const unsigned bits)
{
	reg_set(c, i->rm, bits, i->imm);
	return NEXT(c, i);
}

HOT struct insn *mov_rm(struct cpu *c, struct insn *i, const enum form form, const unsigned bits)
{
	reg_set(c, i->reg, bits, mem_read(c, i, insn_ea(c, i, form, bits / 8, false), bits));
	return NEXT(c, i);
}

HOT struct insn *mov_mr(struct cpu *c, struct insn *i, const enum form form, const unsigned bits)
{
	uint64_t va = insn_ea(c, i, form, bits / 8, true);

	mem_write(c, i, va, bits, reg_get(c, i->reg, bits));
	return NEXT(c, i);
}

HOT struct insn *mov_mi(struct cpu *c, struct insn *i, const enum form form, const unsigned bits)
{
	mem_write(c, i, insn_ea(c, i, form, bits / 8, true), bits, i->imm);
	return NEXT(c, i);
}

HOT struct insn *xchg_rr(struct cpu *c, struct insn *i, const unsigned bits)
{
	uint64_t a = reg_get(c, i->rm, bits), b = reg_get(c, i->reg, bits);

	reg_set(c, i->rm, bits, b);
	reg_set(c, i->reg, bits, a);
	return NEXT(c, i);
}

#define XCHG(index, bits)                                                                  \
	HOT struct insn *xchg_m##bits(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                                  \
		uint64_t va = insn_ea(c, i, form, bits / 8, true);                         \
		MEM_T(bits) *p = mem_rmw_begin(c, i, va, bits / 8);                        \
		uint##bits##_t v = reg_get(c, i->reg, bits);                               \
                                                                                           \
		__asm__ volatile("xchg %0, %1" : "+q"(v), "+m"(*p) : : "memory");          \
		mem_rmw_end(c, i, va, p);                                                  \
		reg_set(c, i->reg, bits, v);                                               \
		return NEXT(c, i);                                                         \
	}                                                                                  \
	MEM_FORMS2(xchg_m##bits)
SIZES(XCHG)

#define MOVS(index, bits)        \
	REG_SIZED(mov_rr, bits)  \
	REG_SIZED(mov_ri, bits)  \
	REG_SIZED(xchg_rr, bits) \
	MEM_SIZED(mov_rm, bits)  \
	MEM_SIZED(mov_mr, bits)  \
	MEM_SIZED(mov_mi, bits)
SIZES(MOVS)

#define MOV_ROW(index, bits)                        \
	[index] = {.rr = mov_rr_##bits,             \
		   .ri = mov_ri_##bits,             \
		   .rm = SIZED_FORMS(mov_rm, bits), \
		   .mr = SIZED_FORMS(mov_mr, bits), \
		   .mi = SIZED_FORMS(mov_mi, bits)},
const struct alu_op mov_ops[4] = {SIZES(MOV_ROW)};
#define XCHG_ROW(index, bits) [index] = {.reg = xchg_rr_##bits, .mem = FORMS2(xchg_m##bits)},
const struct unary_op xchg_ops[4] = {SIZES(XCHG_ROW)};

/* Extensions: from @src bits at rm to @dst bits at reg. */
#define EXTEND(name, type, src, dst)                                                               \
	static struct insn *name##src##_##dst(struct cpu *c, struct insn *i)                       \
	{                                                                                          \
		reg_set(c, i->reg, dst, (uint64_t)(int64_t)(type)reg_get(c, i->rm, src));          \
		return NEXT(c, i);                                                                 \
	}                                                                                          \
	HOT struct insn *name##m##src##_##dst(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                                          \
		uint64_t va = insn_ea(c, i, form, src / 8, false);                                 \
                                                                                                   \
		reg_set(c, i->reg, dst, (uint64_t)(int64_t)(type)mem_read(c, i, va, src));         \
		return NEXT(c, i);                                                                 \
	}                                                                                          \
	MEM_FORMS(name##m##src##_##dst)
#define EXTENDS(index, dst)              \
	EXTEND(movzx, uint8_t, 8, dst)   \
	EXTEND(movzx, uint16_t, 16, dst) \
	EXTEND(movsx, int8_t, 8, dst)    \
	EXTEND(movsx, int16_t, 16, dst)  \
	EXTEND(movsx, int32_t, 32, dst)
WIDE_SIZES(EXTENDS)
#define EXTEND_ROW(name, src, dst)                                           \
	{                                                                    \
		.reg = name##src##_##dst, .mem = FORMS(name##m##src##_##dst) \
	}
#define EXTEND_ROWS(name, src)                                                    \
	{                                                                         \
		[1] = EXTEND_ROW(name, src, 16), [2] = EXTEND_ROW(name, src, 32), \
		[3] = EXTEND_ROW(name, src, 64)                                   \
	}
const struct op_forms movzx_ops[2][4] = {EXTEND_ROWS(movzx, 8), EXTEND_ROWS(movzx, 16)};
const struct op_forms movsx_ops[3][4] = {EXTEND_ROWS(movsx, 8), EXTEND_ROWS(movsx, 16),
					 EXTEND_ROWS(movsx, 32)};

/* LEA: no segment, no access. */
HOT struct insn *lea(struct cpu *c, struct insn *i, const enum form form, const unsigned bits)
{
	uint64_t ea;

	if (form == FORM_GEN)
		ea = insn_ea_offset(c, i);
	else if (form == FORM_SIB)
		ea = c->r[i->base] + (c->r[i->index] << i->scale) + (int64_t)i->disp;
	else
		ea = c->r[i->base] + (int64_t)i->disp;
	reg_set(c, i->reg, bits, ea);
	return NEXT(c, i);
}
#define LEAS(index, bits) MEM_SIZED(lea, bits)
WIDE_SIZES(LEAS)
#define LEA_ROW(index, bits) [index] = SIZED_FORMS(lea, bits),
insn_fn *const lea_ops[4][FORMS_MEM] = {WIDE_SIZES(LEA_ROW)};

/* CMOV: a 32-bit destination is zero-extended in either case; the memory operand is always read. */
#define CMOV(cc, name, bits)                                                                       \
	static struct insn *cmov##name##_##bits(struct cpu *c, struct insn *i)                     \
	{                                                                                          \
		uint64_t v = reg_get(c, cond(c, cc) ? i->rm : i->reg, bits);                       \
                                                                                                   \
		reg_set(c, i->reg, bits, v);                                                       \
		return NEXT(c, i);                                                                 \
	}                                                                                          \
	HOT struct insn *cmovm##name##_##bits(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                                          \
		uint64_t v = mem_read(c, i, insn_ea(c, i, form, bits / 8, false), bits);           \
                                                                                                   \
		if (!cond(c, cc))                                                                  \
			v = reg_get(c, i->reg, bits);                                              \
		reg_set(c, i->reg, bits, v);                                                       \
		return NEXT(c, i);                                                                 \
	}                                                                                          \
	MEM_FORMS2(cmovm##name##_##bits)
#define CMOVS(cc, name) CMOV(cc, name, 16) CMOV(cc, name, 32) CMOV(cc, name, 64)
CONDITIONS(CMOVS)
#define CMOV_ROW(name, bits)                                                    \
	{                                                                       \
		.reg = cmov##name##_##bits, .mem = FORMS2(cmovm##name##_##bits) \
	}
#define CMOV_ROWS(cc, name) \
	[cc] = {[1] = CMOV_ROW(name, 16), [2] = CMOV_ROW(name, 32), [3] = CMOV_ROW(name, 64)},
const struct op_forms cmov_ops[16][4] = {CONDITIONS(CMOV_ROWS)};

#define SETCC(cc, name)                                                                  \
	static struct insn *set##name(struct cpu *c, struct insn *i)                     \
	{                                                                                \
		R8(i->rm) = cond(c, cc);                                                 \
		return NEXT(c, i);                                                       \
	}                                                                                \
	HOT struct insn *setm##name(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                                \
		mem_write8(c, i, insn_ea(c, i, form, 1, true), cond(c, cc));             \
		return NEXT(c, i);                                                       \
	}                                                                                \
	MEM_FORMS2(setm##name)
CONDITIONS(SETCC)
#define SETCC_ROW(cc, name) [cc] = {.reg = set##name, .mem = FORMS2(setm##name)},
const struct op_forms setcc_ops[16] = {CONDITIONS(SETCC_ROW)};

/* BSWAP of 16 bits is undefined; processors clear them. */
static struct insn *bswap16(struct cpu *c, struct insn *i)
{
	reg_set(c, i->rm, 16, 0);
	return NEXT(c, i);
}

static struct insn *bswap32(struct cpu *c, struct insn *i)
{
	c->r[i->rm] = __builtin_bswap32((uint32_t)c->r[i->rm]);
	return NEXT(c, i);
}

static struct insn *bswap64(struct cpu *c, struct insn *i)
{
	c->r[i->rm] = __builtin_bswap64(c->r[i->rm]);
	return NEXT(c, i);
}

insn_fn *const bswap_ops[4] = {bswap16, bswap16, bswap32, bswap64};

static struct insn *cbw(struct cpu *c, struct insn *i)
{
	reg_set(c, REG_AX, 16, (uint64_t)(int8_t)c->r[REG_AX]);
	return NEXT(c, i);
}

static struct insn *cwde(struct cpu *c, struct insn *i)
{
	c->r[REG_AX] = (uint32_t)(int16_t)c->r[REG_AX];
	return NEXT(c, i);
}

static struct insn *cdqe(struct cpu *c, struct insn *i)
{
	c->r[REG_AX] = (uint64_t)(int32_t)c->r[REG_AX];
	return NEXT(c, i);
}

static struct insn *cwd(struct cpu *c, struct insn *i)
{
	reg_set(c, REG_DX, 16, (int16_t)c->r[REG_AX] < 0 ? 0xffff : 0);
	return NEXT(c, i);
}

static struct insn *cdq(struct cpu *c, struct insn *i)
{
	c->r[REG_DX] = (uint32_t)((int32_t)c->r[REG_AX] >> 31);
	return NEXT(c, i);
}

static struct insn *cqo(struct cpu *c, struct insn *i)
{
	c->r[REG_DX] = (uint64_t)((int64_t)c->r[REG_AX] >> 63);
	return NEXT(c, i);
}

insn_fn *const convert_ops[2][4] = {{NULL, cbw, cwde, cdqe}, {NULL, cwd, cdq, cqo}};

struct insn *op_nop(struct cpu *c, struct insn *i)
{
	return NEXT(c, i);
}

struct insn *op_xlat(struct cpu *c, struct insn *i)
{
	/* The decoder made the operand [rBX]; AL is added within the address size. */
	uint64_t bx = c->r[REG_BX], va;

	c->r[REG_BX] = bx + R8(0);
	va = insn_ea_offset(c, i);
	c->r[REG_BX] = bx;
	va = seg_linear(c, i, i->seg, va, 1, false);
	R8(0) = mem_read8(c, i, va);
	return NEXT(c, i);
}

struct insn *op_lahf(struct cpu *c, struct insn *i)
{
	R8(1) = (c->fl & F_LAHF) | F_ONE;
	return NEXT(c, i);
}

struct insn *op_sahf(struct cpu *c, struct insn *i)
{
	c->fl = R8(1) & F_LAHF;
	return NEXT(c, i);
}

struct insn *op_salc(struct cpu *c, struct insn *i)
{
	R8(0) = c->fl & F_CF ? 0xff : 0;
	return NEXT(c, i);
}
