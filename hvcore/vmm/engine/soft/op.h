/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the op_*.c files of integer instructions share: operands by size. */
#ifndef SOFT_OP_H
#define SOFT_OP_H

#include "hvcore/vmm/engine/soft/flags.h"
#include "hvcore/vmm/engine/soft/seg.h"

/* Numbers in guest memory, which need not be aligned: MEM_T(32) *p. */
typedef uint8_t mem8_t;
typedef uint16_t __attribute__((aligned(1), may_alias)) mem16_t;
typedef uint32_t __attribute__((aligned(1), may_alias)) mem32_t;
typedef uint64_t __attribute__((aligned(1), may_alias)) mem64_t;
#define MEM_T(bits) mem##bits##_t

/* X(index, bits) for each operand size; the index is what the decoder's tables use. */
#define SIZES(X)      X(0, 8) X(1, 16) X(2, 32) X(3, 64)
#define WIDE_SIZES(X) X(1, 16) X(2, 32) X(3, 64)

/* @n: index into r[], or for 8 bits a byte offset. */
HOT uint64_t reg_get(const struct cpu *c, unsigned n, const unsigned bits)
{
	switch (bits) {
	case 8: return R8(n);
	case 16: return (uint16_t)c->r[n];
	case 32: return (uint32_t)c->r[n];
	default: return c->r[n];
	}
}

HOT void reg_set(struct cpu *c, unsigned n, const unsigned bits, uint64_t v)
{
	switch (bits) {
	case 8: R8(n) = (uint8_t)v; break;
	case 16: c->r[n] = (c->r[n] & ~0xffffULL) | (uint16_t)v; break;
	case 32: c->r[n] = (uint32_t)v; break;
	default: c->r[n] = v; break;
	}
}

HOT uint64_t mem_read(struct cpu *c, struct insn *i, uint64_t va, const unsigned bits)
{
	switch (bits) {
	case 8: return mem_read8(c, i, va);
	case 16: return mem_read16(c, i, va);
	case 32: return mem_read32(c, i, va);
	default: return mem_read64(c, i, va);
	}
}

HOT void mem_write(struct cpu *c, struct insn *i, uint64_t va, const unsigned bits, uint64_t v)
{
	switch (bits) {
	case 8: mem_write8(c, i, va, v); break;
	case 16: mem_write16(c, i, va, v); break;
	case 32: mem_write32(c, i, va, v); break;
	default: mem_write64(c, i, va, v); break;
	}
}

HOT bool canonical(uint64_t va)
{
	return (uint64_t)((int64_t)(va << 16) >> 16) == va;
}

/* A family over the memory forms for one operand size: name_8, name_16 ... from name(c, i, form, bits). */
#define MEM_SIZED_FORM(name, bits, suffix, form)                                 \
	static struct insn *name##_##bits##suffix(struct cpu *c, struct insn *i) \
	{                                                                        \
		return name(c, i, form, bits);                                   \
	}
#define MEM_SIZED(name, bits)                      \
	MEM_SIZED_FORM(name, bits, _bd, FORM_BD)   \
	MEM_SIZED_FORM(name, bits, _sib, FORM_SIB) \
	MEM_SIZED_FORM(name, bits, _gen, FORM_GEN)
#define MEM_SIZED2(name, bits)                     \
	MEM_SIZED_FORM(name, bits, _sib, FORM_SIB) \
	MEM_SIZED_FORM(name, bits, _gen, FORM_GEN)
#define REG_SIZED(name, bits)                                            \
	static struct insn *name##_##bits(struct cpu *c, struct insn *i) \
	{                                                                \
		return name(c, i, bits);                                 \
	}
#define SIZED_FORMS(name, bits)                                              \
	{                                                                    \
		name##_##bits##_bd, name##_##bits##_sib, name##_##bits##_gen \
	}
#define SIZED_FORMS2(name, bits)                                              \
	{                                                                     \
		name##_##bits##_sib, name##_##bits##_sib, name##_##bits##_gen \
	}

/* One operation at one size: what the decoder needs of it. */
struct op_forms {
	insn_fn *reg;            /* rm is a register */
	insn_fn *mem[FORMS_MEM]; /* rm is memory */
};

#endif
