// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From block to block: the jump cache, chains between blocks, and leaving one in
 * the middle.
 */
#include "hvcore/vmm/engine/soft/soft.h"

/* remember() - @b was found at @la: the page's jumps depend on its translation. */
static void remember(struct cpu *c, uint64_t la)
{
	unsigned bit = page_hash(la);

	c->space->executed[bit / 64] |= 1ULL << (bit % 64);
}

struct insn *branch_lookup(struct cpu *c, struct insn *i)
{
	struct block *b;

	if (unlikely(c->slow || c->shadow))
		return NULL; /* run.c steps */
	b = block_find(c);
	if (b->pa2 == NO_PAGE && b != c->scratch && !c->engine->cache.flush_always) {
		uint64_t la = c->r[REG_IP] + c->seg[SEG_CS].base;

		*jump_slot(c->space, la) = (struct jump){la, b};
		remember(c, la);
	}
	return block_enter(c, b);
}

struct insn *branch_link(struct cpu *c, struct insn *i)
{
	uint32_t epoch = c->engine->cache.epoch, gen = c->gen;
	uint64_t from = c->r[REG_IP] - (int64_t)i->disp, la;
	struct block *b;

	if (unlikely(c->slow || c->shadow))
		return NULL; /* run.c steps */
	b = block_find(c);
	/* An emptied cache took @i with it. */
	if (b->pa2 != NO_PAGE || b == c->scratch || epoch != c->engine->cache.epoch ||
	    c->engine->cache.flush_always || gen != c->gen)
		return block_enter(c, b);
	la = c->r[REG_IP] + c->seg[SEG_CS].base;
	remember(c, la);
	i->chain = b;
	/* The branch itself lies at from + off, in the page of its block unless that crosses. */
	from += c->seg[SEG_CS].base;
	if (((from + i->off) & PAGE_MASK) == (la & PAGE_MASK) &&
	    (from & PAGE_MASK) == (la & PAGE_MASK))
		i->gen = GEN_PAGE;
	else
		i->gen = c->gen;
	return block_enter(c, b);
}

struct insn *op_block_end(struct cpu *c, struct insn *i)
{
	return branch_direct(c, i);
}

struct insn *resume(struct cpu *c, struct insn *i)
{
	c->left += insns_left(i);
	c->r[REG_IP] = insn_next_ip(c, i);
	if (!mode_is64(c))
		c->r[REG_IP] = (uint32_t)c->r[REG_IP];
	return NULL;
}

struct insn *op_resync(struct cpu *c, struct insn *i)
{
	c->left += insns_left(i) + 1;
	c->r[REG_IP] += i->off;
	return NULL;
}

unsigned insns_left(const struct insn *i)
{
	unsigned n = 0;

	while (!(i[1].flags & INSN_END)) {
		i++;
		n++;
	}
	return n;
}
