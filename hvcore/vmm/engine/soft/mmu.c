// SPDX-License-Identifier: GPL-2.0-or-later
/* The page walk (SDM 3A chapter 4) and filling of the TLB. */
#include "hvcore/vmm/engine/soft/soft.h"

enum { /* page-table entries */
       PTE_P = 1,
       PTE_W = 2,
       PTE_U = 4,
       PTE_A = 1 << 5,
       PTE_D = 1 << 6,
       PTE_PS = 1 << 7,
       PTE_G = 1 << 8,
};
#define PTE_NX   (1ULL << 63)
#define PTE_ADDR 0x000ffffffffff000ULL
/* Physical address bits above PHYS_BITS are reserved. */
#define PTE_HIGH (0x000fffffffffffffULL & ~((1ULL << PHYS_BITS) - 1))

struct walk {
	uint64_t pa;    /* of the address itself */
	uint64_t perms; /* PTE_W, PTE_U, ANDed over the levels; PTE_NX ORed */
	uint64_t leaf;
	bool large;
	unsigned n;        /* entries used */
	uint64_t entry[4]; /* their addresses; the last is the leaf's */
	unsigned size;     /* bytes of an entry: 4 or 8 */
};

static uint64_t entry_read(struct cpu *c, uint64_t pa, unsigned size)
{
	return phys_read(c, pa, size);
}

/* step() - Take entry @e of @w: 0 or PF_P, PF_RSVD bits of the error code; @done at a leaf. */
static int step(struct cpu *c, struct walk *w, uint64_t e, uint64_t reserved)
{
	w->leaf = e;
	if (!(e & PTE_P))
		return 0;
	if (w->size == 8 && !(c->efer & EFER_NXE))
		reserved |= PTE_NX;
	if (e & reserved)
		return PF_P | PF_RSVD;
	w->perms = (w->perms & (e | PTE_NX)) | (e & PTE_NX);
	return -1;
}

/* The walks return -1, or the error code's P and RSVD bits. */
static int walk_wide(struct cpu *c, uint64_t va, struct walk *w)
{
	bool lma = c->efer & EFER_LMA;
	uint64_t table = c->cr3 & PTE_ADDR & ~PTE_HIGH;
	int top = 3;

	w->size = 8;
	if (!lma) {
		uint64_t e = c->pdpte[va >> 30 & 3];

		if (!(e & PTE_P))
			return 0;
		table = e & PTE_ADDR;
		top = 1;
	}
	for (int level = top; level >= 0; level--) {
		unsigned shift = PAGE_SHIFT + 9 * level;
		uint64_t at = table + (va >> shift & 511) * 8, reserved = PTE_HIGH, e;
		int err;

		e = entry_read(c, at, 8);
		w->entry[w->n++] = at;
		/* No 1 GiB pages in taiki-base; a 2 MiB page has an aligned address. */
		if (level >= 2)
			reserved |= PTE_PS;
		else if (level == 1 && (e & PTE_PS))
			reserved |= 0x1fe000;
		if (!lma)
			reserved |= 0x7ff0000000000000ULL;
		err = step(c, w, e, reserved);
		if (err >= 0)
			return err;
		table = e & PTE_ADDR;
		if (level == 1 && (e & PTE_PS)) {
			w->large = true;
			w->pa = (e & PTE_ADDR & ~0x1fffffULL) | (va & 0x1fffff);
			return -1;
		}
	}
	w->pa = table | (va & ~PAGE_MASK);
	return -1;
}

static int walk_narrow(struct cpu *c, uint64_t va, struct walk *w)
{
	uint64_t at = (c->cr3 & 0xfffff000) + (va >> 22 & 1023) * 4, e = entry_read(c, at, 4);
	bool large = (e & PTE_PS) && (c->cr4 & CR4_PSE);
	int err;

	w->size = 4;
	w->entry[w->n++] = at;
	err = step(c, w, e, large ? 0x3fe000 : 0);
	if (err >= 0)
		return err;
	if (large) {
		w->large = true;
		w->pa = (e & 0xffc00000) | (va & 0x3fffff);
		return -1;
	}
	at = (e & 0xfffff000) + (va >> 12 & 1023) * 4;
	e = entry_read(c, at, 4);
	w->entry[w->n++] = at;
	err = step(c, w, e, 0);
	w->pa = (e & 0xfffff000) | (va & ~PAGE_MASK);
	return err;
}

/* entry_set() - Set @bits in an entry; page tables are RAM like any other. */
static void entry_set(struct cpu *c, struct insn *i, const struct walk *w, unsigned n,
		      uint64_t bits)
{
	struct engine *e = c->engine;
	uint64_t pa = w->entry[n], v = entry_read(c, pa, w->size);
	uint8_t *p;

	if ((v & bits) == bits || !is_ram(e, pa))
		return;
	if (has_code(e, pa))
		code_write(e, c, i, pa, w->size);
	mark_dirty(e, pa);
	p = e->ram->base + pa;
	__atomic_fetch_or((uint32_t *)p, (uint32_t)bits, __ATOMIC_RELAXED);
}

