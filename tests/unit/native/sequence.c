/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sequences: a template is made an instruction by choosing its prefixes, size,
 * registers, addressing form and immediates at random, after instructions that
 * put what it needs into registers and memory.
 */
#include "tests/unit/native/sequence.h"

#include <string.h>

enum { FILLER = 0xd0f7, FILLER_BYTES = 2, INT3 = 0xcc, COUNTER = DATA + 8 };

enum { ONES_MAX = 2048 };
static struct one ones[ONES_MAX];
static unsigned nones;

unsigned templates_count(void)
{
	if (nones)
		return nones;
	for (unsigned n = 0; n < ntemplates; n++)
		for (unsigned k = 0; k < templates[n].count; k++)
			for (int ext = templates[n].ext; ext <= templates[n].last; ext++)
				ones[nones++] = (struct one){
					&templates[n], (uint8_t)(templates[n].op + k), (int8_t)ext};
	return nones;
}

const char *template_name(unsigned t)
{
	return ones[t].t->name;
}

unsigned template_opcode(unsigned t)
{
	return ones[t].op + (ones[t].t->map ? 256 : 0);
}

bool sequence_ok(unsigned t, bool bits32)
{
	return !(ones[t].t->flags & (bits32 ? T_ONLY64 : T_NO64));
}

/* What may only stand at the end: nothing after it could rely on the state. */
static bool only_last(const struct one *o)
{
	bool writes_env = !o->t->map && (o->op == 0xd9 || o->op == 0xdd) && o->ext == 6;
	bool fxsave = o->t->map && o->op == 0xae && o->ext == 0;

	return o->t->undefined || writes_env || fxsave || o->t->kind == K_POPF ||
	       o->t->kind == K_IRET || o->t->kind == K_RETF || o->t->kind == K_FARPTR ||
	       o->t->kind == K_FAR || o->t->kind == K_INT || o->op == INT3;
}

static void choose_operand(struct gen *g, struct making *m)
{
	const struct template *t = m->o->t;
	unsigned nregs = g->s->bits32 ? 8 : 16;
	unsigned kind = t->kind;
	bool plain = kind == K_INDIRECT || kind == K_FAR || kind == K_SELECTOR ||
		     kind == K_LOADSEG || kind == K_FXRSTOR || kind == K_LDMXCSR;
	bool memory = t->flags & T_MEM || (!(t->flags & T_REG) && rnd_one_in(g->r, 2));
	unsigned size = t->size == 255 ? 512 : t->size ? t->size : m->size;

	/* Ten bytes that cross into a forbidden page: some processors store the first eight. */
	if (size == 10)
		size = 0;
	m->reg = m->o->ext >= 0 ? (unsigned)m->o->ext : (unsigned)rnd_below(g->r, nregs);
	if (kind == K_CR)
		m->reg &= 7;
	if (kind == K_BIT && !rnd_one_in(g->r, 8))
		set_reg(g, m->reg, rnd_below(g->r, 1024) - 256);
	if (kind == K_BIT || kind == K_DIVIDE)
		g->busy |= kind == K_BIT ? 1U << m->reg : 1 << AX | 1 << DX;
	if (t->flags & T_COUNT)
		g->busy |= 1 << CX;
	if (kind == K_STACK || kind == K_INDIRECT)
		g->busy |= 1 << SP;
	if (!memory) {
		unsigned reg = t->rm ? t->rm - 1U : (unsigned)rnd_below(g->r, nregs);

		if (kind == K_INDIRECT && reg == SP)
			reg = AX;
		operand_reg(g, &m->rm, reg);
		return;
	}
	operand_mem(g, &m->rm, address(g, size, t->flags & T_ALIGN, plain ? ADDR_PLAIN : 0));
	m->lock = t->flags & T_LOCK && rnd_one_in(g->r, 4);
}

static unsigned immediate_bytes(const struct making *m)
{
	uint32_t f = m->o->t->flags;
	unsigned n = 0;

	if (f & T_IW)
		n += 2;
	if (f & T_IB)
		n += 1;
	if (f & T_IZ)
		n += m->o16 ? 2 : 4;
	if (f & T_IV)
		n += m->w ? 8 : m->o16 ? 2 : 4;
	return n;
}

static uint64_t immediate(struct gen *g, const struct making *m)
{
	uint8_t v;

	switch (m->o->t->kind) {
	case K_FRAME: return rnd_below(g->r, 128) | rnd_below(g->r, 4) << 16;
	case K_RET:
	case K_RETF: return rnd_below(g->r, 64);
	case K_INT:
		do
			v = (uint8_t)rnd64(g->r);
		while (v == 0x80); /* a system call */
		return v;
	default: return rnd_integer(g->r);
	}
}

static void put_prefixes(struct gen *g, const struct making *m)
{
	uint8_t rex = m->rm.rex | (m->reg & 8 ? 4 : 0) | (m->w ? 8 : 0);

	if (m->lock)
		put_bytes(g, 0xf0, 1);
	if (m->o16)
		put_bytes(g, 0x66, 1);
	if (m->rep)
		put_bytes(g, m->rep, 1);
	if (m->rm.a32)
		put_bytes(g, 0x67, 1);
	if (m->rm.seg)
		put_bytes(g, m->rm.seg, 1);
	if (m->o->t->pfx)
		put_bytes(g, m->o->t->pfx, 1);
	if (!g->s->bits32 && (rex || rnd_one_in(g->r, 8)))
		put_bytes(g, 0x40 | rex, 1);
}

