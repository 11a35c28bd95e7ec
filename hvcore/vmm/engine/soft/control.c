// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes of CR0, CR3 and CR4 (SDM 3A §2.5): what is refused and what follows. */
#include "hvcore/vmm/engine/soft/soft.h"

enum {
	CR0_ET = 1 << 4,
	CR0_NW = 1 << 29,
	CR0_CD = 1 << 30,
	CR4_VME = 1 << 0,
	/* What taiki-base offers: DE PSE TSD PAE MCE(ignored) PGE PCE OSFXSR OSXMMEXCPT. */
	CR4_KNOWN = CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | 1 << 6 | CR4_PGE | 1 << 8 | CR4_OSFXSR |
		    1 << 10,
};

/* pae_entries() - Load the PDPTEs if this state of the registers uses them. */
static bool pae_entries(struct cpu *c, uint64_t cr0, uint64_t cr3, uint64_t cr4)
{
	if (!(cr0 & CR0_PG) || !(cr4 & CR4_PAE) || (c->efer & (EFER_LMA | EFER_LME)))
		return true;
	return mmu_load_pdptes(c, cr3);
}

bool cr0_write(struct cpu *c, uint64_t v)
{
	uint64_t old = c->cr0;

	if (v >> 32 || ((v & CR0_PG) && !(v & CR0_PE)) || ((v & CR0_NW) && !(v & CR0_CD)))
		return false;
	v = (v & (CR0_PG | CR0_CD | CR0_NW | CR0_AM | CR0_WP | CR0_NE | CR0_TS | CR0_EM | CR0_MP |
		  CR0_PE)) |
	    CR0_ET;
	if ((v & CR0_PG) && !(old & CR0_PG)) {
		if (c->efer & EFER_LME) {
			if (!(c->cr4 & CR4_PAE) || (c->seg[SEG_CS].attr & SEG_L))
				return false;
			c->efer |= EFER_LMA;
		} else if (!pae_entries(c, v, c->cr3, c->cr4)) {
			return false;
		}
	} else if (!(v & CR0_PG) && (old & CR0_PG)) {
		if (mode_is64(c))
			return false;
		c->efer &= ~(uint64_t)EFER_LMA;
	}
	c->cr0 = v;
	if (!(v & CR0_PE))
		c->cpl = 0;
	if ((v ^ old) & (CR0_PG | CR0_WP | CR0_PE))
		mmu_flush(c, true);
	cpu_update(c);
	return true;
}

bool cr3_write(struct cpu *c, uint64_t v)
{
	if ((c->efer & EFER_LMA) && v >> PHYS_BITS)
		return false;
	if (!pae_entries(c, c->cr0, v, c->cr4))
		return false;
	c->cr3 = v;
	mmu_flush(c, false);
	return true;
}

bool cr4_write(struct cpu *c, uint64_t v)
{
	uint64_t old = c->cr4;

	if (v & ~(uint64_t)CR4_KNOWN)
		return false;
	if ((c->efer & EFER_LMA) && !(v & CR4_PAE))
		return false;
	if (((v ^ old) & (CR4_PAE | CR4_PSE | CR4_PGE)) && !pae_entries(c, c->cr0, c->cr3, v))
		return false;
	c->cr4 = v;
	if ((v ^ old) & (CR4_PAE | CR4_PSE | CR4_PGE))
		mmu_flush(c, true);
	cpu_update(c);
	return true;
}
