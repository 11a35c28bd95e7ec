// SPDX-License-Identifier: GPL-2.0-or-later
/* System instructions: control and debug registers, MSRs, tables, flags, HLT, CPUID. */
#include "hvcore/vmm/engine/soft/lapic.h"
#include "hvcore/vmm/engine/soft/msr.h"
#include "hvcore/vmm/engine/soft/op_tables.h"
#include "hvcore/vmm/engine/soft/soft.h"

struct insn *op_ud(struct cpu *c, struct insn *i)
{
	fault(c, i, EXC_UD, 0);
}

struct insn *op_gp(struct cpu *c, struct insn *i)
{
	fault(c, i, EXC_GP, 0);
}

struct insn *op_fp_nm(struct cpu *c, struct insn *i)
{
	fault(c, i, EXC_NM, 0);
}

/* privileged() - #GP(0) outside ring 0. */
static void privileged(struct cpu *c, struct insn *i)
{
	if (c->cpl)
		fault(c, i, EXC_GP, 0);
}

struct insn *op_hlt(struct cpu *c, struct insn *i)
{
	privileged(c, i);
	c->halted = CPU_HALTED;
	cpu_attention(c);
	return resume(c, i);
}

/* PAUSE: somebody else may be waited for. */
struct insn *op_pause(struct cpu *c, struct insn *i)
{
	if (c->engine->vcpus == 1)
		return NEXT(c, i);
	c->yields = true;
	cpu_attention(c);
	return resume(c, i);
}

static bool io_privilege(const struct cpu *c)
{
	return c->cpl <= (c->eflags & F_IOPL) >> 12;
}

struct insn *op_cli(struct cpu *c, struct insn *i)
{
	if (!io_privilege(c) && !(c->mode & MODE_REAL))
		fault(c, i, EXC_GP, 0);
	c->eflags &= ~F_IF;
	return NEXT(c, i);
}

struct insn *op_sti(struct cpu *c, struct insn *i)
{
	if (!io_privilege(c) && !(c->mode & MODE_REAL))
		fault(c, i, EXC_GP, 0);
	if (c->eflags & F_IF)
		return NEXT(c, i);
	c->eflags |= F_IF;
	/* Nothing is pending: whatever comes now is later than the shadow. */
	if (likely(!atomic_load_explicit(&c->events, memory_order_relaxed)))
		return NEXT(c, i);
	c->shadow = 1;
	cpu_attention(c);
	return resume(c, i);
}

struct insn *op_cld(struct cpu *c, struct insn *i)
{
	c->eflags &= ~F_DF;
	return NEXT(c, i);
}

struct insn *op_std(struct cpu *c, struct insn *i)
{
	c->eflags |= F_DF;
	return NEXT(c, i);
}

struct insn *op_clc(struct cpu *c, struct insn *i)
{
	c->fl &= ~F_CF;
	return NEXT(c, i);
}

struct insn *op_stc(struct cpu *c, struct insn *i)
{
	c->fl |= F_CF;
	return NEXT(c, i);
}

struct insn *op_cmc(struct cpu *c, struct insn *i)
{
	c->fl ^= F_CF;
	return NEXT(c, i);
}

struct insn *op_cpuid(struct cpu *c, struct insn *i)
{
	const struct engine *e = c->engine;
	const struct kvm_cpuid_entry2 *found = NULL;
	uint32_t leaf = c->r[REG_AX], index = c->r[REG_CX];

	for (unsigned n = 0; n < e->ncpuid && !found; n++) {
		const struct kvm_cpuid_entry2 *k = &e->cpuid[c->index][n];

		if (k->function == leaf &&
		    (!(k->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) || k->index == index))
			found = k;
	}
	c->r[REG_AX] = found ? found->eax : 0;
	c->r[REG_BX] = found ? found->ebx : 0;
	c->r[REG_CX] = found ? found->ecx : 0;
	c->r[REG_DX] = found ? found->edx : 0;
	/* The APIC bit follows the switch in APIC_BASE. */
	if (leaf == 1 && !(c->apic_base & APIC_BASE_ENABLE))
		c->r[REG_DX] &= ~(1ULL << 9);
	return NEXT(c, i);
}

struct insn *op_rdtsc(struct cpu *c, struct insn *i)
{
	uint64_t v;

	if ((c->cr4 & CR4_TSD) && c->cpl)
		fault(c, i, EXC_GP, 0);
	v = tsc_read(c);
	c->r[REG_AX] = (uint32_t)v;
	c->r[REG_DX] = v >> 32;
	return NEXT(c, i);
}

struct insn *op_rdtscp(struct cpu *c, struct insn *i)
{
	uint64_t v;

	if ((c->cr4 & CR4_TSD) && c->cpl)
		fault(c, i, EXC_GP, 0);
	v = tsc_read(c);
	c->r[REG_AX] = (uint32_t)v;
	c->r[REG_DX] = v >> 32;
	c->r[REG_CX] = (uint32_t)c->tsc_aux;
	return NEXT(c, i);
}

/* No performance counters in taiki-base. */
struct insn *op_rdpmc(struct cpu *c, struct insn *i)
{
	fault(c, i, EXC_GP, 0);
}

struct insn *op_rdmsr(struct cpu *c, struct insn *i)
{
	uint64_t v;

	privileged(c, i);
	if (!msr_read(c, c->r[REG_CX], &v))
		fault(c, i, EXC_GP, 0);
	c->r[REG_AX] = (uint32_t)v;
	c->r[REG_DX] = v >> 32;
	return NEXT(c, i);
}

struct insn *op_wrmsr(struct cpu *c, struct insn *i)
{
	privileged(c, i);
	if (!msr_write(c, c->r[REG_CX], c->r[REG_DX] << 32 | (uint32_t)c->r[REG_AX], false))
		fault(c, i, EXC_GP, 0);
	return resume(c, i);
}