/* fill_target() - The address of what follows, where a set-up left room for it. */
static void fill_target(struct gen *g, const struct making *m)
{
	uint32_t next = CODE + g->s->start + g->s->len;

	if (m->target_at)
		memcpy(g->s->code + m->target_at, &next, m->target_bytes);
}

static void put_operand(struct gen *g, struct making *m)
{
	unsigned at;
	int32_t disp = m->rm.disp;

	put_bytes(g, m->rm.modrm | (m->reg & 7) << 3, 1);
	if (m->rm.has_sib)
		put_bytes(g, m->rm.sib, 1);
	at = g->s->len;
	if (m->rm.rip_relative)
		disp = (int32_t)(m->rm.address -
				 (CODE + g->s->start + at + 4 + immediate_bytes(m)));
	put_bytes(g, (uint64_t)(int64_t)disp, m->rm.disp_bytes);
}

/* put_tail() - What follows the operand: immediates, relative targets, far pointers. */
static void put_tail(struct gen *g, struct making *m)
{
	uint32_t far;

	switch (m->o->t->kind) {
	case K_JUMP8:
	case K_LOOP: put_bytes(g, FILLER_BYTES, 1); break;
	case K_JUMPZ:
	case K_CALL: put_bytes(g, FILLER_BYTES, 4); break;
	case K_FARPTR:
		far = CODE + g->s->start + g->s->len + 6;
		put_bytes(g, far, 4);
		put_bytes(g, SEL_CODE32, 2);
		break;
	default:
		if (m->o->t->flags & T_MOFFS)
			put_bytes(g, address(g, m->size, false, 0), g->s->bits32 ? 4 : 8);
		else
			put_bytes(g, immediate(g, m), immediate_bytes(m));
		break;
	}
}

/* ignore() - Memory that the instruction fills with what newer processors do not say. */
static void ignore(struct sequence *s, uint64_t at, uint32_t len)
{
	s->ignored[s->nignored].at = (uint32_t)at;
	s->ignored[s->nignored++].len = len;
}

static void note_ignored(struct gen *g, const struct making *m)
{
	const struct one *o = m->o;

	if (!m->rm.memory)
		return;
	if (o->t->map && o->op == 0xae && o->ext == 0) {
		ignore(g->s, m->rm.address + 6, 18);
		ignore(g->s, m->rm.address + 28, 4); /* MXCSR_MASK */
	}
	if (!o->t->map && (o->op == 0xd9 || o->op == 0xdd) && o->ext == 6)
		ignore(g->s, m->rm.address + (m->o16 ? 6 : 12), m->o16 ? 8 : 16);
}

static void put_instruction(struct gen *g, const struct one *o)
{
	const struct template *t = o->t;
	struct making m = {.o = o};
	bool jumps = t->kind == K_JUMP8 || t->kind == K_JUMPZ || t->kind == K_CALL ||
		     t->kind == K_LOOP;

	g->busy = 0;
	m.w = t->flags & T_W && !g->s->bits32 && rnd_one_in(g->r, 2);
	m.o16 = t->flags & T_O16 && !m.w && rnd_one_in(g->r, 3);
	m.size = t->size == 1 ? 1 : m.w ? 8 : m.o16 ? 2 : 4;
	prepare(g, &m);
	if (t->flags & T_M) {
		choose_operand(g, &m);
		prepare_operand(g, &m);
		note_ignored(g, &m);
	}
	begin(g);
	put_prefixes(g, &m);
	if (t->map)
		put_bytes(g, 0x0f, 1);
	put_bytes(g, o->op, 1);
	if (t->flags & T_M)
		put_operand(g, &m);
	put_tail(g, &m);
	end(g);
	if (jumps) {
		begin(g);
		put_bytes(g, FILLER, FILLER_BYTES);
		end(g);
	}
	fill_target(g, &m);
	g->s->undefined = t->undefined;
}

/* repeat() - Until the counter in memory is 0, once more from @back on. */
static void repeat(struct gen *g, unsigned back)
{
	begin(g);
	if (g->s->bits32)
		put_bytes(g, 0x0dff, 2); /* dec dword [COUNTER] */
	else
		put_bytes(g, 0x250cff, 3);
	put_bytes(g, COUNTER, 4);
	end(g);
	begin(g);
	put_bytes(g, 0x850f, 2); /* jnz back */
	put_bytes(g, (uint64_t)(int64_t)((int)back - (int)(g->s->len + 4)), 4);
	end(g);
}

void sequence_make(struct sequence *s, struct rnd *r, unsigned t, bool bits32)
{
	struct gen g = {.s = s, .r = r};
	unsigned before = rnd_one_in(r, 2) ? (unsigned)rnd_below(r, 4) : 0;
	bool loop = rnd_one_in(r, 6);
	unsigned back;

	memset(s, 0, sizeof(*s));
	s->bits32 = bits32;
	loop = templates_count() && loop && !only_last(&ones[t]);
	if (rnd_one_in(r, 8))
		s->start = PAGE - (unsigned)rnd_below(r, 64);
	if (loop)
		set_mem(&g, COUNTER, rnd_one_in(r, 4) ? 64 : 2 + rnd_below(r, 3), 4);
	back = s->len;
	while (before--) {
		unsigned k = (unsigned)rnd_below(r, templates_count());

		if (sequence_ok(k, bits32) && !only_last(&ones[k]))
			put_instruction(&g, &ones[k]);
	}
	put_instruction(&g, &ones[t]);
	if (loop)
		repeat(&g, back);
	begin(&g);
	put_bytes(&g, INT3, 1);
	end(&g);
}
