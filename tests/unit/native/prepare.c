/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands before an instruction, so that it does something worth comparing. */
#include "tests/unit/native/sequence.h"

static uint64_t stack_address(struct gen *g)
{
	uint64_t at = STACK + 64 + rnd_below(g->r, PAGE - 256);

	if (!rnd_one_in(g->r, 4))
		at &= ~7ULL;
	if (!rnd_one_in(g->r, 8))
		return at;
	switch (rnd_below(g->r, 3)) {
	case 0: return STACK + PAGE - rnd_below(g->r, 40);
	case 1: return STACK - PAGE + rnd_below(g->r, 40);
	default: return STACK + rnd_below(g->r, 16);
	}
}

/* set_target() - A register or memory gets the address of what follows the instruction. */
static void set_target(struct gen *g, struct making *m)
{
	unsigned bytes = g->s->bits32 ? 4 : 8;

	if (m->rm.memory) {
		set_mem(g, m->rm.address, 0, bytes);
		m->target_at = g->s->insn[g->s->n - bytes / 4].off +
			       g->s->insn[g->s->n - bytes / 4].len - 4;
	} else {
		set_reg(g, m->rm.reg, 0);
		m->target_at = g->s->len - bytes;
	}
	m->target_bytes = 4;
}

/* push_words() - Put a frame of @n words at a fresh stack pointer; the first is the target. */
static void push_words(struct gen *g, struct making *m, const uint64_t *v, unsigned n,
		       unsigned bytes)
{
	uint64_t at = STACK + 0x400;

	for (unsigned k = 0; k < n; k++) {
		set_mem(g, at + k * bytes, v[k], bytes);
		if (!k)
			m->target_at = g->s->insn[g->s->n - bytes / 4].off +
				       g->s->insn[g->s->n - bytes / 4].len - 4;
	}
	m->target_bytes = 4;
	set_reg(g, SP, at);
}

static uint16_t some_selector(struct gen *g)
{
	static const uint16_t sel[] = {0x23, 0x2b, 0x33, 0,      3,   0x10,
				       0x18, 0x08, 0x40, 0x7fff, 0x22};

	return sel[rnd_below(g->r, sizeof(sel) / sizeof(sel[0]))];
}

static uint16_t data_selector(struct gen *g)
{
	static const uint16_t sel[] = {0x2b, 0x2b, 0x23, 0, 0x2a, 0x18, 0x7fff};

	return sel[rnd_below(g->r, sizeof(sel) / sizeof(sel[0]))];
}

static void set_operand(struct gen *g, const struct operand *o, uint64_t v)
{
	if (o->memory)
		set_mem(g, o->address, v, 4);
	else
		set_reg(g, o->reg, v);
}

static void prepare_string(struct gen *g, struct making *m)
{
	unsigned span = m->size * (unsigned)rnd_below(g->r, 48);
	bool scan = (m->o->op & 0xf6) == 0xa6; /* cmps, scas */

	m->rep = rnd_one_in(g->r, 3) ? 0 : scan && rnd_one_in(g->r, 2) ? 0xf2 : 0xf3;
	set_reg(g, SI, address(g, span, false, 0));
	set_reg(g, DI, address(g, span, false, 0));
	if (m->rep || !rnd_one_in(g->r, 4))
		set_reg(g, CX,
			rnd_one_in(g->r, 8) ? rnd_below(g->r, 3 * PAGE) : rnd_below(g->r, 48));
	if (scan && rnd_one_in(g->r, 2))
		set_reg(g, AX, 0);
}

static void prepare_return(struct gen *g, struct making *m)
{
	bool other = rnd_one_in(g->r, 8);
	uint64_t cs = g->s->bits32 != other ? SEL_CODE32 : SEL_CODE64;
	uint64_t flags = 0x202 | (rnd64(g->r) & 0xcd5);
	unsigned bytes = m->w ? 8 : 4;
	uint64_t frame[5] = {0, cs, flags, STACK + 0x800, SEL_DATA};

	switch (m->o->t->kind) {
	case K_RET: push_words(g, m, frame, 1, g->s->bits32 ? 4 : 8); break;
	case K_RETF: push_words(g, m, frame, 2, bytes); break;
	default: push_words(g, m, frame, g->s->bits32 ? 3 : 5, bytes); break;
	}
}

void prepare(struct gen *g, struct making *m)
{
	struct rnd *r = g->r;

	switch (m->o->t->kind) {
	case K_STRING: prepare_string(g, m); break;
	case K_STACK:
	case K_CALL: set_reg(g, SP, stack_address(g)); break;
	case K_STACK_ALL: set_reg(g, SP, STACK + 0x100 + rnd_below(r, PAGE - 0x200)); break;
	case K_LOOP:
		if (!rnd_one_in(r, 4))
			set_reg(g, CX, rnd_below(r, 3));
		break;
	case K_DIVIDE:
		if (!rnd_one_in(r, 4)) {
			set_reg(g, DX, rnd_below(r, 4));
			set_reg(g, AX, rnd64(r) >> rnd_below(r, 63));
		}
		break;
	case K_XLAT: set_reg(g, BX, address(g, 256, false, 0)); break;
	case K_RET:
	case K_RETF:
	case K_IRET: prepare_return(g, m); break;
	case K_POPF:
		set_mem(g, STACK + 0x400,
			0x202 | (rnd64(r) & 0xcd5) | (rnd64(r) & rnd64(r) & 0x100), 8);
		set_reg(g, SP, STACK + 0x400);
		break;
	case K_POPSEG:
		set_mem(g, STACK + 0x400, data_selector(g), 4);
		set_reg(g, SP, STACK + 0x400);
		break;
	case K_FRAME:
		set_reg(g, SP, stack_address(g));
		set_reg(g, BP, stack_address(g));
		break;
	/* What a masked-out byte of a forbidden page does is the processor's affair. */
	case K_MASK: set_reg(g, DI, address(g, 16, false, ADDR_PLAIN)); break;
	default: break;
	}
	if (m->o->t->flags & T_COUNT && !rnd_one_in(r, 3))
		set_reg(g, CX, rnd_below(r, 70));
}

void prepare_operand(struct gen *g, struct making *m)
{
	switch (m->o->t->kind) {
	case K_INDIRECT: set_target(g, m); break;
	case K_FAR:
		set_mem(g, m->rm.address, 0, 4);
		m->target_at = g->s->len - 4;
		m->target_bytes = 4;
		set_mem(g, m->rm.address + 4,
			m->o->op == 0xff ? g->s->bits32 ? SEL_CODE32 : SEL_CODE64
					 : data_selector(g),
			4);
		break;
	case K_SELECTOR: set_operand(g, &m->rm, some_selector(g)); break;
	case K_LOADSEG: set_operand(g, &m->rm, data_selector(g)); break;
	case K_FXRSTOR: set_mem(g, m->rm.address + 24, 0x1f80 | (rnd64(g->r) & 0xe07f), 4); break;
	case K_LDMXCSR:
		if (!rnd_one_in(g->r, 4))
			set_mem(g, m->rm.address, 0x1f80 | (rnd64(g->r) & 0xe07f), 4);
		break;
	default: break;
	}
}
