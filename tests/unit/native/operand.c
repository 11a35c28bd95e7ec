/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory operands: a place is chosen first, then an addressing form; the
 * registers of the form get what makes it reach the place.
 */
#include "tests/unit/native/sequence.h"

#include <string.h>

enum { GS_PREFIX = 0x65 };

void put_bytes(struct gen *g, uint64_t v, unsigned n)
{
	memcpy(g->s->code + g->s->len, &v, n);
	g->s->len += n;
}

void begin(struct gen *g)
{
	g->s->insn[g->s->n].off = g->s->len;
}

void end(struct gen *g)
{
	g->s->insn[g->s->n].len = g->s->len - g->s->insn[g->s->n].off;
	g->s->n++;
}

void set_reg(struct gen *g, unsigned reg, uint64_t v)
{
	begin(g);
	if (!g->s->bits32)
		put_bytes(g, 0x48 | reg >> 3, 1);
	put_bytes(g, 0xb8 | (reg & 7), 1);
	put_bytes(g, v, g->s->bits32 ? 4 : 8);
	end(g);
}

void set_mem(struct gen *g, uint64_t at, uint64_t v, unsigned n)
{
	for (unsigned k = 0; k < n; k += 4) {
		begin(g);
		if (g->s->bits32)
			put_bytes(g, 0x05c7, 2);
		else
			put_bytes(g, 0x2504c7, 3);
		put_bytes(g, at + k, 4);
		put_bytes(g, v >> 8 * k, 4);
		end(g);
	}
}

uint64_t address(struct gen *g, unsigned size, bool aligned, unsigned how)
{
	struct rnd *r = g->r;
	uint64_t room = 2 * PAGE - 1024;
	uint64_t at = DATA + 256 + rnd_below(r, room);
	uint64_t align = aligned ? 16 : size && size <= 16 ? size : 8;

	if (!rnd_one_in(r, 4))
		at &= ~(uint64_t)(align - 1);
	else if (aligned && !rnd_one_in(r, 3))
		at &= ~15ULL;
	if (how & ADDR_PLAIN || !rnd_one_in(r, 6))
		return at;
	switch (rnd_below(r, 7)) {
	case 0: /* across two pages */
	case 1: at = DATA + PAGE - rnd_below(r, size + 1); break;
	case 2: at = DATA + DATA_RO * PAGE - rnd_below(r, size + 1); break;
	/* Not across: a write would be forbidden in both pages, and either may be reported. */
	case 3: at = DATA + DATA_HOLE * PAGE - (rnd_one_in(r, 2) ? 0 : size); break;
	case 4: at = DATA + (DATA_HOLE + 1) * PAGE - 1 - rnd_below(r, size + 1); break;
	case 5: at = CODE + rnd_below(r, PAGE); break;
	default: at = g->s->bits32 ? 0x10 : 0x8000000000000000ULL - rnd_below(r, 32); break;
	}
	return at;
}

/* pick() - A register for an address, not busy. */
static unsigned pick(struct gen *g, bool index)
{
	unsigned reg;

	do
		reg = (unsigned)rnd_below(g->r, g->s->bits32 ? 8 : 16);
	while (g->busy >> reg & 1 || (index && reg == SP));
	return reg;
}

/* based() - [base + disp], [base + index * scale + disp] */
static void based(struct gen *g, struct operand *o, uint64_t at)
{
	unsigned base = pick(g, false);
	bool index = rnd_one_in(g->r, 2);
	unsigned size = (unsigned)rnd_below(g->r, 3);
	uint64_t rest = at;

	o->disp = size == 1 ? (int8_t)rnd64(g->r) : size == 2 ? (int32_t)rnd64(g->r) >> 4 : 0;
	o->disp_bytes = size == 2 ? 4 : size;
	if (!size && (base & 7) == BP) {
		o->disp_bytes = 1;
		size = 1;
	}
	rest -= (uint64_t)(int64_t)o->disp;
	if (index) {
		unsigned x = pick(g, true);
		unsigned scale = (unsigned)rnd_below(g->r, 4);
		uint64_t v = rnd_one_in(g->r, 2) ? rnd_below(g->r, 64) : rnd64(g->r) & 0xffff;

		if (x == base)
			v = 0;
		o->sib = (uint8_t)(scale << 6 | (x & 7) << 3 | (base & 7));
		o->has_sib = true;
		o->rex |= x & 8 ? 2 : 0;
		if (x != base) {
			set_reg(g, x, v);
		} else {
			/* The same register twice: no index, then, but for REX.X. */
			o->sib = (uint8_t)(4 << 3 | (base & 7));
			o->rex &= ~2;
		}
		rest -= v << scale;
		if (x == base)
			rest += v << scale;
	} else if ((base & 7) == SP) {
		o->sib = 4 << 3 | SP;
		o->has_sib = true;
	}
	o->rex |= base & 8 ? 1 : 0;
	set_reg(g, base, rest);
	o->modrm = (uint8_t)(size << 6 | (o->has_sib ? 4 : base & 7));
}

void operand_mem(struct gen *g, struct operand *o, uint64_t at)
{
	unsigned form = (unsigned)rnd_below(g->r, 8);
	bool low = at < 1ULL << 31;

	*o = (struct operand){.memory = true, .address = at};
	if (!g->s->bits32 && low && form == 0) {
		/* Through GS: the base is what ARCH_SET_GS set. */
		o->seg = GS_PREFIX;
		based(g, o, at - GS_BASE);
	} else if (low && form == 1) {
		o->disp = (int32_t)at;
		o->disp_bytes = 4;
		o->modrm = g->s->bits32 ? 5 : 4;
		o->has_sib = !g->s->bits32;
		o->sib = 0x25;
	} else if (!g->s->bits32 && low && form == 2) {
		o->modrm = 5;
		o->disp_bytes = 4;
		o->rip_relative = true;
	} else if (!g->s->bits32 && low && form == 3) {
		o->a32 = true;
		based(g, o, at);
	} else {
		based(g, o, at);
	}
	/* DS, ES and SS are all the same flat segment. */
	if (g->s->bits32 && rnd_one_in(g->r, 8))
		o->seg = rnd_one_in(g->r, 2) ? 0x3e : 0x36;
}

void operand_reg(struct gen *g, struct operand *o, unsigned reg)
{
	*o = (struct operand){
		.modrm = (uint8_t)(0xc0 | (reg & 7)), .rex = reg >> 3 & 1, .reg = reg};
}
