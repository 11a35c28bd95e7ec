/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paging, the soft TLB and everything between a linear address and a host pointer. */
#ifndef SOFT_MMU_H
#define SOFT_MMU_H

#include "hvcore/vmm/engine/soft/cpu.h"

enum { /* page-fault error code */
       PF_P = 1,
       PF_W = 2,
       PF_U = 4,
       PF_RSVD = 8,
       PF_I = 16,
};
enum access { ACC_READ = 0, ACC_WRITE = PF_W, ACC_EXEC = PF_I };

/*
 * mmu_translate() - The physical address of @va for @acc by privilege @user
 * (implicit accesses to descriptor tables are the supervisor's).  Fills the
 * TLB.  Raises #PF, #GP or #SS at @i.
 */
uint64_t mmu_translate(struct cpu *c, struct insn *i, uint64_t va, enum access acc, bool user);

/* mem_host() - The host address of @va if the rest of its page is plain RAM for @write; else NULL. */
void *mem_host(struct cpu *c, struct insn *i, uint64_t va, bool write);

/* sys_read(), sys_write() - Supervisor accesses of descriptor tables and TSS, @size 1..8. */
uint64_t sys_read(struct cpu *c, struct insn *i, uint64_t va, unsigned size);
void sys_write(struct cpu *c, struct insn *i, uint64_t va, unsigned size, uint64_t v);

/* phys_read(), phys_write() - A physical access that may be MMIO, @size 1..8, inside one page. */
uint64_t phys_read(struct cpu *c, uint64_t pa, unsigned size);
void phys_write(struct cpu *c, struct insn *i, uint64_t pa, unsigned size, uint64_t v);

/* mmu_flush() - Forget translations: all, or all but global ones; mmu_flush_page() one page's. */
void mmu_flush(struct cpu *c, bool global);
void mmu_flush_page(struct cpu *c, uint64_t va);
/* mmu_load_pdptes() - PAE paging's four entries, at a load of CR3 or CR0/CR4: false = #GP. */
bool mmu_load_pdptes(struct cpu *c, uint64_t cr3);

/* page_hash() - A page's bit in space.executed. */
HOT unsigned page_hash(uint64_t va)
{
	return ((va >> PAGE_SHIFT) * 0x9e3779b97f4a7c15ULL >> 54) | (unsigned)(va >> 63) << 10;
}

/* space_forget_jumps() - Forget blocks by address; chains across pages become void. */
void space_forget_jumps(struct cpu *c, struct space *s);

#endif
