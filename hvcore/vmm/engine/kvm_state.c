/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a vCPU.  While the clock stands, TSC and timers are ours and
 * not the kernel's, which goes on counting: see kvm_clock.c, kvm_timer.c.
 */
#include "hvcore/vmm/engine/kvm.h"

#include <errno.h>
#include <string.h>

enum {
	MSR_TSC = 0x10,
	MSR_TSC_DEADLINE = 0x6e0,
};

/* What is saved beyond sregs, in the order it is set: the TSC before its deadline. */
static const uint32_t saved_msrs[] = {
	MSR_TSC,
	0x174 /* SYSENTER_CS */,
	0x175 /* _ESP */,
	0x176 /* _EIP */,
	0x1a0 /* MISC_ENABLE */,
	0xc0000081 /* STAR */,
	0xc0000082 /* LSTAR */,
	0xc0000083 /* CSTAR */,
	0xc0000084 /* SFMASK */,
	0xc0000102 /* KERNEL_GS_BASE */,
	0xc0000103 /* TSC_AUX */,
	0x4b564d00 /* kvm-clock: wall clock */,
	0x4b564d01 /* kvm-clock: system time */,
	MSR_TSC_DEADLINE,
};
enum { NSAVED = sizeof(saved_msrs) / sizeof(saved_msrs[0]) };

