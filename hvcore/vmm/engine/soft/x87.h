/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the op_x87*.c files share: the rules of the register stack and of x87
 * exceptions, and the lists of handlers.
 *
 * A handler loads its operands onto the host's empty stack, executes the guest's
 * instruction under the guest's control word, and reads the status word.  If an
 * unmasked exception is pending, X87_END clears it; what the hardware then has in
 * the register is the guest's result in every case: unchanged operands after an
 * unmasked IE, DE or ZE, a result with a biased exponent after OE or UE (SDM 1
 * §8.5).  The host's flags are always among the guest's, so none is ever old and
 * unmasked.  Empty registers never reach the host: the stack faults are here.
 */
#ifndef SOFT_X87_H
#define SOFT_X87_H

#include "hvcore/vmm/engine/soft/fpu.h"

/* Assembly: status word to AX; [unm] are the exceptions the guest has unmasked. */
#define X87_END                   \
	"\n\tfnstsw %%ax\n\t"     \
	"testb %b[unm], %%al\n\t" \
	"jz 1f\n\t"               \
	"fnclex\n"                \
	"1:\n\t"
/* The host's TOP in AH: 0 is an empty stack, 7 one register, 6 two. */
#define X87_IF_EMPTY(label) "testb $0x38, %%ah\n\tjz " label "\n\t"
#define X87_IF_ODD(label)   "testb $0x08, %%ah\n\tjnz " label "\n\t"
#define X87_TWO(sw)         (!((sw)&0x0800))

HOT uint8_t x87_unmasked(const struct cpu *c)
{
	return ~c->fpu.fcw & FPX_ALL;
}

/* x87_note() - The last instruction's address and opcode; x87_note_mem() its operand's. */
HOT void x87_note(struct cpu *c, const struct insn *i)
{
	c->fpu.fip = insn_ip(c, i);
	c->fpu.fcs = c->seg[SEG_CS].sel;
	c->fpu.fop = (i->op & 7) << 8 | i->modrm;
}

HOT void x87_note_mem(struct cpu *c, const struct insn *i, uint64_t va)
{
	x87_note(c, i);
	c->fpu.fdp = va - c->seg[i->seg].base;
	c->fpu.fds = c->seg[i->seg].sel;
}

/*
 * x87_status() - Take flags and the condition codes @cc from the host's status
 * word.  True if an unmasked exception leaves the guest's operands and stack as
 * they were.
 */
HOT bool x87_status(struct cpu *c, uint16_t sw, uint16_t cc)
{
	uint16_t flags = sw & FPX_ALL;
	uint16_t trap = flags & ~c->fpu.fcw;

	c->fpu.fsw = (c->fpu.fsw & ~cc) | (sw & cc) | flags;
	if (unlikely(trap))
		c->fpu.fsw |= FSW_ES | FSW_B;
	return trap & FPX_PRE;
}

/* x87_stack_fault() - Overflow or underflow of the stack.  True if masked. */
HOT bool x87_stack_fault(struct cpu *c, bool overflow)
{
	c->fpu.fsw = (c->fpu.fsw & ~FSW_C1) | FPX_IE | FSW_SF | (overflow ? FSW_C1 : 0);
	if (c->fpu.fcw & FPX_IE)
		return true;
	c->fpu.fsw |= FSW_ES | FSW_B;
	return false;
}

HOT void x87_set_top(struct cpu *c, unsigned top)
{
	c->fpu.fsw = (c->fpu.fsw & ~FSW_TOP) | (top & 7) << 11;
}

HOT void x87_set(struct cpu *c, unsigned n, struct ext v)
{
	*fpu_st(c, n) = v;
	c->fpu.ftw |= 1 << ((fpu_top(c) + n) & 7);
}

HOT void x87_push(struct cpu *c, struct ext v)
{
	x87_set_top(c, fpu_top(c) - 1);
	x87_set(c, 0, v);
}

HOT void x87_pop(struct cpu *c)
{
	c->fpu.ftw &= ~(1 << fpu_top(c));
	x87_set_top(c, fpu_top(c) + 1);
}

/* The QNaN real indefinite. */
#define X87_INDEFINITE ((struct ext){.frac = 0xc000000000000000ULL, .exp = 0xffff})

/* x87_load() - Push @v, unless the stack is full. */
HOT void x87_load(struct cpu *c, struct ext v)
{
	if (unlikely(!fpu_empty(c, 7))) {
		if (!x87_stack_fault(c, true))
			return;
		v = X87_INDEFINITE;
	} else {
		c->fpu.fsw &= ~FSW_C1;
	}
	x87_push(c, v);
}

/* x87_underflow() - Stack underflow of an operation into ST(@dst) that pops @pops. */
static inline void x87_underflow(struct cpu *c, unsigned dst, unsigned pops)
{
	if (!x87_stack_fault(c, false))
		return;
	x87_set(c, dst, X87_INDEFINITE);
	while (pops--)
		x87_pop(c);
}

