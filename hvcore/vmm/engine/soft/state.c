// SPDX-License-Identifier: GPL-2.0-or-later
/* A vCPU's state in KVM's structures. */
#include <errno.h>

#include "hvcore/vmm/engine/soft/fpu.h"
#include "hvcore/vmm/engine/soft/lapic.h"
#include "hvcore/vmm/engine/soft/msr.h"
#include "hvcore/vmm/engine/soft/soft.h"

static void get_seg(const struct seg *s, struct kvm_segment *k)
{
	*k = (struct kvm_segment){
		.base = s->base,
		.limit = s->limit,
		.selector = s->sel,
		.type = s->attr & SEG_TYPE,
		.s = s->attr >> 4 & 1,
		.dpl = s->attr >> SEG_DPL_SHIFT & 3,
		.present = s->attr >> 7 & 1,
		.avl = s->attr >> 12 & 1,
		.l = s->attr >> 13 & 1,
		.db = s->attr >> 14 & 1,
		.g = s->attr >> 15 & 1,
		.unusable = s->attr & SEG_UNUSABLE ? 1 : 0,
	};
}

static void set_seg(struct seg *s, const struct kvm_segment *k)
{
	*s = (struct seg){
		.base = k->base,
		.limit = k->limit,
		.sel = k->selector,
		.attr = k->type | k->s << 4 | k->dpl << SEG_DPL_SHIFT | k->present << 7 |
			k->avl << 12 | k->l << 13 | k->db << 14 | k->g << 15 |
			(k->unusable ? SEG_UNUSABLE : 0),
	};
}

static void get_regs(const struct cpu *c, struct kvm_regs *r)
{
	const uint64_t *g = c->r;

	*r = (struct kvm_regs){
		.rax = g[REG_AX],
		.rbx = g[REG_BX],
		.rcx = g[REG_CX],
		.rdx = g[REG_DX],
		.rsi = g[REG_SI],
		.rdi = g[REG_DI],
		.rsp = g[REG_SP],
		.rbp = g[REG_BP],
		.r8 = g[8],
		.r9 = g[9],
		.r10 = g[10],
		.r11 = g[11],
		.r12 = g[12],
		.r13 = g[13],
		.r14 = g[14],
		.r15 = g[15],
		.rip = g[REG_IP],
		.rflags = flags_get(c),
	};
}

static void set_regs(struct cpu *c, const struct kvm_regs *r)
{
	const uint64_t v[16] = {r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi, r->rdi,
				r->r8,  r->r9,  r->r10, r->r11, r->r12, r->r13, r->r14, r->r15};

	memcpy(c->r, v, sizeof(v));
	c->r[REG_IP] = r->rip;
	flags_set_arith(c, r->rflags);
	c->eflags = (r->rflags & ~(uint64_t)F_ARITH) | F_ONE;
	c->slow = !((c->eflags & F_TF) || (c->dr[7] & 0xff)); /* so that it is worked out */
	cpu_flags_loaded(c);
}

static void get_sregs(struct cpu *c, struct kvm_sregs *s)
{
	memset(s, 0, sizeof(*s));
	get_seg(&c->seg[SEG_CS], &s->cs);
	get_seg(&c->seg[SEG_DS], &s->ds);
	get_seg(&c->seg[SEG_ES], &s->es);
	get_seg(&c->seg[SEG_FS], &s->fs);
	get_seg(&c->seg[SEG_GS], &s->gs);
	get_seg(&c->seg[SEG_SS], &s->ss);
	get_seg(&c->seg[SEG_TR], &s->tr);
	get_seg(&c->seg[SEG_LDTR], &s->ldt);
	/* KVM takes the privilege from SS. */
	s->ss.dpl = c->cpl;
	s->gdt.base = c->gdtr.base;
	s->gdt.limit = c->gdtr.limit;
	s->idt.base = c->idtr.base;
	s->idt.limit = c->idtr.limit;
	s->cr0 = c->cr0;
	s->cr2 = c->cr2;
	s->cr3 = c->cr3;
	s->cr4 = c->cr4;
	s->cr8 = c->lapic->tpr >> 4;
	s->efer = c->efer;
	s->apic_base = c->apic_base;
}