union one_msr {
	struct kvm_msrs head;
	uint8_t bytes[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
};

union saved_msrs {
	struct kvm_msrs head;
	uint8_t bytes[sizeof(struct kvm_msrs) + NSAVED * sizeof(struct kvm_msr_entry)];
};

int kvm_msr_get(struct kvm_vcpu *v, uint32_t msr, uint64_t *value)
{
	union one_msr m = {.bytes = {0}};
	int rc;

	m.head.nmsrs = 1;
	m.head.entries[0].index = msr;
	rc = kvm_ioctlp(v->fd, KVM_GET_MSRS, &m);
	if (rc != 1)
		return rc < 0 ? rc : -EINVAL;
	*value = m.head.entries[0].data;
	return 0;
}

int kvm_msr_set(struct kvm_vcpu *v, uint32_t msr, uint64_t value)
{
	union one_msr m = {.bytes = {0}};
	int rc;

	m.head.nmsrs = 1;
	m.head.entries[0].index = msr;
	m.head.entries[0].data = value;
	rc = kvm_ioctlp(v->fd, KVM_SET_MSRS, &m);
	return rc == 1 ? 0 : rc < 0 ? rc : -EINVAL;
}

/* ours() - While the clock stands, the value of MSRs that stand with it; NULL: the kernel's. */
static uint64_t *ours(struct kvm_vcpu *v, uint32_t msr)
{
	if (!v->e->stopped)
		return NULL;
	return msr == MSR_TSC ? &v->e->tsc : msr == MSR_TSC_DEADLINE ? &v->deadline : NULL;
}

/*
 * get_msrs() - All in as few calls as it takes.  The kernel stops at one this host does
 * not have (TSC_AUX without RDTSCP): the guest does not have it either.
 */
static int get_msrs(struct kvm_vcpu *v, struct engine_vcpu_state *s)
{
	for (unsigned next = 0; next < NSAVED;) {
		union saved_msrs m = {.bytes = {0}};
		int n;

		m.head.nmsrs = NSAVED - next;
		for (unsigned i = 0; i < m.head.nmsrs; i++)
			m.head.entries[i].index = saved_msrs[next + i];
		n = kvm_ioctlp(v->fd, KVM_GET_MSRS, &m);
		if (n < 0)
			return n;
		for (unsigned i = 0; i < (unsigned)n; i++) {
			const uint64_t *value = ours(v, m.head.entries[i].index);

			s->msr[s->nmsrs] = m.head.entries[i];
			if (value)
				s->msr[s->nmsrs].data = *value;
			s->nmsrs++;
		}
		next += (unsigned)n + 1;
	}
	return 0;
}

static int set_msr(struct kvm_vcpu *v, const struct kvm_msr_entry *m)
{
	uint64_t *value = ours(v, m->index);

	if (!value)
		return kvm_msr_set(v, m->index, m->data);
	*value = m->data;
	return 0;
}

/*
 * The floating-point state goes by KVM_GET/SET_XSAVE: their FPU namesakes
 * copy the FXSAVE area without the header that says which parts of it count.
 */
struct fxsave { /* SDM 1 §10.5.1, the 64-bit layout */
	uint16_t fcw, fsw;
	uint8_t ftw, reserved;
	uint16_t fop;
	uint64_t fip, fdp;
	uint32_t mxcsr, mxcsr_mask;
	uint8_t st[8][16];
	uint8_t xmm[16][16];
};

enum {
	XSTATE_BV = 512, /* offset of the header: which components are not in their initial state */
	XSTATE_X87_SSE = 3,
};

static int get_fpu(struct kvm_vcpu *v, struct kvm_fpu *fpu)
{
	struct kvm_xsave area;
	const struct fxsave *fx = (const void *)&area;
	int rc = kvm_ioctlp(v->fd, KVM_GET_XSAVE, &area);

	if (rc < 0)
		return rc;
	fpu->fcw = fx->fcw;
	fpu->fsw = fx->fsw;
	fpu->ftwx = fx->ftw;
	fpu->last_opcode = fx->fop;
	fpu->last_ip = fx->fip;
	fpu->last_dp = fx->fdp;
	fpu->mxcsr = fx->mxcsr;
	memcpy(fpu->fpr, fx->st, sizeof(fpu->fpr));
	memcpy(fpu->xmm, fx->xmm, sizeof(fpu->xmm));
	return 0;
}

static int set_fpu(struct kvm_vcpu *v, const struct kvm_fpu *fpu)
{
	struct kvm_xsave area;
	struct fxsave *fx = (void *)&area;
	uint64_t parts;
	int rc = kvm_ioctlp(v->fd, KVM_GET_XSAVE, &area);

	if (rc < 0)
		return rc;
	fx->fcw = fpu->fcw;
	fx->fsw = fpu->fsw;
	fx->ftw = fpu->ftwx;
	fx->fop = fpu->last_opcode;
	fx->fip = fpu->last_ip;
	fx->fdp = fpu->last_dp;
	fx->mxcsr = fpu->mxcsr;
	memcpy(fx->st, fpu->fpr, sizeof(fx->st));
	memcpy(fx->xmm, fpu->xmm, sizeof(fx->xmm));
	memcpy(&parts, (uint8_t *)&area + XSTATE_BV, sizeof(parts));
	parts |= XSTATE_X87_SSE;
	memcpy((uint8_t *)&area + XSTATE_BV, &parts, sizeof(parts));
	return kvm_ioctlp(v->fd, KVM_SET_XSAVE, &area);
}

int kvm_get(struct engine *e, unsigned vcpu, struct engine_vcpu_state *s)
{
	struct kvm_vcpu *v;
	int rc;

	if (vcpu >= e->cfg.vcpus)
		return -EINVAL;
	v = &e->vcpu[vcpu];
	memset(s, 0, sizeof(*s));
	if ((rc = kvm_ioctlp(v->fd, KVM_GET_REGS, &s->regs)) < 0 ||
	    (rc = kvm_ioctlp(v->fd, KVM_GET_SREGS, &s->sregs)) < 0 ||
	    (rc = get_fpu(v, &s->fpu)) < 0 ||
	    (rc = kvm_ioctlp(v->fd, KVM_GET_DEBUGREGS, &s->debugregs)) < 0 ||
	    (rc = kvm_ioctlp(v->fd, KVM_GET_VCPU_EVENTS, &s->events)) < 0 ||
	    (rc = kvm_ioctlp(v->fd, KVM_GET_MP_STATE, &s->mp_state)) < 0 ||
	    (rc = kvm_ioctlp(v->fd, KVM_GET_LAPIC, &s->lapic)) < 0)
		return rc;
	if (e->stopped)
		kvm_timer_show(v, &s->lapic);
	return get_msrs(v, s);
}

/* apply() - set(), without the TSC if @keep_tsc: a reset does not turn time back. */
static int apply(struct kvm_vcpu *v, const struct engine_vcpu_state *s, bool keep_tsc)
{
	struct kvm_lapic_state lapic = s->lapic;
	int rc;

	/* What it says is about the state that goes away. */
	v->run->ready_for_interrupt_injection = 0;
	if ((rc = kvm_ioctlp(v->fd, KVM_SET_SREGS, &s->sregs)) < 0 ||
	    (rc = set_fpu(v, &s->fpu)) < 0)
		return rc;
	for (unsigned i = 0; i < s->nmsrs; i++) {
		if (keep_tsc && s->msr[i].index == MSR_TSC)
			continue;
		rc = set_msr(v, &s->msr[i]);
		if (rc)
			return rc;
	}
	if (v->e->stopped)
		kvm_timer_hide(v, &lapic);
	if ((rc = kvm_ioctlp(v->fd, KVM_SET_LAPIC, &lapic)) < 0 ||
	    (rc = kvm_ioctlp(v->fd, KVM_SET_REGS, &s->regs)) < 0 ||
	    (rc = kvm_ioctlp(v->fd, KVM_SET_DEBUGREGS, &s->debugregs)) < 0 ||
	    (rc = kvm_ioctlp(v->fd, KVM_SET_VCPU_EVENTS, &s->events)) < 0 ||
	    (rc = kvm_ioctlp(v->fd, KVM_SET_MP_STATE, &s->mp_state)) < 0)
		return rc;
	return 0;
}

int kvm_set(struct engine *e, unsigned vcpu, const struct engine_vcpu_state *s)
{
	if (vcpu >= e->cfg.vcpus || s->nmsrs > sizeof(s->msr) / sizeof(s->msr[0]))
		return -EINVAL;
	return apply(&e->vcpu[vcpu], s, false);
}

void kvm_reset(struct engine *e)
{
	for (unsigned i = 0; i < e->cfg.vcpus; i++) {
		atomic_store(&e->vcpu[i].nmi, false);
		/* The kernel gave us this state: it does not refuse it. */
		(void)apply(&e->vcpu[i], &e->vcpu[i].initial, true);
	}
}

int kvm_boot(struct engine *e, uint32_t eip, uint32_t ebx)
{
	const struct kvm_segment data = {
		.limit = 0xffffffff,
		.selector = 0x10,
		.type = 3, /* read, write, accessed */
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1,
	};
	struct kvm_regs regs = {.rip = eip, .rbx = ebx, .rflags = 2};
	struct kvm_vcpu *v = &e->vcpu[0];
	struct kvm_sregs sregs;
	int rc;

	rc = kvm_ioctlp(v->fd, KVM_GET_SREGS, &sregs);
	if (rc < 0)
		return rc;
	sregs.cs = sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.cs.selector = 0x08;
	sregs.cs.type = 11; /* execute, read, accessed */
	sregs.tr = (struct kvm_segment){.limit = 0x67, .type = 11, .present = 1};
	sregs.cr0 = 0x11; /* PE, ET */
	sregs.cr4 = 0;
	rc = kvm_ioctlp(v->fd, KVM_SET_SREGS, &sregs);
	if (rc < 0)
		return rc;
	rc = kvm_ioctlp(v->fd, KVM_SET_REGS, &regs);
	return rc < 0 ? rc : 0;
}
