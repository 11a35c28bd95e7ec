/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoded instructions, and how a file of handlers offers them to the decoder.
 *
 * decode() (decode.h) is pure: bytes and mode to a struct insn.  A handler does
 * its work and ends with `return NEXT(c, i)`; branches end with the functions
 * of block.h.
 *
 * Memory operands come in three forms, chosen by the decoder, so that the
 * common ones need no tests at run time:
 *
 *   FORM_BD    r[base] + disp                     64-bit, also RIP-relative (base = REG_IP)
 *   FORM_SIB   r[base] + (r[index] << scale) + disp + seg[seg].base     64-bit
 *   FORM_GEN   everything, with address sizes and segment limits
 *
 * FORM_SIB's formula is right for FORM_BD's operands, too, so less common
 * instructions use MEM_FORMS2(), which has no _bd.
 *
 * A family of handlers is written once, as an always-inline function of the
 * form, and instantiated with MEM_FORMS():
 *
 *	HOT struct insn *movaps_load(struct cpu *c, struct insn *i, const enum form form)
 *	{
 *		uint64_t va = insn_ea(c, i, form, 16, false);
 *
 *		mem_align16(c, i, va);
 *		memcpy(c->fpu.xmm[i->reg], mem_read128(c, i, va), 16);
 *		return NEXT(c, i);
 *	}
 *	MEM_FORMS(movaps_load)      // defines movaps_load_bd, _sib, _gen
 *	...
 *	[SSE_NONE][0x28] = { .reg = movaps_rr, .mem = FORMS(movaps_load) },
 */
#ifndef SOFT_INSN_H
#define SOFT_INSN_H

#include "hvcore/vmm/engine/soft/cpu.h"

/*
 * A handler.  Returns the next instruction, or NULL to leave to the run loop.
 * Who calls it is a loop or a block's native code (native.c), which knows what
 * comes next; a branch goes on in its target by a sibling call.
 */
typedef struct insn *insn_fn(struct cpu *c, struct insn *i);

struct insn {
	insn_fn *fn;
	union {
		uint64_t imm;        /* immediate, sign-extended to 64 bits */
		struct block *chain; /* branches: the target's block, if known */
	};
	int32_t disp; /* memory: displacement; branches: target - start of the block */
	union {
		struct {
			uint8_t reg; /* ModRM.reg with REX.R; 8-bit operand: byte offset into r[] */
			uint8_t rm;  /* ModRM.rm with REX.B, likewise; register forms only */
			uint8_t base;  /* memory: index into r[], REG_ZERO if none */
			uint8_t index; /* likewise */
		};
		uint32_t gen; /* branches: the chain holds in this generation */
	};
	uint8_t scale; /* 0..3 */
	uint8_t seg;   /* SEG_*; SEG_NONE in 64-bit mode without FS/GS override */
	uint8_t len;   /* bytes */
	uint8_t flags; /* enum insn_flags */
	uint16_t off;  /* offset of the first byte from the start of the block */
	uint8_t op;    /* the opcode's last byte, for handlers that serve several */
	uint8_t modrm;
};
_Static_assert(sizeof(struct insn) == 32, "");

enum insn_flags {
	INSN_REP = 1,   /* F3 */
	INSN_REPNE = 2, /* F2 */
	INSN_LOCK = 4,
	INSN_OP16 = 8,  /* operand size 16 */
	INSN_OP64 = 16, /* operand size 64 (REX.W or by default) */
	INSN_ADDR = 96, /* address size: bits 5-6: 0 = 64, 1 = 32, 2 = 16 */
	INSN_ADDR32 = 32,
	INSN_ADDR16 = 64,
	INSN_END = 128, /* the pseudo-instruction behind a block's last */
};

/* What a handler returns: the instruction to go on with; NULL: back to the run loop. */
#define NEXT(c, i) ((i) + 1)

/* insn_ip() - The linear address (less CS base) of @i; insn_next_ip() of what follows it. */
HOT uint64_t insn_ip(const struct cpu *c, const struct insn *i)
{
	return c->r[REG_IP] + i->off;
}

