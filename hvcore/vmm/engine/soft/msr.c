// SPDX-License-Identifier: GPL-2.0-or-later
/* Model-specific registers and kvm-clock (Linux Documentation/virt/kvm/x86/msr.rst). */
#include "hvcore/vmm/engine/soft/msr.h"

#include <time.h>

#include "hvcore/vmm/engine/soft/fpu.h"
#include "hvcore/vmm/engine/soft/lapic.h"
#include "hvcore/vmm/engine/soft/soft.h"
#include "hvcore/vmm/clock.h"

const uint32_t msr_saved[] = {
	MSR_TSC,          MSR_APIC_BASE,      MSR_SYSENTER_CS,
	MSR_SYSENTER_ESP, MSR_SYSENTER_EIP,   MSR_MISC_ENABLE,
	MSR_PAT,          MSR_STAR,           MSR_LSTAR,
	MSR_CSTAR,        MSR_SFMASK,         MSR_KERNEL_GS_BASE,
	MSR_TSC_AUX,      MSR_KVM_WALL_CLOCK, MSR_KVM_SYSTEM_TIME,
	MSR_TSC_DEADLINE,
};
const unsigned msr_nsaved = sizeof(msr_saved) / sizeof(msr_saved[0]);

/* One TSC tick is one nanosecond of the domain's clock (CLOCK_TSC_KHZ). */
_Static_assert(CLOCK_TSC_KHZ == 1000000, "the TSC is the clock");

uint64_t tsc_read(struct cpu *c)
{
	return guest_time(c) + c->tsc_offset;
}

/* The guest's page: struct pvclock_vcpu_time_info. */
struct time_page {
	uint32_t version, pad;
	uint64_t tsc, system_time;
	uint32_t mul;
	int8_t shift;
	uint8_t flags, pad2[2];
} __attribute__((packed));

struct wall_page {
	uint32_t version, sec, nsec;
} __attribute__((packed));

static void page_write(struct cpu *c, uint64_t gpa, const void *from, unsigned len)
{
	struct engine *e = c->engine;

	if (!ram_ok(e->ram, gpa, len) || (gpa & ~PAGE_MASK) + len > PAGE_SIZE)
		return;
	if (has_code(e, gpa))
		code_write(e, c, NULL, gpa, len);
	mark_dirty(e, gpa);
	memcpy(e->ram->base + gpa, from, len);
}

void kvm_clock_update(struct cpu *c)
{
	struct time_page p = {0};

	if (!(c->kvm_system_time & 1))
		return;
	c->kvm_clock_version += 2;
	p.version = c->kvm_clock_version;
	p.system_time = guest_time(c);
	p.tsc = p.system_time + c->tsc_offset;
	/* ns = (ticks << shift) * mul >> 32: exactly 1 */
	p.mul = 0x80000000;
	p.shift = 1;
	p.flags = 1; /* stable on all vCPUs */
	page_write(c, c->kvm_system_time & ~1ULL, &p, sizeof(p));
}

