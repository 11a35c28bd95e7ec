// SPDX-License-Identifier: GPL-2.0-or-later
/* Power-up and INIT state (SDM 3A table 9-1), and the PVH entry. */
#include "hvcore/vmm/engine/soft/fpu.h"
#include "hvcore/vmm/engine/soft/lapic.h"
#include "hvcore/vmm/engine/soft/msr.h"
#include "hvcore/vmm/engine/soft/soft.h"

enum {
	CR0_RESET = 0x60000010,
	DATA_REAL = SEG_P | SEG_S | SEG_WRITE | SEG_ACCESSED,
	CODE_REAL = DATA_REAL | SEG_CODE,
	LDT = SEG_P | 2,
	TSS_BUSY = SEG_P | 11,
};

static void reset_msrs(struct cpu *c)
{
	c->efer = 0;
	c->star = c->lstar = c->cstar = c->sfmask = c->kernel_gs_base = c->tsc_aux = 0;
	c->sysenter_cs = c->sysenter_esp = c->sysenter_eip = 0;
	c->apic_base = 0xfee00000 | APIC_BASE_ENABLE | (c->index ? 0 : APIC_BASE_BSP);
	c->misc_enable = 1;
	c->pat = 0x0007040600070406ULL;
	c->kvm_system_time = c->kvm_wall_clock = 0;
	c->tsc_offset = 0;
}

void cpu_reset(struct cpu *c, bool init)
{
	uint64_t cr0 = init ? c->cr0 & 0x60000000 : 0x60000000;

	memset(c->r, 0, sizeof(c->r));
	c->r[REG_DX] = 0x106ca;
	c->r[REG_IP] = 0xfff0;
	c->fl = c->of = 0;
	c->eflags = F_ONE;
	c->cpl = 0;
	for (unsigned n = SEG_ES; n <= SEG_GS; n++)
		c->seg[n] = (struct seg){.limit = 0xffff, .attr = DATA_REAL};
	c->seg[SEG_NONE] = (struct seg){.limit = 0xffffffff, .attr = DATA_REAL};
	c->seg[SEG_CS] =
		(struct seg){.sel = 0xf000, .base = 0xffff0000, .limit = 0xffff, .attr = CODE_REAL};
	c->seg[SEG_LDTR] = (struct seg){.limit = 0xffff, .attr = LDT};
	c->seg[SEG_TR] = (struct seg){.limit = 0xffff, .attr = TSS_BUSY};
	c->gdtr.base = c->idtr.base = 0;
	c->gdtr.limit = c->idtr.limit = 0xffff;
	c->cr0 = cr0 | 0x10;
	c->cr2 = c->cr3 = c->cr4 = 0;
	memset(c->dr, 0, sizeof(c->dr));
	c->dr[6] = 0xffff0ff0;
	c->dr[7] = 0x400;
	c->shadow = 0;
	c->nmi_masked = false;
	c->slow = false;
	if (init) {
		c->efer = 0;
	} else {
		reset_msrs(c);
		fpu_reset(c);
		/* As firmware's FNINIT leaves it, and as KVM starts. */
		c->fpu.fcw = FCW_INIT;
		c->fpu.ftw = 0;
	}
	lapic_reset(c);
	atomic_store(&c->events, atomic_load(&c->events) & (init ? EV_SIPI : 0));
	c->halted = c->index ? CPU_WAIT_SIPI : CPU_RUNNING;
	mmu_flush(c, true);
	cpu_update(c);
}

void cpu_boot(struct cpu *c, uint32_t ip, uint32_t bx)
{
	const unsigned flat = SEG_G | SEG_DB | SEG_P | SEG_S | SEG_WRITE | SEG_ACCESSED;

	/* x86/hvm/start_info.h: flat 4 GiB segments, paging off, EBX = start info. */
	for (unsigned n = SEG_ES; n <= SEG_GS; n++)
		c->seg[n] = (struct seg){.sel = 0x10, .limit = 0xffffffff, .attr = flat};
	c->seg[SEG_CS] = (struct seg){.sel = 0x08, .limit = 0xffffffff, .attr = flat | SEG_CODE};
	c->seg[SEG_TR].limit = 0x67;
	c->cr0 = CR0_PE | 0x10;
	memset(c->r, 0, sizeof(c->r));
	c->r[REG_IP] = ip;
	c->r[REG_BX] = bx;
	mmu_flush(c, true);
	cpu_update(c);
}