/* Handlers that op_x87.c's tables name. */
#define X87_DECLARE_MEM(name) insn_fn name##_bd, name##_sib, name##_gen;
#define X87_MEM_FORM(name, suffix, form)                         \
	struct insn *name##suffix(struct cpu *c, struct insn *i) \
	{                                                        \
		return name(c, i, form);                         \
	}
#define X87_MEM(name)                      \
	X87_MEM_FORM(name, _bd, FORM_BD)   \
	X87_MEM_FORM(name, _sib, FORM_SIB) \
	X87_MEM_FORM(name, _gen, FORM_GEN)

/* op_x87_arith.c, in the encoding's order: X(ModRM.reg of ST(0) forms, of ST(i) forms, name) */
#define X87_ARITH(X) X(0, 0, add) X(1, 1, mul) X(4, 5, sub) X(5, 4, subr) X(6, 7, div) X(7, 6, divr)
#define X87_DECLARE_ARITH(r0, ri, name)                          \
	insn_fn x87_##name##_0, x87_##name##_i, x87_##name##_ip; \
	X87_DECLARE_MEM(x87_##name##_f32)                        \
	X87_DECLARE_MEM(x87_##name##_f64)                        \
	X87_DECLARE_MEM(x87_##name##_i16) X87_DECLARE_MEM(x87_##name##_i32)
X87_ARITH(X87_DECLARE_ARITH)

/* op_x87_cmp.c */
#define X87_DECLARE_CMP(type) X87_DECLARE_MEM(x87_com_##type) X87_DECLARE_MEM(x87_comp_##type)
X87_DECLARE_CMP(f32)
X87_DECLARE_CMP(f64)
X87_DECLARE_CMP(i16)
X87_DECLARE_CMP(i32)
insn_fn x87_com, x87_comp, x87_compp, x87_ucom, x87_ucomp, x87_ucompp, x87_comi, x87_comip,
	x87_ucomi, x87_ucomip, x87_tst, x87_xam;
insn_fn x87_cmovb, x87_cmove, x87_cmovbe, x87_cmovu, x87_cmovnb, x87_cmovne, x87_cmovnbe,
	x87_cmovnu;

/* op_x87_move.c */
X87_DECLARE_MEM(x87_fld_f32)
X87_DECLARE_MEM(x87_fld_f64)
X87_DECLARE_MEM(x87_fst_f32)
X87_DECLARE_MEM(x87_fst_f64)
X87_DECLARE_MEM(x87_fstp_f32)
X87_DECLARE_MEM(x87_fstp_f64)
X87_DECLARE_MEM(x87_fild_i16)
X87_DECLARE_MEM(x87_fild_i32)
X87_DECLARE_MEM(x87_fild_i64)
X87_DECLARE_MEM(x87_fist_i16)
X87_DECLARE_MEM(x87_fist_i32)
X87_DECLARE_MEM(x87_fistp_i16)
X87_DECLARE_MEM(x87_fistp_i32)
X87_DECLARE_MEM(x87_fistp_i64)
X87_DECLARE_MEM(x87_fld_f80)
X87_DECLARE_MEM(x87_fstp_f80)
insn_fn x87_fbld, x87_fbstp;
insn_fn x87_fld, x87_fst, x87_fstp, x87_fstpnce, x87_fxch, x87_ffree, x87_ffreep, x87_fincstp,
	x87_fdecstp, x87_fnop, x87_fnold;

/* op_x87_math.c: constants; functions of ST(0); of ST(0) and ST(1) */
#define X87_CONSTANTS(X) \
	X(0, fld1) X(1, fldl2t) X(2, fldl2e) X(3, fldpi) X(4, fldlg2) X(5, fldln2) X(6, fldz)
#define X87_UNARY(X)           \
	X(0x20, fchs, FSW_C1)  \
	X(0x21, fabs, FSW_C1)  \
	X(0x30, f2xm1, FSW_C1) \
	X(0x3a, fsqrt, FSW_C1) \
	X(0x3c, frndint, FSW_C1) X(0x3e, fsin, FSW_C1 | FSW_C2) X(0x3f, fcos, FSW_C1 | FSW_C2)
#define X87_BINARY(X)     X(0x35, fprem1, FSW_CC) X(0x38, fprem, FSW_CC) X(0x3d, fscale, FSW_C1)
#define X87_BINARY_POP(X) X(0x31, fyl2x) X(0x33, fpatan) X(0x39, fyl2xp1)
#define X87_TWO_RESULTS(X) \
	X(0x32, fptan, FSW_C1 | FSW_C2) X(0x34, fxtract, FSW_C1) X(0x3b, fsincos, FSW_C1 | FSW_C2)
#define X87_DECLARE(n, name, ...) insn_fn x87_##name;
X87_CONSTANTS(X87_DECLARE)
X87_UNARY(X87_DECLARE)
X87_BINARY(X87_DECLARE)
X87_BINARY_POP(X87_DECLARE)
X87_TWO_RESULTS(X87_DECLARE)

/* op_x87_env.c */
insn_fn x87_fldcw, x87_fnstcw, x87_fnstsw, x87_fnstsw_ax, x87_fnclex, x87_fninit, x87_fldenv,
	x87_fnstenv, x87_frstor, x87_fnsave;

#endif
