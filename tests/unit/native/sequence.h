/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sequence.c, prepare.c and operand.c share: a sequence that is being made. */
#ifndef TESTS_NATIVE_SEQUENCE_H
#define TESTS_NATIVE_SEQUENCE_H

#include "tests/unit/native/native.h"
#include "tests/unit/native/template.h"

enum { AX, CX, DX, BX, SP, BP, SI, DI };
enum { ADDR_PLAIN = 1 }; /* address(): no edges of pages, nothing that faults */

/* An operand's bytes behind the opcode, and what goes before it. */
struct operand {
	uint8_t modrm, sib, rex; /* rex: X and B */
	bool has_sib, rip_relative;
	uint8_t seg; /* prefix or 0 */
	bool a32;    /* prefix 67 */
	unsigned disp_bytes;
	int32_t disp;
	uint64_t address; /* of memory */
	unsigned reg;     /* register number, of a register */
	bool memory;
};

struct gen {
	struct sequence *s;
	struct rnd *r;
	uint32_t busy; /* registers an address must not use */
};

/* A template that has been expanded: one opcode, one ModRM.reg. */
struct one {
	const struct template *t;
	uint8_t op;
	int8_t ext;
};

/* The instruction that is being made. */
struct making {
	const struct one *o;
	bool w, o16, lock;
	uint8_t rep;
	unsigned size; /* of the operand */
	struct operand rm;
	unsigned reg;
	uint64_t target_at; /* code offset of a target to be filled in, or 0 */
	unsigned target_bytes;
};

void put_bytes(struct gen *g, uint64_t v, unsigned n);
/* begin(), end() - Around each instruction. */
void begin(struct gen *g);
void end(struct gen *g);
/* set_reg() - mov reg, v */
void set_reg(struct gen *g, unsigned reg, uint64_t v);
/* set_mem() - Store @n bytes (4 or 8) at @at. */
void set_mem(struct gen *g, uint64_t at, uint64_t v, unsigned n);
/* address() - Where an access of @size bytes goes. */
uint64_t address(struct gen *g, unsigned size, bool aligned, unsigned how);
/* operand_mem() - Emit what makes an addressing form reach @at. */
void operand_mem(struct gen *g, struct operand *o, uint64_t at);
void operand_reg(struct gen *g, struct operand *o, unsigned reg);

/* prepare() - Set-up instructions for the implicit operands of @m. */
void prepare(struct gen *g, struct making *m);
/* prepare_operand() - What its ModRM operand has to hold. */
void prepare_operand(struct gen *g, struct making *m);

#endif
