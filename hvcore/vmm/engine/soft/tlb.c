// SPDX-License-Identifier: GPL-2.0-or-later
/* Forgetting translations. */
#include "hvcore/vmm/engine/soft/soft.h"

static const struct tlb_entry empty = {TLB_NONE, TLB_NONE, TLB_NONE, 0};

static void forget_tlb(struct space *s)
{
	for (unsigned n = 0; n < TLB_SIZE; n++)
		s->tlb[n] = empty;
	memset(s->nonglobal, 0, sizeof(s->nonglobal));
	for (unsigned n = 0; n < 2; n++) {
		s->large[n][0] = ~0ULL;
		s->large[n][1] = 0;
	}
}

void space_forget_jumps(struct cpu *c, struct space *s)
{
	memset(s->jump, 0xff, sizeof(s->jump)); /* no instruction lies at ~0 */
	memset(s->executed, 0, sizeof(s->executed));
	s->exec_nonglobal = false;
	s->gen = gen_new(c->engine);
	if (c->space == s)
		c->gen = s->gen;
}

void mmu_flush(struct cpu *c, bool global)
{
	for (unsigned n = 0; n < 2; n++) {
		struct space *s = &c->spaces[n];
		bool jumps = global || s->exec_nonglobal;

		if (global) {
			forget_tlb(s);
		} else {
			for (unsigned w = 0; w < TLB_SIZE / 64; w++) {
				uint64_t map = s->nonglobal[w];

				for (; map; map &= map - 1)
					s->tlb[w * 64 + __builtin_ctzll(map)] = empty;
				s->nonglobal[w] = 0;
			}
		}
		if (jumps)
			space_forget_jumps(c, s);
	}
}

static bool executed(const struct space *s, uint64_t va)
{
	unsigned bit = page_hash(va);

	return s->executed[bit / 64] >> (bit % 64) & 1;
}

static void flush_page(struct cpu *c, struct space *s, uint64_t va)
{
	const uint64_t *large = s->large[va >> 63];
	struct tlb_entry *t = &s->tlb[va >> PAGE_SHIFT & (TLB_SIZE - 1)];
	bool jumps = executed(s, va);

	*t = empty;
	/* INVLPG of any address of a large page voids all of it. */
	if (va >= large[0] && va < large[1]) {
		for (unsigned n = 0; n < TLB_SIZE; n++) {
			t = &s->tlb[n];
			if (!((t->read ^ va) >> 22) || !((t->exec ^ va) >> 22))
				*t = empty;
		}
		jumps = true;
	}
	if (jumps)
		space_forget_jumps(c, s);
}

void mmu_flush_page(struct cpu *c, uint64_t va)
{
	flush_page(c, &c->spaces[0], va);
	flush_page(c, &c->spaces[1], va);
}

void tlb_withdraw_writes(struct engine *e, uint64_t pa)
{
	uintptr_t host = (uintptr_t)e->ram->base + (pa & PAGE_MASK);

	for (unsigned v = 0; v < e->vcpus; v++)
		for (unsigned n = 0; n < 2; n++)
			for (unsigned k = 0; k < TLB_SIZE; k++) {
				struct tlb_entry *t = &e->cpu[v]->spaces[n].tlb[k];

				if (pa == NO_PAGE || t->write + t->addend == host)
					t->write = TLB_NONE;
			}
}