static int set_sregs(struct cpu *c, const struct kvm_sregs *s)
{
	if ((s->cr0 & CR0_PG) && !(s->cr0 & CR0_PE))
		return -EINVAL;
	if (((s->efer & EFER_LMA) != 0) != ((s->efer & EFER_LME) && (s->cr0 & CR0_PG)))
		return -EINVAL;
	if ((s->efer & EFER_LMA) && !(s->cr4 & CR4_PAE))
		return -EINVAL;
	set_seg(&c->seg[SEG_CS], &s->cs);
	set_seg(&c->seg[SEG_DS], &s->ds);
	set_seg(&c->seg[SEG_ES], &s->es);
	set_seg(&c->seg[SEG_FS], &s->fs);
	set_seg(&c->seg[SEG_GS], &s->gs);
	set_seg(&c->seg[SEG_SS], &s->ss);
	set_seg(&c->seg[SEG_TR], &s->tr);
	set_seg(&c->seg[SEG_LDTR], &s->ldt);
	c->gdtr.base = s->gdt.base;
	c->gdtr.limit = s->gdt.limit;
	c->idtr.base = s->idt.base;
	c->idtr.limit = s->idt.limit;
	c->cr0 = s->cr0 | 0x10;
	c->cr2 = s->cr2;
	c->cr3 = s->cr3;
	c->cr4 = s->cr4;
	c->efer = s->efer;
	c->apic_base = s->apic_base;
	c->cpl = s->cr0 & CR0_PE ? s->ss.dpl : 0;
	if ((s->cr0 & CR0_PG) && (s->cr4 & CR4_PAE) && !(s->efer & EFER_LMA) &&
	    !mmu_load_pdptes(c, s->cr3))
		return -EINVAL;
	mmu_flush(c, true);
	cpu_update(c);
	return 0;
}

static void get_events(const struct cpu *c, struct kvm_vcpu_events *ev)
{
	uint32_t pending = atomic_load(&c->events);

	memset(ev, 0, sizeof(*ev));
	ev->interrupt.shadow = c->shadow ? 1 : 0;
	ev->nmi.pending = pending & EV_NMI ? 1 : 0;
	ev->nmi.masked = c->nmi_masked;
	ev->sipi_vector = c->sipi;
	ev->flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SIPI_VECTOR |
		    KVM_VCPUEVENT_VALID_SHADOW;
}

static void set_events(struct cpu *c, const struct kvm_vcpu_events *ev)
{
	uint32_t pending = EV_INTR;

	c->shadow = ev->interrupt.shadow ? 1 : 0;
	c->nmi_masked = ev->nmi.masked;
	c->sipi = ev->sipi_vector;
	if (ev->nmi.pending)
		pending |= EV_NMI;
	atomic_store(&c->events, pending);
}

int soft_get(struct engine *e, unsigned vcpu, struct engine_vcpu_state *s)
{
	struct cpu *c = e->cpu[vcpu];

	memset(s, 0, sizeof(*s));
	get_regs(c, &s->regs);
	get_sregs(c, &s->sregs);
	fpu_get(c, &s->fpu);
	for (unsigned n = 0; n < 4; n++)
		s->debugregs.db[n] = c->dr[n];
	s->debugregs.dr6 = c->dr[6];
	s->debugregs.dr7 = c->dr[7];
	get_events(c, &s->events);
	s->mp_state.mp_state = c->halted == CPU_WAIT_SIPI ? KVM_MP_STATE_INIT_RECEIVED
			       : c->halted                ? KVM_MP_STATE_HALTED
							  : KVM_MP_STATE_RUNNABLE;
	lapic_save(c, &s->lapic);
	for (unsigned n = 0; n < msr_nsaved; n++) {
		uint64_t v = 0;

		msr_read(c, msr_saved[n], &v);
		s->msr[n] = (struct kvm_msr_entry){.index = msr_saved[n], .data = v};
	}
	s->nmsrs = msr_nsaved;
	return 0;
}

int soft_set(struct engine *e, unsigned vcpu, const struct engine_vcpu_state *s)
{
	struct cpu *c = e->cpu[vcpu];
	int ret = set_sregs(c, &s->sregs);

	if (ret)
		return ret;
	ret = fpu_set(c, &s->fpu);
	if (ret)
		return ret;
	if (s->nmsrs > sizeof(s->msr) / sizeof(s->msr[0]))
		return -EINVAL;
	for (unsigned n = 0; n < s->nmsrs; n++) {
		/* These travel in sregs and in the APIC page. */
		if (s->msr[n].index == MSR_APIC_BASE || s->msr[n].index == MSR_EFER)
			continue;
		if (!msr_write(c, s->msr[n].index, s->msr[n].data, true))
			return -EINVAL;
	}
	lapic_restore(c, &s->lapic);
	for (unsigned n = 0; n < 4; n++)
		c->dr[n] = s->debugregs.db[n];
	c->dr[6] = s->debugregs.dr6;
	c->dr[7] = s->debugregs.dr7;
	set_regs(c, &s->regs);
	set_events(c, &s->events);
	switch (s->mp_state.mp_state) {
	case KVM_MP_STATE_RUNNABLE: c->halted = CPU_RUNNING; break;
	case KVM_MP_STATE_HALTED: c->halted = CPU_HALTED; break;
	case KVM_MP_STATE_UNINITIALIZED:
	case KVM_MP_STATE_INIT_RECEIVED: c->halted = CPU_WAIT_SIPI; break;
	default: return -EINVAL;
	}
	cpu_attention(c);
	return 0;
}