static void wall_clock(struct cpu *c, uint64_t gpa)
{
	struct wall_page w = {.version = 2};
	struct timespec ts;
	uint64_t boot;

	c->kvm_wall_clock = gpa;
	clock_gettime(CLOCK_REALTIME, &ts);
	boot = (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
	if (c->engine->deterministic)
		boot = 1000000000ULL * 1700000000; /* the same in every replay */
	else
		boot -= guest_time(c);
	w.sec = boot / 1000000000;
	w.nsec = boot % 1000000000;
	page_write(c, gpa, &w, sizeof(w));
}

/* Those that do nothing but keep a value. */
static const struct kept {
	uint32_t msr;
	uint16_t at; /* in struct cpu */
	enum { WHOLE, LOW_HALF, ADDRESS /* must be canonical */ } kind;
} kept[] = {
#define KEPT(msr, field, kind)                         \
	{                                              \
		msr, offsetof(struct cpu, field), kind \
	}
	KEPT(MSR_SYSENTER_CS, sysenter_cs, LOW_HALF),
	KEPT(MSR_SYSENTER_ESP, sysenter_esp, ADDRESS),
	KEPT(MSR_SYSENTER_EIP, sysenter_eip, ADDRESS),
	KEPT(MSR_PAT, pat, WHOLE),
	KEPT(MSR_STAR, star, WHOLE),
	KEPT(MSR_LSTAR, lstar, ADDRESS),
	KEPT(MSR_CSTAR, cstar, ADDRESS),
	KEPT(MSR_SFMASK, sfmask, LOW_HALF),
	KEPT(MSR_FS_BASE, seg[SEG_FS].base, ADDRESS),
	KEPT(MSR_GS_BASE, seg[SEG_GS].base, ADDRESS),
	KEPT(MSR_KERNEL_GS_BASE, kernel_gs_base, ADDRESS),
	KEPT(MSR_TSC_AUX, tsc_aux, LOW_HALF),
#undef KEPT
};

static const struct kept *kept_find(uint32_t msr)
{
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (kept[i].msr == msr)
			return &kept[i];
	return NULL;
}

static uint64_t *kept_at(struct cpu *c, const struct kept *k)
{
	return (uint64_t *)(void *)((uint8_t *)c + k->at);
}

static bool kept_write(struct cpu *c, const struct kept *k, uint64_t v)
{
	if (k->kind == ADDRESS && (uint64_t)((int64_t)(v << 16) >> 16) != v)
		return false;
	*kept_at(c, k) = k->kind == LOW_HALF ? (uint32_t)v : v;
	return true;
}

bool msr_read(struct cpu *c, uint32_t msr, uint64_t *v)
{
	const struct kept *k = kept_find(msr);

	if (msr >= MSR_X2APIC && msr < MSR_X2APIC_END)
		return lapic_msr_read(c, msr, v);
	if (k) {
		*v = *kept_at(c, k);
		return true;
	}
	switch (msr) {
	case MSR_TSC: *v = tsc_read(c); break;
	case MSR_APIC_BASE: *v = c->apic_base; break;
	case MSR_UCODE: *v = 0; break;
	case MSR_MISC_ENABLE: *v = c->misc_enable; break;
	case MSR_TSC_DEADLINE: *v = c->lapic->tsc_deadline; break;
	case 0x11:
	case MSR_KVM_WALL_CLOCK: *v = c->kvm_wall_clock; break;
	case 0x12:
	case MSR_KVM_SYSTEM_TIME: *v = c->kvm_system_time; break;
	case MSR_EFER: *v = c->efer; break;
	default: return false;
	}
	return true;
}

static bool write_efer(struct cpu *c, uint64_t v)
{
	if (v & ~(uint64_t)(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE))
		return false;
	if ((c->cr0 & CR0_PG) && ((v ^ c->efer) & EFER_LME))
		return false;
	v = (v & ~(uint64_t)EFER_LMA) | (c->efer & EFER_LMA);
	if ((v ^ c->efer) & EFER_NXE)
		mmu_flush(c, true);
	c->efer = v;
	cpu_update(c);
	return true;
}

static bool write_apic_base(struct cpu *c, uint64_t v)
{
	uint64_t mode = v & APIC_BASE_X2, old = c->apic_base & APIC_BASE_X2;

	if (v & ~((1ULL << PHYS_BITS) - 1) || (v & 0x2ff))
		return false;
	/* SDM 3A figure 11-27: x2APIC only from xAPIC, and only back through disabled. */
	if (mode == 0x400 || (old == APIC_BASE_X2 && mode == APIC_BASE_ENABLE) ||
	    (old == 0 && mode == APIC_BASE_X2))
		return false;
	c->apic_base = (v & ~APIC_BASE_BSP) | (c->index ? 0 : APIC_BASE_BSP);
	mmu_flush(c, true);
	return true;
}

bool msr_write(struct cpu *c, uint32_t msr, uint64_t v, bool host)
{
	const struct kept *k = kept_find(msr);

	if (msr >= MSR_X2APIC && msr < MSR_X2APIC_END)
		return lapic_msr_write(c, msr, v);
	if (k)
		return kept_write(c, k, v);
	switch (msr) {
	case MSR_TSC: c->tsc_offset = v - guest_time(c); break;
	case MSR_APIC_BASE:
		if (!host)
			return write_apic_base(c, v);
		c->apic_base = v;
		break;
	case MSR_UCODE: break;
	case MSR_MISC_ENABLE: c->misc_enable = v & 1; break;
	case MSR_TSC_DEADLINE:
		if (host)
			c->lapic->tsc_deadline = v;
		else
			lapic_set_deadline(c, v);
		break;
	case 0x11:
	case MSR_KVM_WALL_CLOCK:
		if (host)
			c->kvm_wall_clock = v;
		else
			wall_clock(c, v);
		break;
	case 0x12:
	case MSR_KVM_SYSTEM_TIME:
		c->kvm_system_time = v;
		kvm_clock_update(c);
		break;
	case MSR_EFER: return write_efer(c, v);
	default: return false;
	}
	return true;
}

/* Board callbacks. */
void callback_eoi(struct cpu *c, unsigned vector)
{
	const struct engine_board *b = c->engine->board;

	fpu_leave(c);
	if (b->ioapic_eoi)
		b->ioapic_eoi(b->opaque, vector);
	fpu_enter(c);
}

uint32_t callback_in(struct cpu *c, uint16_t port, unsigned size)
{
	const struct engine_board *b = c->engine->board;
	uint32_t v;

	fpu_leave(c);
	v = b->io_read(b->opaque, port, size);
	fpu_enter(c);
	return v;
}

void callback_out(struct cpu *c, uint16_t port, unsigned size, uint32_t v)
{
	const struct engine_board *b = c->engine->board;

	fpu_leave(c);
	b->io_write(b->opaque, port, size, v);
	fpu_enter(c);
}

uint64_t callback_mmio_read(struct cpu *c, uint64_t gpa, unsigned size)
{
	const struct engine_board *b = c->engine->board;
	uint64_t v;

	fpu_leave(c);
	v = b->mmio_read(b->opaque, gpa, size);
	fpu_enter(c);
	return v;
}

void callback_mmio_write(struct cpu *c, uint64_t gpa, unsigned size, uint64_t v)
{
	const struct engine_board *b = c->engine->board;

	fpu_leave(c);
	b->mmio_write(b->opaque, gpa, size, v);
	fpu_enter(c);
}

int callback_ack(struct cpu *c)
{
	const struct engine_board *b = c->engine->board;
	int v;

	fpu_leave(c);
	v = b->pic_ack ? b->pic_ack(b->opaque) : -1;
	fpu_enter(c);
	return v;
}