HOT uint64_t insn_next_ip(const struct cpu *c, const struct insn *i)
{
	return c->r[REG_IP] + i->off + i->len;
}

enum form { FORM_BD, FORM_SIB, FORM_GEN, FORMS_MEM };

/* ea_general() - Any addressing form, with segment checks for [ea, ea + size). */
uint64_t ea_general(struct cpu *c, struct insn *i, unsigned size, bool write);
#define ea_general_thunked(c_, i_, size, write, x) ea_general(c_, i_, size, write)

/* insn_ea() - The linear address of the memory operand. */
HOT uint64_t insn_ea(struct cpu *c, struct insn *i, const enum form form, unsigned size, bool write)
{
	uint64_t va;

	if (form == FORM_BD)
		return c->r[i->base] + (int64_t)i->disp;
	if (form == FORM_SIB)
		return c->r[i->base] + (c->r[i->index] << i->scale) + (int64_t)i->disp +
		       c->seg[i->seg].base;
	SLOW_CALL(ea_general, va, c, i, size, write, 0);
	return va;
}

/* insn_ea_offset() - The effective address without segment, truncated to the address size (LEA). */
uint64_t insn_ea_offset(const struct cpu *c, const struct insn *i);

#define MEM_FORM(name, suffix, form)                                    \
	static struct insn *name##suffix(struct cpu *c, struct insn *i) \
	{                                                               \
		return name(c, i, form);                                \
	}
#define MEM_FORMS(name) \
	MEM_FORM(name, _bd, FORM_BD) MEM_FORM(name, _sib, FORM_SIB) MEM_FORM(name, _gen, FORM_GEN)
#define MEM_FORMS2(name) MEM_FORM(name, _sib, FORM_SIB) MEM_FORM(name, _gen, FORM_GEN)
#define FORMS2(name)                               \
	{                                          \
		name##_sib, name##_sib, name##_gen \
	}
#define FORMS(name)                               \
	{                                         \
		name##_bd, name##_sib, name##_gen \
	}
/* For rare instructions: one handler, which calls insn_ea() with FORM_GEN. */
#define FORM_ANY(handler)                 \
	{                                 \
		handler, handler, handler \
	}

/*
 * The tables of op_sse.c and op_x87.c.  The decoder looks here for what it does
 * not know itself; an entry without a handler for the form is #UD.
 */
enum sse_prefix { SSE_NONE, SSE_66, SSE_F3, SSE_F2, SSE_PREFIXES };

enum sse_flags {
	SSE_IMM8 = 1, /* an immediate byte follows: i->imm, zero-extended */
	SSE_MMX = 2,  /* touches only MMX or x87 state: traps as x87 does, not by CR4.OSFXSR */
	SSE_INT = 4,  /* no FPU state at all (MOVNTI): never traps */
};

struct sse_op {
	insn_fn *reg; /* ModRM.mod == 3 */
	insn_fn *mem[FORMS_MEM];
	const struct sse_op *group; /* if set: 8 entries, chosen by ModRM.reg */
	uint8_t flags;
};
/*
 * Two-byte opcodes 0F xx by mandatory prefix.  The general register of MOVD,
 * CVTSI2SD, PMOVMSKB ... is an index in i->rm or i->reg; INSN_OP64 says REX.W.
 * 0F AE is the group {fxsave, fxrstor, ldmxcsr, stmxcsr} of SSE_NONE here; its
 * fences and CLFLUSH are op_sys.c's, as are MOVNTI and prefetches.  EMMS is 0F 77.
 */
extern const struct sse_op sse_ops[SSE_PREFIXES][256];

/*
 * x87: D8..DF.  Memory forms by [opcode & 7][ModRM.reg], register forms by
 * [opcode & 7][ModRM & 63]; i->modrm holds ModRM, i->op the opcode.  i->rm = ModRM & 7.
 */
struct x87_mem {
	insn_fn *mem[FORMS_MEM];
};
extern const struct x87_mem x87_mem[8][8];
extern insn_fn *const x87_reg[8][64];
insn_fn op_fwait; /* 9B */

#endif
