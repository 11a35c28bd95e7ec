/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of x87 instructions for the decoder (insn.h).
 *
 * D8, DA, DC and DE hold the arithmetic and the comparisons, in memory by type:
 * single real, 32-bit integer, double real, 16-bit integer.
 */
#include "hvcore/vmm/engine/soft/x87.h"

#define FORMS_OF(name, type)                      \
	{                                         \
		.mem = FORMS(x87_##name##_##type) \
	}
#define ONE(name)                           \
	{                                   \
		.mem = FORM_ANY(x87_##name) \
	}
#define MEM_F32(r0, ri, name) [0][r0] = FORMS_OF(name, f32),
#define MEM_I32(r0, ri, name) [2][r0] = FORMS_OF(name, i32),
#define MEM_F64(r0, ri, name) [4][r0] = FORMS_OF(name, f64),
#define MEM_I16(r0, ri, name) [6][r0] = FORMS_OF(name, i16),

const struct x87_mem x87_mem[8][8] = {
	X87_ARITH(MEM_F32) X87_ARITH(MEM_I32) X87_ARITH(MEM_F64)
		X87_ARITH(MEM_I16)[0][2] = FORMS_OF(com, f32),
	[0][3] = FORMS_OF(comp, f32),
	[2][2] = FORMS_OF(com, i32),
	[2][3] = FORMS_OF(comp, i32),
	[4][2] = FORMS_OF(com, f64),
	[4][3] = FORMS_OF(comp, f64),
	[6][2] = FORMS_OF(com, i16),
	[6][3] = FORMS_OF(comp, i16),

	[1][0] = FORMS_OF(fld, f32),
	[1][2] = FORMS_OF(fst, f32),
	[1][3] = FORMS_OF(fstp, f32),
	[1][4] = ONE(fldenv),
	[1][5] = ONE(fldcw),
	[1][6] = ONE(fnstenv),
	[1][7] = ONE(fnstcw),

	[3][0] = FORMS_OF(fild, i32),
	[3][2] = FORMS_OF(fist, i32),
	[3][3] = FORMS_OF(fistp, i32),
	[3][5] = FORMS_OF(fld, f80),
	[3][7] = FORMS_OF(fstp, f80),

	[5][0] = FORMS_OF(fld, f64),
	[5][2] = FORMS_OF(fst, f64),
	[5][3] = FORMS_OF(fstp, f64),
	[5][4] = ONE(frstor),
	[5][6] = ONE(fnsave),
	[5][7] = ONE(fnstsw),

	[7][0] = FORMS_OF(fild, i16),
	[7][2] = FORMS_OF(fist, i16),
	[7][3] = FORMS_OF(fistp, i16),
	[7][4] = ONE(fbld),
	[7][5] = FORMS_OF(fild, i64),
	[7][6] = ONE(fbstp),
	[7][7] = FORMS_OF(fistp, i64),
};

/* A row: one ModRM.reg, all eight of rm. */
#define ROW(set, r, name)         [set][(r)*8 ...(r) * 8 + 7] = x87_##name
#define REG_0(r0, ri, name)       ROW(0, r0, name##_0),
#define REG_I(r0, ri, name)       ROW(4, ri, name##_i),
#define REG_POP(r0, ri, name)     ROW(6, ri, name##_ip),
#define D9_CONSTANT(n, name)      [1][0x28 + (n)] = x87_##name,
#define D9_FUNCTION(n, name, ...) [1][n] = x87_##name,

insn_fn *const x87_reg[8][64] = {
	X87_ARITH(REG_0) X87_ARITH(REG_I) X87_ARITH(REG_POP) ROW(0, 2, com),
	ROW(0, 3, comp),

	ROW(1, 0, fld),
	ROW(1, 1, fxch),
	[1][0x10] = x87_fnop,
	X87_CONSTANTS(D9_CONSTANT) X87_UNARY(D9_FUNCTION) X87_BINARY(D9_FUNCTION)
		X87_BINARY_POP(D9_FUNCTION) X87_TWO_RESULTS(D9_FUNCTION)[1][0x24] = x87_tst,
	[1][0x25] = x87_xam,
	[1][0x36] = x87_fdecstp,
	[1][0x37] = x87_fincstp,

	ROW(2, 0, cmovb),
	ROW(2, 1, cmove),
	ROW(2, 2, cmovbe),
	ROW(2, 3, cmovu),
	[2][0x29] = x87_ucompp,

	ROW(3, 0, cmovnb),
	ROW(3, 1, cmovne),
	ROW(3, 2, cmovnbe),
	ROW(3, 3, cmovnu),
	[3][0x20] = x87_fnold, /* FENI, FDISI and FSETPM of the 8087 and 80287 */
	[3][0x21] = x87_fnold,
	[3][0x22] = x87_fnclex,
	[3][0x23] = x87_fninit,
	[3][0x24] = x87_fnold,
	ROW(3, 5, ucomi),
	ROW(3, 6, comi),

	ROW(5, 0, ffree),
	ROW(5, 2, fst),
	ROW(5, 3, fstp),
	ROW(5, 4, ucom),
	ROW(5, 5, ucomp),

	[6][0x19] = x87_compp,

	[7][0x20] = x87_fnstsw_ax,
	ROW(7, 5, ucomip),
	ROW(7, 6, comip),

	/* Not documented, but decoded by every processor: aliases. */
	ROW(1, 3, fstpnce),
	ROW(4, 2, com),
	ROW(4, 3, comp),
	ROW(5, 1, fxch),
	ROW(6, 2, comp),
	ROW(7, 0, ffreep),
	ROW(7, 1, fxch),
	ROW(7, 2, fstp),
	ROW(7, 3, fstp),
};
