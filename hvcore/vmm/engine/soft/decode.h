/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes and mode to a struct insn; looks at nothing else. */
#ifndef SOFT_DECODE_H
#define SOFT_DECODE_H

#include "hvcore/vmm/engine/soft/op_tables.h"

enum { INSN_BYTES_MAX = 15 };

/* What a block must know of an instruction besides its handler. */
enum decode_flags {
	DEC_ENDS = 1, /* the block ends here */
	DEC_JCC = 2,  /* a conditional jump: the compare before it may be fused */
};

struct decoded {
	struct insn insn; /* without off; disp of a branch is relative to its own start */
	unsigned flags;
};

/*
 * decode() - The instruction at @p, of which @avail bytes are readable, in
 * @mode (enum cpu_mode).  Returns its length, or 0 if it goes beyond @avail.
 * What the processor refuses decodes to a handler that raises the exception.
 */
unsigned decode(const uint8_t *p, unsigned avail, unsigned mode, struct decoded *out);

/* The decoder's own state, shared by decode*.c. */
struct decoder {
	const uint8_t *p, *end, *start;
	struct insn *i;
	unsigned flags; /* enum decode_flags */
	unsigned mode;
	bool is64;
	bool over;              /* ran out of bytes */
	bool ud;                /* #UD */
	bool gp;                /* #GP(0): longer than 15 bytes */
	uint8_t rex, lock, rep; /* rep: 0, 0xf2, 0xf3 */
	bool op66;
	unsigned asize; /* address bits: 16, 32, 64 */
	unsigned osize; /* operand size index: 1, 2, 3 */
	int seg;        /* override, or -1 */
	bool has_modrm;
	uint8_t mod, reg, rm; /* reg and rm with REX */
	enum form form;
	bool locked; /* a handler that locks was chosen */
};

uint64_t dec_imm(struct decoder *d, unsigned bytes); /* sign-extended */
uint64_t dec_immz(struct decoder *d, unsigned size); /* by operand size index; 32 bits for 64 */
void dec_modrm(struct decoder *d);
/* dec_forms() - ModRM was read: the handler for its form; sizes[8-bit] registers as byte offsets. */
void dec_rm(struct decoder *d, const struct op_forms *f, bool byte_rm, bool byte_reg);
void dec_mem_only(struct decoder *d, insn_fn *const mem[FORMS_MEM]);
void dec_branch(struct decoder *d, unsigned bytes, insn_fn *fast, insn_fn *legacy);
/* dec_reg8() - Register number @n of an 8-bit operand as byte offset. */
unsigned dec_reg8(const struct decoder *d, unsigned n);
/* dec_use() - @fn handles it; NULL: #UD. */
void dec_use(struct decoder *d, insn_fn *fn);
/* dec_rm_reg() - Ev,Gv: the destination is rm.  dec_reg_rm(): Gv,Ev.  dec_rm_imm(): Ev,imm (already read). */
void dec_rm_reg(struct decoder *d, const struct alu_op *a, unsigned size);
void dec_reg_rm(struct decoder *d, const struct alu_op *a, unsigned size);
void dec_rm_imm(struct decoder *d, const struct alu_op *a, unsigned size);
void dec_unary(struct decoder *d, const struct unary_op *u, unsigned size);
/* dec_size() - Operand size index of an opcode whose bit 0 is clear for bytes. */
unsigned dec_size(const struct decoder *d, uint8_t op);
/* dec_stack_size() - That of PUSH, POP, near branches: 64 by default in 64-bit mode. */
unsigned dec_stack_size(const struct decoder *d);

/* The opcode map, by its rows: decode_one.c, decode_90.c, decode_0f.c. */
void decode_one(struct decoder *d, uint8_t op);
void decode_one_9x(struct decoder *d, uint8_t op);
void decode_one_ax(struct decoder *d, uint8_t op);
void decode_one_bx(struct decoder *d, uint8_t op);
void decode_one_cx(struct decoder *d, uint8_t op);
void decode_one_shift(struct decoder *d, uint8_t op);
void decode_one_ex(struct decoder *d, uint8_t op);
void decode_one_fx(struct decoder *d, uint8_t op);
void decode_0f(struct decoder *d);
void dec_fpu(struct decoder *d, uint8_t op);
bool dec_sse(struct decoder *d, uint8_t op);

#endif