static bool allowed(const struct cpu *c, const struct walk *w, enum access acc, bool user)
{
	if (user && !(w->perms & PTE_U))
		return false;
	if (acc == ACC_WRITE && !(w->perms & PTE_W) && (user || (c->cr0 & CR0_WP)))
		return false;
	return acc != ACC_EXEC || !(w->perms & PTE_NX);
}

/* watched() - Whether a data breakpoint lies in the page of @va. */
static bool watched(const struct cpu *c, uint64_t va)
{
	for (unsigned n = 0; n < 4; n++)
		if ((c->dr[7] >> (2 * n) & 3) && !((c->dr[n] ^ va) & PAGE_MASK))
			return true;
	return false;
}

static void fill(struct cpu *c, uint64_t va, const struct walk *w, enum access acc, bool user)
{
	struct engine *e = c->engine;
	struct space *s = &c->spaces[user];
	unsigned slot = va >> PAGE_SHIFT & (TLB_SIZE - 1);
	struct tlb_entry *t = &s->tlb[slot];
	uint64_t page = va & PAGE_MASK, tag = page;
	bool global = (w->leaf & PTE_G) && (c->cr4 & CR4_PGE);

	if (!is_ram(e, w->pa))
		return;
	if (acc == ACC_WRITE)
		mark_dirty(e, w->pa);
	if (unlikely(c->slow) && watched(c, va))
		tag = TLB_NONE;
	t->addend = (uintptr_t)(e->ram->base + (w->pa & PAGE_MASK)) - page;
	t->read = tag;
	t->exec = w->perms & PTE_NX ? TLB_NONE : page;
	t->write = TLB_NONE;
	if (allowed(c, w, ACC_WRITE, user) && (w->leaf & PTE_D) && !has_code(e, w->pa)) {
		uint32_t n = ram_page(e, w->pa);

		if (!e->dirty_on || (e->dirty[n / 64] >> (n % 64) & 1))
			t->write = tag;
	}
	s->nonglobal[slot / 64] &= ~(1ULL << (slot % 64));
	if (!global)
		s->nonglobal[slot / 64] |= 1ULL << (slot % 64);
	if (acc == ACC_EXEC && !global)
		s->exec_nonglobal = true;
	if (w->large) {
		uint64_t *range = s->large[va >> 63];

		if (va < range[0])
			range[0] = va & ~0x3fffffULL;
		if (va >= range[1])
			range[1] = (va | 0x3fffff) + 1 ? (va | 0x3fffff) + 1 : ~0ULL;
	}
}

_Noreturn static void page_fault(struct cpu *c, struct insn *i, uint64_t va, uint32_t error)
{
	c->cr2 = va;
	fault(c, i, EXC_PF, error);
}

/* not_canonical() - #SS for stack accesses, else #GP. */
_Noreturn static void not_canonical(struct cpu *c, struct insn *i, bool write)
{
	bool stack = false;

	if (i && i->seg != SEG_BRANCH)
		stack = i->seg == SEG_SS ||
			(i->seg == SEG_NONE && (i->base == REG_SP || i->base == REG_BP));
	/* CALL and PUSH of an operand write to the stack and nowhere else. */
	if (i && i->op == 0xff && write && i->modrm & 0x30)
		stack = true;
	fault(c, i, stack ? EXC_SS : EXC_GP, 0);
}

uint64_t mmu_translate(struct cpu *c, struct insn *i, uint64_t va, enum access acc, bool user)
{
	struct walk w = {.perms = PTE_W | PTE_U};
	uint32_t error = acc == ACC_WRITE ? PF_W : 0;
	int err;

	if (!(c->cr0 & CR0_PG)) {
		va = (uint32_t)va;
		w.pa = va;
		w.leaf = PTE_D;
		fill(c, va, &w, acc, user);
		return va;
	}
	if (c->efer & EFER_LMA) {
		if (unlikely((uint64_t)((int64_t)(va << 16) >> 16) != va))
			not_canonical(c, i, acc == ACC_WRITE);
	} else {
		va = (uint32_t)va;
	}
	err = c->cr4 & CR4_PAE ? walk_wide(c, va, &w) : walk_narrow(c, va, &w);
	if (user)
		error |= PF_U;
	if (acc == ACC_EXEC && (c->efer & EFER_NXE) && (c->cr4 & CR4_PAE))
		error |= PF_I;
	if (err >= 0)
		page_fault(c, i, va, error | err);
	if (!allowed(c, &w, acc, user))
		page_fault(c, i, va, error | PF_P);
	for (unsigned n = 0; n + 1 < w.n; n++)
		entry_set(c, i, &w, n, PTE_A);
	entry_set(c, i, &w, w.n - 1, acc == ACC_WRITE ? PTE_A | PTE_D : PTE_A);
	if (acc == ACC_WRITE)
		w.leaf |= PTE_D;
	fill(c, va, &w, acc, user);
	return w.pa;
}

bool mmu_load_pdptes(struct cpu *c, uint64_t cr3)
{
	uint64_t e[4];

	for (unsigned n = 0; n < 4; n++) {
		e[n] = phys_read(c, (cr3 & 0xffffffe0) + 8 * n, 8);
		if ((e[n] & PTE_P) && (e[n] & (PTE_HIGH | 0xfff0000000000000ULL | 0x1e6)))
			return false;
	}
	memcpy(c->pdpte, e, sizeof(e));
	return true;
}
