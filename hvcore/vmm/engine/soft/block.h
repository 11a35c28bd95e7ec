/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks: straight runs of decoded instructions, found by physical address.
 *
 * A block ends at a branch, at the end of the page, after 32 instructions, or
 * after an instruction that changes how the next one is to be decoded.  Behind
 * its last instruction stands a pseudo-instruction (INSN_END) which goes on to
 * what follows.  An instruction that crosses a page stands alone in its block,
 * and is found only by address (never chained), so that both pages are checked.
 *
 * Branches hold a chain to their target: for ever inside the page (GEN_PAGE;
 * a page's blocks are dropped together), else in one generation of the
 * space's mapping.
 *
 * Memory comes from one pool per engine, which is emptied as a whole when full.
 */
#ifndef SOFT_BLOCK_H
#define SOFT_BLOCK_H

#include "hvcore/vmm/engine/soft/insn.h"

enum {
	BLOCK_INSNS = 32,
	GEN_NONE = 0,
	GEN_PAGE = 1,
	GEN_FIRST = 2,
};

struct block {
	struct block *hash_next;
	struct block *page_next[2]; /* the next block of the first, the second page */
	uint64_t pa;                /* of the first byte */
	uint64_t pa2;               /* of the second page, or NO_PAGE */
	insn_fn *code;              /* native code, or native_none() */
	uint16_t n;                 /* instructions without the pseudo one */
	uint16_t bytes;
	uint8_t mode;
	uint8_t tail;     /* the instruction that native code jumps to: its last */
	bool fused, ends; /* by what the last instruction is */
	bool dead;        /* its bytes were written: not in the tables any more */
	struct insn insn[];
};
#define NO_PAGE (~0ULL)

/* block_find() - The block at r[REG_IP], decoded if need be; faults as the fetch would. */
struct block *block_find(struct cpu *c);

/* branch_link(), branch_lookup() - The slow ways to the block at r[REG_IP]; @i's chain is set. */
insn_fn branch_link, branch_lookup;
/* native_none() - In place of native code: the loop goes on with the instruction given. */
insn_fn native_none;
/* op_block_end() - The pseudo-instruction; op_resync() - Go on by address: the rest was overwritten. */
insn_fn op_block_end, op_resync;

HOT struct insn *block_enter(struct cpu *c, struct block *b)
{
	c->left -= b->n;
	if (unlikely(c->left < 0) ||
	    unlikely(atomic_load_explicit(&c->attention, memory_order_relaxed))) {
		c->left += b->n;
		return NULL;
	}
	return b->code(c, b->insn);
}

/* branch_direct() - Take the direct branch @i (or go on behind the block, if it is the pseudo one). */
HOT struct insn *branch_direct(struct cpu *c, struct insn *i)
{
	c->r[REG_IP] += (int64_t)i->disp;
	if (likely(i->gen == GEN_PAGE) || likely(i->gen == c->gen))
		return block_enter(c, i->chain);
	return branch_link(c, i);
}

HOT struct jump *jump_slot(struct space *s, uint64_t la)
{
	return &s->jump[(la ^ la >> JC_BITS) & (JC_SIZE - 1)];
}

/* branch_indirect() - Go on at r[REG_IP]. */
HOT struct insn *branch_indirect(struct cpu *c, struct insn *i)
{
	uint64_t la = c->r[REG_IP] + c->seg[SEG_CS].base;
	struct jump *j = jump_slot(c->space, la);

	if (likely(j->ip == la))
		return block_enter(c, j->block);
	return branch_lookup(c, i);
}

#endif