/* control_register() - #UD for one that does not exist comes before #GP for privilege. */
static void control_register(struct cpu *c, struct insn *i)
{
	if (i->reg != 0 && i->reg != 2 && i->reg != 3 && i->reg != 4 && i->reg != 8)
		fault(c, i, EXC_UD, 0);
	privileged(c, i);
}

struct insn *op_mov_from_cr(struct cpu *c, struct insn *i)
{
	uint64_t v;

	control_register(c, i);
	switch (i->reg) {
	case 0: v = c->cr0; break;
	case 2: v = c->cr2; break;
	case 3: v = c->cr3; break;
	case 4: v = c->cr4; break;
	case 8: v = c->lapic->tpr >> 4; break;
	default: fault(c, i, EXC_UD, 0);
	}
	c->r[i->rm] = mode_is64(c) ? v : (uint32_t)v;
	return NEXT(c, i);
}

struct insn *op_mov_to_cr(struct cpu *c, struct insn *i)
{
	uint64_t v = c->r[i->rm];

	control_register(c, i);
	if (!mode_is64(c))
		v = (uint32_t)v;
	switch (i->reg) {
	case 0:
		if (!cr0_write(c, v))
			fault(c, i, EXC_GP, 0);
		break;
	case 2: c->cr2 = v; break;
	case 3:
		if (!cr3_write(c, v))
			fault(c, i, EXC_GP, 0);
		break;
	case 4:
		if (!cr4_write(c, v))
			fault(c, i, EXC_GP, 0);
		break;
	case 8:
		if (v & ~15ULL)
			fault(c, i, EXC_GP, 0);
		lapic_set_cr8(c, v);
		break;
	default: fault(c, i, EXC_UD, 0);
	}
	return resume(c, i);
}

enum { DR7_GD = 1 << 13, DR6_BD = 1 << 13 };

/* debug_check() - DR4 and DR5 are DR6 and DR7 unless CR4.DE; general detect. */
static unsigned debug_check(struct cpu *c, struct insn *i)
{
	unsigned n = i->reg;

	if (n == 4 || n == 5) {
		if (c->cr4 & CR4_DE)
			fault(c, i, EXC_UD, 0);
		n += 2;
	}
	if (n > 7)
		fault(c, i, EXC_UD, 0);
	privileged(c, i);
	if (c->dr[7] & DR7_GD) {
		c->dr[7] &= ~(uint64_t)DR7_GD;
		c->dr[6] |= DR6_BD;
		fault(c, i, EXC_DB, 0);
	}
	return n;
}

struct insn *op_mov_from_dr(struct cpu *c, struct insn *i)
{
	uint64_t v = c->dr[debug_check(c, i)];

	c->r[i->rm] = mode_is64(c) ? v : (uint32_t)v;
	return NEXT(c, i);
}

struct insn *op_mov_to_dr(struct cpu *c, struct insn *i)
{
	unsigned n = debug_check(c, i);
	uint64_t v = c->r[i->rm];

	if (!mode_is64(c))
		v = (uint32_t)v;
	if (n >= 6 && v >> 32)
		fault(c, i, EXC_GP, 0);
	if (n == 6)
		v = (v & 0xe00f) | 0xffff0ff0;
	else if (n == 7)
		v = (v & 0xffff23ff) | 0x400;
	c->dr[n] = v;
	/* Entries were made for other breakpoints. */
	if (c->slow)
		mmu_flush(c, true);
	cpu_flags_loaded(c);
	return resume(c, i);
}

struct insn *op_clts(struct cpu *c, struct insn *i)
{
	privileged(c, i);
	c->cr0 &= ~(uint64_t)CR0_TS;
	cpu_update(c);
	return resume(c, i);
}

struct insn *op_lmsw(struct cpu *c, struct insn *i)
{
	uint16_t v;

	privileged(c, i);
	v = c->r[i->rm];
	if (i->modrm >> 6 != 3)
		v = mem_read16(c, i, insn_ea(c, i, FORM_GEN, 2, false));
	/* PE can be set but not cleared. */
	cr0_write(c, (c->cr0 & ~14ULL) | (v & 15));
	return resume(c, i);
}

struct insn *op_smsw_reg(struct cpu *c, struct insn *i)
{
	reg_set(c, i->rm, i->flags & INSN_OP64 ? 64 : i->flags & INSN_OP16 ? 16 : 32, c->cr0);
	return NEXT(c, i);
}

struct insn *op_smsw_mem(struct cpu *c, struct insn *i)
{
	mem_write16(c, i, insn_ea(c, i, FORM_GEN, 2, true), c->cr0);
	return NEXT(c, i);
}

struct insn *op_invlpg(struct cpu *c, struct insn *i)
{
	privileged(c, i);
	mmu_flush_page(c, insn_ea(c, i, FORM_GEN, 1, false));
	return resume(c, i);
}

struct insn *op_swapgs(struct cpu *c, struct insn *i)
{
	uint64_t v = c->seg[SEG_GS].base;

	privileged(c, i);
	c->seg[SEG_GS].base = c->kernel_gs_base;
	c->kernel_gs_base = v;
	return NEXT(c, i);
}

struct insn *op_wbinvd(struct cpu *c, struct insn *i)
{
	privileged(c, i);
	return NEXT(c, i);
}

/* CLFLUSH faults as a read does. */
struct insn *op_clflush(struct cpu *c, struct insn *i)
{
	mem_read8(c, i, insn_ea(c, i, FORM_GEN, 1, false));
	return NEXT(c, i);
}

struct insn *op_fence(struct cpu *c, struct insn *i)
{
	__asm__ volatile("mfence" : : : "memory");
	return NEXT(c, i);
}
